"""The Mali crisis of 2012-2013 and the network of the Sahel it is laid over."""

import shutil
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from mobility_geo.errors import OutputError, ScenarioError
from mobility_geo.network import Network, build_network
from mobility_geo.scenario import Case, read_case
from mobility_geo.schema import (
    CROSSINGS,
    EDGES,
    NODES,
    PLACES,
    PROFILES,
    SEASONS,
    SPEEDS,
    WATERWAYS,
    ZONES,
    suggest,
)
from mobility_geo.sources import read_layer, read_table
from mobility_geo.sources.builtin import data_folder


@cache
def load_sahel_network() -> Network:
    """Return the built-in network of Mali and its neighbours.

    Returns
    -------
    Network
        Roads, tracks, the Niger, border crossings and places; sources and licences in
        ``data/network/SOURCES.csv`` and ``DATA_LICENSES.md``. Read once per process.

    Examples
    --------
    >>> "inabao" in set(load_sahel_network().crossings["crossing_id"])
    True
    """
    folder = data_folder() / "network"
    return build_network(
        name="sahel",
        zones=read_layer(data_folder() / "boundaries" / "adm1.geojson", ZONES),
        nodes=read_layer(folder / "nodes.geojson", NODES),
        edges=read_layer(folder / "edges.geojson", EDGES),
        crossings=read_layer(folder / "crossings.geojson", CROSSINGS),
        places=read_layer(folder / "places.geojson", PLACES),
        waterways=read_layer(folder / "waterways.geojson", WATERWAYS),
        seasons=read_table(folder / "seasons.csv", SEASONS),
        profiles=read_table(folder / "profiles.csv", PROFILES),
        speeds=read_table(folder / "speeds.csv", SPEEDS),
    )


def scenario_files() -> dict[str, Path]:
    """Return the built-in scenario files by name.

    Returns
    -------
    dict
        Name to TOML file, in the order of the names.

    Examples
    --------
    >>> "mali-2013-01" in scenario_files()
    True
    """
    return {path.stem: path for path in sorted((data_folder() / "crisis").glob("*.toml"))}


def load_case(path: str | Path) -> Case:
    """Return the case of a scenario file, which may use the built-in network ``sahel``.

    Parameters
    ----------
    path
        TOML file.

    Returns
    -------
    Case
        Checked.

    Raises
    ------
    ScenarioError
        Lists every problem.

    Examples
    --------
    >>> load_case(scenario_files()["mali-2013-01"]).name
    'mali-2013-01'
    """
    return read_case(path, networks={"sahel": load_sahel_network})


def load_mali(name: str = "mali-2013-01") -> Case:
    """Return a built-in case of the Mali crisis of 2012-2013.

    Parameters
    ----------
    name
        One of `scenario_files`, such as ``mali-2013-01``.

    Returns
    -------
    Case
        Network, scenario, groups of people, destinations and way stations.

    Raises
    ------
    ScenarioError
        If there is no such scenario; names the nearest one.

    Examples
    --------
    >>> load_mali("mali-2013-01").scenario.when.isoformat()
    '2013-01-20'
    """
    files = scenario_files()
    if name not in files:
        msg = f"no built-in scenario {name!r}{suggest(name, files)}"
        raise ScenarioError(msg)
    return load_case(files[name])


def scenario_summaries() -> list[dict[str, str]]:
    """Return name, day and title of the built-in scenarios.

    Returns
    -------
    list of dict
        With the keys ``name``, ``when``, ``title`` and ``file``.

    Examples
    --------
    >>> [row["when"] for row in scenario_summaries() if row["name"] == "mali-2013-01"]
    ['2013-01-20']
    """
    rows = []
    for name, path in scenario_files().items():
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        rows.append(
            {
                "name": name,
                "when": str(content["when"]),
                "title": str(content.get("title", name)),
                "file": path.name,
            }
        )
    return rows


def _named_files(content: dict[str, Any]) -> list[str]:
    """Return the files that a scenario file names, in their order."""
    named = [
        content.get("people", {}).get("groups"),
        content.get("destinations", {}).get("table"),
        content.get("waystations", {}).get("table"),
        content.get("compare", {}).get("targets"),
        *(item.get("areas") for item in content.get("disruption", [])),
    ]
    return list(dict.fromkeys(name for name in named if name))


def copy_scenario(name: str, folder: str | Path) -> list[Path]:
    """Copy a built-in scenario and every file it names, to edit and run as your own.

    Parameters
    ----------
    name
        One of `scenario_files`.
    folder
        Where to; made if it is not there.

    Returns
    -------
    list of pathlib.Path
        The scenario file first, then its data.

    Raises
    ------
    ScenarioError
        If there is no such scenario.
    OutputError
        If one of the files is there already, or cannot be written; nothing is copied then.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     copy_scenario("mali-2013-01", folder)[0].name
    'mali-2013-01.toml'
    """
    files = scenario_files()
    if name not in files:
        msg = f"no built-in scenario {name!r}{suggest(name, files)}"
        raise ScenarioError(msg)
    source, target = files[name].parent, Path(folder)
    content = tomllib.loads(files[name].read_text(encoding="utf-8"))
    wanted = [files[name].name, *_named_files(content)]
    there = [item for item in wanted if (target / item).exists()]
    if there:
        msg = f"{target}: already holds {', '.join(there)}; choose another folder"
        raise OutputError(msg)
    made: list[Path] = []
    try:
        for item in wanted:
            (target / item).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / item, target / item)
            made.append(target / item)
    except OSError as error:
        for file in made:
            file.unlink(missing_ok=True)
        msg = f"{target}: cannot be written: {error.strerror or error}"
        raise OutputError(msg) from error
    return made
