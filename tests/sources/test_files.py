"""Archives, encodings, delimiters, sheets, tags and coordinate systems, good and bad."""

import io
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from mobility_geo.errors import CRSError, InputError
from mobility_geo.sources.files import (
    archive_members,
    check_degrees,
    file_bytes,
    gdal_path,
    in_wgs84,
    match_columns,
    plain_name,
    read_features,
    read_rows,
)
from mobility_geo.sources.reading import Finding, Reading, findings_table

TOWNS = ["Gao", "Ménaka", "Léré", "Tinzawaten"]


def checks(findings):
    return [one.check for one in findings]


def towns(crs=4326, xy=((0.0, 16.3), (2.4, 15.9), (-4.9, 15.7), (2.9, 19.96))):
    return gpd.GeoDataFrame(
        {"name": TOWNS}, geometry=gpd.points_from_xy(*zip(*xy, strict=True)), crs=crs
    )


def sheet(path, rows, *, merge=(), more=None):
    book = openpyxl.Workbook()
    page = book.active
    page.title = "data"
    for row in rows:
        page.append(row)
    for cells in merge:
        page.merge_cells(cells)
    for title, content in (more or {}).items():
        other = book.create_sheet(title)
        for row in content:
            other.append(row)
    book.save(path)
    return path


# ------------------------------------------------------------------ tables of text
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_every_encoding_and_delimiter_gives_the_same_table(tmp_path, delimiter, encoding):
    text = f"lieu{delimiter}déplacés\r\nMénaka{delimiter}12\r\n\r\nLéré{delimiter}7\r\n"
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    rows = read_rows(tmp_path / "a.csv")
    assert rows.frame.to_dict("list") == {"lieu": ["Ménaka", "Léré"], "déplacés": ["12", "7"]}
    assert ("encoding" in checks(rows.findings)) == (encoding == "cp1252")


def test_a_file_that_mixes_two_encodings_is_read_line_by_line(tmp_path):
    lines = ["lieu,n", "Ménaka,1", "Léré,2", "Diré,3"]
    raw = b"\n".join(line.encode("cp1252" if at == 2 else "utf-8") for at, line in enumerate(lines))
    (tmp_path / "a.csv").write_bytes(raw)
    rows = read_rows(tmp_path / "a.csv")
    assert rows.frame["lieu"].tolist() == ["Ménaka", "Léré", "Diré"]
    (note,) = rows.findings
    assert (note.check, note.value, note.severity) == ("encoding", 1, "warning")


def test_an_encoding_that_is_said_is_used_and_a_wrong_one_is_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes("مدينة,n\nكيدل,1\n".encode("cp1256"))
    assert read_rows(tmp_path / "a.csv", encoding="cp1256").frame.iloc[0, 0] == "كيدل"
    with pytest.raises(InputError, match="not in the encoding 'utf-8'"):
        read_rows(tmp_path / "a.csv", encoding="utf-8")
    with pytest.raises(InputError, match="'klingon'"):
        read_rows(tmp_path / "a.csv", encoding="klingon")


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8),
                 min_size=3, max_size=3),
        min_size=1, max_size=12,
    ),
    st.sampled_from(",;\t|"),
)  # fmt: skip
def test_reading_what_was_written_gives_the_cells_back(tmp_path_factory, body, delimiter):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    frame = pd.DataFrame(body, columns=["one", "two", "three"])
    frame["key"] = [f"k{at}" for at in range(len(frame))]  # no row is blank
    frame.to_csv(path, index=False, sep=delimiter, lineterminator="\n")
    back = read_rows(path).frame
    nothing = ["", "na", "n/a", "nan", "null", "none", "-", "--", "#n/a"]
    for column in frame:
        expected = [
            None if str(v).strip().casefold() in nothing else str(v).strip() for v in frame[column]
        ]
        assert back[column].tolist() == expected


