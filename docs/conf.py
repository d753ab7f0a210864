"""Configuration of the documentation: it is built offline, and every warning is an error."""

import importlib
import importlib.util
import re
import shutil
from importlib import metadata
from pathlib import Path
from types import FunctionType, ModuleType

import typer
from sphinx.application import Sphinx
from typer.core import TyperArgument, TyperOption

from mobility_geo.cli import app as cli
from mobility_geo.cli import exits
from mobility_geo.schema import (
    CASE_TABLES,
    DISRUPTION_TABLES,
    NETWORK_TABLES,
    RESULT_TABLES,
    SOURCE_TABLES,
    Column,
    TableSchema,
)

DOCS = Path(__file__).resolve().parent

project = "mobility_geo"
author = "The mobility_geo developers"
project_copyright = f"2026, {author}"
version = release = metadata.version("mobility-geo")
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinxcontrib.bibtex",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "**/.ipynb_checkpoints"]
default_role = "py:obj"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_execution_show_tb = True

autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
napoleon_numpy_docstring = True
napoleon_google_docstring = False
napoleon_use_ivar = True

bibtex_bibfiles = ["references.bib"]
bibtex_reference_style = "author_year"

html_theme = "pydata_sphinx_theme"
html_title = "mobility_geo"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

TABLES = {
    "Tables of a network": NETWORK_TABLES,
    "Tables of a case": CASE_TABLES,
    "Tables of disruptions": DISRUPTION_TABLES,
    "Tables that readers give": SOURCE_TABLES,
    "Tables of the results": RESULT_TABLES,
}
MODULES = {
    "mobility_geo.datasets": "Built-in cases",
    "mobility_geo.sources": "Reading files",
    "mobility_geo.network": "Networks",
    "mobility_geo.scenario": "Scenarios",
    "mobility_geo.routing": "Ways and times",
    "mobility_geo.flows": "Flows",
    "mobility_geo.outcomes": "Outcomes",
    "mobility_geo.export": "Writing results",
    "mobility_geo.plot": "Drawing",
    "mobility_geo.report": "Reports",
    "mobility_geo.batch": "Whole runs",
    "mobility_geo.geopackage": "GeoPackages",
    "mobility_geo.schema": "Tables and their checks",
    "mobility_geo.units": "Units",
    "mobility_geo.errors": "Errors",
    "mobility_geo.testing": "For your own tests",
}
"""Public modules in the order of the reference."""


def _range(column: Column) -> str:
    """Return what values a column may take, in words."""
    if column.allowed:
        return ", ".join(f"`{word}`" for word in column.allowed)
    least, most = column.minimum, column.maximum
    if least is not None and most is not None:
        return f"{least:g} to {most:g}"
    if least is not None:
        return f"at least {least:g}"
    return "" if most is None else f"at most {most:g}"


def _optional(column: Column) -> str:
    """Return whether a column may be left out or a value be missing."""
    if not column.required and column.default is not None:
        return f"if left out: {str(column.default).lower()}"
    return "may be missing" if column.nullable else ""


def _table(schema: TableSchema) -> list[str]:
    """Return the page section of one table."""
    lines = [f"(table-{schema.name})=", f"### {schema.name}", "", f"{schema.meaning}.", ""]
    if schema.key:
        lines += [f"Key: {', '.join(f'`{name}`' for name in schema.key)}.", ""]
    if schema.geometry:
        lines += [f"Geometry: {schema.geometry}.", ""]
    lines += ["| column | type | unit | range | meaning |", "|---|---|---|---|---|"]
    for column in schema.columns:
        notes = [column.meaning, _optional(column)]
        target = schema.references.get(column.name)
        if target:
            notes.insert(1, f"a key of [{target}](#table-{target})")
        meaning = "; ".join(note for note in notes if note)
        cells = [f"`{column.name}`", column.dtype, column.unit, _range(column), meaning]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, ""]


def write_schema(page: Path) -> None:
    """Write the reference of every table from `mobility_geo.schema`."""
    lines = [
        "# Tables",
        "",
        "Files, layers and data frames have the same columns. Text lists hold several items with",
        "`|` between them; an empty one means no restriction. Codes of countries are ISO 3166-1",
        "alpha-3. Layers are written in longitude and latitude (EPSG:4326) and computed with in a",
        "projected system in metres. A way that does not exist has no row.",
        "",
    ]
    for title, tables in TABLES.items():
        lines += [f"## {title}", ""]
        for schema in tables:
            lines += _table(schema)
    page.write_text("\n".join(lines), encoding="utf-8")


