"""A beside B, and plans under a name."""

import json

import pytest

from mdp.core.errors import MdpError
from mdp.core.pins import allowed_options, pins_from_text, pins_text
from mdp.core.plan import load_plan, make_plan
from mdp.core.plan_accuracy import Known
from mdp.core.study import save_study
from mdp.plot.compare import OTHER, accuracy_change, compare_info, compare_sentence, compare_table, signed
from mdp.plot.curve import curve_info
from mdp.plot.surface import surface_info
from mdp.plot.surface_draw import draw_surface
from mdp.plot.survivor_rows import survivors_info
from mdp.solve import Pins, solve
from mdp_widgets.state.address import address_of, go_to
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.state.saved_plans import folder_of, list_named, save_named
from mdp_widgets.widgets.budget import BudgetBar
from mdp_widgets.widgets.compare import HINT, Compare
from mdp_widgets.widgets.plan_bar import PlanBar


@pytest.fixture
def saved(vit, tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    save_study(vit, tmp_path / "user" / "studies" / "vit.json")
    return tmp_path


@pytest.fixture
def selection(saved):
    s = ExplorerState()
    assert s.open("vit")
    return s


def receive(widget, **content):
    widget._receive(widget, content, [])


def without(vit, *blocks):
    p = vit.problem
    return make_plan(p, p.dense_latency, p.dense_choices, blocks, solver="by hand", seconds=0.0)


# The record


@pytest.mark.parametrize("shares", [(0.6, 0.3), (0.3, 0.6), (0.5, 0.5), (1.0, 0.2)])
def test_the_changes_add_up_to_the_difference_of_the_plans(vit, resnet, shares):
    for study in (vit, resnet):
        a, b = (solve(study.problem, share * study.problem.dense_latency) for share in shares)
        info = compare_info(study, a, b)
        assert sum(c.latency for c in info.changes) == pytest.approx(b.latency - a.latency, abs=1e-9)
        gained = (b.importance - a.importance) / study.problem.dense_importance
        assert sum(c.importance for c in info.changes) == pytest.approx(gained, abs=1e-9)
        named = {d.name for c in info.changes for d in c.decisions} | {d.name for d in info.shared}
        differing = {d for d in a.choices if a.choices[d] != b.choices[d]}
        assert named & set(a.choices) <= differing
        assert info.same + sum(c.block is not None for c in info.changes) == len(study.problem.blocks)
        _, rows = compare_table(info)
        assert rows[-1][0] == "the whole network" and all(len(r) == 7 for r in rows)
    if shares[0] == shares[1]:
        assert not info.changes and "the same plan" in compare_sentence(info)


def test_a_removed_block_is_one_decision(vit):
    dense, fewer = without(vit), without(vit, "blocks.2")
    info = compare_info(vit, dense, fewer)
    (change,) = info.changes
    assert change.block == "blocks.2" and [(d.a, d.b) for d in change.decisions] == [("kept", "removed")]
    assert change.latency_b == 0 and change.latency < 0 and change.importance < 0
    assert info.same == 3 and "faster than A" in compare_sentence(info)
    assert compare_table(info)[1][0][1:3] == ["kept", "removed"]
    assert OTHER not in [r[0] for r in compare_table(info)[1]]


def test_survivors_hold_what_a_keeps(vit):
    a, b = without(vit, "blocks.1"), without(vit, "blocks.2")
    rows = {r.block: r for g in survivors_info(vit, b, a=a).groups for r in g.rows}
    assert [rows[f"blocks.{i}"].a_removed for i in range(4)] == [False, True, False, False]
    heads = rows["blocks.1"].bars[0]
    assert (heads.kept, heads.a, any(heads.units_a)) == (3, 0, False)
    assert rows["blocks.2"].bars[0].a == 3 and rows["blocks.2"].a_latency > rows["blocks.2"].latency == 0
    alone = survivors_info(vit, b).groups[0].rows[0]
    assert alone.a_removed is None and alone.bars[0].a is None


def test_curve_and_surface_mark_a(vit):
    b = solve(vit.problem, 0.3 * vit.problem.dense_latency)
    a = without(vit, "blocks.1")
    assert curve_info(vit, "embed", b, a).a == a.choices["embed"]
    assert curve_info(vit, "blocks.1.mlp", b, a).a is None
    for block, there in (("blocks.0", True), ("blocks.1", False)):
        term = next(t for t in vit.problem.latency if t.block == block)
        info = surface_info(vit.problem, term, b, term.dims[0], a)
        assert (info.a is not None) == there
        for solid in (False, True):
            drawn = draw_surface(info, solid=solid)["data"]
            assert ("A" in [t.get("name") for t in drawn]) == there


# The selection


def test_keep_swap_clear_and_undo(selection):
    selection.set_budget("60%")
    selection.pin_block("blocks.1", False)
    selection.keep_as_a()
    a = selection.plan
    selection.clear_pins()
    selection.set_budget("30%")
    b = selection.plan
    assert selection.reference.plan == a != b
    selection.swap()
    assert selection.plan.choices == a.choices and selection.pins.blocks == {"blocks.1": False}
    assert selection.reference.plan == b and not selection.reference.pins
    selection.undo()
    assert selection.plan.choices == b.choices and selection.reference.plan == a
    selection.clear_a()
    assert selection.reference is None
    selection.undo()
    assert selection.reference.plan == a


def test_another_study_has_no_a(selection, resnet):
    selection.keep_as_a()
    selection.study = resnet
    assert selection.reference is None


@pytest.mark.parametrize(
    ("value", "whole", "text"),
    [(-0.000128, 8.0, "0"), (-0.0923, 8.0, "−0.092"), (2.01, 8.0, "+2.01"), (-0.000128, 0.05, "−0.00013")],
)
def test_a_change_is_no_wall_of_decimals(value, whole, text):
    assert signed(value, whole) == text


def test_the_address_keeps_pins_and_a(selection):
    selection.pin_dim("blocks.0.qk", 8, 32)
    selection.pin_block("blocks.3", True)
    selection.keep_as_a()
    selection.set_budget("40%")
    selection.pin_block("blocks.1", False)
    other = ExplorerState()
    go_to(other, address_of(selection))
    assert other.plan.choices == selection.plan.choices and other.pins == selection.pins
    assert (
        other.reference.plan.choices == selection.reference.plan.choices
        and other.reference.pins == selection.reference.pins
    )
    assert address_of(other) == address_of(selection)


@pytest.mark.parametrize("wrong", ["pins=no%3Dkept", "pins=blocks.1", "a=0", "a=abc", "a=9&a_pins=x%3D1"])
def test_an_address_that_asks_for_the_impossible_is_a_sentence(selection, wrong):
    other = ExplorerState()
    go_to(other, f"study=vit&budget=3.0&{wrong}&block=blocks.2")
    assert other.error and other.plan is not None and other.reference is None and other.block == "blocks.2"


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        ((0.9126, True), (0.912, False), "≈ 0 points"),
        ((0.83, True), (0.912, False), "≈ +8 points"),
        ((0.923, False), (0.912, False), "−1.1 points"),
        ((0.9, False), (0.9, False), "0.0 points"),
    ],
)
def test_a_change_of_accuracy_is_no_finer_than_what_it_is_between(a, b, text):
    assert accuracy_change(*(Known(share, 2000, "repaired", estimate) for share, estimate in (a, b))) == text
    assert accuracy_change(None, Known(0.9, 2000, "cut")) == ""


