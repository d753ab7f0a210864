"""All result files in one folder: complete, or not at all."""

import dataclasses
import datetime as dt
import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from mobility_geo.export.layers import result_layers
from mobility_geo.export.notice import NOTICE, PUBLIC_NOTICE
from mobility_geo.export.project import Bounds, layers_extent, write_project
from mobility_geo.export.staging import MANIFEST, WRITTEN_BY, staged_folder
from mobility_geo.export.tables import write_tables
from mobility_geo.geopackage import Layer, write_geopackage
from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.outcomes.results import Results

GEOPACKAGE: Final = "results.gpkg"
PROJECT: Final = "results.qgz"
TABLES: Final = "tables"

PACKAGES: Final = ("geopandas", "networkx", "numpy", "pandas", "pyogrio", "pyproj", "scipy",
                   "shapely")  # fmt: skip
"""Packages whose versions go into the manifest."""


def write_results(results: Results, folder: str | Path, *, overwrite: bool = True) -> list[Path]:
    """Write GeoPackage, QGIS project, tables and manifest to a folder, as a whole.

    Parameters
    ----------
    results
        Results of a case.
    folder
        The folder; an older one of this toolkit is replaced, see `staged_folder`.
    overwrite
        Whether it may be.

    Returns
    -------
    list of pathlib.Path
        The files, sorted by path.

    Raises
    ------
    InputError
        If the case is for the public: these files show places and where people are held.
    OutputError
        If the folder cannot be written, or holds something else than results. It is then as it
        was.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = write_results(solve_case(load_toy()), f"{folder}/out")
    >>> [file.name for file in files][:3]
    ['manifest.json', 'results.gpkg', 'results.qgz']
    """
    refuse_public(results.case, "The result files")
    target = Path(folder)
    with staged_folder(target, overwrite=overwrite) as stage:
        write_results_into(results, stage)
        write_manifest(results, stage)
        written = _files(stage)
    return [target / name for name in written]


def write_results_into(results: Results, folder: str | Path) -> list[Path]:
    """Write GeoPackage, QGIS project and tables to a folder that exists.

    Parameters
    ----------
    results
        Results of a case.
    folder
        Usually one of `staged_folder`, where other files are written as well; `write_manifest`
        comes last.

    Returns
    -------
    list of pathlib.Path
        The files.

    Raises
    ------
    InputError
        If the case is for the public: these files show places and where people are held.
    OutputError
        If writing fails.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     len(write_results_into(solve_case(load_toy()), folder))
    16
    """
    refuse_public(results.case, "The result files")
    place = Path(folder)
    case = results.case
    title = case.title or case.name
    layers = result_layers(results)
    data = write_geopackage(place / GEOPACKAGE, layers, title=title, abstract=NOTICE)
    project = write_project(
        place / PROJECT,
        layers,
        data=GEOPACKAGE,
        title=title,
        subtitle=f"Situation on {results.when.isoformat()}",
        extent=_view(layers),
        period=(case.scenario.start, case.scenario.end),
    )
    tables = place / TABLES
    tables.mkdir()
    return [data, project, *write_tables(results, tables)]


def _view(layers: list[Layer]) -> Bounds:
    """Return the extent to open with: where the people are, are held, and go."""
    frames = {layer.name: layer.frame for layer in layers}
    places, flows = frames["places"], frames["od_flows"]
    first = flows["rule"].min() if len(flows) else ""
    seen = {
        "places": places[(places["situation"] != "nobody").to_numpy(dtype=bool)],
        "stranded_held_at": frames["stranded_held_at"],
        "od_flows": flows[(flows["rule"] == first).to_numpy(dtype=bool)],
    }
    chosen = [
        dataclasses.replace(layer, frame=seen[layer.name]) for layer in layers if layer.name in seen
    ]
    # where nobody is asked about, the network is what there is to see
    return layers_extent(chosen if any(len(frame) for frame in seen.values()) else layers)


def write_manifest(results: Results, folder: str | Path) -> Path:
    """Write the manifest of a result folder, when all other files are there.

    Parameters
    ----------
    results
        Results of a case.
    folder
        The folder.

    Returns
    -------
    pathlib.Path
        ``manifest.json``: what was computed, from what, with which versions, when, with which
        warnings; size and sha256 of every file (no sha256 of the GeoPackage, which opening may
        change). For the public it holds no figures.

    Raises
    ------
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_manifest(solve_case(load_toy()), folder)
    ...     json.loads(file.read_text(encoding="utf-8"))["case"]
    'toy'
    """
    place = Path(folder)
    internal = results.case.audience != "public"
    content: dict[str, object] = {
        "written_by": WRITTEN_BY,
        "manifest_version": 1,
        "notice": NOTICE if internal else PUBLIC_NOTICE,
        "audience": results.case.audience,
        "case": results.case.name,
        "title": results.case.title,
        "when": results.when.isoformat(),
        "written_at": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in ("mobility-geo", *PACKAGES)},
        "run": dict(results.run_info),
    }
    if internal:
        content["headline"] = results.headline()
        content["rows"] = {
            name: len(getattr(results, name))
            for name in ("status", "baseline", "reachable", "od_flows", "edge_flows",
                         "crossing_flows", "catchments", "edge_conditions", "disruptions",
                         "comparison")
        }  # fmt: skip
        content["warnings"] = list(results.warnings)
    content["files"] = {
        name.as_posix(): _fingerprint(place / name)
        for name in _files(place)
        if name.as_posix() != MANIFEST
    }
    file = place / MANIFEST
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    file.write_text(text, encoding="utf-8", newline="\n")
    return file


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _files(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def _fingerprint(file: Path) -> dict[str, object]:
    found: dict[str, object] = {"bytes": file.stat().st_size}
    if file.suffix != ".gpkg":
        with file.open("rb") as stream:
            found["sha256"] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found
