"""Reading TOML: every key known, every value of its kind, and everything wrong told at once."""

import datetime as dt
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from mobility_geo.errors import InputError
from mobility_geo.scenario.disruptions import MONTHS
from mobility_geo.schema import suggest

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("name", "title", "description", "when", "calendar", "network", "audience", "people",
         "destinations", "waystations", "limits", "borders", "choice", "assumptions", "compare",
         "disruptions", "disruption"),
    "calendar": ("start", "end"),
    "people": ("groups", "residents"),
    "people.residents": ("countries", "pcodes", "kinds", "profile", "destination_set"),
    "destinations": ("table",),
    "waystations": ("table",),
    "limits": ("time_limit_h", "risk_limit", "unknown_after_days"),
    "borders": ("informal",),
    "choice": ("logit_scale_per_h",),
    "assumptions": ("text", "source"),
    "compare": ("targets",),
    "disruption": ("id", "name", "kind", "areas", "levels", "edges", "refs", "places", "circle",
                   "crossings", "edge_kinds", "surfaces", "road_classes", "countries", "reaches",
                   "rainfall_classes", "informal", "into", "direction", "profiles", "kinds",
                   "nationalities", "exposure_classes", "effect", "start", "end", "months",
                   "probability", "group", "source", "confidence",
                   "depth", "unit", "curve", "freeboard_m", "band", "nodata",
                   "extent", "wet_values", "bridges_flooded", "water", "layer", "permanent",
                   "events", "kernel", "exposure", "max_geo_precision", "incidents", "days",
                   "constraints", "unresolved", "columns", "sheet", "day_first"),
    "disruption.circle": ("lon", "lat", "radius_km"),
    "disruption.effect": ("close", "speed_factor", "wait_min", "cost_xof_per_km", "risk_per_km",
                          "capacity_factor", "throughput_persons_per_day", "hours", "regime"),
    "disruption.kernel": ("bandwidth_km", "cutoff_km", "half_life_days", "max_age_days",
                          "step_days", "piece_m", "weight_per_fatality", "mine_bandwidth_km"),
    "disruption.exposure": ("risk_per_exposure", "slow_from", "speed_factor", "close_from"),
}  # fmt: skip
MOST_SHOWN: Final = 60
"""So many characters of a wrong value are shown in a message."""

Made = TypeVar("Made")


@dataclass(slots=True)
class Problems:
    """Collects what is wrong, so that one error can list everything; `notes` are to be told."""

    found: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    known: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: KEYS)

    def keys(
        self, table: object, name: str, where: str, needed: Collection[str] = ()
    ) -> dict[str, Any]:
        """Return a TOML table after noting its unknown keys, and those that are missing."""
        if not isinstance(table, dict):
            self.found.append(f"{where}: must be a table of keys, not {shown(table)}")
            return {}
        known = self.known[name]
        self.found += [
            f"{where}: unknown key {key!r}{suggest(key, known)}"
            for key in table
            if key not in known
        ]
        self.found += [f"{where}: key {key!r} is missing" for key in needed if key not in table]
        return table

    def tables(self, value: object, name: str) -> list[object]:
        """Return the tables written with double brackets, or note that it is none."""
        if isinstance(value, list):
            return value
        self.found.append(f"{name}: write each as a table headed [[{name}]], not {shown(value)}")
        return []

    def number(self, value: object, where: str) -> float | None:
        """Return a finite number, or note that it is none."""
        if not isinstance(value, bool) and isinstance(value, int | float):
            try:
                number = float(value)
            except OverflowError:
                number = math.inf
            if math.isfinite(number):
                return number
        self.found.append(f"{where}: must be a finite number, not {shown(value)}")
        return None

    def text(self, value: object, where: str) -> str:
        """Return a text, or note that it is none."""
        if isinstance(value, str):
            return value
        self.found.append(f'{where}: must be a text, such as "a", not {shown(value)}')
        return ""

    def label(self, value: object, where: str) -> str:
        """Return a text that is not blank, or note that it is none."""
        text = self.text(value, where)
        if isinstance(value, str) and not text.strip():
            self.found.append(f"{where}: must not be empty")
        return text

    def choice(self, value: object, known: Collection[str], where: str) -> str:
        """Return one of some known words, or note that it is none."""
        word = self.text(value, where)
        if word in known:
            return word
        if isinstance(value, str):
            self.found.append(f"{where}: unknown value {shown(word)}{suggest(word, known)}")
        return next(iter(known))

    def flag(self, value: object, where: str) -> bool:
        """Return true or false, or note that it is neither."""
        if isinstance(value, bool):
            return value
        self.found.append(f"{where}: must be true or false (no quotes), not {shown(value)}")
        return False

    def words(self, value: object, where: str) -> tuple[str, ...]:
        """Return a list of words, or note that it is none."""
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.found.append(
            f'{where}: must be a list of texts, such as ["a", "b"], not {shown(value)}'
        )
        return ()

    def numbers(self, value: object, count: int, where: str) -> tuple[float, ...]:
        """Return a list of so many finite numbers, or note that it is none."""
        if isinstance(value, list) and len(value) == count:
            found = [self.number(item, where) for item in value]
            return tuple(item for item in found if item is not None)
        self.found.append(f"{where}: must be a list of {count} numbers, not {shown(value)}")
        return ()

    def months(self, value: object, where: str) -> tuple[int, ...]:
        """Return months, 1 to 12, or note that they are none."""
        whole = isinstance(value, list) and all(type(item) is int for item in value)
        if whole and isinstance(value, list) and all(1 <= item <= MONTHS for item in value):
            return tuple(value)
        self.found.append(f"{where}: must be a list of months, 1 to 12, not {shown(value)}")
        return ()

    def file(self, value: object, folder: Path, where: str) -> Path | None:
        """Return the path of a file that is there, or note that there is none."""
        name = self.text(value, where)
        if not isinstance(value, str):
            return None
        try:
            if (folder / name).is_file():
                return folder / name
        except (OSError, ValueError):
            pass  # no file can have such a name
        self.found.append(f"{where}: {shown(name)}: no such file")
        return None

    def day(self, value: object, where: str) -> dt.date | None:
        """Return a date, or note that it is none."""
        if value is None:
            return None
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        self.found.append(
            f"{where}: must be a date such as 2013-01-20 (no quotes, no hour), not {shown(value)}"
        )
        return None

    def span(self, calendar: Mapping[str, object]) -> tuple[dt.date, dt.date] | None:
        """Return the first and last day of a calendar; None if it does not say both."""
        start, end = calendar.get("start"), calendar.get("end")
        days = [one for one in (start, end) if type(one) is dt.date]
        return (days[0], days[1]) if len(days) == 2 else None  # noqa: PLR2004

    def attempt(self, make: Callable[[], Made], where: str = "") -> Made | None:
        """Return what `make` returns, or note what was wrong and return None."""
        try:
            return make()
        except InputError as error:
            self.found += [f"{where}: {text}" if where else text for text in error.problems]
            return None


def shown(value: object) -> str:
    """Return a value as text for a message, cut if it is long."""
    text = str(value) if isinstance(value, dt.date | dt.time) else repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
