"""What the front is compared with: ablations, greedy, random, measured and fine-tuned networks."""

import asyncio
import dataclasses
import json
import os
import threading

import plotly.graph_objects as go
import pytest

from mdp.core.measurements import Measured, finetuned, verified
from mdp.core.plan import plan_to_json
from mdp.core.study import load_study, save_study
from mdp.plot.front import draw_front, front_info, front_table
from mdp.plot.front_layers import draw_labels, finetuned_points, line_points, verified_points
from mdp.plot.plan_summary import plan_summary
from mdp.plot.style import concrete
from mdp.solve import front, solve
from mdp.solve.analysis import baseline_lines
from mdp_widgets.export.figure_export import pictures
from mdp_widgets.export.figure_svg import figure_svg
from mdp_widgets.export.report import report_html
from mdp_widgets.state import baselines as others
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.views.front_view import FrontView
from mdp_widgets.widgets.budget import BudgetBar

from ..loops import run_apart


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(baseline_lines, "BUDGETS", 4)


def never() -> bool:
    return False


@pytest.mark.parametrize("what", others.WHAT)
def test_no_other_way_beats_the_exact_front(vit, resnet, few, what):
    for study in (vit, resnet):
        found = list(baseline_lines.lines(study.problem, what, never))
        assert len(found) == (3 if what == "ablations" else 1) and all(line.spots for line in found)
        for spot in (s for line in found for s in line.spots if s.plan):
            assert spot.latency <= spot.budget * (1 + 1e-9)
            best = solve(study.problem, spot.budget).importance
            assert spot.importance <= best * (1 + 1e-9)


def test_wanted_lines_are_drawn_and_unwanted_ones_are_not(vit, few):
    view = FrontView(ExplorerState(vit))
    alone = [t["name"] for t in view.plot.still]
    view.buttons["ablations"].value = True
    view.buttons["greedy"].value = True
    names = [t["name"] for t in view.plot.still]
    assert len(names) == len(alone) + 4 and names[-1] == "greedy"
    assert [t["name"] for t in view.plot.spec["data"]] == ["cross-hair", "labels", "A", "chosen"]
    view.buttons["ablations"].value = False
    assert [t["name"] for t in view.plot.still] == [*alone, "greedy"]
    view.selection.study = dataclasses.replace(vit, problem=dataclasses.replace(vit.problem))
    assert view.baselines.found.keys() == {"greedy"}  # what is wanted is found for the new study, too


def test_a_picture_to_take_away_shows_what_is_compared(vit, few):
    view = FrontView(ExplorerState(vit))
    view.buttons["greedy"].value = True
    shown = pictures(view.selection)[0].svg
    assert ">greedy<" in shown
    s = view.selection
    assert ">greedy<" in report_html(s.study, s.plan, s.front, None, s.beside)
    view.buttons["greedy"].value = False
    assert ">greedy<" not in pictures(view.selection)[0].svg


def test_a_drag_sends_only_what_moves(vit, few):
    view = FrontView(ExplorerState(vit))
    view.buttons["random"].value = True
    sent = []
    view.plot.observe(lambda c: sent.append(c["name"]), ["still", "spec"])
    view.selection.budget = 0.3 * vit.problem.dense_latency
    assert sent == ["spec"]


def test_in_a_kernel_the_work_is_done_beside_and_stops(vit, few, monkeypatch):
    monkeypatch.setattr(others, "REST", 0.0)
    entered, release = threading.Event(), threading.Event()

    def slow(problem, what, cancelled):
        entered.set()
        release.wait(10)
        assert cancelled() == (what == "greedy")
        yield baseline_lines.Line(what, ())

    monkeypatch.setattr(others, "lines", slow)

    async def page():
        monkeypatch.setattr(others, "kernel_loop", asyncio.get_running_loop)
        found = others.Baselines(ExplorerState(vit))
        found.wanted = ("greedy",)
        assert found.computing == "greedy" and entered.wait(5)
        found.wanted = ()  # nobody wants it any more
        release.set()
        await asyncio.sleep(0.05)
        assert not found.found and not found.computing
        found.wanted = ("random",)
        for _ in range(100):
            if not found.computing:
                break
            await asyncio.sleep(0.02)
        assert [line.name for line in found.shown()] == ["random"]

    run_apart(page())


def test_every_toggle_that_waits_says_so_until_its_points_are_there(vit, monkeypatch):
    release = threading.Event()

    def slow(problem, what, cancelled):
        release.wait(10)
        yield baseline_lines.Line(what, ())

    monkeypatch.setattr(others, "lines", slow)

    async def page():
        monkeypatch.setattr(others, "kernel_loop", asyncio.get_running_loop)
        view = FrontView(ExplorerState(vit))
        monkeypatch.setattr(others, "REST", 0.0)
        for key in ("greedy", "random"):
            view.buttons[key].value = True

        def told():
            return {k for k, b in view.buttons.items() if "mdp-computing" in b._dom_classes}

        assert told() == {"greedy", "random"} and "greedy, random" in view.busy.value
        assert "Computing" in view.buttons["random"].tooltip
        view.buttons["random"].value = False  # the one that waits its turn
        assert told() == {"greedy"}
        view.buttons["random"].value = True
        release.set()
        while told():
            await asyncio.sleep(0.02)
        assert "Computing" not in view.busy.value + view.buttons["random"].tooltip

    run_apart(asyncio.wait_for(page(), 20))


@pytest.fixture
def measured(vit):
    plan = solve(vit.problem, 0.4 * vit.problem.dense_latency)
    choices = {d: k or vit.problem.dim[d].dense for d, k in plan.choices.items()}
    point = {"predicted": 2.0, "measured": 2.2, "choices": choices, "removed": list(plan.removed_blocks)}
    other = {**point, "choices": {"of another": 1}}
    return dataclasses.replace(vit, verification={"points": [point, other], "median_error": 0.1})


