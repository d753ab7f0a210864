"""Checks for tests, which say where two things differ."""

import geopandas as gpd
import pandas as pd
from geopandas.testing import assert_geoseries_equal
from pandas.testing import assert_frame_equal

from mobility_geo.network import Network
from mobility_geo.schema import NETWORK_TABLES

FIGURES = ("persons", "persons_low", "persons_high")
MOVER_STATUSES = frozenset({"can_reach", "stranded", "isolated", "unknown"})
RESIDENT_STATUSES = frozenset({"can_reach", "cut_off", "isolated", "unknown"})


def assert_network_equal(left: Network, right: Network, *, check_name: bool = True) -> None:
    """Check that two networks are the same to the last bit: rows, dtypes, coordinates, arcs.

    Parameters
    ----------
    left, right
        The networks.
    check_name
        Whether their names must agree as well.

    Raises
    ------
    AssertionError
        If they differ; names the table, and what differs in it.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> assert_network_equal(network, network.replace_tables())
    """
    if check_name and left.name != right.name:
        msg = f"name: {left.name!r} is not {right.name!r}"
        raise AssertionError(msg)
    if left.crs != right.crs:
        msg = f"crs: {left.crs.name!r} is not {right.crs.name!r}"
        raise AssertionError(msg)
    for schema in NETWORK_TABLES:
        try:
            _assert_table_equal(getattr(left, schema.name), getattr(right, schema.name))
        except AssertionError as error:
            msg = f"{schema.name}: {error}"
            raise AssertionError(msg) from error
    for name in ("tail", "head", "edge", "forward"):
        if getattr(left.arcs, name).tolist() != getattr(right.arcs, name).tolist():
            msg = f"arcs: {name} differs"
            raise AssertionError(msg)


def _assert_table_equal(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """Check columns, dtypes, values and, of layers, coordinates.

    Raises
    ------
    AssertionError
        If they differ.
    """
    assert_frame_equal(_plain(left), _plain(right), check_exact=True)
    if isinstance(left, gpd.GeoDataFrame) or isinstance(right, gpd.GeoDataFrame):
        one, two = gpd.GeoSeries(left.geometry), gpd.GeoSeries(right.geometry)
        assert_geoseries_equal(one, two, check_geom_type=True)
        if one.to_wkb().tolist() != two.to_wkb().tolist():
            msg = "coordinates differ in their last bits"
            raise AssertionError(msg)


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    # the name of the geometry column is no content: GeoPackages call it geom
    shape = [table.active_geometry_name] if isinstance(table, gpd.GeoDataFrame) else []
    return pd.DataFrame(table.drop(columns=shape))


def assert_people_conserved(status: pd.DataFrame, groups: pd.DataFrame) -> None:
    """Check that statuses are a partition of the people: nobody lost, invented or mixed up.

    Parameters
    ----------
    status
        Schema `STATUS`, as from `find_stranded`.
    groups
        Schema `GROUPS`, the people it is about.

    Raises
    ------
    AssertionError
        If a group has other people in one of the three figures, a negative number of them, the
        same status twice, or a status that does not belong to its base.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import find_stranded
    >>> case = load_toy()
    >>> assert_people_conserved(find_stranded(case), case.groups)
    """
    problems: list[str] = []
    asked = groups.set_index("group_id")
    strangers = sorted(set(status["group_id"]) - set(asked.index))
    problems += [f"{name!r} is no group" for name in strangers]
    for column in FIGURES:
        found = status.groupby("group_id")[column].sum().reindex(asked.index).fillna(0)
        problems += [
            f"{name!r} has {int(found[name])} {column}, not {int(asked.loc[name, column])}"
            for name in asked.index[(found != asked[column]).to_numpy(dtype=bool)]
        ]
        problems += [
            f"{name!r} has a negative number of {column}"
            for name in status.loc[status[column] < 0, "group_id"]
        ]
    twice = status.duplicated(subset=["group_id", "status"])
    problems += [f"{name!r} has a status twice" for name in status.loc[twice, "group_id"]]
    for base, allowed in (("movers", MOVER_STATUSES), ("residents", RESIDENT_STATUSES)):
        wrong = (status["base"] == base) & ~status["status"].isin(allowed)
        problems += [
            f"{row.group_id!r} are {base} and cannot be {row.status!r}"
            for row in status[wrong].itertuples()
        ]
    if problems:
        raise AssertionError("; ".join(problems))
