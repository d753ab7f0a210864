"""Interactive maps: one page, no request, text that stays text, coordinates as they are."""

import json
import re

import numpy as np
import pytest
import shapely
from page_checks import PageParser, loaded_addresses, open_page, without_policy
from toy_results import NASTY, toy_results

from mobility_geo.errors import InputError, OutputError
from mobility_geo.plot import Map, explore_flows, explore_network, explore_status, words
from mobility_geo.plot.pages import json_block, map_assets, security_policy, write_page
from mobility_geo.plot.web import MANY_SHAPES, Feature, MapLayer

CONTROL = "<!doctype html><title>x</title><img src='http://elsewhere.invalid/tile.png' alt=''>"


@pytest.fixture(scope="module")
def toy():
    """Results of the made-up crisis; tests must not change them."""
    return toy_results()


def pages(toy):
    return {
        "network": explore_network(toy.case.network),
        "status": explore_status(toy),
        "residents": explore_status(toy, element="residents"),
        "held": explore_status(toy, element="held_at"),
        "flows": explore_flows(toy),
    }


def content(text):
    """Return the data of a page, as its script reads them."""
    block = re.search(r'<script type="application/json" id="map-data">(.*?)</script>', text)
    return json.loads(block.group(1))


def test_pages_load_nothing(toy):
    for name, shown in pages(toy).items():
        assert loaded_addresses(shown.to_html()) == [], name


def test_check_finds_what_would_be_loaded():
    assert loaded_addresses(CONTROL)
    assert loaded_addresses("<style>a { background: url(images/layers.png) }</style>")
    assert loaded_addresses("<link rel='stylesheet' href='x.css'>")


