"""Routes asked for: a table of origins and destinations, checked as a whole."""

import difflib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from mobility_geo.errors import InputError, UnknownIdError
from mobility_geo.network import Network
from mobility_geo.network.profiles import profile_row
from mobility_geo.outcomes.reachable import main_traveller
from mobility_geo.scenario import Case
from mobility_geo.schema import (
    PEOPLE_KINDS,
    PLANNED_REQUESTS,
    ROUTE_REQUESTS,
    check_table,
    is_missing,
    suggest,
)
from mobility_geo.sources.rows import match_columns, read_rows

ALIASES: Final = {
    "request_id": ("request_id", "id"),
    "origin": ("origin", "origin_id", "from"),
    "destination": ("destination", "destination_id", "to"),
    "date": ("date", "day", "when"),
    "profile": ("profile",),
    "nationality": ("nationality",),
    "kind": ("kind", "kind of people"),
}
POSITION: Final = re.compile(r"(^|[^a-z])(lat|latitude|lon|lng|long|longitude)([^a-z]|$)")
ISO3: Final = re.compile(r"[A-Z]{3}")

MOST_ROWS: Final = 3
MOST_PROBLEMS: Final = 100
"""So many different problems of a file are told; a few thousand help nobody."""


def read_requests(
    path: str | Path,
    case: Case,
    *,
    when: str | None = None,
    profile: str | None = None,
    nationality: str | None = None,
    kind: str | None = None,
) -> pd.DataFrame:
    r"""Read routes asked for from a CSV file or workbook.

    Parameters
    ----------
    path
        See `mobility_geo.sources.rows.read_rows`.
    case, when, profile, nationality, kind
        See `check_requests`.

    Returns
    -------
    pandas.DataFrame
        Schema `ROUTE_REQUESTS`; columns that are not ours are kept behind it.

    Raises
    ------
    InputError
        If the file cannot be read, or lists every problem in it, with the rows.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(f"{folder}/routes.csv")
    ...     _ = file.write_text("origin,destination\nNorthtown,Midtown\n", encoding="utf-8")
    ...     read_requests(file, load_toy())["destination_id"].tolist()
    ['midtown']
    """
    frame = read_rows(path).frame
    return check_requests(
        frame, case, when=when, profile=profile, nationality=nationality, kind=kind,
        where=Path(path).name,
    )  # fmt: skip


def check_requests(
    table: pd.DataFrame,
    case: Case,
    *,
    when: str | None = None,
    profile: str | None = None,
    nationality: str | None = None,
    kind: str | None = None,
    where: str = "requests",
) -> pd.DataFrame:
    """Check routes asked for, find their places, and fill in what is left out.

    Parameters
    ----------
    table
        ``origin`` and ``destination``: ids, names or other spellings of places; if it has them,
        ``request_id``, ``date``, ``profile``, ``nationality`` and ``kind`` of people.
    case
        Its network has the places and profiles, its scenario the calendar.
    when
        Day of rows without a date; the scenario's own if left out.
    profile, nationality, kind
        Of rows without; if left out those of most movers of the case.
    where
        Name of the table, for messages.

    Returns
    -------
    pandas.DataFrame
        Schema `ROUTE_REQUESTS`; columns that are not ours are kept behind it.

    Raises
    ------
    InputError
        Lists every problem, with the rows, counted from 1 below the header, blank ones left out.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> asked = pd.DataFrame({"origin": ["Northtown", "Southtwn"], "destination": "Midtown"})
    >>> check_requests(asked, load_toy())
    Traceback (most recent call last):
    mobility_geo.errors.InputError: requests: origin: no place 'Southtwn'; did you mean \
'Southtown'? (row 2)
    """
    columns = _columns(table, where)
    usual = main_traveller(case)
    network = case.network
    cells = pd.DataFrame(
        {
            name: table[columns[name]].to_numpy(dtype=object) if name in columns else None
            for name in ALIASES
        },
        index=np.arange(1, len(table) + 1),
        dtype=object,
    )
    cells = cells.where(cells.notna(), None).map(_text, na_action="ignore")
    problems: list[str] = []

    def resolved(column: str, default: object, find: Callable[[str], object]) -> list[object]:
        """Find what each different word of a column stands for, and collect what is wrong."""
        found: dict[object, object] = {}
        for word, rows in cells.groupby(column, sort=False).groups.items():
            try:
                found[word] = find(str(word))
            except InputError as error:
                problems.append(f"{where}: {column}: {error} ({_rows(rows)})")
        blank = cells.index[cells[column].isna()]
        if len(blank) and default is None:
            problems.append(f"{where}: {column}: missing ({_rows(blank)})")
        elif len(blank) and column != "date":
            try:
                default = find(str(default))
            except InputError as error:
                problems.append(f"{column} of rows without one: {error}")
        return [default if is_missing(word) else found.get(word) for word in cells[column]]

    places = _Places(network)
    day = case.scenario.day(when)
    made = pd.DataFrame(
        {
            "request_id": [
                str(row) if is_missing(name) else name
                for row, name in cells["request_id"].items()
            ],
            "origin_id": resolved("origin", None, places.find),
            "destination_id": resolved("destination", None, places.find),
            "date": resolved("date", day, case.scenario.day),
            "profile": resolved(
                "profile", profile or usual.profile, lambda word: _profile(network, word)
            ),
            "nationality": resolved("nationality", nationality or usual.nationality, _nationality),
            "kind": resolved("kind", kind or usual.kind, _kind),
        }
    )  # fmt: skip
    twice = made["request_id"].duplicated(keep=False)
    if bool(twice.any()):
        rows = made.index[twice] + 1
        problems.append(f"{where}: request_id: must be unique ({_rows(rows)})")
    if problems:
        more = len(problems) - MOST_PROBLEMS
        told = problems[:MOST_PROBLEMS]
        raise InputError([*told, *([f"and {more:,} more problems"] if more > 0 else [])])
    rest = [str(name) for name in table.columns if name not in columns.values()]
    for name in rest:
        made[name] = table[name].to_numpy()
    return check_table(made, ROUTE_REQUESTS)


