"""Which of several dated reports on a road counts: where, for whom, and when."""

import datetime as dt
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Final

import shapely

from mobility_geo.errors import labels
from mobility_geo.sources.reading import Finding

STRICTNESS: Final = ("unknown", "open", "restricted", "closed")
"""States, the strictest last."""

ALL_YEAR: Final = frozenset({0})
"""Months of a report that is not seasonal: a season and a report do not end each other."""

FIRST_DAY: Final = dt.date.min.toordinal()
LAST_DAY: Final = dt.date.max.toordinal()

Spans = tuple[tuple[int, int], ...]
"""First and last days, both included, as ordinals."""

Cell = tuple[str, int]
"""A travel profile in a month."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Report:
    """What a report says of some edges or crossings.

    Parameters
    ----------
    name
        Its id, unique.
    words
        What it says, for people.
    state
        One of `STRICTNESS`.
    hit
        Ids of edges or crossings.
    who
        Travel profiles.
    months
        Months 1 to 12 of a season, or `ALL_YEAR`.
    first, last
        First and last day, both included. Without a first day: always; no report ends it. Without
        a last day: until another report.
    point
        Where, WGS 84 longitude and latitude.
    """

    name: str
    words: str
    state: str
    hit: frozenset[str]
    who: frozenset[str]
    months: frozenset[int]
    first: dt.date | None
    last: dt.date | None
    point: shapely.Point | None = None

    @property
    def span(self) -> tuple[int, int]:
        """Return first and last day as ordinals."""
        return (
            FIRST_DAY if self.first is None else self.first.toordinal(),
            LAST_DAY if self.last is None else self.last.toordinal(),
        )

    def meets(self, other: "Report") -> bool:
        """Say whether both speak of the same vehicle, month and day."""
        (begin, end), (start, stop) = self.span, other.span
        return (
            begin <= stop
            and start <= end
            and not self.who.isdisjoint(other.who)
            and not self.months.isdisjoint(other.months)
        )

    def within(self, other: "Report") -> bool:
        """Say whether the other speaks of all edges, vehicles and months of this one."""
        return self.hit <= other.hit and self.who <= other.who and self.months <= other.months

    def replaces(self, other: "Report") -> bool:
        """Say whether it counts instead of the other, where both speak of the same.

        The later one counts. Of two of one day that speak of the same, the stricter one counts;
        else both hold. One that does not know the state takes nothing away from one that does.
        """
        if self.first != other.first:
            later = self.first is not None and other.first is not None and self.first > other.first
            return later and (self.state != "unknown" or other.state == "unknown")
        if (self.state == "unknown") != (other.state == "unknown"):
            return False
        if not (self.within(other) and other.within(self)):
            return False
        mine, theirs = (STRICTNESS.index(one.state) for one in (self, other))
        return (mine, other.name) > (theirs, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Where, for whom and when a report counts.

    Parameters
    ----------
    hit
        Ids of edges or crossings, ascending.
    who
        Travel profiles, ascending.
    months
        Months 1 to 12, ascending; none: all year.
    first, last
        First and last day, both included.
    """

    hit: tuple[str, ...]
    who: tuple[str, ...]
    months: tuple[int, ...]
    first: dt.date | None
    last: dt.date | None


@dataclass(slots=True)
class _Cut:
    """How much of a report another one took away."""

    hit: int = 0
    who: set[str] = field(default_factory=set)
    months: set[int] = field(default_factory=set)


