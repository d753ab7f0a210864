"""Lines as flat arrays of vertices: to split, bend and compare hundreds of thousands at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]

TINY_M: Final = 1e-4
"""What is nearer than a tenth of a millimetre is one point."""

STRAIGHT_M: Final = 2000.0
"""Longer segments get vertices between while they are worked on: a line that is straight in degrees
and one that is straight in metres lie less than 0.15 m apart over this length, up to 60 degrees
north and south (length squared times tan(latitude) / (8 x radius of the Earth))."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Linework:
    """Lines, each a run of vertices.

    Parameters
    ----------
    lonlat, xy
        Vertices in degrees and in metres, float64, shape (v, 2).
    extra
        Vertices that are there for the work only, bool, shape (v,).
    start
        Where each line begins among the vertices, and at last v: int64, shape (n + 1,).
    row
        Row of the input that each line is from, int64, shape (n,).
    """

    lonlat: Floats
    xy: Floats
    extra: Flags
    start: Ints
    row: Ints

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.row)

    @property
    def owner(self) -> Ints:
        """Line of each vertex, int64, shape (v,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    @property
    def ends(self) -> Ints:
        """Vertex at the start of each line, then at the end of each: int64, shape (2n,)."""
        return np.concatenate([self.start[:-1], self.start[1:] - 1])


def from_shapes(shapes: Shapes, rows: Ints, to_metres: pyproj.Transformer) -> Linework:
    """Return lines as flat arrays, without vertices that repeat.

    Parameters
    ----------
    shapes
        LineStrings in WGS 84, shape (n,).
    rows
        Row of the input of each.
    to_metres
        From longitude and latitude to a metric system.

    Returns
    -------
    Linework
        Lines of one point have one vertex.

    Examples
    --------
    >>> to_metres = pyproj.Transformer.from_crs(4326, 32630, always_xy=True)
    >>> line = np.array([shapely.LineString([(-3, 16), (-3, 16), (-3, 16.01)])])
    >>> from_shapes(line, np.array([0]), to_metres).start.tolist()
    [0, 2]
    """
    lonlat, owner = shapely.get_coordinates(shapes, return_index=True)
    lonlat = lonlat + 0.0  # no negative zero: it would be another point to bytes
    again = np.zeros(len(owner), dtype=bool)
    again[1:] = (owner[1:] == owner[:-1]) & (lonlat[1:] == lonlat[:-1]).all(axis=1)
    lonlat, owner = lonlat[~again], owner[~again]
    xy = np.column_stack(to_metres.transform(lonlat[:, 0], lonlat[:, 1]))
    step = np.hypot(*(xy[1:] - xy[:-1]).T)
    parts = np.ones(len(owner), dtype=np.int64)
    inside = owner[1:] == owner[:-1]
    parts[:-1][inside] = np.maximum(np.ceil(step[inside] / STRAIGHT_M), 1).astype(np.int64)
    extra = np.zeros(len(owner), dtype=bool)
    if bool((parts > 1).any()):
        first = np.repeat(np.arange(len(owner)), parts)
        rank = np.arange(len(first)) - np.repeat(np.cumsum(parts) - parts, parts)
        share = (rank / parts[first])[:, None]
        following = np.minimum(first + 1, len(owner) - 1)
        extra = rank > 0
        lonlat = np.where(
            extra[:, None], lonlat[first] * (1 - share) + lonlat[following] * share, lonlat[first]
        )
        owner = owner[first]
        xy = np.column_stack(to_metres.transform(lonlat[:, 0], lonlat[:, 1]))
    start = np.searchsorted(owner, np.arange(len(shapes) + 1)).astype(np.int64)
    return Linework(
        lonlat=lonlat, xy=xy, extra=extra, start=start, row=np.asarray(rows, dtype=np.int64)
    )


def take(lines: Linework, which: Ints) -> Linework:
    """Return some of the lines, in the order asked for.

    Parameters
    ----------
    lines
        All.
    which
        Which, int64, shape (m,).

    Returns
    -------
    Linework
        Of m lines.
    """
    sizes = np.diff(lines.start)[which]
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    vertex = np.arange(start[-1]) + np.repeat(lines.start[which] - start[:-1], sizes)
    return Linework(
        lonlat=lines.lonlat[vertex], xy=lines.xy[vertex], extra=lines.extra[vertex], start=start,
        row=lines.row[which],
    )  # fmt: skip


def to_shapes(lines: Linework, *, metres: bool = False) -> Shapes:
    """Return LineStrings, in metres with all vertices, or in degrees without those of the work.

    Parameters
    ----------
    lines
        Each with two vertices or more.
    metres
        Which coordinates.

    Returns
    -------
    numpy.ndarray
        Of shapely LineStrings, shape (n,).
    """
    owner = lines.owner
    if metres:
        made = shapely.linestrings(lines.xy, indices=owner)
    else:
        keep = ~lines.extra
        made = shapely.linestrings(lines.lonlat[keep], indices=owner[keep])
    return np.asarray(made, dtype=object).reshape(-1)


def along_m(lines: Linework) -> Floats:
    """Return how far along its line each vertex lies, in metres of the metric system.

    Parameters
    ----------
    lines
        The lines.

    Returns
    -------
    numpy.ndarray
        float64, shape (v,).
    """
    step = np.zeros(len(lines.xy))
    step[1:] = np.hypot(*(lines.xy[1:] - lines.xy[:-1]).T)
    step[lines.start[:-1]] = 0.0
    total = np.cumsum(step)
    return np.asarray(total - np.repeat(total[lines.start[:-1]], np.diff(lines.start)))


def vertex_near(lines: Linework, line: Ints, along: Floats) -> Ints:
    """Return the vertex that lies at a distance along a line, or -1 if none does.

    Parameters
    ----------
    lines
        The lines.
    line
        Which line, int64, shape (m,).
    along
        How far along it, metres, shape (m,).

    Returns
    -------
    numpy.ndarray
        int64, shape (m,); within a tenth of a millimetre.
    """
    some, place = np.unique(line, return_inverse=True)
    few = take(lines, some)
    distance = along_m(few)
    # one rising scale for all lines: each begins beyond the end of the one before
    length = distance[few.start[1:] - 1]
    shift = np.concatenate([[0.0], np.cumsum(length + 1.0)])[:-1]
    scale = distance + np.repeat(shift, np.diff(few.start))
    at = shift[place] + along
    after = np.clip(np.searchsorted(scale, at), few.start[place], few.start[place + 1] - 1)
    before = np.maximum(after - 1, few.start[place])
    best = np.where(np.abs(scale[before] - at) <= np.abs(scale[after] - at), before, after)
    hit = np.abs(scale[best] - at) <= TINY_M
    return np.where(hit, best - few.start[place] + lines.start[line], -1)


def insert_and_split(
    lines: Linework, line: Ints, along: Floats, lonlat: Floats, xy: Floats
) -> Linework:
    """Return the lines with new vertices, cut in two at each of them.

    Parameters
    ----------
    lines
        The lines.
    line, along
        Where the new vertices go: on which line, how far along it in metres, shape (m,).
    lonlat, xy
        Their coordinates, shape (m, 2).

    Returns
    -------
    Linework
        The pieces of a line follow each other in its direction.
    """
    here = along_m(lines)
    owner = np.concatenate([lines.owner, line])
    distance = np.concatenate([here, along])
    new = np.concatenate([np.zeros(len(here), dtype=bool), np.ones(len(line), dtype=bool)])
    # the first and the last vertex of a line stay first and last whatever rounding does
    edge = np.zeros(len(owner), dtype=np.int8)
    edge[lines.start[:-1]] = -1
    edge[lines.start[1:] - 1] = 1
    order = np.lexsort((new, distance, edge, owner))
    owner, new = owner[order], new[order]
    every = np.concatenate([lines.lonlat, lonlat])[order]
    metric = np.concatenate([lines.xy, xy])[order]
    extra = np.concatenate([lines.extra, np.zeros(len(line), dtype=bool)])[order]
    same = np.zeros(len(owner), dtype=bool)
    same[1:] = (owner[1:] == owner[:-1]) & (every[1:] == every[:-1]).all(axis=1)
    group = np.cumsum(~same) - 1
    cut = np.zeros(int(group[-1]) + 1, dtype=bool)
    np.logical_or.at(cut, group, new)
    worked = np.ones(len(cut), dtype=bool)
    np.logical_and.at(worked, group, extra)
    owner, every, metric = owner[~same], every[~same], metric[~same]
    cut[0] = cut[-1] = False
    cut[1:] &= owner[1:] == owner[:-1]
    cut[:-1] &= owner[1:] == owner[:-1]
    copies = 1 + cut.astype(np.int64)
    vertex = np.repeat(np.arange(len(owner)), copies)
    second = np.zeros(len(vertex), dtype=bool)
    second[1:] = vertex[1:] == vertex[:-1]
    begins = second.copy()
    begins[0] = True
    begins[1:] |= owner[vertex[1:]] != owner[vertex[:-1]]
    first = np.flatnonzero(begins)
    return Linework(
        lonlat=every[vertex], xy=metric[vertex], extra=(worked & ~cut)[vertex],
        start=np.append(first, len(vertex)).astype(np.int64), row=lines.row[owner[vertex[first]]],
    )  # fmt: skip