def test_a_pin_that_cannot_be_is_a_sentence(vit):
    dim, block = vit.problem.dims[0], vit.problem.blocks[0].name
    wrong = dim.options[0] + 1
    with pytest.raises(MdpError, match=f"has no option {wrong}; it offers {dim.options[0]}"):
        allowed_options(vit.problem, Pins({dim.name: (wrong, wrong)}))
    for twice in (f"{block}=kept,{block}=removed", f"{dim.name}={dim.dense},{dim.name}={dim.dense}"):
        with pytest.raises(MdpError, match="pinned twice"):
            pins_from_text(twice, vit.problem)


def test_pins_as_text(vit):
    pins = Pins({"embed": (96, 96), "blocks.0.qk": (8, 64)}, {"blocks.1": False, "blocks.2": True})
    assert pins_from_text(pins_text(pins), vit.problem) == pins
    assert pins_from_text("", vit.problem) == Pins() and pins_text(Pins()) == ""


def test_facts_show_a_beside_b(selection):
    bar = BudgetBar(selection)
    before = bar.facts
    selection.keep_as_a()
    notes = [f"A: {f['value']}" for f in before]
    notes[2] += ", untrained weights"  # stays beside the number that it is about
    assert [f["note"] for f in bar.facts] == notes
    assert bar.facts[1]["title"] == before[1]["note"]
    selection.clear_a()
    assert bar.facts == before


