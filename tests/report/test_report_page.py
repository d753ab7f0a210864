"""The internal report: complete, marked, offline, readable, printable."""

import re

import pytest
from page_checks import (
    PageParser,
    loaded_addresses,
    open_page,
    print_page,
    without_policy,
)
from toy_results import NASTY, toy_results

from mobility_geo.errors import InputError, OutputError
from mobility_geo.plot import words
from mobility_geo.report import write_report
from mobility_geo.report.page import headline_sentences
from mobility_geo.report.tables import comparison_line, comparison_table, zone_table


@pytest.fixture(scope="module")
def toy():
    """Results of the made-up crisis; tests must not change them."""
    return toy_results()


@pytest.fixture(scope="module")
def page(toy, tmp_path_factory):
    return write_report(toy, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="module")
def text(page):
    return page.read_text(encoding="utf-8")


def test_report_loads_nothing(text):
    assert loaded_addresses(text) == []


def test_headline_is_in_people_with_low_and_high(toy):
    first, second, third, residents = headline_sentences(toy)
    assert first == (
        "Of 23,542 people on the move (21,065 to 27,307), 5,467 (4,665 to 6,907) cannot reach a "
        "destination."
    )
    assert "5,463 (4,663 to 6,902) are stranded" in second
    assert "The status of 230 (200 to 400) is unknown." in second
    assert "would be 23,308" in third
    assert "40,000 (39,000 to 41,000) would be cut off" in residents


def test_nobody_is_told_as_nobody():
    empty = toy_results()
    empty.status = empty.status.iloc[:0]
    assert headline_sentences(empty) == ["The case asks about nobody."]


def test_figures_of_every_table_are_there(text):
    told = PageParser(text).text
    for figure in (
        "4,567", "889", "17,845", "17,000", "16,912", "40,000", "-4 points", "4,000 to 6,000",
        "Tin Post", "Hotwell", "South Gate", "Desert border", "Relais", "input: proves nothing",
        "Trucks run <every> day.", "own work: toy assumption", "hypothetical",
        "places: 1 place is approximate: Hotwell", "ab" * 32,
    ):  # fmt: skip
        assert figure in told, figure


def test_definitions_are_told(text):
    told = PageParser(text).text
    for definition in (
        "It is not “trapped”", "“stranded migrant” is a legal term", "“hard to reach” looks from",
        "tested on the way of least time", "It does not say that it would be safe to reopen it",
    ):  # fmt: skip
        assert definition in told, definition
    assert "conditional on security" not in told


