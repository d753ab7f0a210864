"""The comparison of lengths in the documentation is what comes out, not what someone wished."""

import importlib.util
from pathlib import Path

import pytest

from mobility_geo.datasets import load_sahel_network

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def compare_lengths():
    spec = importlib.util.spec_from_file_location(
        "compare_lengths", ROOT / "scripts" / "compare_lengths.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_the_comparison_as_it_comes_out(compare_lengths, reference_dir):
    network = load_sahel_network()
    routes = compare_lengths.compare_routes(network, reference_dir)
    router = compare_lengths.compare_router(network, reference_dir)
    assert len(routes) == 35
    page = compare_lengths.PAGE.read_text(encoding="utf-8")
    assert page == compare_lengths.page(routes, router), "run scripts/compare_lengths.py again"


def test_the_known_error_of_the_table_is_seen(compare_lengths, reference_dir):
    routes = compare_lengths.compare_routes(load_sahel_network(), reference_dir)
    impossible = routes[routes["table_ratio"] < 1]
    assert impossible[["from", "to"]].to_numpy().tolist() == [["Ansongo", "Menaka"]]
    assert (routes["network_km"] >= routes["straight_km"]).all()
