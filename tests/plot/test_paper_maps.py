"""Paper maps: compare data, not pixels."""

import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest
import shapely
from IPython.core.formatters import DisplayFormatter
from matplotlib.figure import Figure
from toy_results import NASTY, toy_results

from mobility_geo.errors import InputError
from mobility_geo.outcomes.disclosure import WITHHELD, PublicCount
from mobility_geo.plot import (
    plot_flows,
    plot_held_at,
    plot_network,
    plot_public_status,
    plot_status,
    words,
)
from mobility_geo.plot.scale import ground_length_m
from mobility_geo.plot.situation import Label, place_labels

PUBLIC = {"ML07": PublicCount(4600, 5400, 7000), "ML06": WITHHELD}


@pytest.fixture(scope="module")
def toy():
    """Results of the made-up crisis; tests must not change them."""
    return toy_results()


def drawn(ax, gid):
    return [artist for artist in ax.get_figure().findobj() if artist.get_gid() == gid]


def all_text(ax):
    return "\n".join(
        artist.get_text() for artist in ax.get_figure().findobj() if hasattr(artist, "get_text")
    )


def maps(toy):
    return {
        "network": plot_network(toy.case.network),
        "status": plot_status(toy),
        "residents": plot_status(toy, base="residents"),
        "flows": plot_flows(toy),
        "held": plot_held_at(toy),
    }


def test_every_map_has_its_surround(toy):
    for name, ax in maps(toy).items():
        told = all_text(ax).replace("\n", " ")
        for sentence in words.STATEMENTS["en"]:
            assert sentence in told, name
        assert drawn(ax, "title")[0].get_text()
        assert "km" in told
        assert drawn(ax, "north-arrow")
        assert ax.get_legend() is not None
        assert bool(drawn(ax, "internal")) == (name != "network")


def test_north_arrow_points_up(toy):
    ax = plot_network(toy.case.network)
    ax.get_figure().canvas.draw()
    points = np.vstack([arrow.get_xy() for arrow in drawn(ax, "north-arrow")])
    tip = points[points[:, 1].argmax()]
    assert tip[1] - points[:, 1].min() > 15
    assert abs(tip[0] - points[:, 0].mean()) < 3
    assert drawn(ax, "north-text")[0].get_position()[1] > tip[1]


def test_scale_bar_is_as_long_as_it_says(toy):
    ax = plot_network(toy.case.network)
    boxes = [drawn(ax, f"scale-bar-{number}")[0] for number in range(4)]
    width = sum(box.get_width() for box in boxes)
    said = max(float(text.get_text().removesuffix(" km")) for text in drawn(ax, "scale-text"))
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    x, y = (left + right) / 2, (low + high) / 2
    ground = ground_length_m(toy.case.network.crs, (x - width / 2, y), (x + width / 2, y))
    assert ground == pytest.approx(1000 * said, rel=1e-5)


def test_status_draws_every_person_of_every_place(toy):
    ax = plot_status(toy)
    wedges = drawn(ax, "pie-wedge")
    places = toy.status[toy.status["base"] == "movers"]
    assert len(wedges) == len(places.drop_duplicates(["place_id", "status"]))
    assert len(drawn(ax, "pie-rim")) == places["place_id"].nunique()
    # the largest circle is the place with most people, in proportion to the next
    areas = sorted((rim.get_sizes()[0] for rim in drawn(ax, "pie-rim")), reverse=True)
    assert areas[1] / areas[0] == pytest.approx(5500 / 16912)


def test_closed_crossing_and_ways_are_marked(toy):
    ax = plot_status(toy)
    mark = drawn(ax, "crossings-closed")[0].get_offsets()
    crossing = toy.case.network.crossings.set_index("crossing_id").geometry["tin-post"]
    assert mark.tolist() == [[crossing.x, crossing.y]]
    closed = drawn(ax, "edges-closed")[0].get_segments()
    assert len(closed) == 1  # the closed crossing itself is the mark, not a line
    assert len(drawn(ax, "disruptions-insecurity-4")) == 1
    assert len(drawn(ax, "disruptions-flood-0")) == 1


def test_disruption_of_another_date_is_not_drawn():
    later = toy_results()
    later.disruptions["start"] = later.disruptions["start"].where(
        later.disruptions["kind"] != "insecurity", later.when.replace(year=2014)
    )
    assert not drawn(plot_status(later), "disruptions-insecurity-4")


def test_flows_are_drawn_where_people_pass(toy):
    ax = plot_flows(toy)
    lines = drawn(ax, "flows")[0]
    flows = toy.edge_flows[(toy.edge_flows["rule"] == "least_time")]
    assert len(lines.get_segments()) == (flows["flow_persons"] > 0).sum()
    widths = lines.get_linewidths()
    assert widths[0] < widths[-1]  # fewest people first, most on top
    assert "Farcamp 17,845" in all_text(ax)
    assert "South Gate 17,845" in all_text(ax)


