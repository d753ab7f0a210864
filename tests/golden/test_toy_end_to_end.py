"""The made-up country end to end: every table of `solve_case` is as it was when it was checked.

When a table differs, it is written to ``out/golden`` at the top of the checkout, beside a note of
what differs. If the difference is meant, look at it, then copy the file to ``expected``, or run
with ``MOBILITY_GEO_UPDATE_GOLDEN=1``.
"""

import dataclasses
import io
import os
import sys
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from mobility_geo.datasets import load_toy
from mobility_geo.outcomes import compare, persons_freed, solve_case
from mobility_geo.scenario import Limits
from mobility_geo.testing import assert_people_conserved

EXPECTED = Path(__file__).parent / "expected"
DIFFERING = Path(__file__).resolve().parents[2] / "out" / "golden"
TABLES = ("status", "baseline", "reachable", "od_flows", "edge_flows", "crossing_flows",
          "catchments", "edge_conditions", "disruptions")  # fmt: skip
DAYS = {"january": None, "quiet": "2013-01-05", "low_water": "2013-05-15"}


@pytest.fixture(scope="module")
def results():
    case = load_toy()
    return {name: solve_case(case, when) for name, when in DAYS.items()}


def plain(table):
    """Return a table without shapes: their area and middle, rounded, stand for them."""
    if "geometry" not in table.columns:
        return table
    middle = table.geometry.centroid.to_crs(4326)
    numbers = {"area_km2": table.geometry.area / 1e6, "lon": middle.x, "lat": middle.y}
    columns = {name: values.round(4) + 0.0 for name, values in numbers.items()}
    return pd.DataFrame(table.drop(columns="geometry")).assign(**columns)


def differences(text, expected):
    """Say what differs between two tables as written, numbers by more than 1 in a million."""
    options = {"keep_default_na": False, "na_values": [""]}
    one, two = (pd.read_csv(io.StringIO(words), **options) for words in (text, expected))
    try:
        assert_frame_equal(one, two, rtol=1e-6, atol=1e-9)
    except AssertionError as error:
        return str(error)
    return ""


def check(table, name):
    """Compare a table with the file of that name, and keep it if it differs."""
    file = EXPECTED / f"{name}.csv"
    text = plain(table).to_csv(index=False, float_format="%.9g", lineterminator="\n")
    if os.environ.get("MOBILITY_GEO_UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    found = differences(text, file.read_text(encoding="utf-8"))
    if found:
        DIFFERING.mkdir(parents=True, exist_ok=True)
        kept = DIFFERING / file.name
        kept.write_text(text, encoding="utf-8")
        pytest.fail(f"{name} differs; what came out is in {kept}\n{found}")


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("table", TABLES)
def test_table(results, day, table):
    check(getattr(results[day], table), f"{day}-{table}")


def test_a_table_that_differs_is_found_and_kept(tmp_path, monkeypatch, results):
    monkeypatch.setattr(sys.modules[__name__], "DIFFERING", tmp_path / "out")
    monkeypatch.delenv("MOBILITY_GEO_UPDATE_GOLDEN", raising=False)
    table = results["january"].status.copy()
    table.loc[0, "persons"] += 1
    with pytest.raises(pytest.fail.Exception, match="january-status differs"):
        check(table, "january-status")
    assert "1001" in (tmp_path / "out" / "january-status.csv").read_text("utf-8")


def test_changes_between_the_days(results):
    check(compare(results["quiet"].status, results["january"].status), "quiet-to-january")


@pytest.mark.parametrize("day", DAYS)
def test_nobody_is_lost_on_the_way(results, day):
    found = results[day]
    groups = found.case.groups
    assert_people_conserved(found.status, groups)
    assert_people_conserved(found.baseline, groups)
    for rule in ("least_time", "logit"):
        rows = found.od_flows[found.od_flows["rule"] == rule]
        assert rows["flow_persons"].sum() + rows["unserved_persons"].sum() == 1750
    told = found.headline()
    for base in ("movers", "residents"):
        block = told[base]
        for figure in ("best", "low", "high"):
            sums = {"persons", "cannot_reach"}
            parts = [block[name][figure] for name in block if name not in sums]
            assert sum(parts) == block["persons"][figure]
            lost = block["stranded" if base == "movers" else "cut_off"][figure]
            assert block["cannot_reach"][figure] == lost + block["isolated"][figure]


def test_the_figures_that_are_told_first(results):
    movers = results["january"].headline()["movers"]
    assert {name: figures["best"] for name, figures in movers.items()} == {
        "persons": 1750, "can_reach": 300, "stranded": 1400, "isolated": 0, "unknown": 50,
        "cannot_reach": 1400,
    }  # fmt: skip
    assert results["quiet"].headline()["movers"]["can_reach"]["best"] == 1700
    assert results["january"].headline()["stranded_by_reason"] == {"no_mode": 1400}


def test_it_is_the_same_every_time(results):
    again = solve_case(load_toy())
    for table in TABLES:
        one, two = getattr(results["january"], table), getattr(again, table)
        assert_frame_equal(pd.DataFrame(plain(one)), pd.DataFrame(plain(two)))
    assert again.run_info == results["january"].run_info
    assert again.warnings == results["january"].warnings


def test_the_steps_are_told_in_their_order():
    told = []
    solve_case(load_toy(), progress=lambda step, done: told.append((step, done)))
    shares = [done for _, done in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert told[-1][0] == "Done"


def test_the_run_names_what_it_was_made_from(results):
    info = results["january"].run_info
    assert info["when"] == "2013-01-20"
    assert len(info["scenario_sha256"]) == len(info["network_sha256"]) == 64
    tighter = dataclasses.replace(load_toy(), limits=Limits(time_limit_h=1.0))
    assert solve_case(tighter).run_info["scenario_sha256"] != info["scenario_sha256"]


def test_each_closure_alone(results):
    freed = persons_freed(load_toy()).set_index("disruption_id")["persons_freed"]
    table = results["january"].disruptions.set_index("disruption_id")["persons_freed"]
    assert freed.to_dict() == table.to_dict()
