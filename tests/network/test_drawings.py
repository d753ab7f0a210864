"""Drawings: what the tests of everything else stand on."""

import pandas as pd
import pytest

from mobility_geo.errors import InputError
from mobility_geo.testing import (
    assert_network_equal,
    assert_people_conserved,
    build_case,
    draw_network,
)


def edges(picture, **options):
    table = draw_network(picture, **options).edges
    return {
        row.edge_id: (row.kind, row.length_m / 1000, row.oneway) for row in table.itertuples()
    }  # fmt: skip


def test_every_kind_of_line():
    picture = """
    A--b#c==C
    |       }
    D~~~E   F
        :
        G
    """
    assert edges(picture) == {
        "A-b": ("road", 30, False), "b-c": ("crossing", 20, False), "c-C": ("track", 30, False),
        "A-D": ("road", 20, False), "C-F": ("river", 20, False), "D-E": ("river", 40, False),
        "E-G": ("track", 20, False),
    }  # fmt: skip


def test_bends_make_parallel_edges_and_arrows_one_way_ones():
    picture = """
    A-->--B
    |     |
    +--<--+
    """
    assert edges(picture, step_km=1) == {"A-B": ("road", 6, True), "B-A": ("road", 10, True)}
    both = """
    A-----B
    |     |
    +-----+
    """
    assert edges(both) == {"A-B": ("road", 60, False), "A-B-2": ("road", 100, False)}


def test_countries_are_what_hangs_together_without_crossings():
    network = draw_network("A-b#c-C#D")
    country = network.nodes.set_index("node_id")["country"].to_dict()
    assert country == {"A": "AAA", "b": "AAA", "c": "BBB", "C": "BBB", "D": "CCC"}
    assert network.crossings["crossing_id"].tolist() == ["C-D", "b-c"]
    kinds = network.nodes.set_index("node_id")["kind"].to_dict()
    assert kinds == {"A": "settlement", "b": "crossing", "c": "crossing", "C": "settlement",
                     "D": "settlement"}  # fmt: skip


def test_places_are_attached_at_their_nodes():
    network = draw_network("A---B~~~C")
    assert network.accesses[["place_id", "node_id"]].to_numpy().tolist() == [
        ["A", "A"], ["B", "B"], ["C", "C"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "picture", ["", "A--", "A---?", "A--=B", "A---A", "A-><-B", "A-+\n  |", "A-+-B\n  |\n  C"]
)
def test_what_cannot_be_read_is_refused(picture):
    with pytest.raises(InputError):
        draw_network(picture)


def test_networks_that_differ_are_not_equal():
    one = draw_network("A---B")
    with pytest.raises(AssertionError, match="name"):
        assert_network_equal(one, draw_network("A---B", name="other"))
    with pytest.raises(AssertionError, match="edges"):
        assert_network_equal(one, one.replace_tables(edges=one.edges.assign(wait_min=1.0)))
    with pytest.raises(AssertionError, match="nodes"):
        assert_network_equal(one, draw_network("A---b"))
    moved = one.nodes.translate(1e-9)
    with pytest.raises(AssertionError, match="nodes"):
        assert_network_equal(one, one.replace_tables(nodes=one.nodes.set_geometry(moved)))
    assert_network_equal(one, draw_network("A---B", name="other"), check_name=False)


def test_people_lost_invented_or_mixed_up_are_found():
    case = build_case(draw_network("A---B"), {"A": 100}, "B")
    fine = pd.DataFrame(
        {"group_id": ["A-1", "A-1"], "base": "movers", "status": ["can_reach", "stranded"],
         "persons": [60, 40], "persons_low": [60, 40], "persons_high": [60, 40]}
    )  # fmt: skip
    assert_people_conserved(fine, case.groups)
    for wrong, words in (
        (fine.assign(persons=[60, 41]), "101 persons, not 100"),
        (fine.assign(persons_low=[160, -60]), "negative number of persons_low"),
        (fine.assign(status="can_reach"), "status twice"),
        (fine.assign(status=["can_reach", "cut_off"]), "cannot be 'cut_off'"),
        (fine.assign(group_id="Z"), "'Z' is no group"),
    ):
        with pytest.raises(AssertionError, match=words):
            assert_people_conserved(wrong, case.groups)
