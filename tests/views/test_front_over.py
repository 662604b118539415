"""The front over parameters, multiply-adds or another resource, while budget and other limits hold."""

import numpy as np
import pytest

from mdp.core.plan import within
from mdp.core.study import load_study
from mdp.solve import solve
from mdp_widgets.export.figure_export import picture_json, pictures
from mdp_widgets.export.report import report_html
from mdp_widgets.state import other_front
from mdp_widgets.state.address import address_of, go_to
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.views.front_view import FrontView


@pytest.fixture
def view(monkeypatch):
    monkeypatch.setattr(other_front, "LIMITED_POINTS", 9)
    return FrontView(ExplorerState(load_study("fmnist-resnet-cpu")))


def test_all_resources_of_the_study_are_offered(view):
    names = dict(view.over.options)
    assert list(names.values()) == ["", "parameters", "macs", "weight_memory"]  # no peak
    assert "over latency" in names and "over multiply-adds" in names


def test_every_point_keeps_the_budget_and_the_other_limits_and_is_the_best(view):
    s = view.selection
    problem = s.study.problem
    s.set_limit("macs", "60%")
    view.over.value = "parameters"
    assert s.over == "parameters"
    points = view.other.front.points
    assert len(points) > 4
    for point in points:
        plan = point.plan
        uses = problem.uses(plan.choices, plan.removed_blocks)
        choices = {d.name: plan.choices[d.name] or d.dense for d in problem.dims}
        assert within(problem.total(problem.latency, choices, plan.removed_blocks), s.budget)
        assert within(uses["macs"], s.limits["macs"]) and within(plan.latency, point.budget)
        assert uses["parameters"] == pytest.approx(plan.latency)
    # The last one is what the best plan uses where the resource is free: no points in vain.
    assert points[-1].plan.importance == pytest.approx(
        solve(problem, s.budget, most=dict(s.limits)).importance
    )
    assert len({p.plan.importance for p in points}) > len(points) / 2
    middle = points[len(points) // 2]
    most = {"macs": s.limits["macs"], "parameters": middle.budget}
    assert middle.plan.importance == pytest.approx(solve(problem, s.budget, most=most).importance)


def test_the_figure_says_what_it_goes_over_and_where_the_plan_is(view):
    s = view.selection
    view.over.value = "parameters"
    assert "parameters" in view.plot.label and "latency" not in view.plot.label.lower()
    uses = s.study.problem.uses(s.plan.choices, s.plan.removed_blocks)
    chosen = next(t for t in view.plot.spec["data"] if t["name"] == "chosen")
    assert np.isclose(chosen["x"][0], uses["parameters"])
    assert view.axes["accuracy"].disabled and view.buttons["greedy"].disabled
    view.over.value = ""
    assert not view.buttons["greedy"].disabled and "latency" in view.plot.label.lower()


def test_a_click_limits_the_resource_and_leaves_the_budget(view):
    s = view.selection
    budget = s.budget
    view.over.value = "macs"
    point = view.other.front.points[3]
    view._click({"name": "front", "x": point.plan.latency, "at": [point.plan.latency, 50.0]})
    assert s.error == "" and s.budget == budget
    assert s.limits["macs"] == pytest.approx(point.plan.latency)
    assert s.plan.importance == pytest.approx(point.plan.importance)
    s.undo()
    assert not s.limits


def test_it_follows_budget_and_study_once_they_settle(view):
    s = view.selection
    view.over.value = "parameters"
    before = view.other.front
    s.drag_to(0.4 * s.study.problem.dense_latency)
    assert view.other.front is before  # not at every step of a drag
    s.settle()
    after = view.other.front
    assert after is not before and after.points[-1].plan.importance < before.points[-1].plan.importance
    s.open("fmnist-vit-cpu")
    assert s.over == "parameters" and view.other.problem.name == s.study.problem.name


def test_it_is_in_the_address_and_what_a_study_does_not_know_is_left_out(view):
    s = view.selection
    view.over.value = "macs"
    address = address_of(s)
    other = ExplorerState()
    go_to(other, address)
    assert other.over == "macs"
    go_to(other, address.replace("over=macs", "over=weights%20of%20gold"))
    assert other.over == ""
    s.show_over("gold")
    assert s.over == "" and view.over.value == ""


def test_what_is_taken_away_is_what_is_on_the_screen(view):
    s = view.selection
    view.over.value = "parameters"
    shown = next(p for p in pictures(s) if p.name == "front")
    assert shown.title == "Pareto front over parameters"
    assert "parameters" in shown.svg and "latency" not in shown.svg
    columns, rows = shown.drawn.table
    assert {"columns": columns, "rows": rows} == view.plot.table
    assert '"parameters' in picture_json(shown)
    front, turned = s.front_over
    assert (
        "parameters" in report_html(s.study, s.plan, front, turned=turned).split("Where the plan stands")[1]
    )
    view.over.value = ""
    again = next(p for p in pictures(s) if p.name == "front")
    assert again.title == "Pareto front" and "latency" in again.svg
