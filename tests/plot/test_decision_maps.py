"""Maps for a decision: what they mark is what the tables say, and the public gets none."""

import dataclasses
import functools

import pytest

from mobility_geo.datasets import load_mali
from mobility_geo.errors import InputError
from mobility_geo.flows import choose_destinations
from mobility_geo.outcomes import (
    Uncertainty,
    find_chokepoints,
    find_information_gaps,
    find_intervals,
    place_monitoring_points,
    site_way_stations,
)
from mobility_geo.plot import (
    plot_chances,
    plot_chokepoints,
    plot_gap_map,
    plot_monitoring_points,
    plot_sites,
    words,
)


@functools.cache
def mali():
    return load_mali("mali-2013-01")


@functools.cache
def found(what):
    """Return what the maps show, found once and only where a test asks for it."""
    case = mali()
    return {
        "intervals": lambda: find_intervals(
            case, uncertainty=Uncertainty(most_draws=4, precision=None)
        ),
        "gaps": lambda: find_information_gaps(case),
        "chokepoints": lambda: find_chokepoints(case),
        "sites": lambda: site_way_stations(case, new_sites=1),
        "points": lambda: place_monitoring_points(case, choose_destinations(case), new_points=2),
    }[what]()


def written(ax):
    return {note.get_text() for note in ax.texts if note.get_gid() == "label"}


def marks(ax, start):
    """Return how many points are drawn by artists whose id begins so."""
    return sum(
        len(artist.get_offsets())
        for artist in ax.collections
        if str(artist.get_gid()).startswith(start)
    )


@pytest.mark.parametrize("base", ["movers", "residents"])
def test_a_mark_for_each_place_with_anybody_stranded_in_any_draw(base):
    places = found("intervals").places()
    shown = places[((places["base"] == base) & (places["stranded_mean_persons"] > 0)).to_numpy()]
    ax = plot_chances(found("intervals"), base=base)
    assert marks(ax, "points-stranded_mean_persons") == len(shown)
    top = shown.iloc[0]
    assert (
        f"{top['name']}\n{words.percent(top['stranded_probability'])}: "
        f"{words.whole(top['stranded_low_persons'])} to {words.whole(top['stranded_high_persons'])}"
    ) in written(ax)


def test_gaps_are_numbered_by_rank():
    ax = plot_gap_map(mali(), found("gaps"), most=10)
    kinds = found("gaps")["thing"].value_counts()
    assert marks(ax, "points-swing_persons-s") == kinds.get("crossing", 0)
    assert marks(ax, "points-swing_persons-o") == kinds.get("group", 0)
    told = written(ax)
    assert told
    for label in told:
        rank = int(label.split(".")[0])
        row = found("gaps").iloc[rank - 1]
        assert label == f"{rank}. {row['label']}\n{words.whole(row['swing_persons'])}"
        assert rank <= 10


def test_chokepoints_are_told_with_the_people_who_lose():
    ax = plot_chokepoints(mali(), found("chokepoints"), most=5)
    table = found("chokepoints").table
    told = table[table["thing"].isin(["edge", "crossing"]).to_numpy(bool)]
    names = {f"{row.label}\n{words.whole(row.lost_persons)}" for row in told.itertuples()}
    assert 0 < len(written(ax)) <= 5
    assert written(ax) <= names
    harmed = told[((told["thing"] == "edge") & (told["lost_persons"] > 0)).to_numpy(bool)]
    lines = [a for a in ax.collections if a.get_gid() == "lines-lost_persons"]
    assert [len(one.get_paths()) for one in lines] == [len(harmed)]


def test_sites_stand_where_they_are_proposed():
    ax = plot_sites(found("sites"))
    proposals = found("sites").sites["proposal"].value_counts()
    assert marks(ax, "sites-new") == proposals["new"] == 1
    assert marks(ax, "sites-kept") == proposals["kept"]
    assert marks(ax, "points-persons") == found("sites").unserved["origin_id"].nunique()


def test_monitoring_points_in_their_order():
    ax = plot_monitoring_points(found("points"))
    assert marks(ax, "points-passing_persons") == 2
    assert any(
        label.startswith(f"1. {found('points').points['name'].iloc[0]}\n") for label in written(ax)
    )


def test_the_public_gets_none_of_them():
    case = dataclasses.replace(mali(), audience="public")
    for draw in (
        lambda: plot_chances(dataclasses.replace(found("intervals"), case=case)),
        lambda: plot_gap_map(case, found("gaps")),
        lambda: plot_chokepoints(case, found("chokepoints")),
        lambda: plot_sites(dataclasses.replace(found("sites"), case=case)),
        lambda: plot_monitoring_points(dataclasses.replace(found("points"), case=case)),
    ):
        with pytest.raises(InputError, match="audience is 'public'"):
            draw()


def test_no_label_cannot_be_asked():
    with pytest.raises(InputError, match="most must be at least 1"):
        plot_gap_map(mali(), found("gaps"), most=0)
    with pytest.raises(InputError, match="most must be at least 1"):
        plot_chokepoints(mali(), found("chokepoints"), most=0)


def test_nothing_to_show_is_still_a_map():
    ax = plot_gap_map(mali(), found("gaps").head(0))
    assert not written(ax)
    empty = dataclasses.replace(found("chokepoints"), table=found("chokepoints").table.head(0))
    assert not written(plot_chokepoints(mali(), empty))