def test_policy_names_every_script_and_forbids_the_rest(toy):
    text = explore_network(toy.case.network).to_html()
    policy = next(
        attrs["content"]
        for tag, attrs in PageParser(text).tags
        if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert policy == security_policy(map_assets()[1])
    assert "unsafe-inline" not in policy.split("style-src")[0]
    scripts = [attrs for tag, attrs in PageParser(text).tags if tag == "script"]
    assert len(scripts) == 3  # data, Leaflet, ours
    assert not any("src" in attrs for attrs in scripts)


def test_vendored_leaflet_is_what_its_readme_says():
    css, (leaflet, _) = map_assets()
    assert "sourceMappingURL" not in leaflet
    assert leaflet.startswith("/* @preserve\n * Leaflet 1.9.4")
    assert "leaflet-container" in css


def test_names_cannot_become_markup(toy):
    text = explore_status(toy).to_html()
    assert NASTY not in text
    assert "<b>&amp;</b>" not in text
    data = content(text)
    titles = {f.get("t") for layer in data["layers"] for f in layer["features"]}
    assert NASTY in titles
    assert "Toy &lt;crisis&gt; &amp; co" in text


def test_coordinates_have_five_decimals_and_stay_where_they_are(toy):
    data = content(explore_network(toy.case.network).to_html())
    places = next(layer for layer in data["layers"] if layer["name"] == "Places")
    wanted = toy.case.network.places.to_crs(4326)
    for feature, point in zip(places["features"], wanted.geometry, strict=True):
        assert feature["g"] == [round(point.y, 5), round(point.x, 5)]
    numbers = re.findall(r"-?\d+\.\d+", json.dumps([layer["features"] for layer in data["layers"]
                                                    if layer["kind"] != "points"]))  # fmt: skip
    assert max(len(number.split(".")[1]) for number in numbers) <= 5


def test_status_page_holds_people_closures_stations_and_held(toy):
    data = content(explore_status(toy).to_html())
    layers = {layer["name"]: layer for layer in data["layers"]}
    people = layers["People on the move, where they are"]
    assert sum(feature["t"] == "Oldtown" for feature in people["features"]) == 1
    oldtown = next(f for f in people["features"] if f["t"] == "Oldtown")
    assert ["stranded", "4,567 (3,900 to 5,900)"] in oldtown["r"]
    assert sum(share for share, _ in oldtown["o"]["pie"]) == pytest.approx(1, abs=1e-4)
    assert not layers["Stranded people, where they are held up"]["shown"]
    assert not layers["Residents"]["shown"]
    disruptions = {f["t"] for f in layers["Disruptions on this date"]["features"]}
    assert disruptions == set(toy.disruptions["name"])
    stations = {f["t"] for f in layers["Way stations, transit centres, camps"]["features"]}
    assert stations == set(toy.case.waystations["name"])


def test_flow_page_counts_people(toy):
    data = content(explore_flows(toy).to_html())
    layers = {layer["name"]: layer for layer in data["layers"]}
    assert len(layers["People per edge"]["features"]) == 5
    crossing = layers["Border crossings, with people"]["features"][0]
    assert crossing["t"] == "South Gate: 17,845 people"
    arrive = layers["People who arrive"]["features"]
    assert [feature["t"] for feature in arrive] == ["Farcamp: 17,845 people arrive"]


def test_many_lines_become_few():
    line = shapely.LineString([(0, 0), (1, 1)])
    features = [Feature(shape=line, style=n % 2, title="x") for n in range(MANY_SHAPES + 1)]
    layer = MapLayer(name="lines", kind="lines", styles=[{}, {}], features=features)
    data = Map(title="many", layers=[layer], bounds=(0, 0, 1, 1)).content()
    assert len(data["layers"][0]["features"]) == 2
    assert sum(len(feature["g"]) for feature in data["layers"][0]["features"]) == len(features)
    assert "no cards" in data["layers"][0]["name"]


def test_every_page_carries_the_sentences_and_its_mark(toy):
    for name, shown in pages(toy).items():
        text = PageParser(shown.to_html()).text
        for sentence in words.STATEMENTS["en"]:
            assert sentence in text
        assert ("INTERNAL: not for sharing" in text) == (name != "network")


def test_jupyter_gets_a_frame_that_holds_the_page(toy):
    shown = explore_network(toy.case.network)
    page = PageParser(shown._repr_html_())
    tag, attrs = page.tags[0]
    assert tag == "iframe"
    assert attrs["srcdoc"] == shown.to_html()
    assert attrs["sandbox"] == "allow-scripts"


def test_public_audience_gets_no_page_with_places():
    public = toy_results(audience="public")
    for draw in (explore_status, explore_flows):
        with pytest.raises(InputError, match="audience is 'public'"):
            draw(public)


def test_element_must_be_known(toy):
    with pytest.raises(InputError, match="held_at"):
        explore_status(toy, element="held")


def test_save_leaves_the_old_page_when_it_fails(toy, tmp_path):
    path = explore_network(toy.case.network).save(tmp_path / "map.html")
    before = path.read_bytes()
    with pytest.raises(OutputError, match="could not be written"):
        write_page(tmp_path / "no-such-folder" / "map.html", "x")
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["map.html"]


def test_same_results_same_bytes(toy):
    assert explore_status(toy).to_html() == explore_status(toy_results()).to_html()


def test_data_without_a_number_are_refused():
    with pytest.raises(ValueError, match="JSON"):
        json_block({"x": np.nan}, element_id="a")


def test_browser_check_sees_a_request(tmp_path):
    page = tmp_path / "control.html"
    page.write_text(CONTROL)
    assert any("elsewhere.invalid" in url for url in open_page(page, tmp_path)[1])


@pytest.mark.parametrize("name", ["network", "status", "flows"])
def test_browser_draws_without_a_request(toy, tmp_path, name):
    # without the policy: nothing may even be tried
    path = tmp_path / "map.html"
    path.write_text(without_policy(pages(toy)[name].to_html()), encoding="utf-8")
    document, asked, faults = open_page(path, tmp_path)
    assert 'data-drawn="yes"' in document
    assert asked == set()
    assert faults == []
    assert document.count("<path") > 3
    assert document.count("mg-pin") >= 3


def test_policy_lets_the_map_draw(toy, tmp_path):
    document, _, faults = open_page(explore_status(toy).save(tmp_path / "map.html"), tmp_path)
    assert 'data-drawn="yes"' in document
    assert faults == []


def test_cards_show_names_as_text(toy, tmp_path):
    click = """<script>
    window.alerts = 0; window.alert = () => { window.alerts += 1; };
    window.addEventListener("load", () => {
      const seen = [];
      document.querySelectorAll(".leaflet-marker-icon.mg-pin").forEach((pin) => {
        pin.click();
        document.querySelectorAll(".mg-card h3").forEach((head) => seen.push(head.textContent));
      });
      document.body.dataset.seen = JSON.stringify(seen);
      document.body.dataset.alerts = String(window.alerts);
    });</script></body>"""
    page = tmp_path / "map.html"
    text = without_policy(explore_status(toy).to_html()).replace("</body>", click)
    page.write_text(text, encoding="utf-8")
    document, _, faults = open_page(page, tmp_path)
    body = next(attrs for tag, attrs in PageParser(document).tags if tag == "body")
    assert NASTY in json.loads(body["data-seen"])
    assert body["data-alerts"] == "0"
    assert faults == []
    assert sum(tag == "script" for tag, _ in PageParser(document).tags) == 4
