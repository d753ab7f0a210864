"""Results against published figures, as they come out: nothing is tuned, nothing is hidden."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mobility_geo.outcomes.reachable import main_traveller
from mobility_geo.outcomes.stranded import FIGURES, find_stranded
from mobility_geo.routing import find_ways, journey
from mobility_geo.schema import COMPARISON, check_table, empty_table, is_missing, records
from mobility_geo.units import MIN_PER_H

if TYPE_CHECKING:
    from mobility_geo.outcomes.results import Results

Figure = dict[str, object]

NO_FIGURE = frozenset({"unknown", "many", "some", "hundreds"})
"""Published words that no figure can agree with or differ from."""


def compare_with_targets(results: "Results") -> pd.DataFrame:
    """Compare results with the published figures of the case.

    Parameters
    ----------
    results
        Results of `solve_case`.

    Returns
    -------
    pandas.DataFrame
        Schema `COMPARISON`. ``modelled`` is by least time, ``modelled_logit`` by logit,
        ``modelled_low`` and ``modelled_high`` span both; for people held they span the low and
        high of the groups, with half, double and no limit of risk. ``verdict``: ``input`` for a
        figure that went in and proves nothing; for names ``agrees``, ``partly`` (one rule of two)
        or ``differs``; ``range`` where a range is published, for the reader to judge; ``error``
        for numbers, whose error is the finding; ``not comparable`` where no figure is published.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import solve_case
    >>> len(compare_with_targets(solve_case(load_toy())))
    0
    """
    targets = results.case.targets
    if not len(targets):
        return empty_table(COMPARISON)
    rows = []
    for target in records(targets):
        subject = "" if is_missing(target["subject"]) else str(target["subject"])
        found = MEASURES[target["measure"]](results, subject)
        row: Figure = {
            "figure_id": target["figure_id"], "label": target["label"], "unit": target["unit"],
            "published": target["value"], "published_low": target["low"],
            "published_high": target["high"], "published_text": target["expected"],
            "used_as_input": bool(target["used_as_input"]), "source": target["source"], **found,
        }  # fmt: skip
        rows.append({**row, **_verdict(row)})
    return check_table(pd.DataFrame(rows, columns=list(COMPARISON.names)), COMPARISON)


def _number(value: object) -> float:
    return float("nan") if is_missing(value) else float(str(value))


def _verdict(row: Figure) -> Figure:
    published, modelled = _number(row["published"]), _number(row.get("modelled"))
    error = modelled - published if np.isfinite(published) and np.isfinite(modelled) else None
    logit = _number(row.get("modelled_logit"))
    beside = logit - published if np.isfinite(published) and np.isfinite(logit) else None
    text = row["published_text"]
    if row["used_as_input"]:
        return {"error": error, "error_logit": beside, "verdict": "input"}
    if isinstance(text, str) and text in NO_FIGURE:
        return {"error": None, "verdict": "not comparable"}
    if isinstance(text, str) and text:
        found = [name for name in str(row.get("modelled_text") or "").split("|") if name]
        hits = [name in text.split("|") for name in found]
        verdict = "agrees" if found and all(hits) else "partly" if any(hits) else "differs"
        return {"error": None, "verdict": verdict}
    ranges = [_number(row.get(key)) for key in ("published_low", "published_high", "modelled")]
    if all(np.isfinite(value) for value in ranges):
        return {"error": error, "verdict": "range"}  # side by side: there is no mark to pass
    counted = error is not None or beside is not None
    verdict = "error" if counted else "not comparable"
    return {"error": error, "error_logit": beside, "verdict": verdict}


def _by_rule(
    results: "Results", measure: Callable[[pd.DataFrame], float], prefix: str = ""
) -> Figure:
    """Take a measure of the flows by each rule, of groups whose id starts with a prefix."""
    flows = results.od_flows
    flows = flows[flows["group_id"].str.startswith(prefix).to_numpy(dtype=bool)]
    values = {
        rule: measure(flows[(flows["rule"] == rule).to_numpy(dtype=bool)])
        for rule in dict.fromkeys(flows["rule"])
    }
    finite = [value for value in values.values() if np.isfinite(value)]
    if not finite:
        return {"modelled": None}
    return {
        "modelled": values.get("least_time"), "modelled_logit": values.get("logit"),
        "modelled_low": min(finite), "modelled_high": max(finite),
    }  # fmt: skip


def _home(results: "Results") -> str:
    movers = results.case.groups
    movers = movers[(movers["base"] == "movers").to_numpy(dtype=bool)]
    country = results.case.network.places.set_index("place_id")["country"]
    people = movers["persons"].groupby(movers["place_id"].map(country)).sum()
    return str(people.idxmax()) if len(people) else ""


def _subject(text: str) -> tuple[str, str]:
    """Split a subject such as ``NER/new-``: what is asked, and the groups that count."""
    what, _, prefix = text.partition("/")
    return what, prefix


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def _share_abroad(results: "Results", subject: str) -> Figure:
    subject, prefix = _subject(subject)

    def measure(flows: pd.DataFrame) -> float:
        abroad = flows["destination_country"].notna() & (flows["destination_country"] != subject)
        return _share(float(flows.loc[abroad, "flow_persons"].sum()),
                      float(flows["flow_persons"].sum()))  # fmt: skip

    return _by_rule(results, measure, prefix)


def _share_abroad_by_country(results: "Results", subject: str) -> Figure:
    home = _home(results)
    subject, prefix = _subject(subject)

    def measure(flows: pd.DataFrame) -> float:
        abroad = flows[
            (flows["destination_country"].notna() & (flows["destination_country"] != home))
            .to_numpy(dtype=bool)
        ]  # fmt: skip
        there = abroad[(abroad["destination_country"] == subject).to_numpy(dtype=bool)]
        return _share(float(there["flow_persons"].sum()), float(abroad["flow_persons"].sum()))

    return _by_rule(results, measure, prefix)


def _share_inside_by_region(results: "Results", subject: str) -> Figure:
    home = _home(results)
    subject, prefix = _subject(subject)

    def measure(flows: pd.DataFrame) -> float:
        inside = flows[(flows["destination_country"] == home).to_numpy(dtype=bool)]
        there = inside[(inside["destination_pcode"] == subject).to_numpy(dtype=bool)]
        return _share(float(there["flow_persons"].sum()), float(inside["flow_persons"].sum()))

    return _by_rule(results, measure, prefix)


def _persons_to_country(results: "Results", subject: str) -> Figure:
    subject, prefix = _subject(subject)

    def measure(flows: pd.DataFrame) -> float:
        there = flows["destination_country"] == subject
        return float(flows.loc[there, "flow_persons"].sum())

    return _by_rule(results, measure, prefix)


def _served_persons(results: "Results", subject: str) -> Figure:
    _, prefix = _subject(subject)
    return _by_rule(results, lambda flows: float(flows["flow_persons"].sum()), prefix)


def _main_crossing_into(results: "Results", subject: str) -> Figure:
    flows = results.crossing_flows
    into = flows[(flows["into_country"] == subject).to_numpy(dtype=bool)]
    main = []
    for rule in dict.fromkeys(into["rule"]):
        rows = into[(into["rule"] == rule).to_numpy(dtype=bool)]
        main.append(str(rows.loc[rows["flow_persons"].idxmax(), "crossing_id"]))
    share = None
    least = into[(into["rule"] == "least_time").to_numpy(dtype=bool)]["flow_persons"]
    if len(least):
        share = float(least.max() / least.sum())
    return {"modelled_text": "|".join(dict.fromkeys(main)) or "none", "modelled": share}


RISK_FACTORS = (0.5, 1.0, 2.0, np.inf)
"""Limits of risk that held people are counted for: half, as stated, double, none."""


@lru_cache(maxsize=1)
def _stranded_by_risk_limit(results: "Results") -> tuple[pd.DataFrame, ...]:
    """Return the stranded under other limits of risk: nobody knows what people accept."""
    case, found = results.case, []
    for factor in RISK_FACTORS:
        status = results.status
        if factor != 1:
            groups = case.groups.assign(risk_limit=case.groups["risk_limit"] * factor)
            groups["risk_limit"] = groups["risk_limit"].where(np.isfinite(groups["risk_limit"]))
            own = case.limits.risk_limit
            limit = None if own is None or np.isinf(factor) else own * factor
            other = replace(case, groups=groups, limits=replace(case.limits, risk_limit=limit))
            status = find_stranded(other, when=results.when, with_causes=False)
        found.append(status[(status["status"] == "stranded").to_numpy(dtype=bool)])
    return tuple(found)


def _held_at(results: "Results", subject: str) -> Figure:
    """Count people held at a crossing or place; the range spans groups and limits of risk."""
    place = results.case.network.accesses
    nodes = set(place.loc[place["place_id"] == subject, "node_id"])
    counts = []
    for stranded in _stranded_by_risk_limit(results):
        here = (stranded["held_crossing_id"] == subject) | stranded["held_node_id"].isin(nodes)
        rows = stranded[here.to_numpy(dtype=bool)]
        counts.append([float(rows[name].sum()) for name in FIGURES])
    best, low, high = zip(*counts, strict=True)
    return {"modelled": best[RISK_FACTORS.index(1.0)], "modelled_low": min(low),
            "modelled_high": max(high)}  # fmt: skip


def _stranded_in_zone(results: "Results", subject: str) -> Figure:
    pcode, _, kind = subject.partition("/")
    status = results.status
    here = (status["status"] == "stranded") & (status["pcode"] == pcode)
    if kind:
        here &= status["kind"] == kind
    rows = status[here.to_numpy(dtype=bool)]
    return {
        "modelled": float(rows["persons"].sum()),
        "modelled_low": float(rows["persons_low"].sum()),
        "modelled_high": float(rows["persons_high"].sum()),
    }


def _route_exists(results: "Results", subject: str) -> Figure:
    """Look for a way such as ``timbuktu>mopti/pinasse/river``: ends, profile, mode in it."""
    ends, profile, mode = ([*subject.split("/"), "", ""])[:3]
    start, _, stop = ends.partition(">")
    people = main_traveller(results.case)
    ways = find_ways(
        results.case.network, results.case.scenario, [start], [stop], when=results.when,
        traveller=replace(people, profile=profile) if profile else people,
    )  # fmt: skip
    if not ways.reachable()[0, 0]:
        return {"modelled_text": "no"}
    modes = journey(results.case.network, ways.arcs(0, 0)).modes
    hours = float(ways.total("time_min")[0, 0]) / MIN_PER_H
    found = not mode or mode in modes
    return {"modelled_text": "yes" if found else "no", "modelled": hours,
            "unit": "h by " + ", ".join(modes)}  # fmt: skip


def _reentry_persons(results: "Results", subject: str) -> Figure:
    """Count people whose way begins in a country, leaves it and ends in it."""
    sides = results.case.network.crossings.set_index("crossing_id")[["country_a", "country_b"]]
    country = results.case.network.places.set_index("place_id")["country"]

    def measure(flows: pd.DataFrame) -> float:
        total = 0
        for flow in records(flows):
            passed = (
                flow["crossing_ids"].split(">") if isinstance(flow["crossing_ids"], str) else []
            )
            touched = [name for name in passed if subject in set(sides.loc[name])]
            home = country[flow["origin_id"]] == subject == flow["destination_country"]
            if home and len(touched) > 1:
                total += int(flow["flow_persons"])
        return float(total)

    return _by_rule(results, measure)


MEASURES: dict[str, Callable[["Results", str], Figure]] = {
    "share_abroad": _share_abroad,
    "share_abroad_by_country": _share_abroad_by_country,
    "share_inside_by_region": _share_inside_by_region,
    "persons_to_country": _persons_to_country,
    "served_persons": _served_persons,
    "main_crossing_into": _main_crossing_into,
    "held_at": _held_at,
    "stranded_in_zone": _stranded_in_zone,
    "route_exists": _route_exists,
    "reentry_persons": _reentry_persons,
}
