"""The access table: states are those of the conditions, people those who pass."""

import pandas as pd
import pytest

from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.errors import InputError
from mobility_geo.outcomes import access_table, find_chokepoints
from mobility_geo.routing.groups import travellers_of
from mobility_geo.scenario import conditions
from mobility_geo.schema import ACCESS_TABLE, check_table

TOY, MALI = load_toy(), load_mali("mali-2013-01")


@pytest.fixture(scope="module")
def mali():
    return access_table(MALI, everything=True)


def test_states_are_those_of_the_conditions(mali):
    check_table(mali, ACCESS_TABLE)
    day = MALI.scenario.day(None)
    groups = MALI.groups[MALI.groups["base"] == "movers"]
    for profile, rows in mali.groupby("profile"):
        mine = groups[groups["profile"] == profile]
        states = [
            conditions(MALI.network, MALI.scenario, day, who).edge_states()
            .set_index("edge_id")["state"].reindex(rows["edge_id"]).to_numpy()
            for who in sorted(set(travellers_of(mine)))
        ]  # fmt: skip
        whole = (rows["state"] == "closed").to_numpy()
        for held in states:
            assert set(held[whole]) <= {"closed", "not_passable", "out_of_season"}
        is_open = (rows["state"] == "open").to_numpy()
        assert all(set(held[is_open]) <= {"open", "not_passable"} for held in states)


def test_people_who_depend_on_a_segment_are_those_of_the_chokepoints(mali):
    found = find_chokepoints(MALI).table
    edges = found[found["thing"] == "edge"].set_index("id")["through_persons"]
    today = mali.groupby("edge_id")["today_persons"].sum()
    today = today[today > 0]
    assert today.to_dict() == edges[edges > 0].to_dict()
    usual = find_chokepoints(MALI, MALI.scenario.baseline()).table
    usual = usual[usual["thing"] == "edge"].set_index("id")["through_persons"]
    mine = mali.groupby("edge_id")["usual_persons"].sum()
    assert mine[mine > 0].to_dict() == usual[usual > 0].to_dict()
    assert (mali["every_way_persons"] <= mali["today_persons"]).all()


def test_a_change_has_its_disruption_days_and_source(mali):
    changed = mali[mali["disruption_ids"].notna()]
    assert len(changed)
    known = {one.disruption_id for one in MALI.scenario.disruptions}
    assert {name for text in changed["disruption_ids"] for name in text.split("|")} <= known
    assert changed["source"].str.len().gt(0).all()
    assert (changed["since"].dropna() <= pd.Timestamp("2013-01-20")).all()


def test_what_is_open_and_unused_is_left_out_unless_asked():
    short, whole = access_table(TOY), access_table(TOY, everything=True)
    keys = ["edge_id", "profile"]
    assert set(map(tuple, short[keys].to_numpy())) < set(map(tuple, whole[keys].to_numpy()))
    left = whole.merge(short[keys], on=keys, how="left", indicator=True)
    left = left[left["_merge"] == "left_only"]
    assert set(left["state"]) == {"open"}
    assert not left[["usual_persons", "today_persons"]].to_numpy().any()
    with pytest.raises(InputError, match="base must be"):
        access_table(TOY, base="tourists")
