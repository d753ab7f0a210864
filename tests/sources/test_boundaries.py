"""Boundaries in every spelling; overlaps and gaps against a plain count; COD-AB of Mali."""

import time
from itertools import combinations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from shapely import MultiPolygon, Point, Polygon, box

from mobility_geo.errors import CRSError, InputError, SchemaError
from mobility_geo.schema import ZONES, check_table
from mobility_geo.sources.boundaries import (
    add_population,
    areas_km2,
    check_zones,
    named_country,
    named_level,
    persons_of,
    read_boundaries,
    read_population_table,
)

LEFT, RIGHT = box(0, 10, 1, 11), box(1, 10, 2, 11)


def layer(columns, shapes=(LEFT, RIGHT), crs=4326):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def written(folder, columns, shapes=(LEFT, RIGHT), name="zones.gpkg", crs=4326, **how):
    layer(columns, shapes, crs).to_file(folder / name, **how)
    return folder / name


def checks(reading):
    return set(reading.findings["check"])


def of(findings, check):
    return [one for one in findings if one.check == check]


@pytest.mark.parametrize(
    ("columns", "code", "called", "parent"),
    [
        ({"ADM1_PCODE": ["ML01", "ML02"], "ADM1_FR": ["a", "é"], "ADM0_PCODE": "ML"},
         "ML01", "a", "ML"),
        ({"adm1_pcode": ["ML01", "ML02"], "adm1_en": ["a", "b"], "adm1_fr": ["c", "d"]},
         "ML01", "a", None),
        ({"admin1Pcod": ["ML01", "ML02"], "admin1Name": ["a", "b"], "admin0Pcod": "ML"},
         "ML01", "a", "ML"),
        ({"Rowcacode1": ["MLI001", "MLI002"], "admin1Name": ["a", "b"], "Rowcacode0": "MLI"},
         "MLI001", "a", "MLI"),
        ({"adm1_pcode": ["ML01", "ML02"], "adm1_name": ["a", "b"], "adm1_name1": ["c", "d"],
          "adm0_pcode": "ML", "iso3": "MLI"}, "ML01", "a", "ML"),
        ({"GID_0": "MLI", "GID_1": ["MLI.1_1", "MLI.2_1"], "NAME_1": ["a", "b"]},
         "MLI.1_1", "a", "MLI"),
        ({"shapeName": ["a", "b"], "shapeISO": ["ML-1", "ML-2"], "shapeID": ["1", "2"],
          "shapeGroup": "MLI", "shapeType": "ADM1"}, "ML-1", "a", "MLI"),
        ({"shapeName": ["a", "b"], "shapeISO": ["", ""], "shapeID": ["x1", "x2"],
          "shapeGroup": "MLI", "shapeType": "ADM1"}, "x1", "a", "MLI"),
        ({"iso_3166_2": ["ML-1", "ML-2"], "adm1_code": ["MLI-1", "MLI-2"], "name": ["a", "b"],
          "name_fr": ["c", "d"], "adm0_a3": "MLI"}, "ML-1", "a", "MLI"),
    ],
)  # fmt: skip
def test_every_spelling_is_read(tmp_path, columns, code, called, parent):
    file = written(tmp_path, columns, name="mli_admbnda_adm1.gpkg")
    zones = read_boundaries(file).layer
    row = zones.iloc[0]
    assert (row["pcode"], row["name"], row["country"]) == (code, called, "MLI")
    assert int(row["adm_level"]) == 1
    assert (None if pd.isna(row["parent_pcode"]) else row["parent_pcode"]) == parent
    assert set(zones.geom_type) == {"MultiPolygon"}
    check_table(zones, ZONES)


