"""Groups of people made from the network: the residents of its places."""

import logging
import math
from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import ScenarioError, UnknownIdError
from mobility_geo.network import Network
from mobility_geo.schema import GROUPS, PLACE_KINDS, check_table, suggest

LOG = logging.getLogger(__name__)


def resident_groups(
    network: Network,
    *,
    profile: str,
    destination_set: str,
    countries: Collection[str] | None = None,
    pcodes: Collection[str] | None = None,
    kinds: Collection[str] = ("settlement",),
    base: str = "residents",
) -> pd.DataFrame:
    """Return the residents of settlements as groups, to ask who of them would be cut off.

    Groups are whole people. So that no one is lost to rounding, the people of a zone (of a country
    where the zone is not known) are rounded together, and what their places are short of goes to
    those with the largest fractions, of equal ones to the first by id. Places left with nobody are
    no group: their fractions count elsewhere in the zone.

    Parameters
    ----------
    network
        Its places with a population count; those without a figure do not.
    profile
        How they travel.
    destination_set
        What they must be able to reach.
    countries, pcodes
        Only places in these countries and zones; all if left out.
    kinds
        Kinds of places whose people are residents: see `mobility_geo.schema.PLACE_KINDS`. A raster
        gives people to camps and other sites as well. They are left out, because who lives in a
        camp is mostly displaced: make groups of your own of them, with their kind and nationality.
    base
        ``residents``, or ``movers`` if all of them want to go.

    Returns
    -------
    pandas.DataFrame
        Schema `mobility_geo.schema.GROUPS`, one group per place, of the kind ``resident`` and of
        the nationality of the country. Over the chosen places of each zone, the sum is their
        population, rounded (half to even).

    Raises
    ------
    ScenarioError
        If a kind of place is not known.
    SchemaError
        If `base` is neither ``residents`` nor ``movers``.
    UnknownIdError
        If there is no place in a country, or no such zone; names the nearest one.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> resident_groups(network, profile="truck", destination_set="towns")["base"].unique()[0]
    'residents'
    """
    strange = [kind for kind in kinds if kind not in PLACE_KINDS]
    if strange:
        raise ScenarioError(
            [f"kinds: unknown kind of place {kind!r}{suggest(kind, PLACE_KINDS)}"
             for kind in strange]
        )  # fmt: skip
    places = network.places
    problems = []
    chosen = places["population_persons"] > 0
    for column, wanted, known, words in (
        ("country", countries, set(places["country"]), "countries: no place in"),
        ("pcode", pcodes, set(network.zones["pcode"]), "pcodes: no zone"),
    ):
        if wanted is None:
            continue
        problems += [
            f"{words} {code!r}{suggest(code, known)}" for code in wanted if code not in known
        ]
        chosen &= places[column].isin(list(wanted))
    if problems:
        raise UnknownIdError(problems)
    asked = places["kind"].isin(list(kinds))
    others = places.loc[(chosen & ~asked).to_numpy(dtype=bool), "population_persons"]
    if len(others):
        LOG.info(
            "residents: %d places of other kinds with %.0f people are left out",
            len(others), others.sum(),
        )  # fmt: skip
    residents = places[(chosen & asked).to_numpy(dtype=bool)].sort_values("place_id")
    persons = _whole(residents)
    residents, persons = residents[persons > 0], persons[persons > 0]
    groups = pd.DataFrame(
        {
            "group_id": "residents-" + residents["place_id"],
            "base": base,
            "place_id": residents["place_id"],
            "origin_pcode": residents["pcode"],
            "kind": "resident",
            "nationality": residents["country"],
            "profile": profile,
            "trip": "one_way",
            "destination_set": destination_set,
            "persons": persons,
            "persons_low": persons,
            "persons_high": persons,
            "source": residents["source"],
        }
    )
    return check_table(groups.reset_index(drop=True), GROUPS)


def _whole(places: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return whole people per place that sum up in each zone; places in the order of their ids."""
    people = places["population_persons"].to_numpy(dtype=np.float64)
    whole: npt.NDArray[np.int64] = np.floor(people).astype(np.int64)
    zone = pd.DataFrame(
        {"pcode": places["pcode"], "country": places["country"].where(places["pcode"].isna())}
    ).reset_index(drop=True)
    for rows in zone.groupby(["pcode", "country"], dropna=False).indices.values():
        # an exact sum, so that it does not hang on the order of the rows
        short = round(math.fsum(people[rows])) - int(whole[rows].sum())
        by_fraction = np.argsort(whole[rows] - people[rows], kind="stable")
        whole[rows[by_fraction[:short]]] += 1
    return whole
