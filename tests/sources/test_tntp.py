"""Files of the TNTP collection, in all the forms in which they come."""

import numpy as np
import pytest

from mobility_geo.errors import InputError
from mobility_geo.flows import AssignmentGraph, Trips
from mobility_geo.sources import read_tntp_flows, read_tntp_network, read_tntp_trips

NET = """<number of zones> 2 \t\t
<NUMBER OF NODES>\t3
<First Thru Node> 3 ~ zones are not passed
<NUMBER OF LINKS> 3
<DISTANCE FACTOR> 0.04
<TOLL FACTOR>  0.02 ;
<ORIGINAL HEADER>~ \tInit node \tTerm node \t;
<END OF METADATA>\t\t


~ \tInit node \tTerm node \tCapacity \tLength \tFree Flow Time \tB\tPower\tSpeed \tToll \tType\t;
\t1\t3\t100.5\t2\t0\t0.15\t4\t0\t0\t1\t;
 ~ a remark
\t3\t2\t1E2\t3\t5\t0\t0\t0\t50\t1;
3 2 100 3 5 .15 0.5 ~ parallel, and short
"""
TRIPS = """<NUMBER OF ZONES> 2
<TOTAL OD FLOW> 10.5
<END OF METADATA>

ORIGIN \t1
    1 :      1.0;    2 :
"""


def write(folder, text, name="file.tntp", **more):
    path = folder / name
    path.write_text(text, encoding="utf-8", **more)
    return path


def test_network_of_many_forms(tmp_path):
    network = read_tntp_network(write(tmp_path, NET))
    assert (network.zones, network.nodes, network.first_through_node) == (2, 3, 3)
    assert (network.distance_factor, network.toll_factor) == (0.04, 0.02)
    assert network.links["from"].tolist() == [1, 3, 3]
    assert network.links["capacity"].tolist() == [100.5, 100.0, 100.0]
    assert network.links["toll"].tolist() == [0.0, 50.0, 0.0]
    assert len(network.findings) == 0
    graph = AssignmentGraph.from_tntp(network)
    assert graph.through.tolist() == [False, False, True]
    assert graph.curves.cost(np.zeros(3)) == pytest.approx([0.08, 5 + 0.12 + 1.0, 5 + 0.12])
    plain = AssignmentGraph.from_tntp(network, toll_factor=0, distance_factor=0)
    assert plain.curves.cost(np.zeros(3)).tolist() == [0.0, 5.0, 5.0]


def test_windows_lines_and_a_byte_order_mark(tmp_path):
    path = write(tmp_path, "\ufeff" + NET, newline="\r\n")
    assert len(read_tntp_network(path).links) == 3


def test_columns_are_taken_by_their_heading(tmp_path):
    text = ("<END OF METADATA>\n~ init_node term_node free_flow_time capacity length b power ;\n"
            "1 2 7 100 3 0.15 4 ;\n")  # fmt: skip
    links = read_tntp_network(write(tmp_path, text)).links
    assert links[["free_flow_time", "capacity", "length"]].to_numpy().tolist() == [[7, 100, 3]]


STANDARD = [[1, 2, 900, 0.3, 0.327, 0.282, 4, 55]]
UNDERSCORES = "~|init_node|term_node|capacity|length|free_flow_time|b|power|speed|toll"
ROW = "1|2|900|.3|.327|.282|4|55|7|1"


