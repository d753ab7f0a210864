"""What the command prints where the data has gaps."""

import io
import json

import pytest
from rich.console import Console

from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.run import _by_region, _print_tables
from mobility_geo.datasets import load_toy
from mobility_geo.outcomes import solve_case
from mobility_geo.outcomes.summaries import OUTSIDE_ZONES
from mobility_geo.testing.drawing import build_case


@pytest.fixture(scope="module", params=["everybody", "some"])
def results(request):
    """Return results of people of whom some, or all, are at a place without zone."""
    network = load_toy().network
    places = network.places.copy()
    places.loc[places["place_id"] == "northtown", "pcode"] = None
    people = {"northtown": 10} if request.param == "everybody" else {"northtown": 10, "midtown": 5}
    return solve_case(build_case(network.replace_tables(places=places), people, ["southtown"]))


def test_people_outside_all_zones_are_counted_without_a_code(results):
    rows = _by_region(results)
    outside = [row for row in rows if row["pcode"] is None]
    assert [(row["name"], row["movers_persons"]) for row in outside] == [(OUTSIDE_ZONES, 10)]
    assert sum(row["movers_persons"] for row in rows) == results.status["persons"].sum()
    said = json.loads(envelope("run", "success", data={"by_region": rows}))
    assert said["data"]["by_region"] == rows


def test_the_printed_table_names_them(results):
    page = io.StringIO()
    _print_tables(Console(file=page, width=160), results)
    line = next(line for line in page.getvalue().splitlines() if "outside all" in line)
    assert line.split()[:4] == ["(outside", "all", "zones)", "10"]
    assert "nan" not in page.getvalue().lower()
    assert "None" not in page.getvalue()
