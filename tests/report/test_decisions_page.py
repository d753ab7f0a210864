"""What a decision needs: each part as from its own function, and a page that says the same."""

import dataclasses
import re

import pytest
from page_checks import PageParser, loaded_addresses, open_page, print_page

from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.errors import InputError
from mobility_geo.outcomes import (
    Uncertainty,
    find_chokepoints,
    find_decisions,
    find_information_gaps,
    find_intervals,
    reopening_curve,
)
from mobility_geo.plot import words
from mobility_geo.report import write_decisions
from mobility_geo.report.decisions import decision_sentences

TOY = load_toy()
DRAWN = Uncertainty(seed=5, most_draws=3, precision=None)


@pytest.fixture(scope="module")
def mali():
    return find_decisions(load_mali("mali-2013-01"), uncertainty=DRAWN, most_reopenings=1)


@pytest.fixture(scope="module")
def page(mali, tmp_path_factory):
    return write_decisions(mali, tmp_path_factory.mktemp("page") / "decisions é.html")


def test_each_part_is_what_its_own_function_finds():
    told = []
    found = find_decisions(TOY, uncertainty=DRAWN, progress=lambda *one: told.append(one))
    assert found.base == "movers"
    assert found.intervals.draws.equals(find_intervals(TOY, uncertainty=DRAWN).draws)
    assert found.gaps.equals(find_information_gaps(TOY))
    assert found.chokepoints.table.equals(find_chokepoints(TOY).table)
    assert found.reopenings.equals(reopening_curve(TOY, most=3))
    shares = [done for _, done in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_where_nobody_moves_it_is_about_residents(tmp_path):
    groups = TOY.groups.assign(base="residents", kind="resident")
    case = dataclasses.replace(TOY, groups=groups)
    found = find_decisions(case, uncertainty=DRAWN)
    assert found.base == "residents"
    assert found.reopenings.empty
    text = write_decisions(found, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "residents cannot reach" in text
    assert 'id="reopening"' not in text


def test_the_page_says_what_the_tables_say(mali, page):
    text = PageParser(page.read_text(encoding="utf-8")).text
    row = mali.intervals.headline().set_index(["base", "figure"]).loc[("movers", "cannot_reach")]
    for name in ("best_persons", "mean_persons", "low_persons", "high_persons"):
        assert words.whole(row[name]) in text
    for label, swing in mali.gaps[["label", "swing_persons"]].head(15).itertuples(index=False):
        assert label in text
        assert words.whole(swing) in text
    for freed in mali.reopenings["freed_persons"]:
        assert words.whole(freed) in text
    lost = mali.chokepoints.table
    top = lost[(lost["thing"] == "edge").to_numpy(bool)].nlargest(1, "lost_persons").iloc[0]
    sentences = decision_sentences(mali)
    assert f"If {top['label']} closed as well, {words.whole(top['lost_persons'])} more" in (
        " ".join(sentences)
    )
    assert mali.gaps["label"].iloc[0] in sentences[1]


def test_the_page_is_whole_marked_and_accessible(page):
    text = page.read_text(encoding="utf-8")
    assert loaded_addresses(text) == []
    parsed = PageParser(text)
    assert "INTERNAL: not for sharing" in parsed.text
    for sentence in words.STATEMENTS["en"]:
        assert sentence in parsed.text
    pictures = [attrs for tag, attrs in parsed.tags if tag == "img"]
    assert len(pictures) == 4
    assert all(len(attrs["alt"]) > 20 for attrs in pictures)
    ids = {attrs["id"] for _, attrs in parsed.tags if "id" in attrs}
    links = {attrs["href"].removeprefix("#") for tag, attrs in parsed.tags if tag == "a"}
    assert links <= ids
    assert sum(tag == "caption" for tag, _ in parsed.tags) == sum(
        tag == "table" for tag, _ in parsed.tags
    )


def test_the_browser_asks_for_nothing_and_prints_marked_sheets(page, tmp_path):
    _, asked, faults = open_page(page, tmp_path)
    assert asked == set()
    assert faults == []
    count, _, sheets = print_page(page, tmp_path)
    assert 3 < count < 15
    for sheet in sheets:
        assert "INTERNAL: not for sharing" in re.sub(r"\s+", " ", sheet)


def test_the_same_answers_give_the_same_bytes(mali, page, tmp_path):
    again = write_decisions(mali, tmp_path / "again.html")
    assert again.read_bytes() == page.read_bytes()


def test_the_public_gets_none_of_it(tmp_path):
    public = dataclasses.replace(TOY, audience="public")
    with pytest.raises(InputError, match="audience is 'public'"):
        find_decisions(public, uncertainty=DRAWN)
    found = find_decisions(TOY, uncertainty=DRAWN)
    with pytest.raises(InputError, match="audience is 'public'"):
        write_decisions(dataclasses.replace(found, case=public), tmp_path / "p.html")
    assert not list(tmp_path.iterdir())


def test_names_stay_text(tmp_path):
    nasty = "<script>alert(1)</script>"
    places = TOY.network.places.assign(name=nasty)
    case = dataclasses.replace(TOY, network=TOY.network.replace_tables(places=places), title=nasty)
    found = find_decisions(case, uncertainty=DRAWN)
    text = write_decisions(found, tmp_path / "n.html").read_text(encoding="utf-8")
    assert nasty not in text
