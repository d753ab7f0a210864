"""`mobility-geo assign`: flows in the order of the file, and how it ends."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from mobility_geo.cli import exits
from mobility_geo.cli.app import app
from mobility_geo.sources.tntp import read_tntp_flows, read_tntp_network

NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 4
<FIRST THRU NODE> 1
<END OF METADATA>
~ init_node term_node capacity length free_flow_time b power speed toll link_type ;
4 2 1 100 0.00000001 1000000000 1 0 0 1;
1 3 1 100 0.00000001 1000000000 1 0 0 1 ;
1 4 1 100 50 0.02 1 0 0 1 ;
3 2 1 100 50 0.02 1 0 0 1 ;
3 4 1 100 10 0.1 1 0 0 1 ;
"""
TRIPS = "<NUMBER OF ZONES> 2\n<TOTAL OD FLOW> 6.0\n<END OF METADATA>\nOrigin 1\n 1 : 0; 2 : 6.0;"


def assign(*words):
    words = ["assign", *(str(word) for word in words)]
    done = CliRunner(env={"COLUMNS": "160"}).invoke(app, words, catch_exceptions=False)
    return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)


@pytest.fixture
def files(tmp_path):
    net, trips = tmp_path / "net.tntp", tmp_path / "trips.tntp"
    net.write_text(NET, encoding="utf-8")
    trips.write_text(TRIPS, encoding="utf-8")
    return net, trips, tmp_path / "flows.csv"


def test_flows_in_the_order_of_the_file(files):
    net, trips, out = files
    done = assign("--tntp", net, trips, "--gap", "1e-10", "--out", out)
    assert done.returncode == exits.SUCCESS, done.stderr
    table = pd.read_csv(out)
    assert table.columns.tolist() == ["from", "to", "flow"]
    assert table[["from", "to"]].to_numpy().tolist() == [[4, 2], [1, 3], [1, 4], [3, 2], [3, 4]]
    assert table["flow"].to_numpy() == pytest.approx([4, 4, 2, 2, 2], abs=1e-6)
    assert "relative gap" in done.stdout
    assert [path.name for path in out.parent.iterdir() if path.name.startswith(".")] == []
    assert out.stat().st_mode & 0o044 or os.name == "nt"


