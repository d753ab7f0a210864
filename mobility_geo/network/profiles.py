"""Who can go where, and how fast: speeds of a travel profile on every edge."""

from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import UnknownIdError
from mobility_geo.network.model import Network
from mobility_geo.schema import split_list, suggest

FloatArray = npt.NDArray[np.float64]
EdgeClasses = tuple[pd.DataFrame, npt.NDArray[np.int32]]

_CLASSES: WeakKeyDictionary[Network, dict[tuple[str, ...], EdgeClasses]] = WeakKeyDictionary()


def edge_classes(network: Network, columns: tuple[str, ...]) -> EdgeClasses:
    """Return the different combinations of values of some columns, and which each edge has.

    A network of a million edges has a few dozen of them, so that rules are looked up once for each.

    Parameters
    ----------
    network
        The network.
    columns
        Columns of `Network.edges`.

    Returns
    -------
    classes
        One row per combination that occurs, missing values kept.
    code
        int32, row of `classes` for each edge.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> classes, code = edge_classes(network, ("kind",))
    >>> bool((classes["kind"].to_numpy()[code] == network.edges["kind"]).all())
    True
    """
    memory = _CLASSES.setdefault(network, {})
    if columns not in memory:
        table = pd.DataFrame(network.edges[list(columns)])
        number = table.groupby(list(columns), sort=False, dropna=False).ngroup()
        code = number.to_numpy().astype(np.int32)
        first = np.unique(code, return_index=True)[1]
        memory[columns] = (table.iloc[first].reset_index(drop=True), code)
    return memory[columns]


def profile_row(network: Network, profile: str) -> pd.Series:
    """Return the row of a travel profile.

    Parameters
    ----------
    network
        The network.
    profile
        Its id, such as ``truck``.

    Returns
    -------
    pandas.Series
        The row of `network.profiles`.

    Raises
    ------
    UnknownIdError
        If there is no such profile; names the nearest one.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> profile_row(load_toy().network, "truck")["label"]
    'Truck'
    """
    rows = network.profiles[network.profiles["profile"] == profile]
    if rows.empty:
        msg = f"no travel profile {profile!r}{suggest(profile, network.profiles['profile'])}"
        raise UnknownIdError(msg)
    return rows.iloc[0]


def edge_speeds(network: Network, profile: str) -> FloatArray:
    """Return the dry-season speed of a profile on every edge.

    The most specific row of `network.speeds` wins: class and surface given, then class, then
    surface, then neither. Edges of a kind that is not among the profile's modes, or without a
    row, cannot be passed.

    Parameters
    ----------
    network
        The network.
    profile
        Id of the travel profile.

    Returns
    -------
    numpy.ndarray
        float64, km/h, one per edge; NaN where the profile cannot pass at all.

    Raises
    ------
    UnknownIdError
        If there is no such profile.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> speeds = edge_speeds(network, "truck")
    >>> bool(np.isnan(speeds[network.edges["kind"] == "river"]).all())
    True
    """
    modes = split_list(profile_row(network, profile)["modes"])
    rows = network.speeds[network.speeds["profile"] == profile]
    classes, code = edge_classes(network, ("kind", "road_class", "surface"))
    speed = np.full(len(classes), np.nan)
    kind, road_class, surface = (classes[name].to_numpy(dtype=object) for name in classes.columns)
    specific = (rows["road_class"] != "*").astype(int) * 2 + (rows["surface"] != "*").astype(int)
    for row in rows.assign(specific=specific).sort_values("specific").itertuples():
        hit = kind == row.kind
        if row.road_class != "*":
            hit &= road_class == row.road_class
        if row.surface != "*":
            hit &= surface == row.surface
        speed[hit] = row.speed_kph
    speed[~np.isin(kind, modes)] = np.nan
    of_edge: FloatArray = speed[code]
    return of_edge