def _columns(table: pd.DataFrame, where: str) -> dict[str, str]:
    """Return which column each of ours is from.

    Raises
    ------
    InputError
        If one is missing, is a position, or has a name that is nearly or also one of ours.
    """
    problems: list[str] = []
    names = [str(name) for name in table.columns]
    found: dict[str, str] = {}
    positions = [name for name in names if POSITION.search(name.casefold())]
    if positions:
        problems.append(
            f"{where}: columns {positions} are positions; give the id or the name of a place, so "
            "that it is known how it attaches to the network"
        )
    try:
        found = match_columns(names, ALIASES, where=where, needed=("origin", "destination"))
    except InputError as error:
        problems += error.problems
    ours = [word for words in ALIASES.values() for word in words]
    for name in names:
        if name in found.values() or name in positions:
            continue
        near = difflib.get_close_matches(name.casefold(), ours, n=1, cutoff=0.8)
        if near:
            problems.append(f"{where}: no use for column {name!r}{suggest(name, ours)}")
        elif name in PLANNED_REQUESTS.names:
            problems.append(f"{where}: column {name!r} is one of the results; rename it")
    if not len(table):
        problems.append(f"{where}: has no rows")
    if problems:
        raise InputError(problems)
    return found


class _Places:
    """Ids of places by every spelling, found once; the same as `Network.find_place`."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.known: list[dict[str, set[str]]] = []
        for column in ("place_id", "name", "name_alt"):
            spelt: dict[str, set[str]] = {}
            for place, words in zip(
                network.places["place_id"], network.places[column].fillna(""), strict=True
            ):
                for word in str(words).casefold().split("|"):
                    spelt.setdefault(word.strip(), set()).add(str(place))
            self.known.append(spelt)

    def find(self, name: str) -> str:
        """Return the id of a place.

        Raises
        ------
        UnknownIdError
            If no place is called so, or several are.
        """
        word = name.strip().casefold()
        for spelt in self.known:
            if word in spelt:
                if len(spelt[word]) == 1:
                    return next(iter(spelt[word]))
                break
        return self.network.find_place(name)  # which says what is wrong


def _text(value: object) -> str | None:
    """Return a cell as text; what is blank is missing."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a code that came as a float, because of a gap
    if isinstance(value, pd.Timestamp):
        value = value.date()
    return str(value).strip() or None


def _rows(rows: Iterable[int]) -> str:
    """Say which rows are meant."""
    numbers = sorted(int(row) for row in rows)
    if len(numbers) == 1:
        return f"row {numbers[0]}"
    shown = ", ".join(map(str, numbers[:MOST_ROWS]))
    more = len(numbers) - MOST_ROWS
    return f"rows {shown}" + (f" and {more:,} more" if more > 0 else "")


def _profile(network: Network, word: str) -> str:
    """Return a travel profile.

    Raises
    ------
    UnknownIdError
        If there is none of this id.
    """
    known = {str(name).casefold(): str(name) for name in network.profiles["profile"]}
    return str(profile_row(network, known.get(word.casefold(), word))["profile"])


def _nationality(word: str) -> str:
    """Return a code of a country.

    Raises
    ------
    UnknownIdError
        If it cannot be one.
    """
    if not ISO3.fullmatch(word.upper()):
        msg = f"no nationality {word!r}; write the ISO 3166-1 alpha-3 code, such as MLI"
        raise UnknownIdError(msg)
    return word.upper()


def _kind(word: str) -> str:
    """Return a kind of people.

    Raises
    ------
    UnknownIdError
        If it is unknown.
    """
    if word not in PEOPLE_KINDS:
        msg = f"no kind of people {word!r}{suggest(word, PEOPLE_KINDS)}"
        raise UnknownIdError(msg)
    return word
