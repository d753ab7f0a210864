"""QML: well-formed, complete, and no row is left undrawn."""

import inspect
import math
from xml.etree import ElementTree as ET

import geopandas as gpd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobility_geo.export import styles
from mobility_geo.export.columns import alias, meaning
from mobility_geo.export.qml import Style, Symbol, labels, literal, quoted, rgba, scaled, to_text
from mobility_geo.schema import SCHEMAS

LOOKS = [
    look
    for name, look in inspect.getmembers(styles, inspect.isfunction)
    if look.__module__ == styles.__name__
    and list(inspect.signature(look).parameters) == ["frame"]
    and not name.startswith("_")
]
FRAME = gpd.GeoDataFrame(
    {
        "rule": ["least_time", "logit"], "kind": ["insecurity", "flood"],
        "main_reason": ["border", "over_risk"], "persons": [10, 400],
        "movers_persons": [10, 400], "flow_persons": [10, 400],
    }
)  # fmt: skip


def test_there_is_a_look_for_every_layer():
    assert {look.__name__ for look in LOOKS} == {
        "crossings", "waystations", "places", "stranded", "stranded_held_at", "reachable",
        "od_flows", "edge_flows", "disruptions", "edges", "nodes", "catchments",
        "status_by_zone", "zones",
    }  # fmt: skip


@pytest.mark.parametrize("frame", [FRAME, FRAME.iloc[:0]], ids=["rows", "empty"])
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.__name__)
def test_a_style_is_whole(look, frame):
    root = ET.fromstring(look(frame).qml())  # noqa: S314
    renderer = root.find("renderer-v2")
    symbols = {one.get("name") for one in renderer.findall("symbols/symbol")}
    entries = renderer.findall("categories/category") + renderer.findall("ranges/range")
    assert {one.get("symbol") for one in entries} == symbols
    if renderer.get("type") == "categorizedSymbol":
        # the category of all other values: without it a row of a new value is not drawn
        assert [one.get("value") for one in entries].count("") == 1
    else:
        assert renderer.get("attr").startswith("coalesce(")
    for layer in root.iter("layer"):
        options = {o.get("name"): o.get("value") for o in layer.find("Option")}
        assert options == {p.get("k"): p.get("v") for p in layer.findall("prop")}


# told apart by the tick box, by the words on them, or not at all on purpose
ONE_SHAPE = {"od_flows", "edge_flows", "zones", "status_by_zone"}


@pytest.mark.parametrize(
    "look", [one for one in LOOKS if one.__name__ not in ONE_SHAPE], ids=lambda one: one.__name__
)
def test_categories_differ_in_more_than_colour(look):
    """Without colours, no two entries of a legend look the same."""
    root = ET.fromstring(look(FRAME).qml())  # noqa: S314
    symbols = {one.get("name"): one for one in root.findall("renderer-v2/symbols/symbol")}
    seen = {}
    for entry in root.findall("renderer-v2/categories/category"):
        shape = [
            (
                layer.get("class"),
                [
                    (option.get("name"), option.get("value"))
                    for option in layer.find("Option")
                    if "color" not in option.get("name")
                ],
                # filled or hollow is a difference, whatever the colour
                _is_light(layer),
            )
            for layer in symbols[entry.get("symbol")].iter("layer")
        ]
        if entry.get("value"):
            seen.setdefault(repr(shape), []).append(entry.get("label"))
    assert [same for same in seen.values() if len(same) > 1] == []


def _is_light(layer):
    options = {o.get("name"): o.get("value") for o in layer.find("Option")}
    red, green, blue, alpha = map(int, options.get("color", "0,0,0,255").split(","))
    grey = (0.3 * red + 0.59 * green + 0.11 * blue) * alpha / 255 + 255 - alpha
    return round(grey / 64)


def test_labels_name_what_qgis_would_read_as_zero():
    made = labels('"name"', placement="point")
    rendering = made.find("settings/rendering")
    assert rendering.get("obstacleType") == "1"
    assert int(rendering.get("maxNumLabels")) > 0
    assert int(rendering.get("fontMaxPixelSize")) > 0
    assert made.find("settings/placement").get("predefinedPositionOrder")


@given(st.text())
def test_any_text_survives_in_xml_and_expressions(text):
    qml = Style(aliases={"a": text}, title=literal(text), map_tip=text).qml()
    root = ET.fromstring(qml)  # noqa: S314
    kept = "".join(c for c in text if c >= " " or c in "\t\n\r")
    found = root.find("aliases/alias").get("name")
    assert found.split() == kept.split()
    assert literal(text)[1:-1].replace("''", "'") == text
    assert quoted(text)[1:-1].replace('""', '"') == text


@given(st.floats(0, 1e7), st.floats(1, 1e7), st.floats(0.5, 5), st.floats(5.1, 20))
def test_sizes_grow_with_the_number_and_stay_in_bounds(value, largest, small, large):
    def size(number):
        expression = scaled("n", largest, small, large).replace('"n"', repr(number))
        names = {"coalesce": lambda one, _: one, "sqrt": math.sqrt, "min": min}
        return eval(expression, {"__builtins__": {}}, names)  # noqa: S307

    assert small * 0.999 <= size(value) <= large * 1.001
    assert size(value / 2) <= size(value) + 1e-9


def test_no_size_without_people():
    assert scaled("n", 0, 2, 7) == "2"


@given(st.integers(0, 0xFFFFFF), st.floats(0, 1))
def test_colours(number, alpha):
    red, green, blue, opacity = map(int, rgba(f"#{number:06x}", alpha).split(","))
    assert (red << 16) + (green << 8) + blue == number
    assert opacity == round(alpha * 255)


@given(st.integers(0, 10**9))
def test_steps_of_sizes_are_round_and_shown(largest):
    steps = styles.round_steps(largest)
    assert list(steps) == sorted(steps, reverse=True)
    assert all(0 < step <= largest for step in steps)
    assert bool(steps) == (largest > 0)


def test_every_column_of_the_schema_has_words():
    for table in SCHEMAS.values():
        for name in table.names:
            assert alias(name)
            assert meaning(name, [table])


def test_a_symbol_goes_into_several_renderers():
    one = Symbol(kind="marker", layers=(ET.Element("layer"),))
    assert to_text(one.element("0")) == to_text(one.element("0"))