def test_arrow_points_where_most_people_go(toy):
    ax = plot_flows(toy)
    network = toy.case.network
    nodes = network.nodes.set_index("node_id").geometry
    spots = [tuple(arrow.get_offsets()[0]) for arrow in drawn(ax, "flow-arrow")]
    edge = network.edges.set_index("edge_id").loc["e9"]  # 310 people against the line
    middle = shapely.line_interpolate_point(edge.geometry, 0.5, normalized=True)
    nearest = min(range(len(spots)), key=lambda n: shapely.Point(spots[n]).distance(middle))
    path = drawn(ax, "flow-arrow")[nearest].get_paths()[0]
    heading = path.vertices[1] - path.vertices[[0, 2]].mean(axis=0)
    along = np.array(nodes[edge.from_node_id].coords[0]) - nodes[edge.to_node_id].coords[0]
    cosine = heading @ along / np.linalg.norm(heading) / np.linalg.norm(along)
    assert cosine == pytest.approx(1, abs=1e-3)


def test_held_at_shows_kind_place_and_interval(toy):
    ax = plot_held_at(toy)
    assert len(drawn(ax, "held-crossing")[0].get_offsets()) == 1
    assert len(drawn(ax, "held-dispersed")[0].get_offsets()) == 1
    assert "Tin Post\n4,567 (3,900 to 5,900)" in all_text(ax)


def test_names_are_text_not_mathematics_or_markup():
    results = toy_results(title="Costs $x^2$ & more")
    ax = plot_status(results)
    ax.get_figure().canvas.draw()
    assert "Costs $x^2$ & more" in all_text(ax)
    assert NASTY in all_text(ax)


def test_labels_do_not_lie_on_each_other_or_outside():
    ax = Figure(figsize=(6, 4)).add_axes((0.1, 0.1, 0.8, 0.8))
    ax.set_xlim(0, 10)
    ax.set_ylim(0, 10)
    rng = np.random.default_rng(1)
    labels = [
        Label(x=x, y=y, text=f"Place number {n}", weight=float(n))
        for n, (x, y) in enumerate(rng.uniform(0, 10, (80, 2)))
    ]
    written = place_labels(ax, labels)
    ax.get_figure().canvas.draw()
    boxes = [text.get_window_extent() for text in written]
    inside = ax.get_window_extent()
    for number, box in enumerate(boxes):
        assert inside.x0 <= box.x0
        assert box.x1 <= inside.x1
        # the halo may touch, the letters may not
        assert not any(
            min(box.x1, other.x1) - max(box.x0, other.x0) > 2
            and min(box.y1, other.y1) - max(box.y0, other.y0) > 2
            for other in boxes[:number]
        )
    assert 5 < len(written) < 80
    assert written[0].get_text() == "Place number 79"


def test_own_axes_are_used_and_no_figure_is_registered(toy):
    figure = Figure()
    ax = figure.subplots()
    assert plot_flows(toy, ax) is ax
    script = (
        "import sys\nfrom mobility_geo.datasets import load_toy\n"
        "from mobility_geo import plot\n"
        "plot.explore_network(load_toy().network)\nassert 'matplotlib' not in sys.modules\n"
        "plot.plot_network(load_toy().network)\nassert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_notebook_shows_a_figure_without_pyplot(toy):
    for ax in (plot_status(toy), plot_network(toy.case.network)):
        shown = DisplayFormatter().format(ax.figure)[0]
        assert shown["image/png"].startswith(b"\x89PNG")


def test_figures_are_freed(toy):
    figure = weakref.ref(plot_status(toy).get_figure())
    gc.collect()
    assert figure() is None


def test_public_audience_gets_no_map_with_places():
    public = toy_results(audience="public")
    for draw in (plot_status, plot_flows, plot_held_at):
        with pytest.raises(InputError, match="audience is 'public'"):
            draw(public)
    ax = plot_public_status(public, PUBLIC)
    assert drawn(ax, "public-2")
    assert drawn(ax, "public-withheld")
    told = all_text(ax)
    assert not any(name in told for name in public.case.network.places["name"])
    assert not any(name in told for name in public.case.network.crossings["name"])
    for gid in ("edges-closed", "held-crossing", "pie-wedge", "crossings-closed", "edges-paved"):
        assert not drawn(ax, gid)


def test_nobody_and_nothing_still_give_maps():
    empty = toy_results()
    empty.status = empty.status.iloc[:0]
    for table in ("od_flows", "edge_flows", "crossing_flows", "disruptions"):
        setattr(empty, table, getattr(empty, table).iloc[:0])
    empty.edge_conditions["state"] = "open"
    for ax in (plot_status(empty), plot_flows(empty), plot_held_at(empty)):
        ax.get_figure().canvas.draw()
