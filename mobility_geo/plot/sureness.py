"""How sure a headline is, as pictures: how it settles, and what would move it."""

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.patches import Patch

from mobility_geo.errors import InputError
from mobility_geo.plot import words
from mobility_geo.plot.situation import Sheet

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

    from mobility_geo.outcomes import Intervals

THING_COLOURS: Final = {
    "edge": "#c49a5a", "crossing": "#6a3d9a", "disruption": "#d7301f", "group": "#2b8cbe",
    "speeds": "#666666",
}  # fmt: skip
_LONGEST_LABEL: Final = 46


def _axes(ax: "Axes | None", height: float) -> "Axes":
    if ax is not None:
        return ax
    return Sheet(figsize=(8.0, height), layout="constrained").add_subplot()


def plot_convergence(
    found: "Intervals",
    ax: "Axes | None" = None,
    *,
    base: str = "movers",
    figure: str = "cannot_reach",
) -> "Axes":
    """Draw every draw of a headline, and how its mean and interval settle.

    Parameters
    ----------
    found
        From `mobility_geo.outcomes.find_intervals`.
    ax
        Axes to draw on; new ones if left out.
    base, figure
        Which headline, as in `Intervals.headline`.

    Returns
    -------
    matplotlib.axes.Axes
        Draws along x, people along y.

    Raises
    ------
    InputError
        If there is no such figure.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import Uncertainty, find_intervals
    >>> drawn = Uncertainty(most_draws=20, precision=None)
    >>> plot_convergence(find_intervals(load_toy(), uncertainty=drawn)).get_xlabel()
    'draws'
    """
    table = found.convergence(base=base, figure=figure)
    ax = _axes(ax, 4.0)
    values = found.draws[f"{base}_{figure}"].to_numpy(np.float64)
    number = np.arange(1, len(values) + 1)
    ax.plot(number, values, ".", color="#bdbdbd", markersize=3, label="each draw")
    mean = np.cumsum(values) / number
    spread = np.sqrt(np.maximum(np.cumsum(values**2) / number - mean**2, 0) / number)
    ax.fill_between(number, mean - 2 * spread, mean + 2 * spread, color="#2b8cbe", alpha=0.25,
                    linewidth=0, label="two standard errors of the mean")  # fmt: skip
    ax.plot(number, mean, color="#2b8cbe", label="mean so far")
    for name, label in (("low_persons", "nine tenths of the draws"), ("high_persons", None)):
        ax.plot(table["draws"], table[name], color="#d7301f", dashes=(4, 2), label=label)
    best = found.best[f"{base}_{figure}"]
    ax.axhline(best, color="#222222", linewidth=0.8, label="single run")
    ax.set_xlabel("draws")
    ax.set_ylabel("people")
    told = figure.replace("_", " ")
    ax.set_title(f"{base.capitalize()} who {told}" if figure.startswith("can") else
                 f"{base.capitalize()}: {told}", loc="left")  # fmt: skip
    ax.yaxis.set_major_formatter(lambda value, _at: words.whole(round(value)))
    ax.set_xlim(0, len(values))
    ax.legend(fontsize=8, loc="best")
    return ax


def plot_gaps(gaps: "gpd.GeoDataFrame", ax: "Axes | None" = None, *, most: int = 15) -> "Axes":
    """Draw what would move the headline most, as bars from its lower to its upper end.

    Parameters
    ----------
    gaps
        From `mobility_geo.outcomes.find_information_gaps`.
    ax
        Axes to draw on; new ones if left out.
    most
        So many bars at most, at least 1.

    Returns
    -------
    matplotlib.axes.Axes
        People who cannot reach along x; the largest swing on top.

    Raises
    ------
    InputError
        If nothing moves the headline, or `most` is less than 1.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import find_information_gaps
    >>> plot_gaps(find_information_gaps(load_toy())).get_xlabel()
    'people who cannot reach'
    """
    if most < 1:
        msg = f"most must be at least 1, not {most}"
        raise InputError(msg)
    if not len(gaps):
        msg = "nothing moves the headline: there is no gap to draw"
        raise InputError(msg)
    shown = gaps.head(most).iloc[::-1]
    ax = _axes(ax, 1.0 + 0.32 * len(shown))
    for at, (thing, low, high) in enumerate(
        zip(shown["thing"], shown["low_persons"], shown["high_persons"], strict=True)
    ):
        ax.barh(at, high - low, left=low, color=THING_COLOURS[thing], height=0.7)
    labels = [
        f"{label[:_LONGEST_LABEL]}{'…' if len(label) > _LONGEST_LABEL else ''}"
        for label in shown["label"]
    ]
    ax.set_yticks(range(len(shown)), labels=labels, fontsize=8)
    kinds = [name for name in THING_COLOURS if name in set(shown["thing"])]
    ax.legend(handles=[Patch(color=THING_COLOURS[name], label=name) for name in kinds],
              fontsize=8, loc="best")  # fmt: skip
    ax.set_xlabel("people who cannot reach")
    ax.set_title("If one thing alone turned out otherwise", loc="left")
    ax.xaxis.set_major_formatter(lambda value, _at: words.whole(round(value)))
    return ax
