"""`mobility-geo simulate`: a folder in, predictions out."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from mobility_geo.cli.app import app
from mobility_geo.datasets import load_mali
from mobility_geo.flows import simulate, simulate_ensemble
from mobility_geo.flows.practice_case import write_practice_case
from mobility_geo.geopackage import read_layers
from mobility_geo.sources import read_displacement_case


@pytest.fixture
def folder(tmp_path):
    return write_practice_case(tmp_path / "practique")


def call(*arguments):
    return CliRunner().invoke(app, ["simulate", *map(str, arguments)])


@pytest.mark.parametrize("regime", ["split", "forecast", "assimilate"])
def test_every_camp_and_day_has_a_row(folder, tmp_path, regime):
    out = tmp_path / "new" / "predictions.csv"
    done = call(folder, "--regime", regime, "--out", out)
    assert done.exit_code == 0, done.output
    rows = pd.read_csv(out)
    assert rows.columns.tolist() == ["date", "camp", "people"]
    assert len(rows) == 90 * 3
    assert not rows.duplicated(["date", "camp"]).any()
    assert rows["people"].ge(0).all()
    again = tmp_path / "again.csv"
    call(folder, "--regime", regime, "--out", again)
    assert again.read_bytes() == out.read_bytes()


def test_layers_have_a_time_that_qgis_plays(folder, tmp_path):
    layers = tmp_path / "run.gpkg"
    done = call(folder, "--out", tmp_path / "p.csv", "--layers", layers, "--quiet")
    assert done.exit_code == 0, done.output
    assert done.output == ""
    tables = read_layers(layers)
    people, flows = tables["people_per_day"], tables["flows_per_day"]
    assert people["date"].nunique() == 90
    assert set(people.geometry.geom_type) == {"Point"}
    assert set(flows.geometry.geom_type) == {"LineString"}
    styles = tables.get("layer_styles")
    if styles is not None:
        assert styles["styleQML"].str.contains('startField="date"').sum() == 2
    else:
        import sqlite3  # noqa: PLC0415

        with sqlite3.connect(layers) as file:
            texts = [row[0] for row in file.execute("SELECT styleQML FROM layer_styles")]
        file.close()
        assert sum('startField="date"' in text for text in texts) == 2
    line = flows[(flows["from_name"] == "Ford") & (flows["to_name"] == "Gate")].iloc[0]
    assert list(line.geometry.coords) == [(1.5, 12.5), (2.0, 12.5)]


def test_json_and_band(folder, tmp_path):
    out = tmp_path / "p.csv"
    done = call(folder, "--out", out, "--ensemble", 3, "--seed", 4, "--output", "json")
    found = json.loads(done.stdout)
    assert (found["command"], found["status"]) == ("simulate", "success")
    assert found["data"]["days"] == 90
    assert found["data"]["seed"] == 4
    rows = pd.read_csv(out)
    assert rows.columns.tolist() == ["date", "camp", "people", "people_low", "people_high"]
    assert (rows["people_low"] <= rows["people_high"]).all()


def test_what_was_corrected_is_told(folder, tmp_path):
    path = folder / "source_data" / "palm.csv"
    path.write_text("\n".join(reversed(path.read_text().splitlines())))
    done = call(folder, "--out", tmp_path / "p.csv")
    assert "dates out of order" in done.stderr


def test_bad_input_ends_with_its_code_and_writes_nothing(folder, tmp_path):
    out = tmp_path / "p.csv"
    done = call(tmp_path / "nowhere", "--out", out)
    assert done.exit_code == 3
    assert "no such folder" in done.stderr
    done = call(folder, "--out", out, "--ensemble", "-1")
    assert done.exit_code == 3
    done = call(folder, "--out", tmp_path)
    assert done.exit_code == 4
    assert not out.exists()


def test_a_scenario_is_simulated_on_its_own_network(tmp_path):
    out, layers = tmp_path / "april.csv", tmp_path / "april.gpkg"
    done = call(
        "mali-2012-04", "--days", 6, "--leave-days", 3, "--out", out, "--layers", layers,
        "--throughput", "labbezanga-mli>labbezanga-ner=10", "--parameter", "speed_km_per_day=150",
        "--output", "json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)["data"]
    assert (found["regime"], found["days"], found["first_day"]) == ("forecast", 6, "2012-03-30")
    assert found["parameters"]["speed_km_per_day"] == 150
    assert found["last_day"]["queued_persons"] > 0
    flows = read_layers(layers)["flows_per_day"]
    there = flows[(flows["from_name"] == "gossi") & (flows["to_name"] == "hombori")]
    back = flows[(flows["from_name"] == "hombori") & (flows["to_name"] == "gossi")]
    line = (there if len(there) else back).geometry.iloc[0]
    case = load_mali("mali-2012-04")
    ends = case.network.places.set_index("place_id").to_crs(4326).geometry
    start = ends["gossi" if len(there) else "hombori"]
    assert start.distance(line.interpolate(0)) < 0.05
    people = read_layers(layers)["people_per_day"]
    assert "Mbéra (camp)" in set(people["title"])


def test_counts_let_a_scenario_be_split(tmp_path):
    counts, out = tmp_path / "counts.csv", tmp_path / "p.csv"
    counts.write_text(
        "place_id,date,persons\nmbera,2012-03-30,1000\nmbera,2012-04-03,1500\n"
        "mentao,2012-03-30,0\nmentao,2012-04-03,700\n"
    )
    done = call("mali-2012-04", "--days", 5, "--counts", counts, "--out", out, "--quiet")
    assert done.exit_code == 0, done.output
    rows = pd.read_csv(out)
    assert rows.groupby("date")["people"].sum().tolist() == pytest.approx(
        [1000, 1300, 1600, 1900, 2200], abs=0.05
    )


def test_options_that_do_not_fit_are_all_named(folder, tmp_path):
    out = tmp_path / "p.csv"
    done = call(folder, "--out", out, "--days", 5, "--counts", "x.csv", "--throughput", "a-b=3",
                "--forward", "a>b=x", "--ensemble", -1)  # fmt: skip
    assert done.exit_code == 3
    for words in ("--days, --counts", "FROM>TO=PERSONS", "FROM>TO=SHARE", "--ensemble"):
        assert words in done.stderr, words
    done = call(folder, "--out", out, "--parameter", "near_kn=3", "--parameter", "x")
    assert done.exit_code == 3
    assert "did you mean 'near_km'" in done.stderr
    assert "NAME=VALUE" in done.stderr
    done = call("mali-2012-4", "--out", out)
    assert done.exit_code == 3
    assert "did you mean 'mali-2012-04'" in done.stderr
    assert not out.exists()


def test_what_assimilation_is_told_is_said(folder, tmp_path):
    asked = (folder, "--out", tmp_path / "p.csv", "--regime", "assimilate")
    assert "--reports published" in call(*asked).stderr
    done = call(*asked, "--reports", "published", "--lag-days", 10)
    assert "on lines between reports" not in done.stderr
    assert "Internal" in done.stdout


def test_a_camp_without_counts_is_the_same_camp_for_everybody_who_asks(folder, tmp_path):
    layout = folder / "source_data" / "data_layout.csv"
    layout.write_text(layout.read_text().replace("Reed,reed.csv\n", ""))
    case, out = read_displacement_case(folder), tmp_path / "p.csv"
    expected = simulate(case)
    assert expected.wide()["Reed"].iloc[-1] > 0
    bands = simulate_ensemble(case, seed=1, runs=1)
    assert bands["people"].equals(expected.predictions["people"])
    assert call(folder, "--out", out, "--quiet").exit_code == 0
    np.testing.assert_allclose(
        pd.read_csv(out)["people"], expected.predictions["people"], atol=1e-3
    )
