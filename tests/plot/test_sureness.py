"""Pictures of how sure a headline is: what they show is what the tables say."""

import pytest

from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.errors import InputError
from mobility_geo.outcomes import Uncertainty, find_information_gaps, find_intervals
from mobility_geo.plot import plot_convergence, plot_gaps

FOUND = find_intervals(load_toy(), uncertainty=Uncertainty(most_draws=12, precision=None))
GAPS = find_information_gaps(load_mali("mali-2013-01"))


def test_how_a_headline_settles():
    ax = plot_convergence(FOUND)
    lines = {line.get_label(): line for line in ax.get_lines()}
    values = FOUND.draws["movers_cannot_reach"]
    assert list(lines["each draw"].get_ydata()) == values.tolist()
    assert lines["mean so far"].get_ydata()[-1] == pytest.approx(values.mean())
    assert lines["nine tenths of the draws"].get_ydata()[-1] == pytest.approx(values.quantile(0.05))
    with pytest.raises(InputError, match="no figure 'tired'"):
        plot_convergence(FOUND, figure="tired")


def test_gaps_as_bars_the_largest_on_top():
    ax = plot_gaps(GAPS, most=7)
    bars = ax.patches
    assert len(bars) == 7
    widths = [bar.get_width() for bar in bars][::-1]
    assert widths == GAPS["swing_persons"].head(7).tolist()
    labels = [text.get_text() for text in ax.get_yticklabels()][::-1]
    assert all(
        full.startswith(shown.rstrip("…"))
        for shown, full in zip(labels, GAPS["label"].head(7), strict=True)
    )


def test_no_gap_cannot_be_drawn():
    with pytest.raises(InputError, match="nothing moves the headline"):
        plot_gaps(GAPS.head(0))
    with pytest.raises(InputError, match="most must be at least 1"):
        plot_gaps(GAPS, most=0)