def test_words_that_mean_missing_are_counted(tmp_path):
    (tmp_path / "a.csv").write_text("place,n\nGao,-\nKidal,Not available\nMopti,-\nBer,0\n")
    rows = read_rows(tmp_path / "a.csv")
    assert rows.frame["n"].tolist() == [None, None, None, "0"]
    (note,) = rows.findings
    assert note.check == "missing"
    assert "'-' (2 times)" in note.finding
    assert "'Not available' (1 times)" in note.finding


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("a,b\n", "no rows below its header"),
        ("a,b\n\n,\n", "no rows below its header"),
        ("a,a\n1,2\n", r"several columns are called \['a'\]"),
        ("a,b\n1,2\n1,2,3\n4,5,6\n", r"2 rows have more cells than the header.*line \[3, 4\]"),
        ("a,b,c\n1,2\n1,2,3,4\n", r"1 row has more cells.*line \[3\]"),
        ('a,b\n1,"2\n3,4\n5,6\n', "a quote is opened and never closed"),
        ("a,b\n1,\x002\n", "zero bytes"),
        ("<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
        ('{"type": "FeatureCollection"}', "JSON or XML"),
        ("a" * 140_000 + ",b\n1,2\n", "field larger than field limit"),
    ],
)
def test_what_is_no_table_is_one_clear_error(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_rows(tmp_path / "a.csv")
    assert len(caught.value.problems) == 1


def test_entities_of_a_workbook_that_grow_without_end_are_refused(tmp_path):
    path = sheet(tmp_path / "a.xlsx", [["a", "b"], [1, 2]])
    grow = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{grow}]>'.encode()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as to:
        for name in source.namelist():
            raw = source.read(name)
            if name.endswith("sheet1.xml"):
                raw = head + raw.replace(b"<v>1</v>", b"<v>&l9;</v>")
            to.writestr(name, raw)
    with pytest.raises(InputError, match="damaged"):
        read_rows(tmp_path / "b.xlsx")


def test_rows_may_be_shorter_and_may_end_in_empty_cells(tmp_path):
    (tmp_path / "a.csv").write_text("a,b,c\n1\n1,2,3,,\n1,2\n")
    frame = read_rows(tmp_path / "a.csv").frame
    assert frame.to_dict("list") == {
        "a": ["1", "1", "1"], "b": [None, "2", "2"], "c": [None, "3", None]
    }  # fmt: skip


def test_titles_a_second_header_and_a_nameless_column_are_told(tmp_path):
    (tmp_path / "a.csv").write_text("Table 1: sites\n\nname,,n\nGao,x,1\nname,,n\nBer,,2\n")
    rows = read_rows(tmp_path / "a.csv")
    assert rows.frame.to_dict("list") == {
        "name": ["Gao", "Ber"], "column 2": ["x", None], "n": ["1", "2"]
    }  # fmt: skip
    assert "header" in checks(rows.findings)
    assert "no column name" in checks(rows.findings)
    assert any("Table 1: sites" in one.finding for one in rows.findings)


def test_a_delimiter_that_excel_names_and_decimal_commas(tmp_path):
    (tmp_path / "a.csv").write_text('sep=;\nname;lon;lat\n"Gao; town";-0,04;16,27\n')
    assert read_rows(tmp_path / "a.csv").frame.iloc[0].tolist() == ["Gao; town", "-0,04", "16,27"]