def test_the_table_follows_and_leads_to_a_block(selection):
    table = Compare(selection)
    assert table.sentence == HINT and not table.table
    selection.keep_as_a()
    selection.pin_block("blocks.2", False)
    assert "blocks.2" in table.table["blocks"] and table.table["blocks"][-1] == ""
    receive(table, kind="look", block="blocks.2")
    assert selection.block == "blocks.2"


# Named plans


def test_a_named_plan_comes_back_with_its_pins(selection):
    bar = PlanBar(selection)
    selection.set_budget("40%")
    selection.pin_block("blocks.1", False)
    receive(bar, kind="save", name="  fast, no 1 / 40 % ")
    assert not bar.wrong and [p["name"] for p in bar.plans] == ["fast, no 1 / 40 %"]
    plan, pins = selection.plan, selection.pins
    selection.clear_pins()
    selection.set_budget("80%")
    receive(bar, kind="choose", name="fast, no 1 / 40 %")
    assert selection.plan.choices == plan.choices and selection.pins == pins and not bar.said
    selection.undo()
    assert not selection.pins
    receive(bar, kind="compare", name="fast, no 1 / 40 %")
    assert selection.reference.plan.choices == plan.choices and bar.a
    (path,) = folder_of(selection.study).glob("*.json")
    assert load_plan(path) == plan  # `mdp extract --plan` takes the file as it is


def test_rename_and_delete(selection):
    bar = PlanBar(selection)
    for name in ("one", "two"):
        receive(bar, kind="save", name=name)
    receive(bar, kind="save", name="two")
    assert bar.wrong and "already" in bar.said
    receive(bar, kind="rename", name="one", to="two")
    assert bar.wrong and "already" in bar.said
    receive(bar, kind="rename", name="one", to="three")
    assert [p["name"] for p in bar.plans] == ["three", "two"] and not bar.wrong
    receive(bar, kind="delete", name="three")
    receive(bar, kind="delete", name="never there")
    assert [p["name"] for p in bar.plans] == ["two"]
    receive(bar, kind="rename", name="gone", to="four")
    assert bar.wrong and "no plan 'gone'" in bar.said


@pytest.mark.parametrize("name", ["", "   ", ".hidden", "x" * 300])
def test_names_that_cannot_be(selection, name):
    bar = PlanBar(selection)
    receive(bar, kind="save", name=name)
    assert bar.wrong and bar.said and not bar.plans


@pytest.mark.parametrize("name", ["x/../../up", "a/b", "C:\\x", "ä 模型 🙂", "50%41"])
def test_any_other_name_is_a_file_in_the_folder(selection, saved, name):
    save_named(selection.study, name, selection.plan, selection.pins)
    assert [n.name for n in list_named(selection.study)] == [name]
    assert len(list((saved / "user" / "plans").rglob("*.json"))) == 1


def test_a_damaged_plan_is_a_sentence(selection):
    bar = PlanBar(selection)
    receive(bar, kind="save", name="whole")
    folder = folder_of(selection.study)
    text = (folder / "whole.json").read_text()
    (folder / "half.json").write_text(text[: len(text) // 2])
    (folder / "other.json").write_text(json.dumps({**json.loads(text), "fingerprint": "x"}))
    (folder / "pins.json").write_text(json.dumps({**json.loads(text), "pins": ["x"]}))
    receive(bar, kind="list")
    found = {p["name"]: p["error"] for p in bar.plans}
    assert not found["whole"] and "not complete JSON" in found["half"]
    assert "does not fit" in found["other"] and "damaged" in found["pins"]
    before = selection.plan
    receive(bar, kind="choose", name="half")
    assert bar.wrong and "not complete JSON" in bar.said and selection.plan == before
