"""An invented displacement crisis in the layout of Flee, to practise and to test with."""

import tempfile
from pathlib import Path
from typing import Final

from mobility_geo.sources.displacement_case import DisplacementCase, read_displacement_case

FILES: Final = {
    "input_csv/locations.csv": """\
#name,region,country,latitude,longitude,location_type,conflict_date,population
Nara,North,Practique,14.0,1.0,conflict_zone,0,40000
Sena,South,Practique,13.0,1.0,conflict_zone,20,60000
Ford,South,Practique,12.5,1.5,town,,5000
Gate,East,Levant,12.5,2.0,forwarding_hub,,
Palm,East,Levant,12.5,2.8,camp,,
Dune,North,Septen,15.0,1.0,camp,,
Reed,North,Septen,15.4,1.4,camp,,
""",
    "input_csv/routes.csv": """\
#name1,name2,distance,forced_redirection
Nara,Sena,120,0
Sena,Ford,80,0
Ford,Gate,60,0
Gate,Palm,90,1
Nara,Dune,130,0
Dune,Reed,60,0
""",
    "input_csv/closures.csv": """\
#closure_type,name1,name2,closure_start,closure_end
country,Practique,Levant,0,30
""",
    "input_csv/sim_period.csv": "StartDate,2030-01-01\nLength,90\n",
    "source_data/data_layout.csv": """\
total,refugees.csv
Palm,palm.csv
Dune,dune.csv
Reed,reed.csv
""",
    "source_data/palm.csv": "2030-01-01,100\n2030-02-01,120\n2030-03-01,1500\n2030-03-31,2600\n",
    "source_data/dune.csv": "2030-01-01,900\n2030-02-01,1900\n2030-03-01,2300\n2030-03-31,2500\n",
    "source_data/reed.csv": "2030-01-01,0\n2030-02-01,400\n2030-03-01,700\n2030-03-31,800\n",
    "source_data/refugees.csv": "2030-01-01,1000\n2030-03-31,5900\n",
}


def write_practice_case(folder: str | Path) -> Path:
    """Write the invented crisis of Practique; nothing in it may be taken for a fact.

    Two towns come into conflict; the border to Levant is closed for 30 days and has a transit
    centre behind it, the one to Septen is open.

    Parameters
    ----------
    folder
        Where the files go; made if it is missing.

    Returns
    -------
    pathlib.Path
        The folder.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_displacement_case(write_practice_case(folder)).camps
    ('Palm', 'Dune', 'Reed')
    """
    root = Path(folder)
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def practice_case() -> DisplacementCase:
    """Return the invented crisis of Practique.

    Returns
    -------
    DisplacementCase
        90 days, three camps.

    Examples
    --------
    >>> practice_case().days
    90
    """
    with tempfile.TemporaryDirectory() as folder:
        return read_displacement_case(write_practice_case(folder))