def test_natural_earth_countries(tmp_path):
    file = written(tmp_path, {"ADM0_A3": ["SDS", "FRA"], "SOV_A3": ["SDS", "FR1"],
                              "ISO_A3": ["SSD", "-99"], "NAME": ["S. Sudan", "France"],
                              "NAME_FR": ["Soudan du Sud", "France"],
                              "POP_EST": [11e6, 67e6]})  # fmt: skip
    reading = read_boundaries(file, language="fr")
    assert reading.layer["country"].tolist() == ["SSD", "FRA"]
    assert reading.layer["name"].tolist() == ["Soudan du Sud", "France"]
    assert reading.layer["population_persons"].sum() == 78e6
    assert reading.licence == "public domain"
    only = read_boundaries(file, country="SSD")
    assert (only.rows_read, only.rows_kept) == (2, 1)
    assert "other countries" in checks(only)
    with pytest.raises(InputError, match="no row of country 'MLI'"):
        read_boundaries(file, country="MLI")


def test_language_of_new_cod_is_told_by_a_column(tmp_path):
    columns = {"adm1_pcode": ["ML01", "ML02"], "adm1_name": ["Timbuktu", "Gao"], "lang": "en",
               "adm1_name1": ["Tombouctou", None], "lang1": "fr", "iso3": "MLI"}  # fmt: skip
    reading = read_boundaries(written(tmp_path, columns), language="fr")
    assert reading.layer["name"].tolist() == ["Tombouctou", "Gao"]
    assert "other name" in checks(reading)
    with pytest.raises(InputError, match="no names in language 'pt'"):
        read_boundaries(written(tmp_path, columns), language="pt")


def test_any_polygons_need_a_map_a_level_and_a_country(tmp_path):
    file = written(tmp_path, {"ref": ["1", "2"], "label": ["a", "b"]})
    with pytest.raises(InputError, match="administrative level"):
        read_boundaries(file, columns={"pcode": "ref"})
    with pytest.raises(InputError, match="no column for 'pcode'"):
        read_boundaries(file, level=2)
    with pytest.raises(InputError, match="country='MLI'"):
        read_boundaries(file, level=2, columns={"pcode": "ref"})
    with pytest.raises(InputError, match="has 'pcod'; did you mean 'pcode'"):
        read_boundaries(file, level=2, columns={"pcod": "ref"})
    reading = read_boundaries(file, level=2, country="MLI", pcode_vintage="own, 2020",
                              columns={"pcode": "ref", "name": "label"})  # fmt: skip
    assert reading.layer[["pcode", "name", "adm_level"]].to_numpy().tolist() == [
        ["1", "a", 2],
        ["2", "b", 2],
    ]


def test_level_above_that_of_the_file(tmp_path):
    file = written(tmp_path, {"ADM1_PCODE": ["ML01", "ML01"], "ADM1_EN": ["a", "A"],
                              "ADM2_PCODE": ["ML0101", "ML0102"]})  # fmt: skip
    assert read_boundaries(file, country="MLI").layer["adm_level"].tolist() == [2, 2]
    with pytest.raises(InputError, match="no P-codes of ADM3; it has ADM1, ADM2"):
        read_boundaries(file, level=3, country="MLI")
    with pytest.raises(InputError, match=r"1 P-codes occur more than once, in 2 rows.*merge"):
        read_boundaries(file, level=1, country="MLI")
    reading = read_boundaries(file, level=1, country="MLI", merge_duplicates=True)
    assert reading.layer["pcode"].tolist() == ["ML01"]
    assert reading.layer.geometry.iloc[0].equals(box(0, 10, 2, 11))
    told = reading.findings.set_index("check").loc["duplicate p-code", "finding"]
    assert "2 polygons made 1 units; names differ" in told


def test_merging_keeps_people_and_order(tmp_path):
    shapes = [box(k, 0, k + 1, 1) for k in range(4)]
    file = written(tmp_path, {"pcode": ["B", "A", "B", "C"], "name": ["b", "a", "b", "c"],
                              "population_persons": [1, 2, 3, None]}, shapes)  # fmt: skip
    zones = read_boundaries(file, level=1, country="MLI", merge_duplicates=True).layer
    assert zones["pcode"].tolist() == ["B", "A", "C"]
    assert zones["population_persons"].tolist()[:2] == [4, 2]
    assert np.isnan(zones["population_persons"].iloc[2])