def test_missing_files_folders_and_forms_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_rows(tmp_path / "a.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_rows(tmp_path)
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    with pytest.raises(InputError, match=r"old \.xls form, or one locked"):
        read_rows(tmp_path / "old.xls")
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(InputError, match="0 bytes"):
        read_rows(tmp_path / "empty.csv")


# ------------------------------------------------------------------ workbooks
def test_titles_and_merged_header_rows_become_one_name(tmp_path):
    path = sheet(
        tmp_path / "sites.xlsx",
        [
            ["Sites in Gao region, round 12"],
            [],
            ["Place", "IDPs", None, "Returnees", None, "Source"],
            [None, "ind", "hh", "ind", "hh", None],
            ["Gao", 120, 20, 7, 1, "DTM"],
            ["Ber", 12.5, 2, None, None, "DTM"],
        ],
        merge=["A1:F1", "A3:A4", "F3:F4", "B3:C3", "D3:E3"],
    )
    rows = read_rows(path)
    assert list(rows.frame.columns) == [
        "Place", "IDPs ind", "IDPs hh", "Returnees ind", "Returnees hh", "Source"
    ]  # fmt: skip
    assert rows.frame.iloc[0].tolist() == ["Gao", "120", "20", "7", "1", "DTM"]
    assert rows.frame.iloc[1].tolist() == ["Ber", "12.5", "2", None, None, "DTM"]
    (note,) = [one for one in rows.findings if one.check == "header"]
    assert note.id == "row 4"


def test_merged_text_stands_in_each_row_and_merged_numbers_only_once(tmp_path):
    path = sheet(
        tmp_path / "a.xlsx",
        [
            ["region", "place", "n"],
            ["Gao", "Gao", 90],
            [None, "Ansongo", None],
            ["Kidal", "Ber", 1],
        ],
        merge=["A2:A3", "C2:C3"],
    )
    rows = read_rows(path)
    assert rows.frame["region"].tolist() == ["Gao", "Gao", "Kidal"]
    assert rows.frame["n"].tolist() == ["90", None, "1"]
    severities = {one.severity for one in rows.findings if one.check == "merged cells"}
    assert severities == {"note", "warning"}


def test_codes_and_days_of_a_sheet_stay_text(tmp_path):
    path = sheet(
        tmp_path / "a.xlsx",
        [["pcode", "number", "day"], ["ML0102", 7, pd.Timestamp("2013-01-14")], ["007", 8.5, None]],
    )
    frame = read_rows(path).frame
    assert frame["pcode"].tolist() == ["ML0102", "007"]
    assert frame["number"].tolist() == ["7", "8.5"]
    assert frame["day"].tolist() == ["2013-01-14", None]


def test_of_several_sheets_one_must_be_named(tmp_path):
    path = sheet(tmp_path / "a.xlsx", [["a", "b"], [1, 2]], more={"two": [["c", "d"], [3, 4]]})
    with pytest.raises(InputError, match=r"2 sheets have rows; say which.*'data', 'two'"):
        read_rows(path)
    assert read_rows(path, sheet="two").frame.to_dict("list") == {"c": ["3"], "d": ["4"]}
    with pytest.raises(InputError, match=r"no sheet 'tow'; did you mean 'two'"):
        read_rows(path, sheet="tow")


def test_empty_sheets_do_not_count(tmp_path):
    path = sheet(tmp_path / "a.xlsx", [["a", "b"], [1, 2]], more={"notes": [], "x": [["title"]]})
    assert len(read_rows(path).frame) == 1
    with pytest.raises(InputError, match="no sheet has a header and rows"):
        read_rows(sheet(tmp_path / "b.xlsx", []))


def test_formulas_without_a_result_are_told(tmp_path):
    path = sheet(tmp_path / "a.xlsx", [["a", "b"], [1, "=A2*2"], [3, 4]])
    rows = read_rows(path)
    assert rows.frame["b"].tolist() == [None, "4"]
    (note,) = [one for one in rows.findings if one.check == "formula"]
    assert "'B2'" in note.id


def test_large_workbooks_are_streamed(tmp_path, monkeypatch):
    path = sheet(tmp_path / "a.xlsx", [["title"], ["a", "b"], [1, 2]], merge=["A1:B1"])
    monkeypatch.setattr("mobility_geo.sources.rows.MERGES_LIMIT_BYTES", 100)
    rows = read_rows(path)
    assert rows.frame.to_dict("list") == {"a": ["1"], "b": ["2"]}
    assert "merged cells" in checks(rows.findings)


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.98])
def test_a_truncated_workbook_is_one_error(tmp_path, keep):
    path = sheet(tmp_path / "a.xlsx", [["a", "b"], [1, 2]])
    raw = path.read_bytes()
    path.write_bytes(raw[: int(keep * len(raw))])
    with pytest.raises(InputError, match="damaged"):
        read_rows(path)


