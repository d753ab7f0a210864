"""A displacement crisis in the folder layout of Flee: places, routes, conflict, counts."""

import csv
import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from mobility_geo.errors import InputError, labels
from mobility_geo.sources.geodesy import GEOD
from mobility_geo.sources.reading import Finding, findings_table

FloatArray = npt.NDArray[np.float64]

BREAK_SHARE: Final = 0.3
"""A count that falls by more than this share between two reports is a registration break."""

CLOSURE_KINDS: Final[Mapping[str, str]] = {
    "country": "border", "border": "border", "location": "place", "town": "place", "camp": "place",
    "idpcamp": "place", "link": "route", "links": "route", "route": "route",
}  # fmt: skip
LENGTH_DAYS: Final = 365
STRAIGHT_TO_ROAD: Final = 1.4
"""Road distance over great-circle distance where a folder has no table of routes."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class DisplacementCase:
    """A displacement crisis: what is known of places and days, and what was counted.

    Parameters
    ----------
    name
        Name of the folder.
    start, days
        First day and number of days.
    places
        Columns ``name``, ``country``, ``kind`` (``conflict_zone``, ``town``, ``camp``,
        ``hub``), ``latitude``, ``longitude``, ``population_persons`` (missing where not known,
        and for camps: there the files hold a capacity that was taken from the counts).
    routes
        Columns ``from_name``, ``to_name``, ``length_km``, ``one_way`` (people who reach the
        first place are sent on to the second).
    closures
        Columns ``kind`` (``border``, ``place``, ``route``), ``name1``, ``name2``,
        ``start_day``, ``end_day``; closed from the start to the day before the end.
    conflict
        Intensity of conflict, 0 to 1, by day (rows) and place (columns, as in `places`).
    counts
        Reported counts: ``camp``, ``date``, ``day``, ``people_reported``, ``people`` (after the
        corrections that the folder names), ``break`` (a re-registration, not a return).
    findings
        What was dropped, corrected, guessed or looks doubtful.
    """

    name: str
    start: dt.date
    days: int
    places: pd.DataFrame
    routes: pd.DataFrame
    closures: pd.DataFrame
    conflict: FloatArray
    counts: pd.DataFrame
    findings: gpd.GeoDataFrame

    @property
    def camps(self) -> tuple[str, ...]:
        """Names of the camps, in the order of the table of places."""
        return tuple(self.places.loc[self.places["kind"] == "camp", "name"])

    @property
    def dates(self) -> list[dt.date]:
        """Every day of the case."""
        return [self.start + dt.timedelta(days=day) for day in range(self.days)]

    def daily_counts(self, *, known_on: int | None = None) -> pd.DataFrame:
        """Return people per day and camp: reports joined by straight lines, in whole people.

        Parameters
        ----------
        known_on
            Only reports up to this day are used, the last is carried on; None: all.

        Returns
        -------
        pandas.DataFrame
            Days 0 to `days` - 1 by camp. Before the first report the count is that of the first;
            a camp without reports has 0.
        """
        day = np.arange(self.days)
        table: dict[str, npt.NDArray[np.float64]] = {}
        series = dict(list(self.counts.groupby("camp", sort=False)))
        for camp in self.camps:
            rows = series.get(camp)
            if rows is not None and known_on is not None:
                known = rows[rows["day"] <= known_on]
                rows = known if len(known) else rows.head(1)
            if rows is None or not len(rows):
                table[camp] = np.zeros(self.days)
                continue
            table[camp] = _on_line(rows["day"].to_numpy(float), rows["people"].to_numpy(float), day)
        return pd.DataFrame(table, index=pd.RangeIndex(self.days, name="day"))

    def break_days(self) -> npt.NDArray[np.bool_]:
        """Say for each day and camp whether a fall of the count is a registration break.

        Returns
        -------
        numpy.ndarray
            True from the day after the report before the break to the day of the break.
        """
        flags = np.zeros((self.days, len(self.camps)), dtype=bool)
        column = {camp: number for number, camp in enumerate(self.camps)}
        for camp, rows in self.counts.groupby("camp", sort=False):
            days = rows["day"].to_numpy()
            for number in np.flatnonzero(rows["break"].to_numpy(dtype=bool)):
                first = max(int(days[number - 1]) + 1, 0) if number else 0
                flags[first : max(int(days[number]) + 1, 0), column[str(camp)]] = True
        return flags


def read_displacement_case(folder: str | Path) -> DisplacementCase:
    r"""Read a folder in the layout of Flee and FabFlee, as it is.

    ``input_csv/`` has locations, routes, closures, conflicts, sim_period and
    registration_corrections; ``source_data/`` has data_layout.csv and a table per camp. Only
    locations.csv must be there; what is missing is said in the findings. The capacity of camps
    in locations.csv is never read: it is the largest value of the counts themselves.

    Parameters
    ----------
    folder
        The folder.

    Returns
    -------
    DisplacementCase
        With everything that was corrected or guessed in ``findings``.

    Raises
    ------
    InputError
        If there is no table of places, or values cannot be read; lists every problem.

    References
    ----------
    :cite:t:`suleimenova2017generalized`

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "input_csv").mkdir()
    ...     text = "#name,region,country,lat,lon,type,date,pop\nA,A,X,0,0,conflict_zone,0,9\n"
    ...     _ = (Path(folder) / "input_csv" / "locations.csv").write_text(text)
    ...     read_displacement_case(folder).places["kind"].tolist()
    ['conflict_zone']
    """
    reader = _Reader(Path(folder))
    if not reader.root.is_dir():
        msg = f"{folder}: no such folder"
        raise InputError(msg)
    if not reader.file("input_csv", "locations.csv").is_file():
        msg = (
            f"{folder}: no input_csv/locations.csv; the folder must hold a case in the layout of"
            " Flee: input_csv/locations.csv, routes.csv, ... and source_data/data_layout.csv"
        )
        raise InputError(msg)
    places, zone_days = reader.places()
    start, days = reader.period()
    routes = reader.routes(places)
    counts, start, days = reader.counts(places, start, days)
    closures = reader.closures(places, start, days)
    conflict = reader.conflict(places, zone_days, start, days)
    reader.check_reach(places, routes)
    if reader.problems:
        raise InputError(reader.problems)
    return DisplacementCase(
        name=reader.root.resolve().name,
        start=start,
        days=days,
        places=places,
        routes=routes,
        closures=closures,
        conflict=conflict,
        counts=counts,
        findings=findings_table(reader.findings),
    )


class _Reader:
    """Reads the files of one folder and keeps what it found on the way."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.findings: list[Finding] = []
        self.problems: list[str] = []

    def file(self, *parts: str) -> Path:
        return self.root.joinpath(*parts)

    def note(
        self, check: str, table: str, name: str, words: str, severity: str = "warning"
    ) -> None:
        self.findings.append(
            Finding(check=check, severity=severity, table=table, id=name, finding=words)
        )

    def rows(self, path: Path) -> list[list[str]]:
        """Return the rows of a file, without blanks and empty rows."""
        if not path.is_file():
            return []
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            cells = [[cell.strip() for cell in row] for row in csv.reader(file)]
        return [row for row in cells if any(row)]

    def body(self, path: Path, number_column: int) -> list[list[str]]:
        """Return the rows that hold data: no comments, and no header without a ``#``."""
        rows = [row for row in self.rows(path) if not row[0].startswith("#")]
        if rows and (len(rows[0]) <= number_column or _number(rows[0][number_column]) is None):
            header = " ".join(rows[0]).casefold()
            if re.search(r"\b(name|name1|closure_type|day|date|latitude)", header):
                rows = rows[1:]
        return rows

    # ---------------------------------------------------------------- places and routes
    def places(self) -> tuple[pd.DataFrame, dict[str, str]]:
        path = self.file("input_csv", "locations.csv")
        kept: list[dict[str, Any]] = []
        zone_days: dict[str, str] = {}
        seen: set[str] = set()
        for row in self.body(path, 3):
            name = row[0]
            cells = row + [""] * (8 - len(row))
            if len(row) < 6:  # noqa: PLR2004
                self.problems.append(
                    f"locations.csv: {name!r} has {len(row)} columns; expected name, region,"
                    " country, latitude, longitude, type, conflict date, population"
                )
                continue
            if name in seen:
                self.note("same name twice", "locations.csv", name, "the first row was kept")
                continue
            seen.add(name)
            lat, lon = _number(cells[3]), _number(cells[4])
            if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180:  # noqa: PLR2004
                self.note("no coordinates", "locations.csv", name, "it is not on the map")
                lat = lon = float("nan")
            kind = _place_kind(cells[5])
            population = _number(cells[7])
            if kind == "camp" or population is None or population <= 0:
                population = float("nan")
            if kind == "conflict_zone":
                zone_days[name] = cells[6]
            kept.append({"name": name, "country": cells[2] or "unknown", "kind": kind,
                         "latitude": lat, "longitude": lon,
                         "population_persons": population})  # fmt: skip
        if not kept:
            self.problems.append(f"{path}: no places in it")
        columns = ["name", "country", "kind", "latitude", "longitude", "population_persons"]
        places = pd.DataFrame(kept, columns=columns)
        if not (places["kind"] == "camp").any():
            self.note("no camp", "locations.csv", "all", "no place of a kind with 'camp' in it")
        zones = places["kind"] == "conflict_zone"
        unknown = places.loc[zones & places["population_persons"].isna(), "name"]
        if len(unknown):
            self.note(
                "no population", "locations.csv", labels(unknown),
                f"{len(unknown)} conflict zones have none; a forecast takes the median of the"
                " others",
            )  # fmt: skip
        return places, zone_days

    def routes(  # noqa: C901
        self, places: pd.DataFrame
    ) -> pd.DataFrame:
        columns = ["from_name", "to_name", "length_km", "one_way"]
        path = self.file("input_csv", "routes.csv")
        rows, length_at = self.body(path, 2), 2
        if not rows:
            path = self._other_routes()
            rows = self.body(path, 2) if path.is_file() else []
            if rows:
                self.note(
                    "no routes.csv", path.name, "all", f"the routes were read from {path.name}"
                )
        if not rows:
            self.note(
                "no routes", "routes.csv", "all",
                f"there is none: straight lines x {STRAIGHT_TO_ROAD} join every two places",
                "error",
            )  # fmt: skip
            return _straight_routes(places)
        names = _Names(places["name"])
        kinds = dict(zip(places["name"], places["kind"], strict=True))
        kept: dict[tuple[str, str], dict[str, Any]] = {}
        for row in rows:
            first, second = names.find(row[0]), names.find(row[1] if len(row) > 1 else "")
            length = _number(row[length_at]) if len(row) > length_at else None
            if first is None or second is None:
                self.note(
                    "unknown place",
                    path.name,
                    f"{row[0]} - {row[1]}",
                    "the route was left out: locations.csv does not name both ends",
                )
                continue
            if length is None or length < 0:
                self.problems.append(
                    f"{path.name}: distance of {row[0]} - {row[1]} must be a number >= 0 km, not"
                    f" {row[length_at] if len(row) > length_at else 'missing'!r}"
                )
                continue
            if first == second:
                self.note("route to itself", path.name, first, "left out")
                continue
            forced = int(_number(row[-1]) or 0) if len(row) > 3 else 0  # noqa: PLR2004
            if forced in {1, 2}:
                first, second = self._forwarded(first, second, forced, kinds, path.name)
            same = kept.get((first, second)) or kept.get((second, first))
            if same is not None and same["length_km"] != length:
                self.note(
                    "route twice",
                    path.name,
                    f"{first} - {second}",
                    f"{same['length_km']:g} and {length:g} km: the shorter was kept",
                )
            if same is not None and same["length_km"] <= length and not forced:
                continue
            kept.pop((second, first), None)
            kept[first, second] = {"from_name": first, "to_name": second, "length_km": length,
                                   "one_way": forced in {1, 2}}  # fmt: skip
        for wrong, right in names.mended.items():
            self.note("spelling", path.name, wrong, f"taken for {right!r}", "note")
        return pd.DataFrame(list(kept.values()), columns=columns).astype({"one_way": bool})

    def _other_routes(self) -> Path:
        folder = self.file("input_csv")
        for path in sorted(folder.glob("*.csv")):
            rows = self.rows(path)
            header = [cell.lstrip("# ").casefold() for cell in rows[0]] if rows else []
            if header[:2] == ["name1", "name2"] and len(header) > 2 and "dist" in header[2]:  # noqa: PLR2004
                return path
        return folder / "routes.csv"

    def _forwarded(
        self, first: str, second: str, forced: int, kinds: Mapping[str, str], table: str
    ) -> tuple[str, str]:
        """Order the ends of a route so that people go from the first to the second."""
        hubs = kinds[first] == "hub", kinds[second] == "hub"
        if hubs[0] != hubs[1]:
            source, target = (first, second) if hubs[0] else (second, first)
        else:  # as Flee's own reader does; its manual has the two the other way round
            source, target = (first, second) if forced == 1 else (second, first)
        self.note("forwarding", table, f"{source} - {target}",
                  f"whoever reaches {source} is sent on to {target}", "note")  # fmt: skip
        return source, target

    def check_reach(self, places: pd.DataFrame, routes: pd.DataFrame) -> None:
        joined = set(routes["from_name"]) | set(routes["to_name"])
        camps = places.loc[places["kind"] == "camp", "name"]
        alone = [camp for camp in camps if camp not in joined]
        if alone:
            self.note(
                "no route",
                "routes.csv",
                labels(alone),
                f"no route leads to {len(alone)} camps: nobody is modelled to arrive there",
            )

    # ---------------------------------------------------------------- days
    def period(self) -> tuple[dt.date | None, int | None]:
        start: dt.date | None = None
        days: int | None = None
        for name in ("sim_period.csv", "conflict_period.csv"):
            for row in self.rows(self.file("input_csv", name)):
                key, value = row[0].lstrip("# ").casefold(), row[1] if len(row) > 1 else ""
                if key == "startdate" and start is None:
                    start = _date(value)
                    if start is None:
                        self.problems.append(
                            f"{name}: StartDate {value!r} is no date like 2012-02-29"
                        )
                if key == "length" and days is None:
                    number = _number(value)
                    if number is None or number < 1:
                        self.problems.append(
                            f"{name}: Length must be a number of days, not {value!r}"
                        )
                    else:
                        days = int(number)
            if start is not None and days is not None:
                break
        return start, days

    def closures(self, places: pd.DataFrame, start: dt.date, days: int) -> pd.DataFrame:
        names, countries = _Names(places["name"]), _Names(places["country"].unique())
        kept: list[dict[str, Any]] = []
        for row in self.body(self.file("input_csv", "closures.csv"), 3):
            cells = row + [""] * (5 - len(row))
            kind = CLOSURE_KINDS.get(cells[0].casefold())
            known = countries if kind == "border" else names
            first, second = known.find(cells[1]), known.find(cells[2])
            begin, end = _day(cells[3], start), _day(cells[4], start)
            label = ",".join(row)
            if kind is None:
                self.note(
                    "kind of closure",
                    "closures.csv",
                    label,
                    f"{cells[0]!r} is none that is known; it closes nothing",
                    "error",
                )
                continue
            if first is None or (second is None and kind != "place"):
                self.note("unknown name", "closures.csv", label, "it closes nothing")
                continue
            if begin is None or (end is None and cells[4]):
                self.problems.append(f"closures.csv: {label!r}: start and end must be day numbers")
                continue
            if end is None or end < 0:
                end = days  # -1 is Flee's word for the end of the period
            if end < begin:
                self.problems.append(f"closures.csv: {label!r} ends before it starts")
                continue
            kept.append({"kind": kind, "name1": first, "name2": second or "", "start_day": begin,
                         "end_day": end})  # fmt: skip
        return pd.DataFrame(kept, columns=["kind", "name1", "name2", "start_day", "end_day"])

    def conflict(  # noqa: C901, PLR0912
        self, places: pd.DataFrame, zone_days: Mapping[str, str], start: dt.date, days: int
    ) -> FloatArray:
        index = {name: number for number, name in enumerate(places["name"])}
        values = np.zeros((days, len(index)))
        undated: list[str] = []
        for name, text in zone_days.items():
            day = _day(text, start)
            if day is None:
                if text:
                    self.problems.append(f"locations.csv: conflict date of {name}: {text!r}")
                undated.append(name)
                day = 0
            values[max(day, 0) :, index[name]] = 1.0
        rows = self.rows(self.file("input_csv", "conflicts.csv"))
        if len(rows) < 2:  # noqa: PLR2004
            if undated:
                self.note("no conflict date", "locations.csv", labels(undated),
                          "in conflict from the first day")  # fmt: skip
            self.note(
                "no conflicts.csv",
                "conflicts.csv",
                "all",
                "conflict lasts from the dates in locations.csv to the end",
                "note",
            )
            return values
        names = _Names(places["name"])
        header = [names.find(cell.lstrip("# ")) for cell in rows[0]]
        strange = [cell for cell, name in zip(rows[0][1:], header[1:], strict=True)
                   if cell and name is None]  # fmt: skip
        if strange:
            self.note(
                "unknown place",
                "conflicts.csv",
                labels(strange),
                f"{len(strange)} columns name no place of locations.csv; left out",
            )
        columns = {number: name for number, name in enumerate(header) if number and name}
        for column in columns.values():
            values[:, index[column]] = 0
        last: dict[int, list[float]] = {}
        for row in rows[1:]:
            day = _day(row[0], start)
            if day is None:
                if not row[0].startswith("#"):
                    self.problems.append(f"conflicts.csv: {row[0]!r} is no day number")
                continue
            cells = [row[n] if n < len(row) else "" for n in columns]
            told = [_number(cell) if cell.strip() else 0.0 for cell in cells]
            bad = [
                cell for cell, value in zip(cells, told, strict=True) if value is None or value < 0
            ]
            if bad:
                self.problems.append(
                    f"conflicts.csv: day {row[0]}: {labels(bad)} is no intensity of 0 or more"
                )
            last[day] = [value or 0.0 for value in told]
        table = pd.DataFrame.from_dict(last, orient="index", columns=list(columns.values()))
        whole = table.sort_index().reindex(range(days), method="ffill").fillna(0.0)
        if last and max(last) < days - 1:
            self.note("conflicts.csv ends early", "conflicts.csv", f"day {max(last)}",
                      f"its last day is carried on to day {days - 1}")  # fmt: skip
        for place in whole:
            values[:, index[str(place)]] = np.clip(whole[place].to_numpy(float), 0, None)
        for wrong, right in names.mended.items():
            self.note("spelling", "conflicts.csv", wrong, f"taken for {right!r}", "note")
        if not values.any():
            self.note(
                "no conflict", "conflicts.csv", "all", "no place is ever in conflict", "error"
            )
        return values

    # ---------------------------------------------------------------- counts
    def counts(
        self, places: pd.DataFrame, start: dt.date | None, days: int | None
    ) -> tuple[pd.DataFrame, dt.date, int]:
        names = _Names(places["name"])
        camps = set(places.loc[places["kind"] == "camp", "name"])
        series: dict[str, pd.Series[float]] = {}
        for row in self.rows(self.file("source_data", "data_layout.csv")):
            if row[0].startswith("#") or len(row) < 2:  # noqa: PLR2004
                continue
            camp = names.find(row[0])
            if row[0].casefold() == "total" or camp is None:
                if row[0].casefold() != "total":
                    self.note(
                        "unknown camp",
                        "data_layout.csv",
                        row[0],
                        "locations.csv does not name it; its counts are not used",
                        "note",
                    )
                continue
            parts = [self.series(name) for name in row[1:] if name]
            whole = [part for part in parts if part is not None and len(part)]
            if whole:
                series[camp] = _joined(whole)
        without = [camp for camp in places["name"] if camp in camps and camp not in series]
        if without:
            self.note("no counts", "data_layout.csv", labels(without),
                      f"{len(without)} camps have none: 0 people on the first day")  # fmt: skip
        dates = [date for one in series.values() for date in one.index]
        if start is None:
            start = min(dates, default=dt.date(2000, 1, 1))
            self.note("no start", "sim_period.csv", "all", f"the first day is taken as {start}")
        if days is None:
            days = (max(dates) - start).days + 1 if dates else LENGTH_DAYS
            self.note("no length", "sim_period.csv", "all", f"taken as {days} days")
        kept = [
            pd.DataFrame({"camp": camp, "date": list(one.index), "people_reported": one.to_numpy()})
            for camp, one in series.items() if camp in camps
        ]  # fmt: skip
        columns = ["camp", "date", "people_reported"]
        table = pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=columns)
        table["day"] = [(date - start).days for date in table["date"]]
        table["people"] = table["people_reported"].astype(float)
        table = self.corrected(table, names)
        return table, start, max(days, 1)

    def series(self, name: str) -> "pd.Series[float] | None":
        path = self.file("source_data", name)
        if not path.is_file():
            self.note("missing file", "data_layout.csv", name, "there is no such file", "error")
            return None
        dates, people = self.counted(path)
        late = [str(b) for a, b in pairwise(dates) if b < a]
        if late:
            self.note(
                "dates out of order",
                name,
                labels(late),
                f"{len(late)} rows come after a later date; the rows were put in order",
            )
        one = pd.Series(people, index=pd.Index(dates, dtype=object), dtype=float)
        twice = one.index.duplicated(keep="last")
        if twice.any():
            differ = one.groupby(level=0).max() > one.groupby(level=0).min()
            if differ.any():
                self.note("date twice", name, labels(map(str, differ.index[differ])),
                          "several counts for a date; the last in the file was kept")  # fmt: skip
            one = one[~twice]
        return one.sort_index()

    def counted(self, path: Path) -> tuple[list[dt.date], list[float]]:
        """Return dates and counts of a table, in the order of the file."""
        dates: list[dt.date] = []
        people: list[float] = []
        blank: list[str] = []
        for number, row in enumerate(self.rows(path)):
            if row[0].startswith("#"):
                continue
            if len(row) < 2 or row[1] == "":  # noqa: PLR2004
                blank.append(row[0])
                continue
            date, value = _date(row[0]), _number(row[1])
            if date is None or value is None or value < 0:
                if number == 0 and date is None:
                    continue  # a header
                self.problems.append(
                    f"source_data/{path.name}: {row[0]!r}, {row[1]!r}: expected a date like"
                    " 2012-02-29 and a number of people >= 0"
                )
                continue
            dates.append(date)
            people.append(value)
        if blank:
            words = f"{len(blank)} rows have a date and no count; left out, not taken for 0"
            self.note("no figure", path.name, labels(blank), words)
        return dates, people

    def corrected(self, table: pd.DataFrame, names: "_Names") -> pd.DataFrame:
        """Rescale what was counted before each named re-registration; flag the unnamed ones."""
        day = table["day"].to_numpy(float)
        people = table["people"].to_numpy(float).copy()
        named = np.zeros(len(table), dtype=bool)
        camp_of = table["camp"].to_numpy(dtype=object)
        start_date = table["date"].iloc[0] - dt.timedelta(days=int(day[0])) if len(table) else None
        for row in self.rows(self.file("input_csv", "registration_corrections.csv")):
            if row[0].startswith("#") or len(row) < 2 or start_date is None:  # noqa: PLR2004
                continue
            camp, date = names.find(row[0]), _date(row[1])
            at = np.flatnonzero((camp_of == camp) & (table["date"].to_numpy(dtype=object) == date))
            if camp is None or date is None or not len(at):
                self.note(
                    "correction",
                    "registration_corrections.csv",
                    ",".join(row[:2]),
                    "the counts of that camp have no such day; nothing was corrected",
                )
                continue
            before = np.flatnonzero((camp_of == camp) & (day < day[at[0]]))
            if day[at[0]] < 0 or not len(before) or people[before[-1]] <= 0:
                self.note("correction", "registration_corrections.csv", ",".join(row[:2]),
                          "nothing was counted before that day; nothing was corrected")  # fmt: skip
                continue
            people[before] *= people[at[0]] / people[before[-1]]
            named[at[0]] = True
        same = np.r_[False, camp_of[1:] == camp_of[:-1]] if len(table) else named
        fall = np.zeros(len(table), dtype=bool)
        if len(table):
            fall[1:] = same[1:] & (people[1:] < (1 - BREAK_SHARE) * people[:-1])
        for row_at in np.flatnonzero(fall).tolist():
            self.note(
                "registration break", str(camp_of[row_at]), str(table["date"].iloc[row_at]),
                f"the count fell from {people[row_at - 1]:,.0f} to {people[row_at]:,.0f} since"
                " the report before: flagged as a break of the registration, not as a return; name"
                " it in registration_corrections.csv to rescale what was counted before",
            )  # fmt: skip
        return table.assign(people=people, **{"break": fall | named}).reindex(
            columns=["camp", "date", "day", "people_reported", "people", "break"]
        )