def test_numbers_as_codes_are_told(tmp_path):
    file = written(tmp_path, {"ADM1_PCODE": [1.0, 2.0], "ADM1_EN": ["a", "b"]})
    reading = read_boundaries(file, country="MLI")
    assert reading.layer["pcode"].tolist() == ["1", "2"]
    assert "p-codes are numbers" in checks(reading)


def test_geometry_is_repaired_and_nothing_is_lost_in_silence(tmp_path):
    tie = Polygon([(0, 0), (1, 1), (1, 0), (0, 1), (0, 0)])
    shapes = [tie, RIGHT, Point(1, 1), None, Polygon(), RIGHT,
              shapely.GeometryCollection([LEFT, Point(5, 5)])]  # fmt: skip
    columns = {"ADM1_PCODE": ["A", "B", "C", "D", "E", None, "F"], "ADM1_EN": list("abcdefg")}
    reading = read_boundaries(written(tmp_path, columns, shapes), country="MLI")
    zones = reading.layer
    assert zones["pcode"].tolist() == ["A", "B", "F"]
    assert zones.geometry.is_valid.all()
    assert zones.geometry.iloc[0].area == pytest.approx(0.5)
    assert (reading.rows_read, reading.rows_kept) == (7, 3)
    assert {"geometry repaired", "no polygon", "no geometry", "no p-code", "other parts"} <= checks(
        reading
    )
    dropped = reading.findings[reading.findings["check"].isin(
        ["no polygon", "no geometry", "no p-code"])]  # fmt: skip
    assert dropped["value"].sum() == reading.rows_read - reading.rows_kept


def test_antimeridian_is_refused(tmp_path):
    split = MultiPolygon([box(178, -18, 180, -16), box(-180, -18, -179, -16)])
    columns = {"ADM1_PCODE": ["FJ1", "FJ2"], "ADM1_EN": ["a", "b"]}
    with pytest.raises(InputError, match=r"1 units span more than 180.*\['FJ1'\].*antimeridian"):
        read_boundaries(written(tmp_path, columns, [split, LEFT]), country="FJI")
    sides = [box(178, -18, 180, -16), box(-180, -18, -179, -16)]
    with pytest.raises(InputError, match="antimeridian"):
        read_boundaries(written(tmp_path, columns, sides), country="FJI")


def test_systems(tmp_path):
    columns = {"ADM1_PCODE": ["ML01", "ML02"], "ADM1_EN": ["a", "b"]}
    bare = written(tmp_path, columns, name="bare.shp")
    bare.with_suffix(".prj").unlink()
    with pytest.raises(CRSError, match="no coordinate reference system"):
        read_boundaries(bare, country="MLI")
    assert len(read_boundaries(bare, country="MLI", crs=4326).layer) == 2
    metres = layer(columns).to_crs(32630)
    metres.to_file(tmp_path / "metres.gpkg")
    reading = read_boundaries(tmp_path / "metres.gpkg", country="MLI")
    assert "reprojected" in checks(reading)
    assert shapely.hausdorff_distance(reading.layer.geometry.iloc[0], LEFT) < 1e-7
    wrong = gpd.GeoDataFrame(columns, geometry=metres.geometry.to_numpy(), crs=4326)
    wrong.to_file(tmp_path / "wrong.gpkg")
    with pytest.raises(InputError, match="look like metres"):
        read_boundaries(tmp_path / "wrong.gpkg", country="MLI")
    swapped = [shapely.transform(shape, lambda xy: xy[:, ::-1]) for shape in
               (box(100, 10, 101, 11), box(101, 10, 102, 11))]  # fmt: skip
    with pytest.raises(InputError, match="swapped"):
        read_boundaries(written(tmp_path, columns, swapped), country="MLI")