def what_counts(
    reports: Sequence[Report], wanted: Collection[str]
) -> tuple[list[tuple[Part, ...]], list[Finding]]:
    """Return where, for whom and when each report counts.

    On any day, edge and profile the latest report that speaks of it counts. One with a last day
    of its own interrupts those before it, which go on afterwards.

    Parameters
    ----------
    reports
        In any order.
    wanted
        States whose reports are looked at; those of others only end them.

    Returns
    -------
    parts
        Of each report, in order: one if no other touches it, none if it never counts.
    findings
        What ended what, and reports that contradict each other.

    Examples
    --------
    >>> old, new = (
    ...     Report(
    ...         name=n,
    ...         words="RN16: closed",
    ...         state=state,
    ...         hit=frozenset({"e1", "e2"}),
    ...         who=frozenset(who),
    ...         months=ALL_YEAR,
    ...         first=dt.date(2013, 1, day),
    ...         last=None,
    ...     )
    ...     for n, state, who, day in (
    ...         ("1", "closed", ("foot", "truck"), 5),
    ...         ("2", "open", ("truck",), 9),
    ...     )
    ... )
    >>> parts, findings = what_counts([old, new], {"closed"})
    >>> [(part.who, str(part.last)) for part in parts[0]]
    [(('truck',), '2013-01-08'), (('foot',), 'None')]
    """
    # edges that the same reports speak of are one
    by_edge: dict[str, list[int]] = defaultdict(list)
    for number, report in enumerate(reports):
        for one in report.hit:
            by_edge[one].append(number)
    atoms: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for one, numbers in by_edge.items():
        atoms[tuple(numbers)].append(one)
    left: list[dict[frozenset[tuple[Cell, Spans]], list[str]]] = [{} for _ in reports]
    cuts: dict[tuple[int, int], _Cut] = defaultdict(_Cut)
    doubts: set[tuple[int, int]] = set()
    for together, ids in atoms.items():
        order = sorted(together, key=lambda n: (reports[n].span[0], reports[n].name))
        days = [reports[number].span[0] for number in order]
        for number in order:
            if reports[number].state not in wanted:
                continue
            after = order[bisect_left(days, reports[number].span[0]) :]
            whole: Spans = (reports[number].span,)
            spans = dict.fromkeys(product(reports[number].who, reports[number].months), whole)
            for other in _replacing(number, after, reports):
                touched = _cut(spans, reports[other])
                if touched:
                    cut = cuts[number, other]
                    cut.hit += len(ids)
                    cut.who |= {profile for profile, _ in touched}
                    cut.months |= {month for _, month in touched}
            left[number].setdefault(frozenset(spans.items()), []).extend(ids)
        doubts |= _same_day(order, reports)
    findings = [
        _ended(reports[number], reports[other], cut) for (number, other), cut in cuts.items()
        if reports[number].first != reports[other].first
    ]  # fmt: skip
    findings += _contradictions(doubts, reports, wanted)
    return [_parts(found) for found in left], findings


def _replacing(number: int, after: Iterable[int], reports: Sequence[Report]) -> Iterator[int]:
    """Yield the reports that replace one, by day, until nothing of it is left."""
    report = reports[number]
    for other in after:
        by = reports[other]
        if other == number or not by.meets(report) or not by.replaces(report):
            continue
        yield other
        if report.who <= by.who and report.months <= by.months and by.span[1] >= report.span[1]:
            return


def _cut(spans: dict[Cell, Spans], by: Report) -> list[Cell]:
    """Take the days of a report away, and return where there were any."""
    touched = []
    first, last = by.span
    for cell, old in spans.items():
        profile, month = cell
        if profile not in by.who or month not in by.months:
            continue
        new = tuple(
            (begin, end)
            for start, stop in old
            for begin, end in ((start, min(stop, first - 1)), (max(start, last + 1), stop))
            if begin <= end
        )
        if new != old:
            touched.append(cell)
            spans[cell] = new
    return touched


def _parts(left: Mapping[frozenset[tuple[Cell, Spans]], list[str]]) -> tuple[Part, ...]:
    """Return what is left in as few parts as its edges, profiles and months allow."""
    made = []
    for cells, ids in left.items():
        by_profile: dict[str, list[tuple[int, Spans]]] = defaultdict(list)
        for (profile, month), spans in sorted(cells):
            by_profile[profile].append((month, spans))
        alike: dict[tuple[tuple[int, Spans], ...], list[str]] = defaultdict(list)
        for profile, months in by_profile.items():
            alike[tuple(months)].append(profile)
        for months_spans, profiles in alike.items():
            by_span: dict[tuple[int, int], list[int]] = defaultdict(list)
            for month, spans in months_spans:
                for span in spans:
                    by_span[span].append(month)
            made += [
                (span, tuple(sorted(ids)), tuple(profiles), tuple(m for m in months if m))
                for span, months in by_span.items()
            ]
    return tuple(
        Part(
            hit=hit, who=who, months=months,
            first=None if first == FIRST_DAY else dt.date.fromordinal(first),
            last=None if last == LAST_DAY else dt.date.fromordinal(last),
        )
        for (first, last), hit, who, months in sorted(made)
    )  # fmt: skip


