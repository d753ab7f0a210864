"""The package as users get it: light to import, complete as a wheel, free of machine details."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import mobility_geo

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

HEAVY = {"matplotlib", "folium", "osmnx", "rasterio", "networkx", "geopandas"}

PATHS = re.compile(
    r"/(?:work|farm)/"
    r"|/[r]oot/"
    r"|/home/\w+/"
    r"|/Users/\w+/"
    r"|\b[A-Z]:\\+Users\\"
    r"|[.][.]/shared/(?!reference\b)"
)
REGISTRIES = re.compile(
    r"://[\w.-]*(?:pypi|pythonhosted|npmjs|registry)"
    r"|://\S+/[s]imple/"
    r"|--(?:extra-)?index-url[ =]\S"
    r"|--find-links[ =]\S",
    re.IGNORECASE,
)


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and show what it said if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def requirements() -> list[Requirement]:
    project = PROJECT["project"]
    groups = [*project["optional-dependencies"].values(), *PROJECT["dependency-groups"].values()]
    stated = [Requirement(line) for group in [project["dependencies"], *groups] for line in group]
    return [line for line in stated if canonicalize_name(line.name) != "mobility-geo"]


def pins() -> dict[str, str]:
    """Pinned version of each package for this interpreter."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    environment = {**default_environment(), "extra": ""}
    pinned = [Requirement(line) for line in lines if not line.lstrip().startswith("#")]
    return {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in pinned
        if pin.marker is None or pin.marker.evaluate(environment)
    }


def project_files() -> list[Path]:
    """Return what git holds, and what it would hold after `git add`."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = run(
        git, "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT
    ).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in files if path.is_file()]


def matches(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in project_files():
        raw = path.read_bytes()
        if b"\0" in raw:
            continue
        for number, line in enumerate(raw.decode("utf-8").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT).as_posix()}:{number}: {line.strip()[:120]}")
    return found


def test_importing_the_package_loads_no_heavy_library() -> None:
    code = "import json, sys, mobility_geo; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(run(sys.executable, "-c", code, cwd=ROOT).stdout))
    assert "mobility_geo" in loaded
    assert not HEAVY & loaded


def test_every_public_name_exists() -> None:
    assert mobility_geo.__all__
    missing = [name for name in mobility_geo.__all__ if not hasattr(mobility_geo, name)]
    assert not missing
    assert set(mobility_geo.__all__) <= set(dir(mobility_geo))


def test_the_version_comes_from_the_metadata() -> None:
    assert mobility_geo.__version__ == metadata.version("mobility-geo")
    assert PROJECT["project"]["version"] == mobility_geo.__version__
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {mobility_geo.__version__}\n" in citation


def test_the_constraints_pin_everything_that_is_asked_for() -> None:
    pinned = pins()
    asked = requirements()
    unpinned = {line.name for line in asked if canonicalize_name(line.name) not in pinned}
    assert not unpinned, f"run `make constraints`; not pinned: {sorted(unpinned)}"
    outside = [
        f"{line} but {pinned[canonicalize_name(line.name)]}"
        for line in asked
        if not line.specifier.contains(pinned[canonicalize_name(line.name)], prereleases=True)
    ]
    assert not outside


@pytest.mark.parametrize("pattern", [PATHS, REGISTRIES], ids=["machine paths", "registries"])
def test_no_file_tells_of_the_machine_it_was_written_on(pattern: re.Pattern[str]) -> None:
    found = matches(pattern)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (PATHS, "open('/" + "work/main/data')"),
        (PATHS, "see .." + "/shared/design"),
        (PATHS, "C:" + "\\Users\\ana\\case.toml"),
        (REGISTRIES, "https:" + "//registry.example.org/x"),
        (REGISTRIES, "pip install --index" + "-url http://mirror.example.org"),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


def test_no_lock_file_and_no_large_file_is_committed() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in project_files()}
    assert "uv.lock" not in names
    large = [path.name for path in project_files() if path.stat().st_size > 3_000_000]
    assert not large


def test_the_reference_names_every_key_of_a_scenario_file() -> None:
    from mobility_geo.scenario.problems import KEYS  # noqa: PLC0415

    page = (ROOT / "docs" / "reference" / "scenario-file.md").read_text("utf-8")
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", page))))
    tables = {name for keys in KEYS for name in keys.split(".")}
    known = {key for keys in KEYS.values() for key in keys}
    missing = sorted((known | tables) - named - {""})
    assert not missing


def test_the_python_lines_of_the_readme_run(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (lines,) = re.findall(r"^```python\n(.*?)^```", readme, flags=re.DOTALL | re.MULTILINE)
    said = run(sys.executable, "-W", "error", "-c", lines, cwd=tmp_path).stdout
    assert "stranded" in said
    left = {path.name for path in tmp_path.iterdir()}
    assert {"stranded.html", "results"} <= left


def files_below(folder: Path) -> set[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in paths}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder into which the built wheel is installed, away from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    dist = folder / "dist"
    python = [sys.executable, "-m"]
    run(*python, "build", "--wheel", "--no-isolation", "--outdir", dist, ROOT, cwd=folder)
    (wheel,) = dist.glob("*.whl")
    target = folder / "target"
    offline = ["--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check"]
    run(*python, "pip", "install", *offline, "--target", target, wheel, cwd=folder, PIP_USER="0")
    return target


def test_the_wheel_holds_the_package_and_every_data_file(installed: Path) -> None:
    shipped = installed / "mobility_geo" / "_data"
    assert files_below(shipped) == files_below(ROOT / "data")
    assert (installed / "mobility_geo" / "py.typed").is_file()
    (info,) = installed.glob("mobility_geo-*.dist-info")
    licences = {path.name for path in (info / "licenses").iterdir()}
    assert licences == {"LICENSE", "DATA_LICENSES.md"}
    strays = {path.name for path in installed.iterdir()} - {"bin", "mobility_geo", info.name}
    assert not strays


def test_the_wheel_answers_the_mali_case_away_from_the_checkout(
    installed: Path, tmp_path: Path
) -> None:
    code = "import mobility_geo; print(mobility_geo.__file__)"
    where = run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(installed)).stdout
    assert Path(where.strip()).is_relative_to(installed)

    command = installed / "bin" / "mobility-geo"
    listed = run(command, "scenarios", cwd=tmp_path, PYTHONPATH=str(installed)).stdout
    assert "mali-2013-01" in listed

    out = tmp_path / "Résultats 1"
    run(command, "run", "mali-2013-01", "--out", out, cwd=tmp_path, PYTHONPATH=str(installed))
    left = {path.name for path in out.iterdir()}
    assert {
        "results.gpkg", "results.qgz", "report.html", "brief.html", "tables", "manifest.json",
    } <= left  # fmt: skip
    assert list((out / "tables").glob("*.csv"))
    assert str(ROOT) not in (out / "manifest.json").read_text("utf-8")