def test_latin_1_names(tmp_path):
    columns = {"ADM1_PCODE": ["ML01", "ML02"], "ADM1_FR": ["Ségou", "Niaréla"]}
    file = written(tmp_path, columns, name="a.shp", encoding="ISO-8859-1")
    (tmp_path / "a.cpg").unlink()
    reading = read_boundaries(file, country="MLI")
    assert reading.layer["name"].tolist() == ["Ségou", "Niaréla"]
    assert "encoding" in checks(reading)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"level": 5}, "level=5"),
        ({"country": "ML"}, "country='ML'"),
        ({"language": "french"}, "language='french'"),
    ],
)
def test_words_that_are_wrong(tmp_path, how, message):
    with pytest.raises(InputError, match=message):
        read_boundaries(tmp_path / "any.shp", **how)


def test_names_of_files():
    assert named_level("geoBoundaries-MLI-ADM2.geojson") == 2
    assert named_level("mli_admin3.shp") == 3
    assert named_level("mli_adm1_adm2.shp") is None
    assert named_level("badminton4.shp") is None
    assert named_country("gadm41_MLI_2.json") == "MLI"
    assert named_country("the_roads.shp") is None


GEOD = pyproj.Geod(ellps="WGS84")


def plain_km2(shape):
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return sum(abs(GEOD.geometry_area_perimeter(part)[0]) for part in parts) / 1e6


corner = st.integers(0, 6)


@st.composite
def boxes(draw):
    x, y = draw(corner), draw(corner)
    sides = x, y, x + draw(st.integers(1, 4)), y + draw(st.integers(1, 4))
    return box(*(side / 8 for side in sides))


@given(st.lists(boxes(), min_size=1, max_size=7), st.booleans())
def test_overlaps_gaps_and_parents_against_a_plain_count(shapes, reverse):
    codes = [f"A{k}" for k in range(len(shapes))]
    zones = layer({"pcode": codes, "adm_level": 2, "name": codes, "parent_pcode": "A"}, shapes)
    if reverse:
        zones = zones.iloc[::-1]
    mother = box(1 / 8, 1 / 8, 1, 1)
    parents = layer({"pcode": ["A"], "adm_level": [1]}, [mother])
    before = zones.copy()
    findings = check_zones(zones, parents, listed=1)
    assert zones.equals(before)
    union = shapely.union_all(shapes)
    holes = [Polygon(ring) for part in shapely.get_parts(union) for ring in part.interiors]
    wanted = {
        "overlap": sum(plain_km2(a & b) for a, b in combinations(shapes, 2)),
        "gap": sum(map(plain_km2, holes)),
        "outside its parent": sum(plain_km2(shape - mother) for shape in shapes),
        "unfilled parent": plain_km2(mother - union),
    }
    for check, km2 in wanted.items():
        found = [one.value for one in of(findings, check)]
        assert sum(found) == pytest.approx(km2, rel=2e-3), check
        assert len(found) <= 2
    assert not of(findings, "other parent")


@given(st.floats(-60, 60), st.floats(0.01, 1))
def test_areas_are_those_of_the_ellipsoid(south, size):
    shape = box(3, south, 3 + size, south + size)
    assert areas_km2([shape])[0] == pytest.approx(plain_km2(shape), rel=1e-3)


def test_slivers_are_a_note_and_wide_ones_an_error():
    step = 0.5 / 111_195
    zones = layer({"pcode": ["A1", "A2"], "name": ["a", "b"], "parent_pcode": "A"},
                  [box(0, 0, 1 + step, 1), box(1, 0, 2, 1)])  # fmt: skip
    (found,) = check_zones(zones)
    assert (found.check, found.severity) == ("overlap sliver", "note")
    assert found.value == pytest.approx(0.5 * 110.574 / 1000, rel=0.01)
    (found,) = check_zones(zones, tolerance_m=0.1)
    assert (found.check, found.severity) == ("overlap", "error")
    assert found.geometry.within(box(0.999, 0, 1.001, 1))