@pytest.mark.parametrize(
    ("heading", "row", "toll"),
    [
        # names of two words, with units
        ("~|Init node |Term node |Capacity (veh/h)|Length(ft)|Free Flow Time (min)|B|Power|Speed",
         f"|{ROW}|;", 7),
        # what stands where others have a toll is none
        ("~|from|to|capacity (per lane)|length (km)|fftt (min)|alpha|beta|ff speed|v crit|lanes",
         "|1|2|900|.3|.327|.282|4|55|42.9|2|;", 0),
        # the last columns have no heading
        (UNDERSCORES + " ||;", ROW + ";", 7),
        # one column more, its heading stuck to the semicolon
        (UNDERSCORES + "|link_type|saturation_flow;", f"|{ROW}|6|;", 7),
        # another order
        ("~|Tail node|Head node|fftt(min)|Capacity|B|Power|Speed|Length|Toll (cents)|Link type",
         "1 2 .327 900 .282 4 55 .3 7 1", 7),
        # no heading, and one that says nothing
        ("", ROW, 7),
        ("~ the northern half", f"{ROW} ~ a remark;", 7),
    ],
)  # fmt: skip
def test_headings_of_the_collection(tmp_path, heading, row, toll):
    text = f"<END OF METADATA>||\n{heading}\n{row}\n".replace("|", "\t")
    links = read_tntp_network(write(tmp_path, text)).links
    assert links.iloc[:, :8].to_numpy().tolist() == STANDARD
    assert links["toll"].tolist() == [toll]


def test_nodes_may_have_any_number(tmp_path):
    net = (
        "<NUMBER OF ZONES> 4\n<NUMBER OF NODES> 4\n<NUMBER OF LINKS> 3\n<END OF METADATA>\n"
        "75674 2146237366 9 1 5 .15 4;\n1000000 75674 9 1 2 .15 4;\n75674 77 0 1 0 .15 4;"
    )
    network = read_tntp_network(write(tmp_path, net))
    assert network.node_ids.tolist() == [77, 75674, 1000000, 2146237366]
    assert network.findings["check"].tolist() == ["no capacity and no time"]
    graph = AssignmentGraph.from_tntp(network)
    assert (graph.tail.tolist(), graph.head.tolist()) == ([1, 2, 1], [3, 1, 0])
    assert graph.through.tolist() == [True] * 4
    text = "Origin\t1000000\n 2146237366 :\t6.5;\t77 :\t0.0;\t999 :\t0.0;\n"
    trips = Trips.from_tntp(read_tntp_trips(write(tmp_path, text)), network)
    assert (trips.origin.tolist(), trips.destination.tolist()) == ([2, 2], [3, 0])
    assert trips.persons.tolist() == [6.5, 0.0]
    with pytest.raises(InputError, match=r"trips to or from \[999\], but zones .* are its nodes"):
        Trips.from_tntp(
            read_tntp_trips(write(tmp_path, text.replace("999 :\t0", "999 :\t1"))), network
        )


def test_numbers_may_have_gaps(tmp_path):
    net = (
        "<NUMBER OF ZONES> 3\n<NUMBER OF NODES> 9\n<FIRST THRU NODE> 8\n<END OF METADATA>\n"
        "1 8 9 1 5 .15 4;\n8 9 9 1 2 .15 4;\n9 2 9 1 1 .15 4;"
    )
    network = read_tntp_network(write(tmp_path, net))
    assert network.node_ids.tolist() == [1, 2, 3, 8, 9]
    assert not network.any_zone
    assert AssignmentGraph.from_tntp(network).through.tolist() == [False] * 3 + [True] * 2
    with pytest.raises(
        InputError, match=r"\[8\], but zones of file.tntp are 1 to 3; take them out"
    ):
        Trips.from_tntp(read_tntp_trips(write(tmp_path, "Origin 1\n 3 : 1; 8 : 2;")), network)


def test_trips_over_several_lines_and_origins(tmp_path):
    text = TRIPS.replace("2 :\n", "2 : 3.5;\n  3:\t1e0 ;\n") + "Origin 2\n 1 : 4.0; 2 : 0\nOrigin 3"
    trips = read_tntp_trips(write(tmp_path, text))
    assert trips.table.to_numpy().tolist() == [
        [1, 1, 1], [1, 2, 3.5], [1, 3, 1], [2, 1, 4], [2, 2, 0],
    ]  # fmt: skip
    assert trips.findings["check"].tolist() == ["number of zones", "total of trips"]


def test_pairs_named_twice_are_added_up_and_said(tmp_path):
    text = TRIPS.replace("2 :\n", "2 : 3.5; 2 : 6;\n")
    trips = read_tntp_trips(write(tmp_path, text))
    assert trips.table["trips"].tolist() == [1.0, 9.5]
    assert trips.findings["check"].tolist() == ["pair twice"]