def _public_names(module: ModuleType) -> list[str]:
    """Return the names in ``__all__``, or else the public ones that the module defines."""
    own = [
        name
        for name, value in vars(module).items()
        if isinstance(value, type | FunctionType) and value.__module__ == module.__name__
    ]
    return [name for name in getattr(module, "__all__", own) if not name.startswith("_")]


def write_api(page: Path) -> None:
    """Write the reference of every public name, module by module."""
    lines = ["Python", "======", ""]
    top = importlib.import_module("mobility_geo")
    if getattr(top, "__all__", None):
        lines += [
            "``import mobility_geo`` gives the names of everyday use at once, and loads a library",
            "only when a name needs it: " + ", ".join(f"``{name}``" for name in top.__all__) + ".",
            "",
        ]
    for name, title in MODULES.items():
        if importlib.util.find_spec(name) is None:
            continue
        module = importlib.import_module(name)
        public = _public_names(module)
        if not public:
            continue
        meaning = (module.__doc__ or "").strip().splitlines()[0]
        lines += [title, "-" * len(title), "", f"``{name}``: {meaning}", ""]
        lines += [f".. currentmodule:: {name}", "", ".. autosummary::", "   :toctree: objects", ""]
        lines += [*(f"   {word}" for word in public), ""]
    page.write_text("\n".join(lines), encoding="utf-8")


def write_commands(text: Path) -> None:
    """Write the commands with their arguments and options, as the program itself knows them."""
    lines: list[str] = []
    waiting = [("mobility-geo", typer.main.get_command(cli.app))]
    while waiting:
        called, command = waiting.pop(0)
        commands = getattr(command, "commands", {})
        waiting = [*((f"{called} {name}", part) for name, part in commands.items()), *waiting]
        if commands and not command.invoke_without_command:
            continue
        arguments = [part.name.upper() for part in command.params if not _is_option(part)]
        lines += [f"## {called}", "", "```", " ".join([called, *arguments, "[OPTIONS]"]), "```", ""]
        lines += [" ".join((command.help or "").split("\n\n")[0].split()), ""]
        for part in command.params:
            name = ", ".join(part.opts) if _is_option(part) else part.name.upper()
            needed = " Needed." if _is_option(part) and part.required else ""
            lines += [f"`{name}`", f": {part.help}{needed}", ""]
    lines += ["## Exit codes", "", "| code | meaning |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in exits.MEANING.items()]
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _is_option(part: TyperArgument | TyperOption) -> bool:
    return part.param_type_name == "option"


def write_generated_pages(_app: Sphinx, _config: object) -> None:
    """Write the pages that follow the code, and bring in the notebooks."""
    generated = DOCS / "reference" / "generated"
    shutil.rmtree(generated, ignore_errors=True)
    generated.mkdir(parents=True)
    write_schema(generated / "schema.md")
    write_api(generated / "api.rst")
    write_commands(generated / "commands.txt")
    tutorials = DOCS / "tutorial" / "generated"
    shutil.rmtree(tutorials, ignore_errors=True)
    tutorials.mkdir(parents=True)
    for notebook in sorted((DOCS.parent / "notebooks").glob("*.ipynb")):
        shutil.copy(notebook, tutorials)


def split_attributes(
    _app: Sphinx, _what: str, _name: str, _thing: object, _options: object, lines: list[str]
) -> None:
    """Give each of several attributes that are described together its own entry."""
    split: list[str] = []
    names: list[str] = []
    text: list[str] = []
    for line in [*lines, ":end:"]:
        if names and not line.startswith(":"):
            text.append(line)
            continue
        for name in names:
            split += [f":ivar {name}: {text[0]}", *text[1:]]
        found = re.fullmatch(r":ivar ((?:\w+, )+\w+): ?(.*)", line)
        names, text = (found[1].split(", "), [found[2]]) if found else ([], [])
        if not found:
            split.append(line)
    lines[:] = split[:-1]


def setup(app: Sphinx) -> None:
    """Connect the generated pages to the build, and tidy docstrings once napoleon has read them."""
    app.connect("config-inited", write_generated_pages)
    app.connect("autodoc-process-docstring", split_attributes, priority=900)
