"""Pages for people: the internal report of a run, what a decision needs, and a brief to share.

All are single files that ask no server for anything. Importing this package loads no drawing
library; writing a page does.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobility_geo.report.brief import write_brief
    from mobility_geo.report.decisions import write_decisions
    from mobility_geo.report.page import write_report

__all__ = ["write_brief", "write_decisions", "write_report"]

_HOMES = {"write_brief": "brief", "write_decisions": "decisions", "write_report": "page"}


def __getattr__(name: str) -> object:
    """Load a function when it is first asked for.

    Raises
    ------
    AttributeError
        If the package has no such name.
    """
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__all__)
