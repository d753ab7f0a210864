"""The brief: one page per language, and nothing on it that could harm anybody."""

import re

import pandas as pd
import pytest
from page_checks import PageParser, loaded_addresses, open_page, print_page
from toy_results import HELD_NAMES, toy_results

from mobility_geo.outcomes.disclosure import PublicCount
from mobility_geo.plot import words
from mobility_geo.report import write_brief
from mobility_geo.report.brief import (
    LANGUAGES,
    MOST_ROWS,
    count_text,
    public_figures,
    public_regions,
)
from mobility_geo.schema import CAUSES, REASONS

SMALL = re.compile(r"(?<![\d.,\u202f])\d(?![\d.,\u202f]|\s?%)")


@pytest.fixture(scope="module")
def toy():
    """Results of the made-up crisis; tests must not change them."""
    return toy_results()


@pytest.fixture(scope="module")
def page(toy, tmp_path_factory):
    return write_brief(toy, tmp_path_factory.mktemp("brief") / "brief.html")


@pytest.fixture(scope="module")
def text(page):
    return page.read_text(encoding="utf-8")


def cells(text, name="count"):
    """Return the text of every cell of a class."""
    return [
        re.sub(r"<[^>]+>", "", found)
        for found in re.findall(rf'<td class="num {name}[^"]*">(.*?)</td>', text)
    ]


def numbers(text):
    """Return every number of a text, English or French."""
    return [int(re.sub(r"[,\u202f]", "", n)) for n in re.findall(r"\d[\d,\u202f]*", text)]


def test_brief_loads_nothing_and_runs_nothing(text):
    assert loaded_addresses(text) == []
    assert not any(tag == "script" for tag, _ in PageParser(text).tags)
    policy = next(attrs["content"] for _, attrs in PageParser(text).tags if "content" in attrs)
    assert "script-src 'none'" in policy


def test_every_count_is_rounded_and_ten_or_more(text):
    found = [number for cell in cells(text) for number in numbers(cell)]
    assert len(found) > 30
    for number in found:
        assert number >= 10
        assert len(str(number).rstrip("0")) <= 2


def test_headline_puts_the_interval_first(text):
    told = PageParser(text).text
    english = "Between 4,600 and 7,000 people on the move cannot reach a destination."
    assert english in told
    assert told.index(english) < told.index("Best estimate: 5,500.")
    assert "Entre 4 600 et 7 000 personnes en mouvement" in told


def test_no_small_number_stands_as_a_count(toy, text):
    told = PageParser(text).text
    # the toy has 7 stranded and 4 isolated people in Ségou: neither may show, nor 4 in all
    exact = {4, 7, 11, 889, 4567, 5463, 5467, 17_845}
    assert not exact & {number for cell in cells(text) for number in numbers(cell)}
    for cell in cells(text):
        assert not SMALL.search(cell)
    assert "under 10, or withheld" in told
    assert "moins de 10, ou non publié" in told
    assert public_figures(toy)["isolated"].withheld
    assert public_figures(toy)["zone:ML04"].withheld


def test_nothing_says_where_people_are_held_or_pass(toy, text):
    told = PageParser(text).text + " ".join(
        str(value) for _, attrs in PageParser(text).tags for value in attrs.values()
        if not str(value).startswith("data:")
    )  # fmt: skip
    network = toy.case.network
    zones = set(network.zones["name"])
    for name in (
        *HELD_NAMES, *network.places["name"], *network.crossings["name"],
        *network.crossings["crossing_id"], *toy.case.waystations["name"],
        *toy.disruptions["name"],
    ):  # fmt: skip
        assert name in zones or name not in told, name
    assert "5 people are held at Tin Post" not in text
    assert "INTERNAL" not in text


def test_three_sentences_in_both_languages(text):
    told = PageParser(text).text
    for language in LANGUAGES:
        for sentence in words.STATEMENTS[language]:
            assert re.sub(r"\s+", " ", sentence) in told


