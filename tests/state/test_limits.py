"""Limits beside the budget on the page's state: set, refused, undone, in the address, in named plans."""

import dataclasses

import pytest

from mdp.core.study import load_study
from mdp.core.terms import Resource
from mdp.solve import Front, Pins
from mdp_widgets.state import opening
from mdp_widgets.state.address import address_of, go_to
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.state.limits import limits_from_text, limits_text
from mdp_widgets.widgets.budget import BudgetBar, plan_facts
from mdp_widgets.widgets.limit_facts import limit_rows

from ..synthetic import synthetic_vit


@pytest.fixture
def selection():
    return ExplorerState(synthetic_vit(3, 96, 3))


def uses(selection):
    return selection.study.problem.uses(selection.plan.choices, selection.plan.removed_blocks)


def test_a_limit_holds_and_undo_takes_it_back(selection):
    free = selection.plan
    most = 0.8 * uses(selection)["parameters"]
    assert selection.set_limit("parameters", most) and not selection.error
    assert uses(selection)["parameters"] <= most * (1 + 1e-9) and selection.plan.optimal
    assert selection.plan.importance <= free.importance
    assert all(p.plan.limits["parameters"].most == most for p in selection.front.points)
    selection.set_budget("40%")
    assert selection.plan.limits["parameters"].most == most
    selection.undo()
    selection.undo()
    assert selection.limits == {} and selection.plan.choices == free.choices
    assert not selection.front.points[0].plan.limits
    selection.redo()
    assert selection.limits == {"parameters": most}
    selection.set_limit("parameters", "")
    assert selection.limits == {} and selection.plan.importance == free.importance


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("parameters", "abc", "cannot be used"),
        ("parameters", "-3", "cannot be used"),
        ("parameters", "nan", "cannot be used"),
        ("macs", "12 ms", "cannot be used"),
        ("parameters", "1", "smallest possible"),
        ("no such", "3", "does not know"),
    ],
)
def test_a_limit_that_cannot_be_is_a_sentence_and_nothing_changes(selection, name, text, words):
    before = selection.plan, selection.limits, selection.min_latency
    assert not selection.set_limit(name, text)
    assert words in selection.error
    assert (selection.plan, selection.limits, selection.min_latency) == before


def test_a_limit_of_the_dense_model_is_none(selection):
    assert selection.set_limit("macs", "100%") and selection.limits == {}
    assert selection.set_limit("macs", "1e30") and selection.limits == {}


def test_the_address_holds_the_limits(selection, tmp_path, monkeypatch):
    from mdp.core.study import save_study

    study = load_study(save_study(selection.study, tmp_path / "one.json"))
    here = ExplorerState(study)
    here.set_limit("parameters", "60%")
    here.keep_as_a()
    here.set_limit("macs", "40%")
    address = address_of(here)
    there = ExplorerState(study)
    there.studies = ({"name": study.name, "path": str(tmp_path / "one.json")},)
    go_to(there, address)
    assert there.error == "" and there.limits == here.limits and len(there.limits) == 2
    assert there.plan.choices == here.plan.choices
    assert there.reference.limits == here.reference.limits == {"parameters": here.limits["parameters"]}
    there.swap()
    assert set(there.limits) == {"parameters"} and len(there.reference.limits) == 2
    go_to(there, address.replace("parameters", "nonsense"))
    assert "holds no 'nonsense'" in there.error


def test_the_bar_shows_use_and_price(selection):
    bar = BudgetBar(selection)
    assert {row["name"] for row in bar.limits} == {"parameters", "macs"}
    assert not any(r["text"] for r in bar.limits)
    bar._receive(bar, {"kind": "limit", "name": "parameters", "text": "30%"}, None)
    row = next(r for r in bar.limits if r["name"] == "parameters")
    assert row["text"] and row["share"] == pytest.approx(30) and "+1 % is worth" in row["note"]
    fact = next(f for f in plan_facts(selection.study, selection.plan) if f["name"] == "parameters")
    assert "at most" in fact["note"]
    selection.go(selection.budget, Pins())
    assert selection.limits == {}
    assert not any(r["text"] for r in limit_rows(selection.study.problem, selection.plan, {}))


def test_a_front_goes_on_growing_when_equal_limits_are_set_anew(monkeypatch):
    """A link sets them, none included, while the front of the study that it opened still grows."""
    found = []
    monkeypatch.setattr(opening, "grow", lambda *args: found.append(args[3]))
    selection = ExplorerState(synthetic_vit(blocks=2))
    front = Front((), ())
    selection.go(selection.budget, selection.pins, dict(selection.limits))
    found[-1](front)
    assert selection.front is front


@pytest.mark.parametrize("name", ["a,b", " laptop ", "50%", "%2C", "a=b", "é <b>"])
def test_names_of_a_problem_file_come_through_an_address(name):
    problem = synthetic_vit(2, 24, 2).problem
    problem = dataclasses.replace(problem, resources=(Resource(name, "ms", problem.latency),))
    assert limits_from_text(limits_text({name: 12.5}), problem) == {name: 12.5}
    assert limits_text({"laptop": 12.5}) == "laptop=12.5"


def test_activation_memory_is_one_more_limit():
    selection = ExplorerState(load_study("fmnist-resnet-cpu"))
    assert selection.set_limit("activation_memory", "60%")
    rows = limit_rows(selection.study.problem, selection.plan, selection.limits)
    row = next(r for r in rows if r["name"] == "activation_memory")
    assert row["label"] == "Activation memory" and row["share"] == pytest.approx(60) and "B of" in row["note"]
    limit = selection.plan.limits["activation_memory"]
    assert selection.plan.optimal and limit.used <= limit.most
    assert not selection.set_limit("activation_memory", "1%")
    assert "the smallest possible is" in selection.error
    assert selection.plan.limits["activation_memory"] == limit
