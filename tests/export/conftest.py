"""Results to export: the made-up country, the same with nobody on the move, and Mali."""

import dataclasses

import pytest

from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.outcomes import solve_case

# run by the Python of QGIS, which this one cannot import
collect_ignore = ["qgis_opens.py"]


@pytest.fixture(scope="session")
def toy():
    return solve_case(load_toy())


@pytest.fixture(scope="session")
def nobody():
    """Results of a question about nobody: every table of people is empty."""
    case = load_toy()
    return solve_case(dataclasses.replace(case, groups=case.groups.iloc[:0]))


@pytest.fixture(scope="session")
def mali():
    return solve_case(load_mali("mali-2013-01"))