def test_counts_that_do_not_agree_are_said(tmp_path):
    text = NET.replace("LINKS> 3", "LINKS> 4").replace("NODES>\t3", "NODES>\t2")
    network = read_tntp_network(write(tmp_path, text))
    assert network.findings["check"].tolist() == ["number of links", "number of nodes"]
    assert network.nodes == 3
    text = NET.replace("3\t2\t1E2\t3\t5\t0\t0", "3\t2\t0\t3\t5\t1\t4")
    assert read_tntp_network(write(tmp_path, text)).findings["check"].tolist() == ["no capacity"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("\t1\t3\t100.5", "\t1\tx\t100.5", "line 12: '1.*x.*is not a row of numbers"),
        ("3 2 100 3 5 .15 0.5", "3 2 100 3 5", "line 15: 5 numbers; expected 7 to 10"),
        ("3 2 100", "3 2.5 100", r"'to' must be a node, 1 or more; wrong in 1 links.*\[15\]"),
        ("3 2 100", "3 2 -100", r"'capacity' must be a number >= 0.*\[15\]"),
        ("3 5 .15", "3 nan .15", r"'free_flow_time' must be a number >= 0"),
        ("FACTOR> 0.04", "FACTOR> much", "<DISTANCE FACTOR> must be a number >= 0, not 'much'"),
        ("NODES>\t3", "NODES>\t3.5", "<NUMBER OF NODES> must be a whole number"),
    ],
)
def test_wrong_lines_of_a_network_are_named(tmp_path, old, new, words):
    assert old in NET
    with pytest.raises(InputError, match=words):
        read_tntp_network(write(tmp_path, NET.replace(old, new)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Origin 1\n 2 = 5;", "line 2: '2 = 5' is not 'zone : trips'"),
        ("2 : 5;", "line 1: trips before any 'Origin' line"),
        ("Origin one\n 2 : 5;", "origin 'one' is not the number of a zone"),
        ("Origin 1\n 2 : -5;", "-5 trips to 2; must be >= 0"),
        ("Origin 1\n 0 : 5;", r"destination must be a zone, 1 or more, not \[0\]"),
        ("Origin 1\n 2 : nan;", "must be >= 0"),
        ("", "no trips: is it a trips file"),
    ],
)
def test_wrong_lines_of_trips_are_named(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read_tntp_trips(write(tmp_path, text))


def test_many_wrong_lines_are_counted(tmp_path):
    with pytest.raises(InputError, match="and 3 more"):
        read_tntp_network(write(tmp_path, "x\n" * 8))


def test_flows_with_and_without_heading(tmp_path):
    rows = "1 \t2 \t4494.65 \t6.0 \n2 1 3 7;"
    for heading in ("", "From \tTo \tVolume \tCost \n", "~ from to\n<END OF METADATA>\n"):
        table = read_tntp_flows(write(tmp_path, heading + rows))
        assert table.to_numpy().tolist() == [[1, 2, 4494.65, 6.0], [2, 1, 3, 7]]
    with pytest.raises(InputError, match="'1 2' is not 'from to flow cost'"):
        read_tntp_flows(write(tmp_path, "1 2"))
    with pytest.raises(InputError, match="no flows"):
        read_tntp_flows(write(tmp_path, ""))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"no\.tntp: cannot be read: No such file"):
        read_tntp_network(tmp_path / "no.tntp")
    with pytest.raises(InputError, match="no links: is it a network file"):
        read_tntp_network(write(tmp_path, "<NUMBER OF ZONES> 1"))


def test_published_files(reference_dir):
    for folder, name, size in (("SiouxFalls", "SiouxFalls", 76), ("Anaheim", "Anaheim", 914),
                               ("Braess-Example", "Braess", 5)):  # fmt: skip
        files = reference_dir / "tntp" / folder
        network = read_tntp_network(files / f"{name}_net.tntp")
        trips = read_tntp_trips(files / f"{name}_trips.tntp")
        assert len(network.links) == size
        assert len(network.findings) == len(trips.findings) == 0
        assert network.zones == trips.zones