def test_return_is_conditional(tmp_path):
    returning = toy_results(status_changes=[(0, {"trip": "return"})])
    told = write_report(returning, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Return is conditional on security" in PageParser(told).text


def test_zone_table_has_a_total_row_that_adds_up(toy):
    table = zone_table(toy)
    first = [cell.text for cell in table.rows[0]]
    assert first[:5] == ["Gao <b>&amp;", "17,724", "12,345", "5,379", "0"]
    assert [cell.text for cell in table.total][:6] == [
        "All zones", "23,542", "17,845", "5,463", "4", "230",
    ]  # fmt: skip


def test_comparison_counts_no_input_as_agreement(toy):
    assert comparison_line(toy) == (
        "Of 3 published figures, 2 agree, 1 are numbers with the error shown. 1 further figure is "
        "an input and left out of that count."
    )
    table = comparison_table(toy)
    assert table.faint_rows == {2}
    assert [cell.text for cell in table.rows[0]][1:6] == ["40 %", "36 %", "-4 points", "38 %",
                                                          "-2 points"]  # fmt: skip
    assert table.rows[1][1].text == "South Gate"


def test_names_stay_text(text):
    assert NASTY not in text
    assert "&lt;/script&gt;&lt;script&gt;" in text
    assert "<i>&" not in text
    page = PageParser(text)
    scripts = [attrs.get("type") for tag, attrs in page.tags if tag == "script"]
    assert sorted(scripts, key=str) == [None, None, "application/json", "application/json"]


def test_page_is_accessible(text):
    page = PageParser(text)
    tags = page.tags
    assert next(attrs["lang"] for tag, attrs in tags if tag == "html") == "en"
    pictures = [attrs for tag, attrs in tags if tag == "img"]
    assert len(pictures) >= 4
    assert all(len(attrs["alt"]) > 20 for attrs in pictures)
    assert sum(tag == "h1" for tag, _ in tags) == 1
    assert all("scope" in attrs for tag, attrs in tags if tag == "th")
    assert sum(tag == "caption" for tag, _ in tags) == sum(tag == "table" for tag, _ in tags)
    bars = [attrs for tag, attrs in tags if attrs.get("role") == "img"]
    assert all("%" in attrs["aria-label"] for attrs in bars)
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {attrs["href"].removeprefix("#") for tag, attrs in tags if tag == "a"}
    assert links <= set(ids)


def luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "paper"),
    [("#1c1c1c", "#ffffff"), ("#555555", "#ffffff"), ("#ffffff", "#b00020"),
     ("#0b5cad", "#ffffff"), ("#6b6b6b", "#ffffff"), ("#1c1c1c", "#fff6df"),
     ("#555555", "#fff6df"), ("#0b5cad", "#f5f3ee")],
)  # fmt: skip
def test_contrast_is_enough_to_read(ink, paper):
    """WCAG 2.2, success criterion 1.4.3: at least 4.5 to 1."""
    light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_mark_and_sentences_are_on_the_page(text):
    told = PageParser(text).text
    assert told.startswith("INTERNAL:")
    for sentence in words.STATEMENTS["en"]:
        assert sentence in told
        # and in the style sheet, for the margin of every printed sheet
        assert sentence.split(",")[0] in re.sub(r"\s+", " ", " ".join(PageParser(text).styles))


def test_same_results_same_bytes(text, tmp_path):
    again = write_report(toy_results(), tmp_path / "again.html")
    assert again.read_text(encoding="utf-8") == text


def test_public_audience_gets_no_report(tmp_path):
    with pytest.raises(InputError, match="audience is 'public'"):
        write_report(toy_results(audience="public"), tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_nothing_half_written_is_left(toy, tmp_path):
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OutputError, match="could not be written"):
        write_report(toy, tmp_path / "report.html")
    assert [item.name for item in tmp_path.iterdir()] == ["report.html"]


def test_browser_draws_both_maps_without_a_request(text, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(without_policy(text), encoding="utf-8")
    document, asked, faults = open_page(path, tmp_path)
    assert asked == set()
    assert faults == []
    assert document.count('data-drawn="yes"') == 2


def test_policy_lets_the_maps_draw(page, tmp_path):
    document, _, faults = open_page(page, tmp_path)
    assert document.count('data-drawn="yes"') == 2
    assert faults == []


def test_every_printed_sheet_is_marked(page, tmp_path):
    count, size, sheets = print_page(page, tmp_path)
    assert size == (842, 595)
    assert 5 < count < 30
    for number, sheet in enumerate(sheets, start=1):
        told = re.sub(r"\s+", " ", sheet)
        assert "INTERNAL: not for sharing" in told, number
        for sentence in words.STATEMENTS["en"]:
            assert sentence in told, number
        assert f"{number} / {count}" in told


def test_empty_results_still_give_a_report(tmp_path):
    empty = toy_results()
    empty.status = empty.status.iloc[:0]
    empty.baseline = empty.baseline.iloc[:0]
    for table in ("od_flows", "edge_flows", "crossing_flows", "disruptions", "comparison",
                  "reachable", "catchments"):  # fmt: skip
        setattr(empty, table, getattr(empty, table).iloc[:0])
    empty.warnings = ()
    told = PageParser(write_report(empty, tmp_path / "r.html").read_text(encoding="utf-8")).text
    assert "The case asks about nobody." in told
    assert "Nobody crosses a border." in told
