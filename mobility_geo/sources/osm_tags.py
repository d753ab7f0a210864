"""What tags of OpenStreetMap mean here: one table, for files and for graphs of osmnx alike."""

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.schema import is_missing
from mobility_geo.sources.builtin import data_folder

KEYS: Final = (
    "highway", "route", "surface", "tracktype", "smoothness", "oneway", "junction", "bridge",
    "tunnel", "layer", "ford", "seasonal", "ice_road", "winter_road", "access", "motor_vehicle",
    "vehicle", "foot", "ref", "name", "duration",
)  # fmt: skip
"""Tags that are read."""

NO: Final = frozenset({"no", "private"})
YES: Final = frozenset({"yes", "true", "1"})
NEVER: Final = frozenset({"no", "none", "false", "0"})
FIRM: Final = ("paved", "gravel")
ON_FOOT: Final = ("footway", "pedestrian", "steps", "cycleway", "bridleway")
"""Values of highway that are left out unless they are asked for: pavements of towns."""

Objects = npt.NDArray[np.object_]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class TagMeanings:
    """What values of tags mean: ``highway`` and ``route`` to kind, class and usual surface, ..."""

    kind: MappingProxyType[tuple[str, str], str]
    road_class: MappingProxyType[tuple[str, str], str]
    surface: MappingProxyType[tuple[str, str], str]

    def of(self, what: str, key: str, values: Objects) -> Objects:
        """Return what each value of a tag means; None where it means nothing."""
        table = getattr(self, what)
        codes, words = pd.factorize(pd.Series(values, dtype="object"))
        known = np.array([table.get((key, str(word))) for word in words] + [None], dtype=object)
        found: Objects = known[codes]
        return found


@cache
def tag_meanings() -> TagMeanings:
    """Return the built-in table of tags, ``data/network/osm_tags.csv``.

    Returns
    -------
    TagMeanings
        Read once per process.

    Examples
    --------
    >>> tag_meanings().kind["highway", "track"]
    'track'
    """
    table = pd.read_csv(data_folder() / "network" / "osm_tags.csv", dtype=str)
    keys = list(zip(table["key"], table["value"], strict=True))
    return TagMeanings(**{
        what: MappingProxyType(
            {key: word for key, word in zip(keys, table[what], strict=True)
             if not is_missing(word)}
        )
        for what in ("kind", "road_class", "surface")
    })  # fmt: skip


def edge_attributes(tags: pd.DataFrame) -> pd.DataFrame:
    """Return what ways are, from their tags.

    Parameters
    ----------
    tags
        One row per way, a column of text for each of `KEYS`, None where a way has no such tag.

    Returns
    -------
    pandas.DataFrame
        ``kind`` (None: no way for people, or not known), ``road_class``, ``surface``, ``oneway``
        (1 along, -1 against, 0 both), ``all_season``, ``bridge``, ``closed`` (access is denied to
        the public), ``tagged`` (the surface is given, not assumed), ``ford``, ``seasonal``.

    Notes
    -----
    ``surface`` counts first, then ``tracktype``, then the class. A ``smoothness`` of ``very_bad``
    or ``horrible`` makes a track of a road, a worse one a path. Earth and sand are not taken to be
    passable all year round, nor are fords and seasonal ways.

    Examples
    --------
    >>> tags = pd.DataFrame({key: [None] for key in KEYS}, dtype="object")
    >>> tags["highway"], tags["ford"] = "track", "yes"
    >>> edge_attributes(tags)[["kind", "surface"]].iloc[0].tolist()
    ['track', 'earth']
    """
    mean = tag_meanings()
    value = {key: tags[key].to_numpy(dtype=object) for key in KEYS}
    size = len(tags)

    def first(*choices: Objects) -> Objects:
        found = np.full(size, None, dtype=object)
        for choice in choices:
            found = np.where(pd.isna(found), choice, found)
        return found

    road = ~pd.isna(mean.of("kind", "highway", value["highway"]))
    kind, road_class, usual = (
        first(mean.of(what, "highway", value["highway"]), mean.of(what, "route", value["route"]))
        for what in ("kind", "road_class", "surface")
    )
    given = first(
        mean.of("surface", "surface", value["surface"]),
        mean.of("surface", "tracktype", value["tracktype"]),
    )
    rough = mean.of("kind", "smoothness", value["smoothness"])
    driven = np.isin(kind, ["road", "track"])
    rougher = driven & ~pd.isna(rough)
    kind = np.where(rougher, rough, kind)
    road_class = np.where(
        rougher, mean.of("road_class", "smoothness", value["smoothness"]), road_class
    )
    surface = np.where(driven, first(given, usual), usual)
    surface = np.where(kind == "walk", "none", surface)
    ford = _among(value["ford"], NEVER, negate=True)
    seasonal = np.zeros(size, dtype=bool)
    for key in ("seasonal", "ice_road", "winter_road"):
        seasonal |= _among(value[key], NEVER, negate=True)
    firm = np.isin(surface, FIRM) | ~np.isin(kind, ["road", "track"])
    denied = _among(value["access"], NO) & ~_among(value["foot"], YES | {"designated"})
    denied |= (
        driven
        & (_among(value["motor_vehicle"], NO) | _among(value["vehicle"], NO))
        & (_among(value["foot"], NO))
    )
    afoot = driven & (_among(value["motor_vehicle"], NO) | _among(value["vehicle"], NO)) & ~denied
    return pd.DataFrame(
        {
            "kind": np.where(afoot, "walk", kind),
            "road_class": np.where(afoot, "none", road_class),
            "surface": np.where(afoot, "none", surface),
            "oneway": np.where(kind == "walk", 0, _direction(value, road)),
            "all_season": firm & ~ford & ~seasonal,
            "bridge": _among(value["bridge"], NEVER, negate=True),
            "closed": denied,
            "tagged": ~pd.isna(given) | ~driven,
            "ford": ford,
            "seasonal": seasonal,
        },
        index=tags.index,
    )


def _among(values: Objects, words: frozenset[str] | set[str], *, negate: bool = False) -> Flags:
    """Say which values are there and among some words, or not among them."""
    there = ~pd.isna(values)
    hit = np.isin(values.astype(str), list(words))
    found: Flags = there & (~hit if negate else hit)
    return found


def _direction(value: dict[str, Objects], road: Flags) -> npt.NDArray[np.int8]:
    """Return 1 for ways along their line only, -1 against it, 0 for both."""
    said = _among(value["oneway"], YES)
    against = _among(value["oneway"], {"-1", "reverse"})
    silent = pd.isna(value["oneway"])
    implied = silent & (
        _among(value["junction"], {"roundabout", "circular"})
        | _among(value["highway"], {"motorway"})
    )
    direction = np.where(said | implied, 1, np.where(against, -1, 0))
    return np.where(road, direction, 0).astype(np.int8)