def test_a_broken_part_of_a_workbook_is_one_error(tmp_path):
    path = sheet(tmp_path / "a.xlsx", [["a", "b"], [1, 2]])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for broken in ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"):
        with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
            for name, raw in parts.items():
                archive.writestr(name, raw[: len(raw) // 2] if name == broken else raw)
        with pytest.raises(InputError, match="damaged"):
            read_rows(tmp_path / "b.xlsx")


# ------------------------------------------------------------------ HXL
def test_the_row_of_tags_is_a_map_and_no_data(tmp_path):
    text = "Lieu,Personnes,Note\n#loc +name,#Affected+idps+ind,\nGao,12,x\n"
    (tmp_path / "a.csv").write_text(text)
    path = sheet(tmp_path / "a.xlsx", [["Title"], *(line.split(",") for line in text.split())])
    for file in (tmp_path / "a.csv",):
        rows = read_rows(file)
        assert dict(rows.tags) == {"#loc+name": "Lieu", "#affected+idps+ind": "Personnes"}
        assert rows.frame.to_dict("list") == {"Lieu": ["Gao"], "Personnes": ["12"], "Note": ["x"]}
        assert "hxl" in checks(rows.findings)
    assert path.is_file()


def test_tags_of_a_sheet_show_where_the_header_is(tmp_path):
    path = sheet(
        tmp_path / "a.xlsx",
        [
            ["A long title", "with", "three", "words"],
            ["Place", "People"],
            ["#loc+name", "#affected"],
            ["Gao", 12],
        ],
    )
    rows = read_rows(path)
    assert dict(rows.tags) == {"#loc+name": "Place", "#affected": "People"}
    assert rows.frame.to_dict("list") == {"Place": ["Gao"], "People": ["12"]}


def test_tags_alone_may_be_the_header_and_a_tag_twice_is_told(tmp_path):
    (tmp_path / "a.csv").write_text("#loc+name,#affected\nGao,12\n")
    assert dict(read_rows(tmp_path / "a.csv").tags) == {
        "#loc+name": "#loc+name", "#affected": "#affected"
    }  # fmt: skip
    (tmp_path / "b.csv").write_text("a,b,c\n#loc+name,#affected,#affected\nGao,12,13\n")
    rows = read_rows(tmp_path / "b.csv")
    assert rows.tags["#affected"] == "b"
    assert [one.severity for one in rows.findings if one.check == "hxl"] == ["warning"]


def test_numbers_with_a_hash_are_no_tags(tmp_path):
    (tmp_path / "a.csv").write_text("road,state\n#12,#N/A\n#13,x\n")
    rows = read_rows(tmp_path / "a.csv")
    assert rows.frame["road"].tolist() == ["#12", "#13"]
    assert not rows.tags


# ------------------------------------------------------------------ columns
def test_columns_are_found_by_name_tag_and_map():
    tags = {"#adm1+code": "A", "#adm1+code+alt": "B"}
    assert match_columns(["A", "B"], {"x": ["#adm1+code"]}, where="f", tags=tags) == {"x": "A"}
    assert match_columns(["N° Région"], {"x": ["n region"]}, where="f") == {"x": "N° Région"}
    assert match_columns(["A", "x"], {"x": ["x"]}, where="f", given={"x": "A"}) == {"x": "A"}


def test_columns_that_are_missing_unknown_or_unclear_are_all_listed():
    with pytest.raises(InputError) as caught:
        match_columns(
            ["P code", "pcode", "nmae"],
            {"pcode": ["pcode"], "name": ["name"], "n": ["persons"]},
            where="f.csv", needed=["name", "n"], given={"kind": "x", "n": "personz"},
        )  # fmt: skip
    text = str(caught.value)
    assert len(caught.value.problems) == 5
    assert "'pcode' could be any of ['P code', 'pcode']" in text
    assert "did you mean 'nmae'?" in text


def test_tags_that_fit_equally_well_are_unclear():
    tags = {"#adm1+code+v1": "A", "#adm1+code+v2": "B"}
    with pytest.raises(InputError, match=r"could be any of \['A', 'B'\]"):
        match_columns(["A", "B"], {"x": ["#adm1+code"]}, where="f", tags=tags)


@given(st.text())
def test_plain_names_are_stable(text):
    assert plain_name(plain_name(text)) == plain_name(text)


# ------------------------------------------------------------------ archives
def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name", ["../a.csv", "x/../../a.csv", "/etc/a.csv", "C:\\a.csv", "x\\..\\..\\a.csv"]
)
def test_a_member_outside_of_the_archive_is_refused(tmp_path, name):
    path = zipped(tmp_path / "a.zip", {"good.csv": "a,b\n1,2\n", name: "a,b\n1,2\n"})
    for opened in (archive_members, read_rows, lambda p: gdal_path(p, [".csv"])):
        with pytest.raises(InputError, match="a path outside of it"):
            opened(path)


def test_a_zip_bomb_is_refused_before_it_is_opened(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        block = b"0" * 2**20
        with archive.open("bomb.csv", "w") as member:
            for _ in range(120):
                member.write(block)
    with pytest.raises(InputError, match="as a zip bomb does"):
        read_rows(path)
    with pytest.raises(InputError, match="as a zip bomb does"):
        read_features(path)


def bomb_sheet():
    """A small workbook whose sheet is 120 MiB of blanks."""
    good = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.save(good)
    bad = io.BytesIO()
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as to:
        for name in source.namelist():
            with to.open(name, "w") as member:
                raw = source.read(name)
                if name.endswith("sheet1.xml"):
                    for _ in range(120):
                        member.write(b" " * 2**20)
                member.write(raw)
    return bad.getvalue()


def test_a_workbook_that_is_a_bomb_is_refused_even_inside_an_archive(tmp_path):
    raw = bomb_sheet()
    assert len(raw) < 2**20
    (tmp_path / "a.xlsx").write_bytes(raw)
    zipped(tmp_path / "b.zip", {"a.xlsx": raw})
    for name in ("a.xlsx", "b.zip"):
        with pytest.raises(InputError, match="as a zip bomb does"):
            read_rows(tmp_path / name)


def test_an_encrypted_member_is_told(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.csv": "a,b\n1,2\n"})
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + at] |= 1
    path.write_bytes(raw)
    with pytest.raises(InputError, match=r"'a\.csv' is encrypted; unpack it with its password"):
        read_rows(path)


def test_a_member_whose_bytes_are_damaged_is_told(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:  # stored, so that the text can be found
        archive.writestr("a.csv", "a,b\n1,2\n")
    path.write_bytes(path.read_bytes().replace(b"1,2", b"9,9", 1))
    with pytest.raises(InputError, match=r"'a\.csv' is damaged"):
        read_rows(path)


def test_of_two_tables_in_an_archive_one_must_be_named(tmp_path):
    path = zipped(
        tmp_path / "two tables é.zip",
        {"x/a.csv": "a,b\n1,2\n", "x/b.csv": "a,b\n3,4\n", "__MACOSX/x/._a.csv": "junk"},
    )
    with pytest.raises(InputError, match=r"2 files.*'x/a\.csv', 'x/b\.csv'.*name one as"):
        read_rows(path)
    assert read_rows(f"{path}/x/b.csv").frame.to_dict("list") == {"a": ["3"], "b": ["4"]}
    with pytest.raises(InputError, match=r"no member 'x/c\.csv'; did you mean"):
        read_rows(f"{path}/x/c.csv")
    with pytest.raises(InputError, match=r"no file ending in \.shp"):
        gdal_path(path, [".shp"])


def test_a_truncated_archive_and_a_text_called_zip_are_told(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.csv": "a,b\n1,2\n"})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match="not a zip archive, or damaged"):
        read_rows(path)
    (tmp_path / "b.zip").write_text("hello")
    with pytest.raises(InputError, match="not a zip archive, or damaged"):
        file_bytes(tmp_path / "b.zip", [".csv"])


@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.xlsx", "a.zip"]))
def test_any_bytes_are_a_table_or_one_input_error(tmp_path_factory, raw, name):
    path = tmp_path_factory.mktemp("bytes") / name
    path.write_bytes(raw)
    try:
        rows = read_rows(path)
    except InputError:
        return
    assert len(rows.frame)


# ------------------------------------------------------------------ layers
def shapefile(folder, *, encoding, cpg):
    folder.mkdir(parents=True, exist_ok=True)
    towns().to_file(folder / "x.shp", encoding=encoding)
    # a driver that is told an encoding writes it down; publishers often do not
    (folder / "x.cpg").unlink(missing_ok=True)
    if cpg is not None:
        (folder / "x.cpg").write_text(cpg)
    return folder / "x.shp"


@pytest.mark.parametrize(
    ("encoding", "cpg", "told"),
    [
        ("UTF-8", None, False),
        ("UTF-8", "UTF-8", False),
        ("ISO-8859-1", None, True),
        ("ISO-8859-1", "ISO-8859-1", False),
        ("CP1252", "1252", False),
    ],
)
def test_names_of_a_shapefile_are_right_in_every_encoding(tmp_path, encoding, cpg, told):
    path = shapefile(tmp_path / "régions du nord", encoding=encoding, cpg=cpg)
    frame, findings = read_features(path)
    assert frame["name"].tolist() == TOWNS
    assert ("encoding" in checks(findings)) == told
    archive = tmp_path / "archive été.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for part in sorted(path.parent.iterdir()):
            packed.write(part, f"dossier à part/{part.name}")
    for source in (archive, f"{archive}/dossier à part/x.shp"):
        inside, notes = read_features(source)
        assert inside["name"].tolist() == TOWNS
        assert ("encoding" in checks(notes)) == told


def test_an_archive_without_the_ending_zip_in_capitals_and_a_folder_called_zip(tmp_path):
    folder = tmp_path / "data.zip"
    folder.mkdir()
    towns().to_file(folder / "a.geojson")
    assert len(read_features(folder / "a.geojson")[0]) == 4
    with zipfile.ZipFile(folder / "B.ZIP", "w") as archive:
        archive.write(folder / "a.geojson", "a.geojson")
    assert len(read_features(folder / "B.ZIP")[0]) == 4
    assert len(read_features(f"{folder}/B.ZIP/a.geojson")[0]) == 4


def test_a_layer_without_a_system_is_refused_and_one_that_is_said_is_told(tmp_path):
    towns().to_file(tmp_path / "a.shp")
    (tmp_path / "a.prj").unlink()
    with pytest.raises(CRSError, match=r"states no coordinate reference system.*crs=4326"):
        read_features(tmp_path / "a.shp")
    frame, findings = read_features(tmp_path / "a.shp", crs=4326)
    assert frame.crs == 4326
    assert checks(findings) == ["crs given"]
    with pytest.raises(CRSError, match="no coordinate reference system; write a code"):
        read_features(tmp_path / "a.shp", crs="utm thirty")


def test_a_projected_layer_is_reprojected_and_told(tmp_path):
    towns().to_crs(32630).to_file(tmp_path / "a.gpkg")
    frame, findings = read_features(tmp_path / "a.gpkg")
    assert frame.crs == 4326
    assert shapely.equals_exact(frame.geometry.to_numpy(), towns().geometry.to_numpy(), 1e-6).all()
    (note,) = findings
    assert note.check == "reprojected"
    assert "UTM zone 30N" in note.finding


def test_metres_in_a_file_that_says_degrees_are_refused_and_can_be_put_right(tmp_path):
    towns().to_crs(32630).set_crs(4326, allow_override=True).to_file(tmp_path / "a.geojson")
    with pytest.raises(InputError, match="cannot be degrees: they look like metres"):
        read_features(tmp_path / "a.geojson")
    frame, findings = read_features(tmp_path / "a.geojson", crs=32630)
    assert np.allclose(frame.geometry.x, towns().geometry.x, atol=1e-6)
    assert findings[0].severity == "warning"


def test_degrees_in_a_file_that_says_metres_are_refused():
    layer = towns().set_crs(32630, allow_override=True)
    with pytest.raises(CRSError, match="they look like degrees"):
        in_wgs84(layer, "towns")


def test_swapped_axes_are_told_where_they_can_be_seen():
    east = gpd.GeoDataFrame(geometry=gpd.points_from_xy([14.6, 15.0], [121.0, 120.5]), crs=4326)
    with pytest.raises(InputError, match="longitude and latitude are swapped"):
        in_wgs84(east, "sites")


def test_coordinates_outside_of_their_system_are_refused():
    far = gpd.GeoDataFrame(geometry=gpd.points_from_xy([1e12, 5e5], [1e12, 1.8e6]), crs=32630)
    with pytest.raises(CRSError, match=r"wrong in 1 features, e\.g\. \[0\]"):
        in_wgs84(far, "sites")


def test_coordinates_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="1 features have coordinates that are not finite"):
        check_degrees(np.array([[0.0, 0, 0, 0], [np.nan, 0, 0, np.inf]]), "x")


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=5))
def test_all_degrees_pass(points):
    x, y = np.array(points).T
    check_degrees(np.column_stack([x, y, x, y]), "x")


def test_a_system_with_other_axes_is_not_called_a_reprojection():
    assert in_wgs84(towns(crs="OGC:CRS84"), "towns")[1] == ()


def test_features_without_geometry_are_counted(tmp_path):
    layer = towns()
    layer.loc[[1, 3], "geometry"] = None
    frame, findings = in_wgs84(layer, "towns")
    assert len(frame) == 4
    assert (findings[0].check, findings[0].value) == ("no geometry", 2)
    layer.to_file(tmp_path / "a.gpkg")
    assert read_features(tmp_path / "a.gpkg")[1][0].value == 2


def test_several_layers_no_layer_and_wrong_names_are_told(tmp_path):
    path = tmp_path / "a.gpkg"
    towns().to_file(path, layer="one")
    towns().to_file(path, layer="two")
    with pytest.raises(InputError, match=r"has 2 layers; say which.*\['one', 'two'\]"):
        read_features(path)
    assert len(read_features(path, layer="two")[0]) == 4
    with pytest.raises(InputError, match="cannot be read"):
        read_features(path, layer="three")


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".geojson"])
def test_truncated_and_foreign_files_are_one_error(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    towns().to_file(path)
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 3])
    with pytest.raises(InputError):
        read_features(path)
    path.write_bytes(b"no layer at all")
    with pytest.raises(InputError, match="cannot be read"):
        read_features(path)


