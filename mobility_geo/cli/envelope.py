"""What `--output json` prints: one object with the same outer keys for every command."""

import json
from typing import Final, Literal

SCHEMA_VERSION: Final = 1

Status = Literal["success", "partial", "error"]


def envelope(
    command: str,
    status: Status,
    *,
    data: object = None,
    warnings: tuple[str, ...] = (),
    errors: tuple[str, ...] = (),
    exit_code: int = 0,
) -> str:
    """Return the JSON text of a result.

    Parameters
    ----------
    command
        Name of the command.
    status
        How it ended.
    data
        What the command found; None on error.
    warnings, errors
        Sentences.
    exit_code
        Code that the process ends with.

    Returns
    -------
    str
        One JSON object, keys in a fixed order, without NaN.

    Examples
    --------
    >>> envelope("run", "error", errors=("no such file",), exit_code=3).count("schema_version")
    1
    """
    return json.dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "command": command,
            "status": status,
            "exit_code": exit_code,
            "data": data,
            "warnings": list(warnings),
            "errors": list(errors),
        },
        ensure_ascii=False,
        allow_nan=False,
        indent=2,
    )
