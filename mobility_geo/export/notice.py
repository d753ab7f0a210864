"""What every file of results says about its use."""

from typing import Final

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