def test_codes_are_compared_with_those_above():
    shapes = [box(k, 0, k + 1, 1) for k in range(4)]
    zones = layer({"pcode": ["A01", "A02", "B01", "A01"], "adm_level": 2,
                   "name": ["same", "SAME", "c", "d"],
                   "parent_pcode": ["A", "A", "A", "C"]}, shapes)  # fmt: skip
    parents = layer({"pcode": ["A", "D"], "adm_level": 1}, [box(0, 0, 3, 1), box(9, 9, 10, 10)])
    findings = check_zones(zones, parents)
    assert {one.check: one.id for one in findings if one.severity == "error"} == {
        "duplicate p-code": "A01",
        "other parent": "A01",
        "no such parent": "1 rows, e.g. ['A01']",
    }
    assert [one.id for one in of(findings, "other parent")] == ["B01", "A01"]
    assert len(of(findings, "same name")) == 1
    assert len(of(findings, "no units below")) == 1
    free = zones.assign(parent_pcode="X")
    assert [one.check for one in check_zones(free) if one.severity == "note"] == [
        "codes not nested"
    ]


def test_arguments_of_the_check():
    zones = layer({"pcode": ["A1", "A2"], "adm_level": 3})
    with pytest.raises(InputError, match="tolerance_m"):
        check_zones(zones, tolerance_m=-1)
    with pytest.raises(InputError, match="give the units of ADM2"):
        check_zones(zones, layer({"pcode": ["A", "B"], "adm_level": 1}))
    with pytest.raises(CRSError, match="EPSG:4326"):
        check_zones(zones.to_crs(32630))
    with pytest.raises(InputError, match="no column 'pcode'"):
        check_zones(zones.drop(columns="pcode"))


COUNTS = {0: 1, 1: 9, 2: 50, 3: 701, 4: 71}


@pytest.fixture(scope="module")
def mali(reference_dir):
    folder = reference_dir / "cod_ab_mali"
    files = {level: next(folder.glob(f"*_adm{level}_*.shp")) for level in COUNTS}
    return {level: read_boundaries(file) for level, file in files.items()}


@pytest.mark.parametrize("level", COUNTS)
def test_real_boundaries_of_mali(mali, level):
    reading = mali[level]
    zones = reading.layer
    assert len(zones) == reading.rows_read == COUNTS[level]
    assert set(zones["country"]) == {"MLI"}
    assert set(zones["adm_level"]) == {level}
    assert zones["pcode"].is_unique
    assert zones["pcode_vintage"].str.fullmatch(r"OCHA COD-AB \d{4}-\d\d-\d\d").all()
    if level:
        assert set(zones["parent_pcode"]) <= set(mali[level - 1].layer["pcode"])


def test_real_names_have_their_accents(mali):
    names = set(mali[4].layer["name"])
    assert {"Sébéninkoro", "Samè", "Dravéla", "Zone aéroportuaire"} <= names
    assert not any("Ã" in name or "\ufffd" in name for name in names)


def test_real_levels_fit_each_other_in_seconds(mali):
    began = time.perf_counter()
    for level in range(1, 5):
        findings = check_zones(mali[level].layer, mali[level - 1].layer)
        assert {one.check for one in findings} <= {"no units below", "same name"}
    assert time.perf_counter() - began < 20


def test_real_communes_moved_by_hand_are_found(mali):
    zones = mali[3].layer.copy()
    at = zones.index[zones["pcode"] == "ML070206"][0]
    shapes = zones.geometry.to_numpy().copy()
    whole = areas_km2(shapes[[at]])[0]
    shapes[at] = shapely.transform(shapes[at], lambda xy: xy + np.array([0.05, 0.0]))
    findings = check_zones(zones.set_geometry(gpd.GeoSeries(shapes, crs=4326)), mali[2].layer)
    overlaps, gaps = of(findings, "overlap"), of(findings, "unfilled parent")
    assert overlaps
    assert all("ML070206" in one.id for one in overlaps)
    assert 0 < sum(one.value for one in overlaps) < whole
    assert sum(one.value for one in gaps) > 0


