"""`mobility-geo warmup`: compile the fast engine ahead of the first large question."""

from mobility_geo.cli.envelope import envelope


def warmup_command(*, as_json: bool) -> None:
    """Compile the loops of the fast engine, unless that was done on this machine.

    Parameters
    ----------
    as_json
        Print one JSON object.
    """
    from rich.console import Console

    with Console(stderr=True).status("Compiling the fast engine: 15 to 30 s at the first time"):
        from mobility_geo.routing.hierarchy import compile_kernels

        seconds = compile_kernels()
    if as_json:
        print(envelope("warmup", "success", data={"compile_s": round(seconds, 3)}))
        return
    print(f"The fast engine is ready ({seconds:.1f} s).")
