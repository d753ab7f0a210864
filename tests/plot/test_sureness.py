"""Pictures of how sure a headline is: what they show is what the tables say."""

import pytest

from mobility_geo.datasets import load_toy
from mobility_geo.errors import InputError
from mobility_geo.outcomes import Uncertainty, find_information_gaps, find_intervals
from mobility_geo.plot import plot_convergence, plot_gaps


@pytest.fixture(scope="module")
def draws():
    return find_intervals(load_toy(), uncertainty=Uncertainty(most_draws=12, precision=None))


@pytest.fixture(scope="module")
def gaps():
    return find_information_gaps(load_toy())


def test_how_a_headline_settles(draws):
    ax = plot_convergence(draws)
    lines = {line.get_label(): line for line in ax.get_lines()}
    values = draws.draws["movers_cannot_reach"]
    assert list(lines["each draw"].get_ydata()) == values.tolist()
    assert lines["mean so far"].get_ydata()[-1] == pytest.approx(values.mean())
    assert lines["nine tenths of the draws"].get_ydata()[-1] == pytest.approx(values.quantile(0.05))
    with pytest.raises(InputError, match="no figure 'tired'"):
        plot_convergence(draws, figure="tired")


def test_gaps_as_bars_the_largest_on_top(gaps):
    ax = plot_gaps(gaps, most=3)
    bars = ax.patches
    assert len(bars) == 3
    widths = [bar.get_width() for bar in bars][::-1]
    assert widths == gaps["swing_persons"].head(3).tolist()
    labels = [text.get_text() for text in ax.get_yticklabels()][::-1]
    assert all(
        full.startswith(shown.rstrip("…"))
        for shown, full in zip(labels, gaps["label"].head(3), strict=True)
    )


def test_no_gap_cannot_be_drawn(gaps):
    with pytest.raises(InputError, match="nothing moves the headline"):
        plot_gaps(gaps.head(0))
    with pytest.raises(InputError, match="most must be at least 1"):
        plot_gaps(gaps, most=0)