class _Names:
    """Finds names that differ in case, blanks, underscores or hyphens only."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(dict.fromkeys(names))
        self.plain = {_plain(name): name for name in self.names}
        self.mended: dict[str, str] = {}

    def find(self, name: str) -> str | None:
        if name in self.names:
            return name
        found = self.plain.get(_plain(name)) if name else None
        if found is not None:
            self.mended[name] = found
        return found


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]+", "", name).casefold()


def _place_kind(text: str) -> str:
    word = text.casefold()
    if "camp" in word:
        return "camp"
    if "conflict" in word:
        return "conflict_zone"
    return "hub" if "forward" in word or "hub" in word else "town"


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "").replace(" ", ""))
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


def _day(text: str, start: dt.date) -> int | None:
    """Return a day number that is written as a number or as a date."""
    number = _number(text)
    if number is not None:
        return int(number)
    date = _date(text)
    return None if date is None else (date - start).days


def _on_line(
    days: FloatArray, people: FloatArray, wanted: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Join counts by straight lines in whole people, flat before the first and after the last."""
    after = np.clip(np.searchsorted(days, wanted, side="right"), 1, max(len(days) - 1, 1))
    if len(days) == 1:
        return np.full(len(wanted), np.trunc(people[0]))
    first, second = days[after - 1], days[after]
    share = np.clip((wanted - first) / (second - first), 0, 1)
    values = people[after - 1] + share * (people[after] - people[after - 1])
    values = np.where(
        wanted <= days[0], people[0], np.where(wanted >= days[-1], people[-1], values)
    )
    return np.trunc(values)