@pytest.mark.parametrize("name", ["SiouxFalls", "Anaheim"])
def test_published_networks_in_a_fresh_process(reference_dir, tmp_path, name):
    folder, out = reference_dir / "tntp" / name, tmp_path / "flows.csv"
    files = [str(folder / f"{name}_{what}.tntp") for what in ("net", "trips")]
    command = [sys.executable, "-m", "mobility_geo.cli", "assign", "--tntp", *files]
    done = subprocess.run(
        [*command, "--gap", "1e-8", "--out", str(out), "--quiet"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (exits.SUCCESS, "", "")
    table = pd.read_csv(out)
    links = read_tntp_network(files[0]).links
    assert (table[["from", "to"]] == links[["from", "to"]]).all(axis=None)
    known = table.merge(read_tntp_flows(folder / f"{name}_flow.tntp"), on=["from", "to"])
    assert np.sqrt(np.mean((known["flow_x"] - known["flow_y"]) ** 2)) < 1.0


def test_json_says_what_was_reached(files):
    net, trips, out = files
    done = assign("--tntp", net, trips, "--gap", "1e-9", "--out", out, "--output", "json")
    found = json.loads(done.stdout)
    assert (found["command"], found["status"], found["exit_code"]) == ("assign", "success", 0)
    assert found["data"]["gap"] <= 1e-9
    assert found["data"]["objective"] == pytest.approx(386.00000008)
    assert found["data"]["total_cost"] == pytest.approx(552.0)


def test_a_run_that_stops_before_its_gap_is_partial(files):
    net, trips, out = files
    done = assign("--tntp", net, trips, "--gap", "1e-12", "--max-iterations", "2", "--out", out)
    assert done.returncode == exits.PARTIAL
    assert "before 1e-12 was reached" in done.stderr
    assert len(pd.read_csv(out)) == 5
    late = assign("--tntp", net, trips, "--time-limit-s", "0", "--out", out, "--output", "json")
    assert late.returncode == exits.PARTIAL
    assert json.loads(late.stdout)["status"] == "partial"


def test_trips_without_a_way_are_said(files):
    net, trips, out = files
    trips.write_text(TRIPS + "\nOrigin 2\n 1 : 5;", encoding="utf-8")
    done = assign("--tntp", net, trips, "--out", out)
    assert done.returncode == exits.PARTIAL
    assert "5 trips have no way" in done.stderr
    assert "the file says 6 trips and has 11" in done.stderr


@pytest.mark.parametrize(
    ("method", "flow"),
    [("all-or-nothing", [6, 6, 0, 0, 6]), ("dial", None), ("stochastic", None)],
)
def test_other_methods(files, method, flow):
    net, trips, out = files
    done = assign("--tntp", net, trips, "--method", method, "--theta", "0.1", "--out", out)
    assert done.returncode == exits.SUCCESS, done.stderr
    found = pd.read_csv(out)["flow"]
    assert found[0] + found[3] == pytest.approx(6.0)
    assert flow is None or found.tolist() == flow


def test_tolls_and_lengths_count_when_they_are_asked_for(files):
    net, trips, out = files
    text = NET.replace("10 0.1 1 0 0 1", "10 0.1 1 0 40 1")
    net.write_text(text, encoding="utf-8")
    assign("--tntp", net, trips, "--gap", "1e-9", "--toll-factor", "2", "--out", out)
    assert pd.read_csv(out)["flow"].to_numpy() == pytest.approx([3, 3, 3, 3, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--gap", "0"], exits.INPUT, "gap must be > 0"),
        (["--method", "best"], exits.INPUT, "--method must be one of equilibrium"),
        (["--method", "dial"], exits.INPUT, "needs --theta"),
        (["--toll-factor", "-1"], exits.INPUT, "factor"),
    ],
)
def test_wrong_arguments(files, words, code, message):
    net, trips, out = files
    done = assign("--tntp", net, trips, "--out", out, *words)
    assert (done.returncode, out.exists()) == (code, False)
    assert message in done.stderr


ODD_NET = """<FIRST THRU NODE>|4||
< NUMBER OF  NODES > 9
<NUMBER OF ZONES>3
<number of links> 8
<ORIGINAL HEADER>~ |Init node |Term node |;
<END OF METADATA>|||


~ |Init node |Term node |Capacity (veh/h) |Length (ft) |Free Flow Time (min) |B|Power|Speed |Toll |Type|;
~ Stra\u00dfe nach Malm\u00f6
|1|4|49500|0.86|0|0.15|4|0|0|3|;
4 9 1.2E3 1 5 .15 4 0 50 1;
4  9  1200.0  1.0  6.  0  0  0  0  1 ;

|9|2|99999999|0|0|0|0|0|0|1|;||
|9|3|0|1|1|0|0|0|0|1;
|4|7|10|1|1e0|1|0.5|0|0|1;
|7|2|10|1|1|1|0|0|0|1;
|2|3|10|1|1|1|0|0|0|1;
"""  # noqa: E501
ODD_TRIPS = """<TOTAL OD FLOW>   130.5|
<NUMBER OF ZONES> 3
<END OF METADATA>
~ a note
Origin  1|
    1 :      7.0;    2 :    1.2e2;
3:3.5;

origin |2
1 : 0.0;2 :0;3 : 0.00;
Origin 3
"""


@pytest.mark.parametrize("factors", [(0.0, 0.0), (0.02, 0.04)])
def test_files_in_every_odd_form_of_the_collection(files, factors):
    net, trips, out = files
    for path, text in ((net, ODD_NET), (trips, ODD_TRIPS)):
        path.write_bytes(text.replace("|", "\t").replace("\n", "\r\n").encode("cp1252"))
    toll, far = factors
    words = ["--toll-factor", toll, "--distance-factor", far, "--gap", "1e-8", "--out", out]
    done = assign("--tntp", net, trips, *words)
    assert (done.returncode, done.stderr) == (exits.SUCCESS, "")
    table = pd.read_csv(out)
    assert table[["from", "to"]].to_numpy().tolist() == [
        [1, 4], [4, 9], [4, 9], [9, 2], [9, 3], [4, 7], [7, 2], [2, 3],
    ]  # fmt: skip
    flow = table["flow"].to_numpy()
    # zone 2 is not passed, people who stay in zone 1 load nothing
    assert flow[[0, 4, 7]] == pytest.approx([123.5, 3.5, 0.0])
    assert flow[1] + flow[2] == pytest.approx(123.5 - flow[5])
    assert flow[3] == pytest.approx(120 - flow[5])
    first = 5 * (1 + 0.15 * (flow[1] / 1200) ** 4) + 50 * toll + far
    over_9 = min(first, 6 + far)
    over_7 = 1 + (flow[5] / 10) ** 0.5 + 2 + 2 * far
    assert flow[5] > 1
    assert over_7 == pytest.approx(over_9, rel=1e-6)
    # the dearer of the parallel links is only used if both cost the same
    assert flow[2] == pytest.approx(0.0) or first == pytest.approx(6 + far, rel=1e-6)


def test_trips_to_a_node_that_is_no_zone_are_refused(files):
    net, trips, out = files
    text = trips.read_text(encoding="utf-8")
    trips.write_text(text + " 4 : 6.0;\n", encoding="utf-8")
    done = assign("--tntp", net, trips, "--out", out)
    assert (done.returncode, out.exists()) == (exits.INPUT, False)
    assert "trips to or from [4], but zones of net.tntp are 1 to 2" in done.stderr


def test_files_that_cannot_be_read_or_written(files, tmp_path):
    net, trips, out = files
    assert assign("--tntp", tmp_path / "no", trips, "--out", out).returncode == exits.INPUT
    assert assign("--tntp", trips, net, "--out", out).returncode == exits.INPUT
    assert assign("--tntp", net, trips, "--out", tmp_path).returncode == exits.OUTPUT
    assert assign("--tntp", net, trips, "--out", net).returncode == exits.OUTPUT
    assert net.read_text(encoding="utf-8") == NET
    assert assign("--tntp", net, trips).returncode == exits.USAGE
