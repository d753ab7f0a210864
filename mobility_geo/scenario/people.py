"""Groups of people made from the network: the residents of its places."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from mobility_geo.errors import UnknownIdError
from mobility_geo.network import Network
from mobility_geo.schema import GROUPS, check_table, suggest


def resident_groups(
    network: Network,
    *,
    profile: str,
    destination_set: str,
    countries: Collection[str] | None = None,
    pcodes: Collection[str] | None = None,
    base: str = "residents",
) -> pd.DataFrame:
    """Return the residents of settlements as groups, to ask who of them would be cut off.

    Parameters
    ----------
    network
        Its settlements with at least one resident count; those without a figure do not.
    profile
        How they travel.
    destination_set
        What they must be able to reach.
    countries, pcodes
        Only places in these countries and zones; all if left out.
    base
        ``residents``, or ``movers`` if all of them want to go.

    Returns
    -------
    pandas.DataFrame
        Schema `mobility_geo.schema.GROUPS`, one group per place.

    Raises
    ------
    UnknownIdError
        If there is no place in a country, or no such zone; names the nearest one.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> resident_groups(network, profile="truck", destination_set="towns")["base"].unique()[0]
    'residents'
    """
    places = network.places
    problems = []
    chosen = (places["kind"] == "settlement") & (places["population_persons"] >= 1)
    for column, wanted, known, words in (
        ("country", countries, set(places["country"]), "countries: no place in"),
        ("pcode", pcodes, set(network.zones["pcode"]), "pcodes: no zone"),
    ):
        if wanted is None:
            continue
        problems += [
            f"{words} {code!r}{suggest(code, known)}" for code in wanted if code not in known
        ]
        chosen &= places[column].isin(list(wanted))
    if problems:
        raise UnknownIdError(problems)
    residents = places[chosen.to_numpy(dtype=bool)]
    persons = np.rint(residents["population_persons"]).astype("int64")
    groups = pd.DataFrame(
        {
            "group_id": "residents-" + residents["place_id"],
            "base": base,
            "place_id": residents["place_id"],
            "origin_pcode": residents["pcode"],
            "kind": "resident",
            "nationality": residents["country"],
            "profile": profile,
            "trip": "one_way",
            "destination_set": destination_set,
            "persons": persons,
            "persons_low": persons,
            "persons_high": persons,
            "source": residents["source"],
        }
    )
    return check_table(groups.reset_index(drop=True), GROUPS)
