"""Open the files in QGIS itself. Skipped where it is not installed.

On Debian: ``apt-get install --no-install-recommends qgis python3-qgis qgis-providers python3-gdal``
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mobility_geo.export import write_results
from mobility_geo.export.layers import LAYERS
from mobility_geo.export.notice import NOTICE
from mobility_geo.export.project import THEMES

SYSTEM_PYTHON = shutil.which("python3", path="/usr/bin")
SCRIPT = Path(__file__).with_name("qgis_opens.py")
HIDDEN = {"reachable", "od_flows", "edge_flows", "disruptions"}
"""Layers that have a category which is not ticked."""


def importable(module):
    if SYSTEM_PYTHON is None:
        return False
    done = subprocess.run(
        [SYSTEM_PYTHON, "-c", f"import {module}"], capture_output=True, check=False
    )
    return done.returncode == 0


@pytest.fixture(scope="module", params=["toy", "mali", "nobody"])
def opened(request, tmp_path_factory):
    if not importable("qgis.core"):
        pytest.skip("QGIS (Debian package python3-qgis) is not installed")
    results = request.getfixturevalue(request.param)
    place = tmp_path_factory.mktemp("qgis")
    folder = place / "Régions du Nord, l'été"
    write_results(results, folder)
    ends = sorted({str(day.date()) for day in results.disruptions["end"].dropna()})
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    done = subprocess.run(
        [SYSTEM_PYTHON, str(SCRIPT), str(folder), str(place), "2013-01-20", "2012-04-05",
         "1990-01-01", *ends[:3]],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert after == before, "opening changed the files"
    return results, json.loads(done.stdout)


def test_the_project_opens(opened):
    results, found = opened
    assert found["read"]
    assert found["crs"] == "EPSG:4326"
    scenario = results.case.scenario
    assert found["time"] == [
        f"{scenario.start.isoformat()}T00:00:00Z", f"{scenario.end.isoformat()}T23:59:59Z",
    ]  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("source", ["file", "project"])
def test_every_layer_opens_styled(opened, source, name):
    _, found = opened
    layer = found[source][name]
    assert layer["valid"]
    assert layer["abstract"].startswith(NOTICE)
    if name == "run_info":
        assert layer["rows"] > 0
        return
    assert layer["crs"] == "EPSG:4326"
    # a layer without its style is drawn with one symbol for all
    assert layer["renderer"] in {"categorizedSymbol", "graduatedSymbol"}
    assert layer["labels"] == (name not in {"nodes", "reachable"})
    assert layer["without_symbol"] == 0 or name in HIDDEN


def test_all_rows_are_there(opened):
    results, found = opened
    rows = {name: layer["rows"] for name, layer in found["file"].items()}
    assert set(rows) == set(LAYERS)
    assert rows["reachable"] == len(results.reachable)
    assert rows["edges"] == len(results.case.network.edges)
    assert rows["disruptions"] == len(results.disruptions)
    assert rows["places"] == len(results.case.network.places)


def test_columns_have_names_in_plain_words(opened):
    _, found = opened
    assert "Cannot reach: stranded or isolated" in found["file"]["status_by_zone"]["names"]
    assert "People freed by lifting it alone" in found["project"]["disruptions"]["names"]


def test_time_moves_the_disruptions(opened, request):
    results, found = opened
    shown = results.disruptions

    def active(day):
        return int(
            ((shown["start"].isna() | (shown["start"] <= day))
             & (shown["end"].isna() | (shown["end"] >= day))).sum()
        )  # fmt: skip

    assert found["project"]["disruptions"]["temporal"]
    assert found["days"] == {day: active(day) for day in found["days"]}
    if "mali" in request.node.name:
        assert found["days"]["2013-01-20"] > 0


def test_every_theme_and_layout_is_drawn(opened):
    _, found = opened
    names = [theme.name for theme in THEMES]
    assert sorted(found["themes"]) == names
    assert sorted(found["layouts"]) == names
    for theme in found["themes"].values():
        assert theme["errors"] == 0
        assert theme["colours"] > 5
    for layout in found["layouts"].values():
        assert layout["code"] == 0
        assert layout["bytes"] > 5_000


def test_gdal_validator_finds_nothing(mali, tmp_path):
    if not importable("osgeo_utils.samples.validate_gpkg"):
        pytest.skip("GDAL's validator (Debian package python3-gdal) is not installed")
    write_results(mali, tmp_path / "out")
    done = subprocess.run(
        [SYSTEM_PYTHON, "-m", "osgeo_utils.samples.validate_gpkg", "-k", "--extra",
         str(tmp_path / "out" / "results.gpkg")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