def test_a_ring_that_is_not_closed_is_closed_and_told(tmp_path):
    ring = '{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}'
    (tmp_path / "a.geojson").write_text(
        f'{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"a":1}},'
        f'"geometry":{ring}}}]}}'
    )
    frame, findings = read_features(tmp_path / "a.geojson")
    assert frame.geometry.iloc[0].equals(shapely.box(0, 0, 1, 1))
    assert "broken geometry" in checks(findings)


def test_warnings_of_the_reader_become_findings(tmp_path, monkeypatch):
    def warned(*_, **__):
        warnings.warn("something is odd", RuntimeWarning, stacklevel=1)
        return towns()

    towns().to_file(tmp_path / "a.gpkg")
    monkeypatch.setattr("mobility_geo.sources.files.pyogrio.read_dataframe", warned)
    (note,) = read_features(tmp_path / "a.gpkg")[1]
    assert (note.check, note.finding) == ("warning of GDAL", "something is odd")


def test_inputs_are_not_changed():
    layer = towns().to_crs(32630)
    before = layer.copy()
    in_wgs84(layer, "towns")
    pd.testing.assert_frame_equal(layer, before)
    assert layer.crs == 32630


# ------------------------------------------------------------------ readings
def test_findings_are_sorted_by_severity_and_bad_ones_refused():
    rows = [
        Finding(check=check, severity=severity, table="t", id="1", finding="x", persons=2.6,
                geometry=shape)
        for check, severity, shape in (
            ("b", "note", None), ("a", "error", shapely.box(0, 0, 2, 2)),
            ("a", "warning", shapely.Point()),
        )
    ]  # fmt: skip
    table = findings_table(rows)
    assert table["severity"].tolist() == ["error", "warning", "note"]
    assert table["persons"].tolist() == [3, 3, 3]
    assert [shape is None for shape in table.geometry] == [False, True, True]
    with pytest.raises(InputError, match="unknown severity 'fatal'"):
        findings_table([Finding(check="a", severity="fatal", table="t", id="1", finding="x")])
    assert findings_table([]).crs == 4326


