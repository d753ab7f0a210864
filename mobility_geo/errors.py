"""Errors of the toolkit: one base class, and a named class per kind of fault.

Every error that a user can cause derives from `MobilityGeoError`, and from the built-in class
that fits, so that ``except ValueError`` works as well. A message says what is wrong, in how many
rows, with up to three labels, what was expected with its unit, and what to do.
"""

from collections.abc import Iterable, Sequence


class MobilityGeoError(Exception):
    """Base of all errors that the toolkit raises on purpose."""


class InputError(ValueError, MobilityGeoError):
    """Input data or arguments are wrong; the message lists every problem found.

    Parameters
    ----------
    problems
        One sentence per problem, or a single sentence.

    Examples
    --------
    >>> raise InputError(["places: no rows", "edges: no column 'length_m'"])
    Traceback (most recent call last):
    mobility_geo.errors.InputError: 2 problems found:
      - places: no rows
      - edges: no column 'length_m'
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems: tuple[str, ...] = (
            (problems,) if isinstance(problems, str) else tuple(problems)
        )
        if len(self.problems) == 1:
            message = self.problems[0]
        else:
            message = f"{len(self.problems)} problems found:\n" + "\n".join(
                f"  - {problem}" for problem in self.problems
            )
        super().__init__(message)

    def __reduce__(self) -> tuple[type["InputError"], tuple[tuple[str, ...]]]:
        """Pickle by the list of problems, so that worker processes can send the error back."""
        return (type(self), (self.problems,))


class SchemaError(InputError):
    """A table breaks its schema."""


class CRSError(InputError):
    """A layer has no coordinate reference system, or not a metric one where metres are needed."""


class ScenarioError(InputError):
    """A scenario, or a scenario file, is wrong."""


class CalendarError(ScenarioError):
    """A date lies outside the calendar of the scenario, or a period ends before it starts."""


class UnknownIdError(InputError, KeyError):
    """An id or name does not exist; the message names the nearest known ones."""

    def __str__(self) -> str:
        """Return the message as written (`KeyError` would quote it)."""
        return str(self.args[0]) if self.args else ""


class CostOverflowError(InputError):
    """Quantised costs are too large for exact path sums; take a coarser unit."""


class NoPathError(MobilityGeoError):
    """There is no path between the two places asked for."""


class ConservationError(MobilityGeoError):
    """People were lost or invented: a fault of the toolkit, please report it."""


class OutputError(OSError, MobilityGeoError):
    """Results could not be written; nothing half-written was left behind."""


class GeoPackageError(InputError):
    """A GeoPackage cannot be read, or does not hold what it should."""


def labels(ids: Sequence[object] | Iterable[object], limit: int = 3) -> str:
    """Return up to `limit` ids as text for a message, with an ellipsis if there are more.

    Parameters
    ----------
    ids
        The row labels or ids concerned.
    limit
        How many to show.

    Returns
    -------
    str
        For example ``[17, 40, 41, ...]``.

    Examples
    --------
    >>> labels(["gao", "kidal", "tessalit", "bourem"])
    "['gao', 'kidal', 'tessalit', ...]"
    """
    values = list(ids)
    shown = ", ".join(repr(getattr(value, "item", lambda v=value: v)()) for value in values[:limit])
    return f"[{shown}{', ...' if len(values) > limit else ''}]"
