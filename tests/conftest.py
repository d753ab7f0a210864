"""What all tests share: the same hypothesis examples in every run, and the reference data."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile(
    "ci", derandomize=True, deadline=None, database=None, print_blob=True, max_examples=20
)
settings.register_profile("explore", deadline=None, print_blob=True, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_collection_finish() -> None:
    """Leave thousands of collected tests out of every later search for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """Folder of published tables that are compared with but do not ship."""
    named = os.environ.get("MOBILITY_GEO_REFERENCE")
    folder = Path(named) if named else ROOT.parent / "shared" / "reference"
    if not folder.is_dir():
        pytest.skip(
            f"no reference data in {folder}; name its folder in MOBILITY_GEO_REFERENCE"
            if named
            else "no reference data beside the checkout; name its folder in MOBILITY_GEO_REFERENCE"
        )
    return folder
