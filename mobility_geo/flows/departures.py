"""Who leaves which place in conflict, and for which camp."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mobility_geo.errors import InputError
from mobility_geo.flows.journeys import Atlas, Ways

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementParameters:
    """Parameters of movement over time; the same for every crisis.

    Parameters
    ----------
    near_km
        Distances below this hardly matter: the pull of a place is 1 / (distance + near_km).
    camp_number_power
        A country with n equally near camps pulls n ** this as strongly as one with a single camp:
        0: the number of camps does not matter, 1: camps are chosen one by one.
    follow_share
        Share of people who go where others went before; the rest choose by distance.
    speed_km_per_day
        Speed of a journey. On a network of your own, where ways are known by their time, an hour
        counts as 20 km: 200 km a day are ten hours of travel.
    news_days
        Days until people far away hear of a closure or an opening. Within a day's travel they see
        it.
    patience_days
        People held before a closure wait so long on average before they choose another camp.
    leave_share_per_day
        Forecast: share of the people of a place in conflict who leave it for a camp, per day.
    return_share_per_day
        Forecast: share of the people in camps whose place is no longer in conflict and who go
        home, per day.
    trend_keep_per_day
        Assimilation: the inflow of the last reports goes on, damped by this factor per day.
    trend_days
        Assimilation: days over which the inflow of the last reports is measured.
    step_days
        Length of a step: a whole number of steps must make a day, or a whole number of days a
        step.
    """

    near_km: float = 50.0
    camp_number_power: float = 0.25
    follow_share: float = 0.5
    speed_km_per_day: float = 200.0
    news_days: int = 1
    patience_days: float = 7.0
    leave_share_per_day: float = 0.0002
    return_share_per_day: float = 0.0
    trend_keep_per_day: float = 0.85
    trend_days: int = 30
    step_days: float = 0.5

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            Lists every parameter that is out of range.
        """
        ranges: dict[str, tuple[float, float]] = {
            "near_km": (1e-6, np.inf), "camp_number_power": (0, 1), "follow_share": (0, 1),
            "speed_km_per_day": (1e-6, np.inf), "news_days": (0, np.inf),
            "patience_days": (1e-6, np.inf), "leave_share_per_day": (0, 1),
            "return_share_per_day": (0, 1), "trend_keep_per_day": (0, 1),
            "trend_days": (1, np.inf), "step_days": (1e-3, 31),
        }  # fmt: skip
        problems = [
            f"parameters: {name} must be {low:g} to {high:g}, not {getattr(self, name)!r}"
            for name, (low, high) in ranges.items()
            if not low <= float(getattr(self, name)) <= high or np.isinf(getattr(self, name))
        ]
        problems += [
            f"parameters: {name} must be a whole number of days, not {getattr(self, name)!r}"
            for name in ("news_days", "trend_days")
            if np.isfinite(getattr(self, name)) and getattr(self, name) % 1
        ]
        whole = max(self.step_days, 1 / self.step_days) if self.step_days > 0 else 0.5
        if abs(whole - round(whole)) > 1e-9:  # noqa: PLR2004
            problems.append(
                "parameters: a whole number of steps must make a day, or a whole number of days a"
                f" step; step_days is {self.step_days!r}"
            )
        if problems:
            raise InputError(problems)


def pull_of_camps(
    atlas: Atlas, ways: Ways, parameters: MovementParameters, *, informed: bool = False
) -> tuple[FloatArray, FloatArray]:
    """Return how strongly safety pulls at each place, and the share of each camp in it.

    First a country, by the distance to the first place in it; then a camp in the country, by the
    distance to the camp.

    Parameters
    ----------
    atlas, ways
        Network and the ways of a day.
    parameters
        `near_km` and `camp_number_power` are used.
    informed
        Whether people know every closure as it is, or by the news and what they see.

    Returns
    -------
    pull
        Per place, in 1/km: 0 where no camp can be reached.
    share
        Places by camps; the rows sum to 1, or to 0 without a way.

    References
    ----------
    :cite:t:`fotheringham1983new`
    """
    camps = len(atlas.network.camps)
    km = (ways.true_km if informed else ways.known_km)[:, :camps]
    names, of_camp = atlas.countries()
    inside = np.where(
        np.isfinite(km), 1 / (np.where(np.isfinite(km), km, 0) + parameters.near_km), 0
    )
    share = np.zeros_like(km)
    pull = np.zeros((len(km), len(names)))
    for number in range(len(names)):
        mine = np.flatnonzero(of_camp == number)
        sums = inside[:, mine].sum(axis=1, keepdims=True)
        within = np.divide(inside[:, mine], sums, out=np.zeros_like(inside[:, mine]),
                           where=sums > 0)  # fmt: skip
        squares = (within**2).sum(axis=1)
        several = np.divide(1.0, squares, out=np.zeros(len(km)), where=squares > 0)
        entry = ways.entry_km[:, number]
        if informed:
            entry = np.where(np.isfinite(entry), entry, km[:, mine].min(axis=1))
        near = np.isfinite(entry) & (sums[:, 0] > 0)
        pull[near, number] = several[near] ** parameters.camp_number_power / (
            entry[near] + parameters.near_km
        )
        share[:, mine] = within * pull[:, [number]]
    total = pull.sum(axis=1)
    share = np.divide(share, total[:, None], out=np.zeros_like(share), where=total[:, None] > 0)
    return total, share


def choose_camps(share: FloatArray, in_camps: FloatArray, follow_share: float) -> FloatArray:
    """Mix the choice by distance with following those who went before.

    Parameters
    ----------
    share
        Choice by distance, places by camps.
    in_camps
        People in each camp.
    follow_share
        Share of people who follow.

    Returns
    -------
    numpy.ndarray
        Places by camps. Who follows goes to the camps that can be reached, in proportion to the
        people there; as long as nobody is there, all choose by distance.

    Examples
    --------
    >>> choose_camps(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([30.0, 10.0]), 0.5).tolist()
    [[0.625, 0.375], [0.0, 1.0]]
    """
    there = np.where(share > 0, np.maximum(in_camps, 0), 0)
    sums = there.sum(axis=1, keepdims=True)
    followed = np.divide(there, sums, out=np.zeros_like(share), where=sums > 0)
    return np.where(sums > 0, (1 - follow_share) * share + follow_share * followed, share)