def test_measured_points_stand_beside_their_prediction(measured, vit):
    (found,) = verified(measured)
    plan = solve(vit.problem, 0.4 * vit.problem.dense_latency)
    assert found.importance == pytest.approx(plan.importance / vit.problem.dense_importance)
    points = verified_points(measured, [found])
    assert (points.latency, points.predicted) == ((2.2,), (2.0,))
    assert "measured 2.20 ms, predicted 2.00 ms (-9.1 %)" in points.texts[0]
    assert verified(vit) == ()
    view = FrontView(ExplorerState(measured))
    assert not view.buttons["measured"].disabled and view.buttons["finetuned"].disabled
    view.buttons["measured"].value = True
    assert view.plot.still[-1]["name"] == "random, measured"
    view.selection.study = vit
    assert view.buttons["measured"].disabled and not view.buttons["measured"].value


def test_a_run_that_finishes_shows_up_on_the_open_page(vit, measured, tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    path = save_study(vit, tmp_path / "user" / "studies" / "one.json")
    s = ExplorerState()
    assert s.open(path)
    s.set_budget("40%")
    view, bar, plan = FrontView(s), BudgetBar(s), s.plan
    view.follow.look()
    assert view.buttons["measured"].disabled and bar.facts[0]["band"] == "± ?"
    os.utime(save_study(measured, path), ns=(1, 1))  # another time, however coarse the clock
    view.follow.look()
    assert not view.buttons["measured"].disabled and bar.facts[0]["band"] == "±10.0 %"
    assert s.plan is plan and s.can_undo
    folder = tmp_path / "user" / "networks" / "good"
    folder.mkdir(parents=True)
    extra = {"finetuned": {"accuracy_tuned": 0.9}, "plan": plan_to_json(plan)}
    (folder / "architecture.json").write_text(json.dumps({"extra": extra}))
    assert view.buttons["finetuned"].disabled
    view.follow.look()
    assert not view.buttons["finetuned"].disabled
    path.write_text("{")  # being written
    view.follow.look()
    assert not view.buttons["measured"].disabled and s.error == ""


def test_finetuned_networks_show_their_accuracy(vit, tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    plan = solve(vit.problem, 0.4 * vit.problem.dense_latency)
    facts = {"finetuned": {"accuracy_tuned": 0.873, "latency_measured": None}, "plan": plan_to_json(plan)}
    foreign = {**facts, "plan": {**facts["plan"], "fingerprint": "of other tables"}}
    for name, extra in (("good", facts), ("foreign", foreign), ("plain", {}), ("odd", {"finetuned": 3})):
        folder = tmp_path / "user" / "networks" / name
        folder.mkdir(parents=True)
        (folder / "architecture.json").write_text(json.dumps({"extra": extra}))
    (folder / "architecture.json").write_text("{")
    (found,) = finetuned(vit)
    points = finetuned_points(vit, [found])
    assert points.labels == ("87.3 %",) and points.latency == (plan.latency,)
    assert "accuracy 87.3 %" in points.texts[0] and "fine-tuned: good" in points.texts[0]
    info = front_info(vit, front(vit.problem, 5), plan, others=(points,))
    go.Figure(concrete(draw_front(info)))  # plotly checks names and values
    drawn = figure_svg(draw_front(info))
    assert ">87.3 %<" in drawn and ">fine-tuned<" in drawn and "fine-tuned: good" not in drawn
    assert front_table(info)[1][-1][-1] == "fine-tuned, accuracy 87.3 %"


def test_labels_of_accuracy_do_not_stand_on_each_other(vit):
    dense = vit.problem.dense_latency
    at = [(0.30, 0.80, 0.81), (0.33, 0.82, 0.84), (0.60, 0.82, 0.86), (0.33, 0.50, 0.79)]
    plan = solve(vit.problem, 0.4 * dense)
    found = [Measured(f"n{i}", x * dense, None, y, (), {}, a, plan) for i, (x, y, a) in enumerate(at)]
    points = finetuned_points(vit, found)
    words = draw_labels([points])
    assert words["text"] == ["84.0 %", "86.0 %", "79.0 %"]  # the better one of two keeps its label
    assert words["x"] == [m.latency for m in found[1:]] and words["y"] == [82, 82, 50]
    info = front_info(vit, None, plan, others=(points,))
    assert [row[-1] for row in front_table(info)[1]] == [
        f"fine-tuned, accuracy {100 * a:.1f} %" for *_, a in at
    ]


def test_the_hover_tells_the_whole_plan(vit, few):
    plan = solve(vit.problem, 0.3 * vit.problem.dense_latency)
    words = plan_summary(vit.problem, plan)
    heads = sum(k or 0 for d, k in plan.choices.items() if d.endswith("heads"))
    assert f"heads {heads} of 12" in words and "embedding" in words
    info = front_info(vit, front(vit.problem, 3), plan)
    assert all("MLP" in t for t in draw_front(info)["data"][0]["text"])
    line = next(baseline_lines.lines(vit.problem, "ablations", never))
    assert all(line.name in t for t in line_points(vit, line).texts)


@pytest.mark.parametrize("name", ["fmnist-resnet-cpu", "fmnist-vit-cpu"])
def test_networks_that_come_along_show_what_latency_buys(name, tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    found = finetuned(load_study(name))
    assert len(found) == 4 and all(m.measured for m in found)
    assert [m.accuracy for m in found] == sorted(m.accuracy for m in found)
