"""`mobility-geo od estimate`: what it prints, how it ends, what it leaves behind."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from mobility_geo.batch.od import ODRequest, estimate_od
from mobility_geo.cli import app, exits
from mobility_geo.datasets import load_mali
from mobility_geo.errors import InputError
from mobility_geo.flows import find_passages
from mobility_geo.scenario import TravellerClass

RETURN = ("--scenario", "mali-2013-02-return", "--profile", "road_and_pinasse",
          "--nationality", "MLI")  # fmt: skip


def estimate(*words):
    """Run the command in this process."""
    return CliRunner().invoke(app.app, ["od", "estimate", *map(str, words)])


@pytest.fixture
def files(tmp_path):
    texts = {
        "from": "region,persons\nBamako,998\nMopti,507\nSegou,308\nSikasso,205\nother,292\n",
        "to": "region,persons\nTimbuktu,1028\nMopti,962\nGao,306\nother,14\n",
        "less": "region,persons\nTimbuktu,1028\nMopti,962\nGao,306\nother,4\n",
        "costs": "min,timbuktu,mopti\nbamako,900,600\nsegou,,300\n",
        "seen": "origin,destination,persons\nbamako,timbuktu,90\nbamako,mopti,60\nsegou,mopti,50\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def watch(files):
    """Write a point on the way from Bamako to Timbuktu, and 500 people who passed it."""
    case = load_mali("mali-2013-02-return")
    edges = list(case.network.edges["edge_id"])
    who = TravellerClass(profile="road_and_pinasse", nationality="MLI")
    passed = find_passages(case.network, case.scenario, {one: [one] for one in edges}, ["bamako"],
                           ["timbuktu"], traveller=who)  # fmt: skip
    (files / "p.csv").write_text(f"point,edge\nfmp,{passed['point_id'].iloc[0]}\n")
    (files / "c.csv").write_text("point,persons\nfmp,500\n")


def test_help_teaches():
    told = " ".join(estimate("--help").stdout.split())
    for word in ("Situation reports give margins", "--mean-cost", "--unlocated", "radiation",
                 "Examples:", "no way"):  # fmt: skip
        assert word in told


def test_the_report_from_two_tables(files):
    out = files / "od.csv"
    done = estimate("--origins", files / "from.csv", "--destinations", files / "to.csv", "--out",
                    out)  # fmt: skip
    assert done.exit_code == exits.SUCCESS, done.stderr
    assert "2,310.0" in done.stdout
    assert "Internal" in done.stdout
    assert "licence" in done.stderr
    table = pd.read_csv(out)
    assert len(table) == 20
    assert table["flow_persons"].sum() == pytest.approx(2310)
    about = json.loads((files / "od.json").read_text())
    assert about["relaxed"] == []
    assert about["persons"] == pytest.approx(2310)
    assert any("5 of 5 rows" in note for note in about["notes"])


def test_json_has_everything_and_parquet_the_same_table(files):
    words = ("--origins", files / "from.csv", "--destinations", files / "less.csv", "--tolerance",
             "0.05", "--draws", "200", "--seed", "4")  # fmt: skip
    done = estimate(*words, "--out", files / "od.parquet", "--output", "json")
    assert done.exit_code == exits.SUCCESS
    found = json.loads(done.stdout)
    assert found["status"] == "success"
    data = found["data"]
    assert len(data["relaxed"]) == 9
    assert "moved by 10 persons" in found["warnings"][0]
    assert data["request"]["seed"] == 4
    table = pd.read_parquet(files / "od.parquet")
    assert table["flow_persons"].tolist() == pytest.approx(
        [row["flow_persons"] for row in data["flows"]]
    )
    assert (table["low_persons"] <= table["high_persons"]).all()
    again = estimate(*words, "--out", files / "od.json", "--quiet")
    assert again.stdout == ""
    assert json.loads((files / "od.json").read_text())["flows"] == data["flows"]


def test_costs_come_from_a_scenario_and_names_are_matched(files):
    done = estimate(
        "--method", "gravity", "--origins", files / "from.csv", "--destinations",
        files / "to.csv", *RETURN, "--rate", "0.001", "--unlocated", "other", "--out",
        files / "od.csv", "--output", "json",
    )  # fmt: skip
    assert done.exit_code == exits.SUCCESS, done.output
    data = json.loads(done.stdout)["data"]
    flows = {(row["origin_id"], row["destination_id"]): row["flow_persons"]
             for row in data["flows"]}  # fmt: skip
    assert ("segou", "timbuktu") in flows
    assert sum(flows.values()) == pytest.approx(2310, abs=1e-3)
    assert data["parameters"]["mean_cost"] > 0
    assert any("matched by name" in note for note in data["notes"])


def test_gravity_and_fit_from_a_table_of_costs(files):
    margins = files / "m.csv"
    margins.write_text("side,zone,persons\nfrom,bamako,150\nfrom,segou,50\nto,timbuktu,90\n"
                       "to,mopti,110\n")  # fmt: skip
    done = estimate("--method", "gravity", "--margins", margins, "--costs", files / "costs.csv",
                    "--rate", "0.01", "--out", files / "g.csv")  # fmt: skip
    assert done.exit_code == exits.SUCCESS, done.output
    table = pd.read_csv(files / "g.csv")
    assert len(table) == 3  # no way from Segou to Timbuktu
    assert table["flow_persons"].tolist() == pytest.approx([90, 60, 50], abs=1e-4)
    wide = files / "wide.csv"
    wide.write_text("min,x,y\na,1,2\nb,2,1\n")
    seen = files / "s.csv"
    seen.write_text("from,x,y\na,30,10\nb,10,30\n")
    done = estimate("--method", "fit", "--observed", seen, "--costs", wide, "--draws", "10",
                    "--out", files / "f.json", "--output", "json")  # fmt: skip
    assert done.exit_code == exits.SUCCESS, done.output
    assert json.loads(done.stdout)["data"]["parameters"]["rate_per_unit"] == pytest.approx(
        1.0986, abs=1e-3
    )


def test_radiation_and_counts(files):
    done = estimate("--method", "radiation", "--origins", files / "r.csv", "--out",
                    files / "x.csv")  # fmt: skip
    assert done.exit_code == exits.INPUT
    (files / "r.csv").write_text("place,persons\nbamako,100\n")
    done = estimate("--method", "radiation", "--origins", files / "r.csv", *RETURN, "--draws", "9",
                    "--out", files / "x.csv", "--output", "json")  # fmt: skip
    assert done.exit_code == exits.SUCCESS, done.output
    assert json.loads(done.stdout)["data"]["persons"] == pytest.approx(100)
    watch(files)
    done = estimate("--method", "counts", "--observed", files / "seen.csv", "--points",
                    files / "p.csv", "--counts", files / "c.csv", *RETURN, "--out",
                    files / "c.json", "--output", "json")  # fmt: skip
    assert done.exit_code == exits.SUCCESS, done.output
    data = json.loads(done.stdout)["data"]
    assert data["parameters"]["unmet_persons"] == 0
    assert data["persons"] > 200
    words = ("--method", "counts", "--observed", files / "seen.csv", "--points", files / "p.csv",
             "--counts", files / "c.csv", *RETURN, "--draws", "200", "--out", files / "i.csv",
             "--output", "json")  # fmt: skip
    found = json.loads(estimate(*words).stdout)
    assert "pairs have no upper limit" in found["warnings"][-1]
    assert all(row["high_persons"] is None for row in found["data"]["flows"])
    found = json.loads(estimate(*words, "--total", 900).stdout)["data"]
    assert found["persons"] == pytest.approx(900)
    assert all(row["high_persons"] <= 900 for row in found["flows"])


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--out", "od.txt"), exits.INPUT, "needs margins"),
        (("--margins", "m.csv", "--out", "nowhere/od.csv"), exits.OUTPUT, "does not exist"),
        (("--margins", "m.csv", "--out", "od.txt"), exits.OUTPUT, "must end in one of"),
        (("--method", "magic", "--out", "od.csv"), exits.INPUT, "unknown method 'magic'"),
        (("--method", "gravity", "--scenario", "x", "--out", "o.csv"), exits.INPUT,
         "3 problems found"),
        (("--margins", "m.csv", "--alias", "x", "--out", "o.csv"), exits.INPUT, "NAME=ID"),
        (("--margins", "m.csv", *RETURN, "--when", "soon", "--out", "o.csv"), exits.INPUT,
         "is no day"),
    ],
)  # fmt: skip
def test_bad_questions_are_answered_before_any_work(words, code, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = estimate(*words)
    assert done.exit_code == code
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []


PLACES = {"scenario": "x", "profile": "truck", "nationality": "MLI"}
NEEDED = {
    "margins": {"margins": "m.csv"},
    "gravity": {"margins": "m.csv", "costs": "c.csv", "rate": 0.1},
    "fit": {"observed": "o.csv", "costs": "c.csv"},
    "radiation": {"origins": "m.csv", "costs": "c.csv", "population": "p.csv"},
    "counts": {"observed": "o.csv", "counts": "k.csv", "points": "p.csv", **PLACES},
}


@pytest.mark.parametrize(
    ("method", "more", "options"),
    [
        ("gravity", {"observed": "o.csv"}, ["--observed"]),
        ("gravity", {"mean_cost": 5.0}, ["--rate"]),
        ("gravity", {"rate": None, "mean_cost": 5.0, "power": 1.0, "deterrence": "power"},
         ["--power"]),
        ("gravity", {"population": "p.csv", "trust": 2.0}, ["--population", "--trust"]),
        ("fit", {"margins": "m.csv", "origins": "a.csv", "destinations": "b.csv"},
         ["--origins", "--destinations", "--margins"]),
        ("fit", {"total_persons": 9.0, "tolerance": 0.1, "missing_prior": "neutral"},
         ["--total", "--tolerance", "--missing-prior"]),
        ("margins", {"rate": 0.1, "mean_cost": 5.0, "power": 1.0},
         ["--rate", "--power", "--mean-cost"]),
        ("margins", {"counts": "k.csv", "points": "p.csv", "population": "p.csv"},
         ["--population", "--counts", "--points"]),
        ("margins", {"deterrence": "power", "constraint": "none", "impedance": "risk"},
         ["--deterrence", "--constraint", "--impedance"]),
        ("margins", {"when": "2013-01-01", "profile": "truck", "missing_prior": "neutral"},
         ["--when, --profile", "--missing-prior"]),
        ("margins", {"aliases": {"x": "y"}, "unmatched": "keep", "share": 0.5},
         ["--alias, --unmatched", "--share"]),
        ("radiation", {"observed": "o.csv", "total_persons": 9.0}, ["--observed", "--total"]),
        ("counts", {"costs": "c.csv", "trust": 2.0}, ["--costs", "--trust"]),
        ("counts", {"counts_method": "gradient", "tolerance": 0.1}, ["--tolerance"]),
    ],
)  # fmt: skip
def test_options_that_would_change_nothing_are_refused_together(method, more, options):
    ODRequest(method=method, **NEEDED[method])
    with pytest.raises(InputError) as caught:
        ODRequest(method=method, **{**NEEDED[method], **more})
    told = caught.value.problems
    assert len(told) == len(options)
    for option in options:
        assert any(one.startswith((f"{option} goes with --method ", f"{option}: "))
                   for one in told), told  # fmt: skip


def test_options_are_taken_with_what_they_are_about():
    asked = ODRequest(margins="m.csv", when="2013-01-01", impedance="risk", unmatched="keep",
                      aliases={"x": "y"}, draws=9, share=0.5, **PLACES)  # fmt: skip
    assert asked.impedance == "risk"
    for more in ({"rate": None, "mean_cost": 5.0, "power": 1.0, "deterrence": "tanner"},
                 {"total_persons": 9.0, "tolerance": 0.1, "constraint": "none"}):  # fmt: skip
        assert ODRequest(method="gravity", **{**NEEDED["gravity"], **more}).method == "gravity"
    assert ODRequest(method="counts", counts_method="least_squares", trust=2.0, margins="m.csv",
                     missing_prior="neutral", **NEEDED["counts"]).trust == 2  # fmt: skip


def test_contradictions_and_unknown_names_leave_nothing_behind(files):
    out = files / "od.csv"
    done = estimate("--origins", files / "from.csv", "--destinations", files / "less.csv", "--out",
                    out, "--output", "json")  # fmt: skip
    assert done.exit_code == exits.INPUT
    assert "10 persons cannot be placed" in json.loads(done.stdout)["errors"][0]
    done = estimate("--method", "gravity", "--origins", files / "from.csv", "--destinations",
                    files / "to.csv", *RETURN, "--rate", "0.001", "--out", out)  # fmt: skip
    assert done.exit_code == exits.INPUT
    assert "'other'" in done.stderr
    assert not out.exists()
    (files / "t.csv").write_text("region,persons\nGao,5\nTotal,7\n")
    with pytest.raises(InputError, match="margins differ about the same number"):
        estimate_od(ODRequest(origins=str(files / "t.csv"), total_persons=8.0))


def test_dates_of_an_observed_table_are_never_added_up_by_accident(files):
    (files / "stocks.csv").write_text(
        "year,coo_iso,coa_iso,refugees\n2012,A,X,30\n2012,A,Y,10\n2012,B,X,10\n2012,B,Y,30\n"
        "2013,A,X,60\n2013,A,Y,20\n2013,B,X,20\n2013,B,Y,60\n"
    )
    (files / "m.csv").write_text("min,X,Y\nA,1,2\nB,2,1\n")
    words = ("--method", "fit", "--observed", files / "stocks.csv", "--costs", files / "m.csv",
             "--out", files / "o.json", "--output", "json")  # fmt: skip
    done = estimate(*words)
    assert done.exit_code == exits.INPUT
    assert "2012-12-31, 2013-12-31" in done.stdout
    done = estimate(*words, "--sum-dates")
    assert done.exit_code == exits.INPUT
    assert "stocks cannot be added up" in done.stdout
    for option, people in (("--date=2012", 80), ("--latest", 160)):
        done = estimate(*words, option)
        assert done.exit_code == exits.SUCCESS, done.output
        data = json.loads(done.stdout)["data"]
        assert data["persons"] == pytest.approx(people)
        assert any("other dates" in note for note in data["notes"])
    done = estimate("--margins", "m.csv", "--latest", "--out", files / "o.csv")
    assert "--latest: about --observed; give it" in done.stderr


def test_a_withheld_cell_of_a_prior_is_not_impossible(files):
    (files / "prior.csv").write_text("from,x,y\na,10,30\nb,20,*\n")
    (files / "m.csv").write_text("side,zone,persons\nfrom,a,40\nfrom,b,80\nto,x,30\nto,y,90\n")
    words = ("--margins", files / "m.csv", "--observed", files / "prior.csv", "--out",
             files / "o.json", "--output", "json")  # fmt: skip
    done = estimate(*words)
    assert done.exit_code == exits.INPUT
    assert "['b to y']; as 0 nobody could go there" in json.loads(done.stdout)["errors"][0]
    done = estimate(*words, "--missing-prior", "neutral")
    assert done.exit_code == exits.SUCCESS, done.output
    data = json.loads(done.stdout)["data"]
    assert [row["flow_persons"] for row in data["flows"]] == pytest.approx([10, 30, 20, 60])
    assert any("['b to y']; taken as what their two ends say, 60 of 120" in note
               for note in data["notes"])  # fmt: skip
    done = estimate("--missing-prior", "guess", *words)
    assert "unknown missing_prior 'guess'; known: error, neutral" in done.stdout


def test_what_a_pair_without_a_row_means_is_told_for_each_method(files):
    (files / "seen.csv").write_text("from,x,y,z\na,30,12,5\nb,10,*,8\nc,,9,20\n")
    (files / "c.csv").write_text("min,x,y,z\na,1,2,3\nb,2,1,2\nc,4,2,1\n")
    (files / "m.csv").write_text("side,zone,persons\nfrom,a,40\nfrom,b,80\nfrom,c,25\n"
                                 "to,x,35\nto,y,80\nto,z,30\n")  # fmt: skip
    words = ("--observed", files / "seen.csv", "--out", files / "o.json", "--output", "json")
    done = estimate("--method", "fit", "--costs", files / "c.csv", *words)
    assert done.exit_code == exits.SUCCESS, done.output
    found = json.loads(done.stdout)
    assert any("1 pairs have no row in seen.csv: nobody was seen" in one
               for one in found["data"]["notes"])  # fmt: skip
    assert "1 pairs without a figure are left out of the fit" in found["warnings"][0]
    done = estimate("--margins", files / "m.csv", "--missing-prior", "neutral", *words)
    assert done.exit_code == exits.SUCCESS, done.output
    data = json.loads(done.stdout)["data"]
    assert any("nobody can go there" in note for note in data["notes"])
    assert ("c", "x") not in {(r["origin_id"], r["destination_id"]) for r in data["flows"]
                              if r["flow_persons"]}  # fmt: skip


def test_nobody_of_a_prior_goes_where_there_is_no_way(files):
    texts = {
        "prior": "from,x,y\na,50,20\nb,10,20\n", "ways": "min,x,y\na,,5\nb,5,5\n",
        "fits": "side,zone,persons\nfrom,a,20\nfrom,b,80\nto,x,70\nto,y,30\n",
        "less": "side,zone,persons\nfrom,a,60\nfrom,b,40\nto,x,70\nto,y,30\n",
    }  # fmt: skip
    for name, text in texts.items():
        (files / f"{name}.csv").write_text(text)
    words = ("--observed", files / "prior.csv", "--costs", files / "ways.csv", "--out",
             files / "o.json", "--output", "json")  # fmt: skip
    done = estimate("--margins", files / "fits.csv", *words)
    assert done.exit_code == exits.SUCCESS, done.output
    data = json.loads(done.stdout)["data"]
    people = {(one["origin_id"], one["destination_id"]): one["flow_persons"]
              for one in data["flows"]}  # fmt: skip
    assert people == pytest.approx({("a", "y"): 20, ("b", "x"): 70, ("b", "y"): 10}, abs=1e-4)
    assert any("no way: ['a to x']; nobody goes there, 50 of 100 are left out" in note
               for note in data["notes"])  # fmt: skip
    done = estimate("--margins", files / "less.csv", *words)
    assert done.exit_code == exits.INPUT
    assert "1 origin ['a'] must send at least 60 persons but can reach only 1" in done.stdout


def test_nobody_of_a_prior_goes_where_a_scenario_has_no_way(files):
    (files / "prior.csv").write_text("from,boni,Timbuktu,other\nbamako,50,10,20\nmopti,,5,5\n")
    (files / "m.csv").write_text("side,zone,persons\nfrom,bamako,90\nfrom,mopti,10\n")
    words = (*RETURN, "--out", files / "o.json", "--output", "json")
    for free in (("--unlocated", "other"), ("--unmatched", "keep")):
        done = estimate("--margins", files / "m.csv", "--observed", files / "prior.csv", *free,
                        *words)  # fmt: skip
        assert done.exit_code == exits.SUCCESS, done.output
        data = json.loads(done.stdout)["data"]
        assert [row["flow_persons"] for row in data["flows"]] == pytest.approx([30, 60, 5, 5])
        assert any("no way: ['bamako to boni']" in note for note in data["notes"])
    watch(files)
    (files / "seen.csv").write_text("from,boni,Timbuktu\nbamako,50,10\n")
    done = estimate("--method", "counts", "--observed", files / "seen.csv", "--counts",
                    files / "c.csv", "--points", files / "p.csv", *words)  # fmt: skip
    assert done.exit_code == exits.SUCCESS, done.output
    data = json.loads(done.stdout)["data"]
    assert {row["destination_id"]: row["flow_persons"] for row in data["flows"]} == {
        "timbuktu": pytest.approx(500)
    }
    assert any("no way: ['bamako to boni']" in note for note in data["notes"])


def test_names_are_matched_to_a_file_of_zones(files):
    (files / "zones.csv").write_text(
        "ADM1_PCODE,ADM1_FR,ADM1_EN\nML06,Tombouctou,Timbuktu\nML07,Gao,Gao\nML05,Mopti,Mopti\n"
        "ML09,Bamako,Bamako\nML04,Ségou,Segou\nML03,Sikasso,Sikasso\n", "utf-8",
    )  # fmt: skip
    words = ("--origins", files / "from.csv", "--destinations", files / "to.csv", "--zones",
             files / "zones.csv", "--out", files / "o.json", "--output", "json")  # fmt: skip
    done = estimate(*words)
    assert done.exit_code == exits.INPUT
    assert "'other' is not known" in json.loads(done.stdout)["errors"][0]
    done = estimate(*words, "--unlocated", "other")
    assert done.exit_code == exits.SUCCESS, done.output
    data = json.loads(done.stdout)["data"]
    assert {row["destination_id"] for row in data["flows"]} == {"ML06", "ML05", "ML07", "other"}
    (files / "c.csv").write_text("min,Timbuktu,ml05,GAO\nBAMAKO,900,600,1000\nMopti,300,1,500\n"
                                 "Segou,700,300,800\nsikasso,900,500,900\n")  # fmt: skip
    done = estimate(*words, "--unlocated", "other", "--method", "gravity", "--rate", "0.001",
                    "--costs", files / "c.csv")  # fmt: skip
    assert done.exit_code == exits.SUCCESS, done.output
    assert json.loads(done.stdout)["data"]["persons"] == pytest.approx(2310)
    done = estimate(*words, *RETURN)
    assert "to --zones or to places of --scenario, not to both" in done.stdout


def test_counts_by_least_squares_and_what_does_not_go_with_it(files):
    watch(files)
    words = ("--method", "counts", "--observed", files / "seen.csv", "--points", files / "p.csv",
             "--counts", files / "c.csv", *RETURN, "--out", files / "o.json", "--output",
             "json")  # fmt: skip
    people = {}
    for trust in (1, 100):
        done = estimate(*words, "--counts-method", "least_squares", "--trust", trust)
        assert done.exit_code == exits.SUCCESS, done.output
        data = json.loads(done.stdout)["data"]
        assert "generalised least squares" in data["method"]
        people[trust] = data["parameters"]["unmet_persons"]
    assert people[1] > people[100] > 0
    done = estimate(*words, "--counts-method", "gradient")
    assert json.loads(done.stdout)["data"]["parameters"]["unmet_persons"] == 0
    done = estimate(*words, "--counts-method", "gradient", "--draws", 200)
    assert "--counts-method goes with --method counts" in done.stdout
    done = estimate(*words, "--counts-method", "magic")
    assert "known: entropy, least_squares, gradient" in done.stdout