def test_english_comes_first_and_each_page_names_its_language(text):
    sheets = [attrs for tag, attrs in PageParser(text).tags if tag == "article"]
    assert [(attrs["id"], attrs["lang"]) for attrs in sheets] == [("en", "en"), ("fr", "fr")]
    links = [attrs["href"] for tag, attrs in PageParser(text).tags if tag == "a"]
    assert links == ["#en", "#fr"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_language_alone(toy, tmp_path, language):
    alone = write_brief(toy, tmp_path / "b.html", language=language).read_text(encoding="utf-8")
    page = PageParser(alone)
    assert [attrs["lang"] for tag, attrs in page.tags if tag in {"html", "article"}] == [
        language, language,
    ]  # fmt: skip
    assert not any(tag == "nav" for tag, _ in page.tags)


def test_pictures_and_tables_are_named(text):
    tags = PageParser(text).tags
    assert all(len(attrs["alt"]) > 20 for tag, attrs in tags if tag == "img")
    assert all("scope" in attrs for tag, attrs in tags if tag == "th")
    assert sum(tag == "caption" for tag, _ in tags) == sum(tag == "table" for tag, _ in tags)


def test_title_cannot_become_markup(text):
    assert "Toy <crisis>" not in text
    assert "Toy &lt;crisis&gt; &amp; co" in text


def test_withheld_headline_says_so(tmp_path):
    few = [(n, {"status": "can_reach", "reason": None, "cause": None}) for n in (1, 2, 3, 5)]
    results = toy_results(status_changes=few)
    told = PageParser(write_brief(results, tmp_path / "b.html").read_text(encoding="utf-8")).text
    assert "Fewer than 10 people on the move cannot reach a destination" in told
    assert "Best estimate:" not in told


def test_nobody_asked_gives_no_empty_tables(tmp_path):
    results = toy_results()
    results.status = results.status[results.status["base"] == "residents"]
    told = write_brief(results, tmp_path / "b.html").read_text(encoding="utf-8")
    assert "This situation asks about nobody who is on the move." in told
    assert "<table" not in told


def test_return_is_conditional_and_dated(tmp_path):
    results = toy_results(status_changes=[(0, {"trip": "return"})])
    told = PageParser(write_brief(results, tmp_path / "b.html").read_text(encoding="utf-8")).text
    assert "Return is conditional on security" in told
    assert "holds for 20 January 2013 only" in told
    assert "Le retour dépend de la sécurité" in told


def test_public_audience_gets_the_same_brief(text, tmp_path):
    public = write_brief(toy_results(audience="public"), tmp_path / "b.html")
    assert public.read_text(encoding="utf-8") == text


def test_zones_below_the_first_level_are_joined():
    results = toy_results()
    zones = results.case.network.zones.assign(adm_level=2, parent_pcode="ML-NORTH")
    zones.loc[zones["country"] != "MLI", "parent_pcode"] = None
    results.case.network = results.case.network.replace_tables(zones=zones)
    regions = public_regions(results).set_index("pcode")
    assert set(regions.index) == {"ML-NORTH", "BFA", "DZA"}
    assert regions.loc["ML-NORTH", "movers_persons"] == 23_542
    shown = {key for key in public_figures(results) if key.startswith("zone:")}
    assert shown == {"zone:ML-NORTH"}


def test_deeper_zones_are_joined_by_country():
    results = toy_results()
    zones = results.case.network.zones.assign(adm_level=3, parent_pcode="ML0701")
    results.case.network = results.case.network.replace_tables(zones=zones)
    assert set(public_regions(results)["pcode"]) == {"MLI", "BFA", "DZA"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_count_text(language):
    between, best = count_text(PublicCount(None, 12_000, 30_000), language=language)
    assert between == {"en": "up to 30,000", "fr": "jusqu\u2019à 30\u202f000"}[language]
    assert best == {"en": "12,000", "fr": "12\u202f000"}[language]


def test_brief_prints_on_one_page_per_language(page, tmp_path):
    count, size, sheets = print_page(page, tmp_path)
    assert size == (595, 842)
    assert count == 2
    for language, sheet in zip(LANGUAGES, sheets, strict=True):
        told = re.sub(r"\s+", " ", sheet)
        for sentence in words.STATEMENTS[language]:
            assert re.sub(r"\s+", " ", sentence) in told


def test_fullest_brief_still_prints_on_one_page_per_language(tmp_path):
    """Every reason, every kind of closure, all zones, long words, return, residents."""
    results = toy_results(title="A scenario with a rather long title, told in many words " * 4)
    zones = results.case.network.zones
    more = zones.assign(
        pcode=zones["pcode"] + "-B", name="Hodh Ech Chargui " + zones["name"].str[:5]
    )
    network = results.case.network.replace_tables(zones=pd.concat([zones, more]))
    results.case.network = network
    rows = []
    stranded = results.status[results.status["status"] == "stranded"].iloc[0]
    pcodes = results.case.network.zones["pcode"]
    for number in range(len(pcodes)):
        reason = REASONS[number % len(REASONS)]
        row = stranded.copy()
        row["reason"], row["cause"] = reason, CAUSES[number % len(CAUSES)]
        row["pcode"], row["trip"] = pcodes[number % len(pcodes)], "return"
        row[["persons", "persons_low", "persons_high"]] = [123_456, 100_000, 145_678]
        rows.append(row)
    results.status = pd.DataFrame(
        [*rows, *(row for _, row in results.status.iterrows())]
    ).reset_index(drop=True)
    for column in ("persons", "persons_low", "persons_high"):
        results.status[column] = results.status[column].astype("int64")
    page = write_brief(results, tmp_path / "brief.html")
    text = page.read_text(encoding="utf-8")
    assert text.count('scope="row"') >= 2 * sum(MOST_ROWS.values())
    assert print_page(page, tmp_path)[0] == 2


def test_browser_opens_the_brief_without_a_request(page, tmp_path):
    _, asked, faults = open_page(page, tmp_path)
    assert asked == set()
    assert faults == []
