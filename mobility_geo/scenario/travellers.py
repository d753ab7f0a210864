"""Who travels: the traits on which closures and speeds depend."""

from dataclasses import dataclass

from mobility_geo.errors import InputError
from mobility_geo.schema import PEOPLE_KINDS, suggest


@dataclass(frozen=True, order=True, slots=True, kw_only=True)
class TravellerClass:
    """People who meet the same conditions on the way.

    Parameters
    ----------
    profile
        How they travel: id of a row of `Network.profiles`.
    nationality
        ISO 3166-1 alpha-3 code: borders can be closed to some and open to others.
    kind
        Kind of people, see `mobility_geo.schema.PEOPLE_KINDS`.
    exposure_class
        Opaque label for targeted checkpoints, if any.

    Raises
    ------
    InputError
        If the kind is unknown.

    Examples
    --------
    >>> TravellerClass(profile="truck", nationality="MLI", kind="refuge")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: unknown kind of people 'refuge'; did you mean 'refugee'?
    """

    profile: str
    nationality: str
    kind: str = "resident"
    exposure_class: str = ""

    def __post_init__(self) -> None:
        """Check the kind.

        Raises
        ------
        InputError
            If it is unknown.
        """
        if self.kind not in PEOPLE_KINDS:
            msg = f"unknown kind of people {self.kind!r}{suggest(self.kind, PEOPLE_KINDS)}"
            raise InputError(msg)


def may_pass(regime: str, traveller: TravellerClass, into_country: str) -> bool:
    """Say whether a crossing under a regime lets a traveller into a country.

    Parameters
    ----------
    regime
        One of `mobility_geo.schema.REGIMES`.
    traveller
        Who wants to pass.
    into_country
        ISO 3166-1 alpha-3 code of the country that is entered.

    Returns
    -------
    bool
        ``open`` and ``escorted``: everybody; ``refugees_only``: refugees, and nationals of the
        country that is entered; ``nationals_only``: these nationals; ``closed``: nobody.

    Examples
    --------
    >>> refugee = TravellerClass(profile="truck", nationality="MLI", kind="refugee")
    >>> may_pass("refugees_only", refugee, "DZA"), may_pass("closed", refugee, "DZA")
    (True, False)
    """
    national = traveller.nationality == into_country
    if regime in {"open", "escorted"}:
        return True
    if regime == "refugees_only":
        return national or traveller.kind == "refugee"
    return regime == "nationals_only" and national