def test_population_of_cod_ps(tmp_path):
    file = tmp_path / "mli_admpop_adm2.csv"
    file.write_bytes(
        "ADM1_PCODE;ADM2_FR;ADM2_PCODE;F_TL;M_TL;T_TL\nML07;Ménaka;ML0701;1;2;1 234\n"
        "ML07;b;ML0702;;;2,345,678\nML08;c;ML0801;;;5\n;Total;;;;2346917\n".encode("latin-1")
    )
    zones = layer({"pcode": ["ML0701", "ML0709"], "adm_level": 2})
    reading = read_population_table(file, zones)
    table = reading.table
    assert table["name"].tolist() == ["Ménaka", "b", "c"]
    assert table["population_persons"].tolist() == [1234, 2_345_678, 5]
    rows = reading.findings.set_index("check")
    assert rows.loc["p-code without zone", "persons"] == 2_345_683
    assert rows.loc["zone without people", "value"] == 1
    assert rows.loc["no p-code", "value"] == 1
    assert reading.publisher == "OCHA COD-PS"
    upper = read_population_table(file, level=1)
    assert upper.table.set_index("pcode")["population_persons"].to_dict() == {
        "ML07": 2_346_912, "ML08": 5}  # fmt: skip
    assert "added up" in checks(upper)
    with pytest.raises(InputError, match="no P-codes of ADM3"):
        read_population_table(file, level=3)
    with pytest.raises(InputError, match="none of 3 P-codes is one of the zones"):
        read_population_table(file, layer({"pcode": ["X", "Y"], "adm_level": 2}))


def test_population_by_hxl_tag_and_merged_header(tmp_path):
    book = Workbook()
    page = book.active
    for row in (["Population 2020", None, None], ["Code", "Hommes", "Ensemble"],
                ["#adm1+code", "#population+m", "#population+total"], ["ML01", 1, 3],
                ["ML02", 1, 4]):  # fmt: skip
        page.append(row)
    page.merge_cells("A1:C1")
    book.save(tmp_path / "p.xlsx")
    table = read_population_table(tmp_path / "p.xlsx").table
    assert table[["pcode", "population_persons"]].to_numpy().tolist() == [["ML01", 3], ["ML02", 4]]


def test_population_by_age_is_refused(tmp_path):
    file = tmp_path / "p.csv"
    file.write_text("pcode,sex,population\nML01,f,3\nML01,m,4\n")
    with pytest.raises(InputError, match=r"1 P-codes have several rows.*by \['sex'\]"):
        read_population_table(file)
    file.write_text("pcode,population\n,3\n")
    with pytest.raises(InputError, match="no row has a P-code"):
        read_population_table(file)


def test_what_is_no_number_of_people():
    findings = []
    read = persons_of(pd.Series(["1'000", "-3", "many", None, "inf"]), "x", findings)
    assert read.iloc[0] == 1000
    assert read.isna().tolist() == [False, True, True, True, True]
    assert findings[0].value == 3


people = st.dictionaries(st.sampled_from("ABCDEF"), st.integers(0, 10**7), min_size=1)


@given(people, st.lists(st.sampled_from("ABCDEF"), unique=True, min_size=1))
def test_people_are_added_to_the_person_or_refused(counts, codes):
    zones = layer({"pcode": codes}, [LEFT] * len(codes))
    table = pd.DataFrame({"pcode": list(counts), "population_persons": list(counts.values())})
    if set(counts) <= set(codes):
        made = add_population(zones, table)
        assert made["population_persons"].sum() == sum(counts.values())
        assert set(made["pcode"][made["population_persons"].notna()]) == set(counts)
    else:
        with pytest.raises(InputError, match="are not among the zones"):
            add_population(zones, table)
        if set(counts) & set(codes):
            made = add_population(zones, table, unmatched="leave")
            assert made["population_persons"].sum() == sum(
                n for code, n in counts.items() if code in codes
            )
    assert "population_persons" not in zones


def test_adding_people_that_cannot_be_added():
    zones = layer({"pcode": ["A", "B"]})
    with pytest.raises(SchemaError, match="no column"):
        add_population(zones, pd.DataFrame({"pcode": ["A"]}))
    twice = pd.DataFrame({"pcode": ["A", "A"], "population_persons": [1, 2]})
    with pytest.raises(InputError, match="occur twice"):
        add_population(zones, twice)
    with pytest.raises(InputError, match="must be 'refuse' or 'leave'"):
        add_population(zones, twice, unmatched="drop")