def _joined(parts: "list[pd.Series[float]]") -> "pd.Series[float]":
    """Add several series of one camp as Flee does, so that the counts are those it is scored with.

    Flee goes along the dates of the second series: between them the first is that of its next
    report, and it ends with the second. Where the second starts later than the first, the sum of
    the last reports of both is taken.
    """
    total = parts[0]
    for part in parts[1:]:
        if part.index[0] > total.index[0]:
            both = pd.concat([total, part], axis=1).sort_index().ffill().fillna(0.0)
            total = both.sum(axis=1)
            continue
        dates, people = list(total.index), total.to_numpy(float)
        sums: dict[dt.date, float] = {}
        at, last = 0, 0.0
        for date, value in zip(list(part.index), part.to_numpy(float), strict=True):
            while date > dates[at]:
                sums[dates[at]] = last + people[at]
                if at == len(dates) - 1:
                    break
                at += 1
            sums[date] = float(value) + people[at]
            last = float(value)
            if date == dates[at] and at < len(dates) - 1:
                at += 1
        total = pd.Series(
            list(sums.values()), index=pd.Index(list(sums), dtype=object)
        ).sort_index()
    return total


def _straight_routes(places: pd.DataFrame) -> pd.DataFrame:
    known = places.dropna(subset=["latitude", "longitude"])
    first, second = np.triu_indices(len(known), k=1)
    lon, lat = known["longitude"].to_numpy(float), known["latitude"].to_numpy(float)
    names = known["name"].to_numpy(dtype=object)
    _, _, metres = GEOD.inv(lon[first], lat[first], lon[second], lat[second])
    return pd.DataFrame({
        "from_name": names[first], "to_name": names[second],
        "length_km": np.round(np.asarray(metres) / 1000 * STRAIGHT_TO_ROAD, 1), "one_way": False,
    })  # fmt: skip


def place_points(places: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the places of a case as points, WGS 84.

    Parameters
    ----------
    places
        As in `DisplacementCase.places`.

    Returns
    -------
    geopandas.GeoDataFrame
        The same rows; a place without coordinates has an empty point.
    """
    make: Callable[[float, float], shapely.Point] = shapely.Point
    shapes = [
        make(lon, lat) if np.isfinite(lon) else shapely.Point()
        for lon, lat in zip(places["longitude"], places["latitude"], strict=True)
    ]
    return gpd.GeoDataFrame(places, geometry=shapes, crs="EPSG:4326")