def _ended(report: Report, by: Report, cut: _Cut) -> Finding:
    """Say what a later report ended, and how much of it."""
    parts = []
    if cut.hit < len(report.hit):
        parts.append(f"on {cut.hit} of {len(report.hit)} edges")
    if cut.who < report.who:
        parts.append(f"for {', '.join(sorted(cut.who))}")
    if cut.months < report.months:
        parts.append(f"in months {', '.join(map(str, sorted(cut.months)))}")
    where = f" {' '.join(parts)}" if parts else ""
    first = by.first
    until = f"from {first} on" if by.last is None else f"from {first} to {by.last}"
    goes_on = by.last is not None and by.span[1] < report.span[1]
    before = None if first is None else first - dt.timedelta(days=1)
    does = f"interrupted{where}" if goes_on else f"until {before}{where}"
    return Finding(
        check="ended by a report", severity="note", table="constraints", id=report.name,
        finding=f"{report.words} {does}: {by.name!r} says {by.state} {until}",
        geometry=report.point,
    )  # fmt: skip


def _same_day(order: Iterable[int], reports: Sequence[Report]) -> set[tuple[int, int]]:
    """Return pairs of reports of one day, or of which one has no day."""
    by_day: dict[dt.date | None, list[int]] = defaultdict(list)
    for number in order:
        if reports[number].state != "unknown":
            by_day[reports[number].first].append(number)
    pairs = {pair for group in by_day.values() for pair in combinations(sorted(group), 2)}
    dated = [number for day, group in by_day.items() if day is not None for number in group]
    return pairs | set(product(by_day.get(None, ()), dated))


def _contradictions(
    pairs: Iterable[tuple[int, int]], reports: Sequence[Report], wanted: Collection[str]
) -> list[Finding]:
    """Say which reports contradict each other, and which of them counts."""
    found: list[Finding] = []
    no_day: dict[int, list[str]] = defaultdict(list)
    for pair in sorted(pairs):
        lax, strict = sorted((reports[n] for n in pair),
                             key=lambda one: (STRICTNESS.index(one.state), one.name))  # fmt: skip
        if not lax.meets(strict):
            continue
        same = lax.within(strict) and strict.within(lax)
        if lax.first != strict.first:
            if strict.first is None and strict.state != lax.state and strict.state in wanted:
                no_day[pair[0]].append(lax.name)
            continue
        when = "always" if lax.first is None else f"from {lax.first} on"
        if lax.state == strict.state:
            words = f"{lax.words}: {strict.name!r} says the same {when}; it counts once"
            severity, check = "note", "said twice"
        else:
            words = (
                f"{lax.words}, but {strict.name!r} says {strict.state}, both {when}: the stricter "
                "counts"
            )
            severity, check = "warning", "contradiction"
        # what is stricter on a part of it is an exception, and no contradiction
        if same or (lax.state != strict.state and not strict.within(lax)):
            found.append(
                Finding(check=check, severity=severity, table="constraints", id=lax.name,
                        finding=words, geometry=lax.point)
            )  # fmt: skip
    for number, names in no_day.items():
        report = reports[number]
        found.append(
            Finding(
                check="no day", severity="warning", table="constraints", id=report.name,
                finding=f"{report.words}: has no day, so that no report ends it; {len(names)} "
                        f"with a day say less, e.g. {labels(names)}; give the day of its report",
                geometry=report.point,
            )
        )  # fmt: skip
    return found
