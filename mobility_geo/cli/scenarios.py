"""`mobility-geo scenarios`: the built-in scenarios."""

import shlex

from mobility_geo.cli.envelope import envelope


def list_command(*, as_json: bool) -> None:
    """Print the built-in scenarios, a line each.

    Parameters
    ----------
    as_json
        Print one JSON object instead.
    """
    from mobility_geo.datasets import scenario_summaries

    rows = scenario_summaries()
    if as_json:
        print(envelope("scenarios", "success", data={"scenarios": rows}))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        print(f"{row['name']:<{width}}  {row['when']}  {row['title']}")


def copy_command(name: str, folder: str, *, as_json: bool) -> None:
    """Copy a built-in scenario and its data.

    Parameters
    ----------
    name
        Name of the scenario.
    folder
        Where to.
    as_json
        Print one JSON object.
    """
    from mobility_geo.datasets import copy_scenario

    files = copy_scenario(name, folder)
    if as_json:
        data = {"scenario": str(files[0]), "files": [str(file) for file in files]}
        print(envelope("scenarios copy", "success", data=data))
        return
    for file in files:
        print(file)
    quoted = shlex.quote(str(files[0]))
    print(f"Edit {quoted}, then: mobility-geo run {quoted} --out out/{name}")
