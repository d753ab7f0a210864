"""What every file of results says about its use."""

from typing import Final

from mobility_geo.errors import InputError
from mobility_geo.scenario import Case

MARK: Final = "INTERNAL"
"""Stands on every layer and page that holds complete results."""

NOTICE: Final = (
    "INTERNAL: modelled, not observed; not for promoting return, for border enforcement or for "
    "military use; boundaries and names imply no endorsement."
)
"""The sentence that every layer's abstract begins with."""

PUBLIC_NOTICE: Final = (
    "Modelled, not observed; not for promoting return, for border enforcement or for military "
    "use; boundaries and names imply no endorsement. Counts are rounded to two figures, those "
    "under 10 are withheld."
)
"""The sentence for what may be shared."""

CONDITIONAL: Final = (
    "It holds for the stated date and assumptions only and expires with them; ways and stations "
    "depend on security."
)
"""Added where a layer shows ways or stations."""


def refuse_public(case: Case, what: str) -> None:
    """Refuse to show the public what could do harm.

    Parameters
    ----------
    case
        The case.
    what
        What is asked for, as the beginning of a sentence.

    Raises
    ------
    InputError
        If the case is for the public.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> refuse_public(load_toy(), "Chokepoints")
    """
    if case.audience == "public":
        msg = (
            f"{what} would show where people are, are held or can be stopped, and audience is "
            "'public'; set audience = 'internal', and share brief.html of `mobility-geo run`"
        )
        raise InputError(msg)
