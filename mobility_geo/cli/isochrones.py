"""`mobility-geo isochrones`: areas of time about places."""

from dataclasses import replace
from pathlib import Path

from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.files import check_output_file, read_case
from mobility_geo.errors import InputError


def isochrones_command(  # noqa: PLR0913
    scenario: str,
    places: list[str],
    out: str,
    *,
    hours: str,
    towards: bool,
    when: str | None,
    profile: str | None,
    resolution_m: float | None,
    max_walk_km: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write areas of time to a GeoPackage and print how many people live in them.

    Parameters
    ----------
    scenario
        Name of a built-in scenario, or path of a scenario file.
    places
        Ids or names of places; ``waystations``: all way stations of the case.
    out
        GeoPackage to write.
    hours
        Ends of the bands in hours, commas between them.
    towards
        Ways lead to the places instead of from them.
    when
        Day; None: the scenario's own.
    profile
        Travel profile; None: that of most movers.
    resolution_m, max_walk_km
        As for `mobility_geo.outcomes.isochrones`.
    as_json
        Print one JSON object on standard output instead of a table.
    quiet
        Print nothing.

    Raises
    ------
    InputError
        If the hours are no numbers, or the profile is unknown.
    """
    check_output_file(out)
    try:
        ends = [float(text) for text in hours.split(",")]
    except ValueError:
        msg = f"--hours: numbers with commas between them, such as 2,4,8, not {hours!r}"
        raise InputError(msg) from None
    from mobility_geo.export import write_isochrones
    from mobility_geo.outcomes import isochrones, main_traveller
    from mobility_geo.schema import suggest

    case = read_case(scenario)
    traveller = main_traveller(case)
    if profile is not None:
        known = list(case.network.profiles["profile"])
        if profile not in known:
            msg = f"--profile: no travel profile {profile!r}{suggest(profile, known)}"
            raise InputError(msg)
        traveller = replace(traveller, profile=profile)
    if places == ["waystations"]:
        ids = list(case.waystations_on(case.scenario.day(when))["place_id"])
    else:
        ids = [case.network.find_place(name) for name in places]
    bands, nearest = isochrones(
        case, ids, hours=ends, leaving=not towards, when=when, traveller=traveller,
        resolution_m=resolution_m, max_walk_km=max_walk_km,
    )  # fmt: skip
    rows = case.network.places[case.network.places["place_id"].isin(ids)]
    write_isochrones(out, bands, nearest, rows)
    table = bands.drop(columns="geometry").to_dict("records")
    if as_json:
        data = {"scenario": case.name, "when": case.scenario.day(when).isoformat(), "out": out,
                "place_ids": ids, "towards": towards, "bands": table}  # fmt: skip
        print(envelope("isochrones", "success", data=data))
        return
    if quiet:
        return
    from rich.console import Console
    from rich.table import Table

    shown = Table("time", "area km2", "settlements", "residents", title=f"{traveller.profile}")
    for row in table:
        shown.add_row(f"{row['from_h']:g} to {row['to_h']:g} h", f"{row['area_km2']:,.0f}",
                      f"{row['places']:,}", f"{row['population_persons']:,}")  # fmt: skip
    Console().print(shown)
    print(f"{Path(out)}: open it in QGIS; it opens styled")
