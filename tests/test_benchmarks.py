"""What `make bench` runs, where the reference data are not there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["assignment", "displacement"])
def test_a_benchmark_without_its_data_says_so_and_stops_nobody(name):
    script = f"benchmarks/{name}.py"
    assert f"$(PY) {script}" in (ROOT / "Makefile").read_text(encoding="utf-8")
    env = {key: word for key, word in os.environ.items() if key != "MOBILITY_GEO_REFERENCE"}
    done = subprocess.run(
        [sys.executable, str(ROOT / script)], env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"{name}: skipped, as MOBILITY_GEO_REFERENCE names no folder of reference data\n"
    )
