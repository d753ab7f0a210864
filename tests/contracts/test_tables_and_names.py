"""What other programs rely on: tables, columns, units, names and errors. A change is a choice.

``tables.json`` lists every table with its columns. When a table changes on purpose, run with
``MOBILITY_GEO_UPDATE_GOLDEN=1`` and say so in the changelog.
"""

import dataclasses
import importlib
import inspect
import json
import os
import pickle
from pathlib import Path

import pyogrio
import pytest

from mobility_geo import errors
from mobility_geo.datasets import load_toy
from mobility_geo.network import Network, write_network
from mobility_geo.outcomes import Results, solve_case
from mobility_geo.schema import NETWORK_TABLES, RESULT_TABLES, SCHEMAS
from mobility_geo.units import QUANTUM

COMMITTED = Path(__file__).parent / "tables.json"
PACKAGES = ("network", "scenario", "routing", "flows", "outcomes", "sources", "datasets",
            "testing")  # fmt: skip
UNITS = {
    "_m": "m", "_km2": "km2", "_min": "min", "_h": "h", "_hour": "h", "_person_h": "person-h",
    "_kph": "km/h", "_xof": "XOF",
    "_persons": "persons", "_per_day": "h/day", "_persons_per_day": "persons/day",
    "_xof_per_km": "XOF/km",
}  # fmt: skip


def in_words(column):
    """Say in one line what a column may hold, such as ``float m, >= 0, may be missing``."""
    words = [f"{column.dtype} {column.unit}".strip()]
    words += [f">= {column.minimum:g}"] if column.minimum is not None else []
    words += [f"<= {column.maximum:g}"] if column.maximum is not None else []
    words += ["may be missing"] if column.nullable else []
    words += ["may be left out"] if not column.required else []
    return ", ".join(words + (["|".join(column.allowed)] if column.allowed else []))


def described():
    return {
        name: {
            "key": " + ".join(table.key),
            "geometry": table.geometry,
            "references": dict(table.references),
            "columns": {column.name: in_words(column) for column in table.columns},
        }
        for name, table in SCHEMAS.items()
    }


def test_tables_are_as_they_were_promised():
    found = json.dumps(described(), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("MOBILITY_GEO_UPDATE_GOLDEN"):
        COMMITTED.write_text(found, encoding="utf-8")
    assert json.loads(found) == json.loads(COMMITTED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SCHEMAS)
def test_units_are_in_the_names_of_columns(name):
    for column in SCHEMAS[name].columns:
        if column.dtype not in {"float", "int"}:
            continue
        endings = [end for end in UNITS if column.name.endswith(end)]
        if endings:
            assert column.unit == UNITS[max(endings, key=len)], column.name
        assert column.meaning
        assert not column.unit or column.unit in {*UNITS.values(), "persons/day"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_table_says_what_it_is(name):
    table = SCHEMAS[name]
    assert table.meaning
    assert len(set(table.names)) == len(table.names)
    assert set(table.key) <= set(table.names)
    assert all(column.meaning for column in table.columns)


def test_every_metric_has_a_unit_of_its_own():
    assert QUANTUM == {"time_min": 0.1 / 60, "length_m": 1.0, "cost_xof": 1.0, "risk": 1e-6}


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_is_there_and_documented(name):
    module = importlib.import_module(f"mobility_geo.{name}")
    assert module.__all__ == sorted(module.__all__)
    for item in module.__all__:
        found = getattr(module, item)
        assert inspect.getdoc(found) or not callable(found), item


def test_results_hold_what_they_are_said_to_hold():
    results = solve_case(load_toy())
    assert [field.name for field in dataclasses.fields(Results)] == [
        "case", "when", "status", "baseline", "reachable", "od_flows", "edge_flows",
        "crossing_flows", "catchments", "edge_conditions", "disruptions", "comparison",
        "warnings", "run_info",
    ]  # fmt: skip
    schemas = {table.name: table for table in RESULT_TABLES}
    for name in ("status", "reachable", "od_flows", "edge_flows", "crossing_flows", "catchments"):
        assert list(getattr(results, name).columns) == list(schemas[name].names)
    assert list(results.baseline.columns) == list(schemas["status"].names)
    assert list(results.comparison.columns) == list(schemas["model_against_report"].names)
    assert list(results.edge_conditions.columns) == [
        "edge_id", "state", "speed_factor", "risk_per_km", "disruption_ids",
    ]  # fmt: skip
    assert list(results.disruptions.columns) == [
        "disruption_id", "name", "kind", "severity", "effect", "start", "end", "edges_touched",
        "edges_closed", "persons_freed", "probability", "source", "confidence", "geometry",
    ]  # fmt: skip
    assert results.disruptions.crs == results.case.network.crs
    with pytest.raises(dataclasses.FrozenInstanceError):
        results.status = None


def test_a_network_file_has_one_layer_per_table(tmp_path):
    network = load_toy().network
    file = write_network(network, tmp_path / "toy.gpkg")
    layers = {name: kind for name, kind in pyogrio.list_layers(file).tolist()
              if name != "layer_styles"}  # fmt: skip
    kinds = {table.name: table.geometry for table in NETWORK_TABLES}
    assert set(layers) == {*kinds, "network_info"}
    for name, geometry in kinds.items():
        assert (layers[name] or "None") == (geometry or "None")
        fields = pyogrio.read_info(file, layer=name)["fields"].tolist()
        assert [field for field in fields if field != "fid"] == list(SCHEMAS[name].names)


def test_tables_of_a_network_are_fields_of_it():
    names = [field.name for field in dataclasses.fields(Network)]
    assert [table.name for table in NETWORK_TABLES] == names[1 : 1 + len(NETWORK_TABLES)]


ERRORS = [
    kind for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, Exception)
]  # fmt: skip


class TestErrors:
    @pytest.mark.parametrize("kind", ERRORS)
    def test_one_base_catches_them_all(self, kind):
        assert issubclass(kind, errors.MobilityGeoError)

    @pytest.mark.parametrize(
        ("kind", "builtin"),
        [("InputError", ValueError), ("SchemaError", ValueError), ("CRSError", ValueError),
         ("ScenarioError", ValueError), ("CalendarError", ValueError),
         ("UnknownIdError", KeyError), ("CostOverflowError", ValueError),
         ("OutputError", OSError)],
    )  # fmt: skip
    def test_the_built_in_class_that_fits_catches_them_too(self, kind, builtin):
        assert issubclass(getattr(errors, kind), builtin)

    @pytest.mark.parametrize("kind", [k for k in ERRORS if issubclass(k, errors.InputError)])
    def test_they_travel_between_processes_with_all_their_problems(self, kind):
        error = kind(["places: no rows", "edges: é"])
        copied = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert type(copied) is kind
        assert copied.problems == ("places: no rows", "edges: é")
        assert str(copied) == str(error)
        assert "2 problems found" in str(error)
        assert str(kind("alone")) == "alone"
