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
    "highway", "route", "surface", "tracktype", "smoothness", "4wd_only", "oneway", "junction",
    "bridge", "tunnel", "layer", "ford", "flood_prone", "seasonal", "ice_road", "winter_road",
    "access", "motor_vehicle", "vehicle", "foot", "ref", "name", "duration",
)  # fmt: skip
"""Tags that are read."""

NO: Final = frozenset({"no", "private"})
YES: Final = frozenset({"yes", "true", "1"})
NEVER: Final = frozenset({"no", "none", "false", "0"})
DROWNS: Final = frozenset({"low_water_crossing"})
"""Values of bridge that water runs over by design: a ford with a floor."""

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

    def knows(self, key: str, word: str) -> bool:
        """Say whether a value of a tag means anything."""
        return (key, word) in self.kind or (key, word) in self.surface

    def of(self, what: str, key: str, values: Objects) -> Objects:
        """Return what each value of a tag means, of ``a;b`` the first; None: it means nothing."""
        table = getattr(self, what)
        codes, words = pd.factorize(pd.Series(values, dtype="object"))
        known = np.array(
            [table.get((key, str(word).partition(";")[0].strip())) for word in words] + [None],
            dtype=object,
        )
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
        the public), ``tagged`` (the surface is given, not assumed), ``unread`` (a surface or
        tracktype that means nothing here, None else), ``ford``, ``seasonal``.

    Notes
    -----
    ``surface`` counts first, then ``tracktype``, then the class. A ``smoothness`` of ``very_bad``
    or ``horrible``, or ``4wd_only``, makes a track of a road, a worse smoothness a path. Speeds
    know no paved tracks: such a track counts as gravel. Earth and sand are not taken to be passable
    all year round, nor are fords, ways that flood, and seasonal ways. A way that is a ferry and a
    road at once is a ferry.

    Who may pass is said by ``motor_vehicle``, else ``vehicle``, else ``access``; on foot by
    ``foot``, else ``access``. A road that is open on foot only is a path. On foot people go in
    both directions of any way.

    Examples
    --------
    >>> tags = pd.DataFrame({key: [None] for key in KEYS}, dtype="object")
    >>> tags["highway"], tags["ford"] = "track", "yes"
    >>> edge_attributes(tags)[["kind", "surface"]].iloc[0].tolist()
    ['track', 'earth']
    """
    mean = tag_meanings()
    value = {key: tags[key].to_numpy(dtype=object) for key in KEYS}
    kind, road_class, usual = (
        _first(mean.of(what, "route", value["route"]), mean.of(what, "highway", value["highway"]))
        for what in ("kind", "road_class", "surface")
    )
    given = _first(
        mean.of("surface", "surface", value["surface"]),
        mean.of("surface", "tracktype", value["tracktype"]),
    )
    rough, rough_class = (
        _first(*(mean.of(what, key, value[key]) for key in ("smoothness", "4wd_only")))
        for what in ("kind", "road_class")
    )
    rougher = _driven(kind) & ~pd.isna(rough)
    kind = np.where(rougher, rough, kind)
    road_class = np.where(rougher, rough_class, road_class)

    driving = _allowed(value["motor_vehicle"], value["vehicle"], value["access"])
    walking = _allowed(value["foot"], value["access"])
    afoot = _driven(kind) & ~driving & walking
    kind = np.where(afoot, "walk", kind)
    road_class = np.where(afoot, "none", road_class)
    driven = _driven(kind)
    surface = np.where(driven, _first(given, usual), usual)
    surface = np.where(kind == "walk", "none", surface)
    surface = np.where((kind == "track") & (surface == "paved"), "gravel", surface)

    drowns = _among(value["bridge"], DROWNS)
    ford = drowns | _among(value["ford"], NEVER, negate=True)
    seasonal = np.zeros(len(tags), dtype=bool)
    for key in ("seasonal", "ice_road", "winter_road", "flood_prone"):
        seasonal |= _among(value[key], NEVER, negate=True)
    said = _first(value["surface"], value["tracktype"])
    said[~driven | ~pd.isna(given)] = None
    return pd.DataFrame(
        {
            "kind": kind,
            "road_class": road_class,
            "surface": surface,
            "oneway": np.where(kind == "walk", 0, _direction(value, kind)),
            "all_season": (np.isin(surface, FIRM) | ~driven) & ~ford & ~seasonal,
            "bridge": _among(value["bridge"], NEVER, negate=True) & ~drowns,
            "closed": ~walking & ((kind == "walk") | ~driving),
            "tagged": ~pd.isna(given) | ~driven,
            "unread": said,
            "ford": ford,
            "seasonal": seasonal,
        },
        index=tags.index,
    )


def _first(*choices: Objects) -> Objects:
    """Return the first value of each row that is there."""
    found = choices[0].copy()
    for choice in choices[1:]:
        found = np.where(pd.isna(found), choice, found)
    return found


def _driven(kind: Objects) -> Flags:
    return np.isin(kind, ["road", "track"])


def _allowed(*keys: Objects) -> Flags:
    """Say who may pass: the first tag that is there decides."""
    return ~_among(_first(*keys), NO)


def _among(values: Objects, words: frozenset[str] | set[str], *, negate: bool = False) -> Flags:
    """Say which values are there and among some words, or not among them."""
    there = ~pd.isna(values)
    hit = np.isin(values.astype(str), list(words))
    found: Flags = there & (~hit if negate else hit)
    return found


def _direction(value: dict[str, Objects], kind: Objects) -> npt.NDArray[np.int8]:
    """Return 1 for ways along their line only, -1 against it, 0 for both."""
    said = _among(value["oneway"], YES)
    against = _among(value["oneway"], {"-1", "reverse"})
    implied = pd.isna(value["oneway"]) & _driven(kind) & (
        _among(value["junction"], {"roundabout", "circular"})
        | _among(value["highway"], {"motorway"})
    )  # fmt: skip
    return np.where(said | implied, 1, np.where(against, -1, 0)).astype(np.int8)
