"""Colours, line widths and classes, the same on paper and on screen.

The colours of statuses are those of Okabe and Ito, told apart with every common colour vision.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

STATUS_COLOURS: Final[dict[str, str]] = {
    "can_reach": "#0072b2",
    "stranded": "#d55e00",
    "cut_off": "#d55e00",
    "isolated": "#aa4499",
    "unknown": "#8c8c8c",
}
DISRUPTION_COLOURS: Final[dict[str, str]] = {
    "insecurity": "#b2182b",
    "flood": "#2b8cbe",
    "border": "#762a83",
    "service": "#8c6d31",
    "road": "#8c510a",
    "season": "#8c510a",
    "mine": "#b2182b",
}
HELD_COLOUR: Final = "#c4261d"
FLOW_COLOURS: Final = ("#9ecae1", "#6baed6", "#3182bd", "#1f6bae", "#08306b")
FLOW_WIDTHS_PT: Final = (1.2, 2.0, 3.2, 4.8, 6.8)
SHARE_BREAKS: Final = (0.05, 0.25, 0.5, 0.75)
SHARE_COLOURS: Final = ("#fdf3e3", "#fddfb8", "#fdc38d", "#f79d6a", "#ea7a54")
NOBODY_COLOUR: Final = "#fbfaf7"
WITHHELD_COLOUR: Final = "#d9d9d9"
LAND_COLOUR: Final = "#fbfaf7"
OUTSIDE_COLOUR: Final = "#e4e8eb"
ZONE_LINE: Final = "#c9c4ba"
COUNTRY_LINE: Final = "#7d7a74"
WATER_COLOUR: Final = "#6fa8c9"
ROAD_COLOUR: Final = "#9b958a"
CLOSED_COLOUR: Final = "#b2182b"
STATION_COLOUR: Final = "#1b7837"
INTERNAL_COLOUR: Final = "#b00020"


def round_number(number: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above a number.

    Parameters
    ----------
    number
        Any number > 0.

    Returns
    -------
    float
        In the unit of the number.

    Examples
    --------
    >>> round_number(4200), round_number(0.7), round_number(10)
    (2000.0, 0.5, 10.0)
    """
    power = 10.0 ** np.floor(np.log10(number) + 1e-12)
    return float(max(step * power for step in (1, 2, 5) if step * power <= number * (1 + 1e-12)))


def flow_breaks(largest: float, classes: int = len(FLOW_COLOURS)) -> tuple[float, ...]:
    """Return where classes of flow begin: round numbers, each the third to the half of the next.

    Parameters
    ----------
    largest
        Largest flow, persons, > 0.
    classes
        How many classes at most.

    Returns
    -------
    tuple of float
        Lower ends, persons, rising; the first is 0. Fewer classes where flows are small.

    Examples
    --------
    >>> flow_breaks(41_000)
    (0.0, 2000.0, 5000.0, 10000.0, 20000.0)
    """
    ends = [round_number(largest)]
    while len(ends) < classes - 1 and ends[0] > 1:
        ends.insert(0, round_number(ends[0] * 0.999))
    return (0.0, *(end for end in ends if end >= 1))


def class_of(values: "Sequence[float] | np.ndarray", breaks: Sequence[float]) -> "np.ndarray":
    """Return the class of each value.

    Parameters
    ----------
    values
        Any numbers.
    breaks
        Lower ends of the classes, rising; what is below the first is in class 0 as well.

    Returns
    -------
    numpy.ndarray
        int64, 0 to ``len(breaks) - 1``.

    Examples
    --------
    >>> class_of([0.0, 5.0, 10.0, 99.0], (0.0, 10.0, 50.0)).tolist()
    [0, 0, 1, 2]
    """
    return np.maximum(np.searchsorted(np.asarray(breaks), np.asarray(values), side="right") - 1, 0)


def size_steps(largest: float) -> tuple[float, ...]:
    """Return round numbers of people to show in the legend of circles.

    Parameters
    ----------
    largest
        Largest number of people, > 0.

    Returns
    -------
    tuple of float
        At most three numbers of persons, falling, each a fifth of the one before.

    Examples
    --------
    >>> size_steps(62_000), size_steps(3)
    ((50000.0, 10000.0, 2000.0), (2.0,))
    """
    first = round_number(largest)
    return tuple(step for step in (first, first / 5, first / 25) if step >= 1 and step % 1 == 0)