def test_a_reading_tells_itself_in_words():
    finding = Finding(check="totals", severity="warning", table="t", id="1 row", finding="left out")
    reading = Reading(
        file="a.csv", publisher="IOM DTM", licence="ask", tables={"t": pd.DataFrame({"a": [1]})},
        rows_read=1200, rows_kept=1199, findings=findings_table([finding]), columns={"x": "Y"},
    )  # fmt: skip
    assert reading.words() == (
        "a.csv: IOM DTM, 1,199 of 1,200 rows", "columns: x from 'Y'",
        "warning: totals, 1 row: left out", "licence: ask",
    )  # fmt: skip
    assert len(reading.table) == 1
    with pytest.raises(InputError, match="has no geometry"):
        _ = reading.layer


def test_a_large_table_is_read_by_the_fast_parser(tmp_path, monkeypatch):
    monkeypatch.setattr("mobility_geo.sources.rows._widest", pytest.fail)
    n = 20_000
    lines = [f"e{at},{at % 7},On the {at} day; nothing" for at in range(n)]
    Path(tmp_path / "a.csv").write_text("\n".join(["id,n,notes", *lines]))
    frame = read_rows(tmp_path / "a.csv").frame
    assert len(frame) == n
    assert frame["n"].nunique() == 7
    # few different texts are held once
    assert len({id(one) for one in frame["n"]}) == 7
