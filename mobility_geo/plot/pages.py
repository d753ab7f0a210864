"""What every page needs: no request to any server, text that cannot become markup, safe writing."""

import base64
import hashlib
import json
import os
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mobility_geo.errors import OutputError


@cache
def map_assets() -> tuple[str, tuple[str, ...]]:
    """Return the style sheet and the scripts that a page with maps carries inside.

    Returns
    -------
    css, scripts
        Leaflet's and ours. Addresses of images are taken out of the style sheet.

    Examples
    --------
    >>> css, scripts = map_assets()
    >>> "url(" in css, len(scripts)
    (False, 2)
    """
    package = resources.files("mobility_geo.plot")
    leaflet = package / "vendor" / "leaflet"
    css = (leaflet / "leaflet.css").read_text("utf-8") + (package / "page" / "map.css").read_text(
        "utf-8"
    )
    scripts = (
        (leaflet / "leaflet.js").read_text("utf-8"),
        (package / "page" / "map.js").read_text("utf-8"),
    )
    return re.sub(r"url\([^)]*\)", "none", css), scripts


def security_policy(scripts: Sequence[str]) -> str:
    """Return the content security policy of a page: nothing is loaded, only our scripts run.

    Parameters
    ----------
    scripts
        Text of every script element of the page.

    Returns
    -------
    str
        For a ``meta`` element; names the scripts by their sha256.

    Examples
    --------
    >>> security_policy([]).split(";")[0]
    "default-src 'none'"
    """
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    ]
    allowed = " ".join(hashes) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def json_block(value: object, *, element_id: str) -> Markup:
    """Return data as a script element that holds no markup, whatever the data say.

    Parameters
    ----------
    value
        What JSON can hold; without NaN or infinity.
    element_id
        Id of the element.

    Returns
    -------
    markupsafe.Markup
        The element; ``<``, ``>`` and ``&`` are escaped as JSON allows.

    Examples
    --------
    >>> "</script></script>" in json_block("</script>", element_id="a")
    False
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    # every character that could end the element is escaped above
    safe = Markup(text)  # noqa: S704
    return Markup('<script type="application/json" id="{}">{}</script>').format(element_id, safe)


def templates(package: str, folder: str) -> Environment:
    """Return the templates of a folder of a package: all text is escaped, all names must exist.

    Parameters
    ----------
    package
        Such as ``mobility_geo.plot``.
    folder
        Folder inside it.

    Returns
    -------
    jinja2.Environment
        With automatic escaping.

    Examples
    --------
    >>> templates("mobility_geo.plot", "page").from_string("{{ x }}").render(x="<b>")
    '&lt;b&gt;'
    """
    return Environment(
        loader=PackageLoader(package, folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def write_page(path: str | os.PathLike[str], text: str) -> Path:
    """Write a page aside and rename it, so that no half-written page is ever seen.

    Parameters
    ----------
    path
        Where; the folder must exist.
    text
        The page.

    Returns
    -------
    pathlib.Path
        Where it is.

    Raises
    ------
    OutputError
        If it could not be written; what was there before is unchanged.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_page(Path(folder) / "page.html", "<p>").read_text()
    '<p>'
    """
    target = Path(path)
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        aside.write_text(text, encoding="utf-8", newline="\n")
        aside.replace(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        msg = f"{target}: could not be written ({error.strerror}); nothing was changed there"
        raise OutputError(msg) from error
    return target
