"""The page in Python: the parts follow one selection, and nothing of it needs torch."""

import subprocess
import sys

import pytest
from ipywidgets import HTML

from mdp.core.study import save_study
from mdp_widgets.pages.explorer import Explorer, tabs
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.widgets.budget import BudgetBar, plan_facts
from mdp_widgets.widgets.header import Header, address_of, go_to


@pytest.fixture
def page(vit):
    return Explorer(vit)


def test_every_view_follows_the_budget(page, vit):
    before = (page.front.spec, page.survivors.info, page.budget.facts)
    page.budget.budget = 0.3 * vit.problem.dense_latency  # as the slider does
    assert page.selection.plan.budget == 0.3 * vit.problem.dense_latency
    after = (page.front.spec, page.survivors.info, page.budget.facts)
    assert all(b != a for b, a in zip(before, after, strict=True))


def test_a_click_on_the_front_moves_the_budget(page):
    wanted = page.selection.front.points[20].plan
    page.front._receive(None, {"kind": "click", "point": {"at": [wanted.latency + 1e-6, 12.0]}}, [])
    assert page.selection.plan.importance == wanted.importance
    page.front._receive(None, {"kind": "click", "point": {"at": ["x", None]}}, [])
    page.front._receive(None, {"kind": "click", "point": {}}, [])
    page.front._receive(None, {"kind": "click", "point": None}, [])
    page.front._receive(None, {"kind": "click"}, [])
    assert page.selection.plan.importance == wanted.importance


def test_a_click_chooses_what_the_hover_tells_of(page):
    told, other = (page.selection.front.points[i].plan for i in (20, 30))
    point = {"name": "front", "x": told.latency, "at": [other.latency, 12.0]}
    page.front._receive(None, {"kind": "click", "point": point}, [])
    assert page.selection.plan.importance == told.importance
    page.front._receive(None, {"kind": "click", "point": {**point, "name": "greedy"}}, [])
    assert page.selection.plan.importance == other.importance


def test_a_look_in_the_picture_moves_the_block_view(page):
    page.survivors._receive(None, {"kind": "look", "block": "blocks.2", "dim": "blocks.2.mlp"}, [])
    assert page.survivors.selected == {"block": "blocks.2", "dim": "blocks.2.mlp"}
    assert page.block.block.value == "blocks.2" and page.block.dim.value == "blocks.2.mlp"
    assert "blocks.2" in page.block.sentences.value
    assert "blocks.2.mlp" in page.block.curve.label


def test_pins_from_the_block_view(page):
    page.block.pin_block.value = "removed"
    assert page.selection.pins.blocks == {"blocks.0": False}
    assert "blocks.0" in page.selection.plan.removed_blocks
    page.block.pin_block.value = "free"
    page.selection.look_at("blocks.1", "blocks.1.heads")
    page.block.pin_dim.value = 1
    assert page.selection.pins.dims == {"blocks.1.heads": (1, 1)}
    page.selection.clear_pins()
    assert page.block.pin_dim.value == 0


def test_errors_are_on_the_page_and_escaped(page):
    page.budget._receive(None, {"kind": "typed", "text": "<b>abc"}, [])
    assert 'role="alert"' in page.notice.value and "<b>" not in page.notice.value
    page.budget._receive(None, {"kind": "typed", "text": "50%"}, [])
    assert not page.notice.value


def test_a_page_without_any_study_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr("mdp_widgets.state.opening.list_studies", list)
    assert "no study yet" in Explorer().notice.value


def test_facts_say_what_is_proven(vit):
    selection = ExplorerState(vit)
    facts = {f["name"]: f for f in plan_facts(vit, selection.plan)}
    assert facts["best possible"]["value"] == "✓ proven"
    assert facts["speed-up"]["value"] == f"{vit.problem.dense_latency / selection.plan.latency:.2f}×"
    kept = vit.count("parameters", selection.plan.choices, selection.plan.removed_blocks)
    assert facts["parameters"]["value"] == f"−{round(100 - 100 * kept / vit.count('parameters'))} %"


def test_a_slider_below_what_is_possible_stops_at_it(vit):
    bar = BudgetBar(ExplorerState(vit))
    bar.budget = 0.0
    assert bar.budget == bar.selection.min_latency and not bar.selection.error


def test_the_address_opens_the_same_view(vit, resnet, tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    path = save_study(vit)
    first = ExplorerState(resnet)
    first.open(path)
    first.set_budget("33%")
    first.look_at("blocks.2", "blocks.2.v")
    second = ExplorerState(resnet)
    go_to(second, address_of(first))
    assert (second.study.path, second.budget, second.block, second.dim) == (
        path,
        first.budget,
        "blocks.2",
        "blocks.2.v",
    )
    go_to(second, "study=gone")
    assert "'gone'" in second.error and second.study.path == path
    go_to(second, "study=../../etc/passwd&budget=abc&block=%00")
    assert second.study.path == path


def test_the_open_tab_is_in_the_address_also_before_there_is_a_study():
    selection = ExplorerState()
    made = []
    widget = tabs({t: lambda t=t: made.append(t) or HTML(t) for t in ("One", "Two", "Three")}, selection)
    assert made == ["One"] and address_of(selection) == ""
    widget.selected_index = 2
    assert made == ["One", "Three"] and address_of(selection) == "tab=Three"
    go_to(selection, "tab=Two")
    assert widget.selected_index == 1 and made == ["One", "Three", "Two"]
    for address in ("", "tab=None"):
        go_to(selection, address)
        assert widget.selected_index == 0 and len(made) == 3


def test_a_page_that_opens_at_a_link_has_nothing_to_undo(vit, tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    link = f"study={save_study(vit).stem}&budget=3.0&pins=blocks.3%3Dremoved"
    header = Header(ExplorerState(vit))
    header._receive(header, {"kind": "hello", "address": link}, [])
    assert header.selection.budget == 3.0 and header.selection.pins.blocks and not header.can_undo
    header.selection.set_budget(4.0)
    header._receive(header, {"kind": "hello", "address": header.address}, [])  # drawn a second time
    assert header.can_undo
    header.selection.undo()
    assert header.selection.budget == 3.0


def test_opening_solving_and_drawing_import_no_torch(vit, tmp_path):
    path = save_study(vit, tmp_path / "study.json")
    code = (
        "import sys; from mdp_widgets.pages.explorer import Explorer, tabs; page = Explorer(sys.argv[1])\n"
        "page.budget.budget *= 0.7; page.selection.pin_block('blocks.0', False)\n"
        "page.block.solid.value = True\n"
        "assert page.selection.plan.optimal and page.front.spec['data']\n"
        "for i in range(len(page.tabs.children)): page.tabs.selected_index = i\n"
        "heavy = {'torch', 'torchvision', 'timm', 'accelerate', 'pyomo'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
