"""Everything for a decision as one GeoPackage that opens styled: internal."""

from pathlib import Path

from mobility_geo.export.chokepoints import chokepoint_layers
from mobility_geo.export.internal import plain_table
from mobility_geo.export.intervals import gap_layers, interval_layers
from mobility_geo.export.layers import ground_layers
from mobility_geo.export.notice import NOTICE
from mobility_geo.geopackage import write_geopackage
from mobility_geo.outcomes.decisions import Decisions
from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.schema import REOPENINGS


def write_decisions_data(found: Decisions, path: str | Path) -> Path:
    """Write intervals, information gaps, chokepoints and reopenings to one GeoPackage.

    Parameters
    ----------
    found
        From `mobility_geo.outcomes.find_decisions`.
    path
        The file; replaced as a whole, or left as it was.

    Returns
    -------
    pathlib.Path
        The file, with the layers of `interval_layers`, `gap_layers` and `chokepoint_layers`, and
        the table ``reopenings``.

    Raises
    ------
    InputError
        If the case is for the public.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import Uncertainty, find_decisions
    >>> found = find_decisions(load_toy(), uncertainty=Uncertainty(most_draws=4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_decisions_data(found, f"{folder}/decisions.gpkg").name
    'decisions.gpkg'
    """
    refuse_public(found.case, "What a decision needs")
    layers = [
        *interval_layers(found.intervals),
        *gap_layers(found.gaps),
        *chokepoint_layers(found.case, found.chokepoints),
        plain_table("reopenings", found.reopenings, REOPENINGS),
        *ground_layers(found.case, found.when),
    ]
    title = f"{found.case.title or found.case.name}: for a decision"
    return write_geopackage(path, layers, title=title, abstract=NOTICE)
