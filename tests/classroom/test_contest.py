"""The server prices what pupils hand in, whatever their page says."""

import pytest

import mdp
from mdp.core.plan_accuracy import measured_plans
from mdp.core.study import save_study
from mdp_widgets.classroom.answers import read_answer
from mdp_widgets.classroom.contest import price, question, round_of
from mdp_widgets.classroom.lesson import Lesson, lesson_of
from mdp_widgets.classroom.refused import Refused

from ..synthetic import synthetic_vit

NAME = "fmnist-vit-cpu"


def handed(budget):
    plan = mdp.load_study(NAME).solve(budget)
    return {"study": NAME, "choices": dict(plan.choices), "removed": list(plan.removed_blocks)}


def test_the_solvers_plan_has_a_hundred_points_and_a_worse_one_less():
    best, worse = price("contest-1", handed("40%")), price("contest-1", handed("15%"))
    assert best.points == 100 and 0 < worse.points < 100
    if measured_plans(mdp.load_study(NAME)):  # this very plan was measured, where any was
        assert best.accuracy is not None and "of the test images" in best.words
    assert price("any other key", handed("40%")) == best and round_of("any other key") == "contest-1"
    gone = handed("40%")
    gone["choices"] = {name: kept for name, kept in gone["choices"].items() if kept is not None}
    assert price("contest-1", gone) == best  # as the course's page sends it


def test_a_network_above_the_budget_is_worth_nothing_and_told_why():
    with pytest.raises(Refused, match="more than the budget") as error:
        price("contest-1", handed("60%"))
    assert error.value.status == 422


@pytest.mark.parametrize("change", [
    {"study": "/etc/passwd"}, {"study": "../studies/fmnist-vit-cpu.json"}, {"study": 3}, {"study": None},
    {"study": []}, {"study": {}},
    {"choices": {"embedding": 128}}, {"choices": {"embedding": 127}}, {"choices": {"embedding": True}},
    {"choices": {"embedding": 1e300}}, {"choices": []}, {"choices": {"<b>": 1}}, {"removed": ["<b>"]},
    {"removed": "blocks.0"}, {"removed": [3]}, {"removed": [["blocks.0"]]},
])  # fmt: skip
def test_forged_networks_are_refused(change):
    with pytest.raises(Refused):
        price("contest-1", {**handed("40%"), **change})


def test_a_network_with_a_dim_that_there_is_none_of_is_no_other_network():
    good = handed("40%")
    for name in ("junk", "<b>", "x" * 5000, "\x1b[2J"):
        with pytest.raises(Refused, match="has no dim") as said:
            price("contest-1", {**good, "choices": {**good["choices"], name: 3}})
        assert str(said.value).isprintable() and len(str(said.value)) < 200


def test_the_round_that_asks_is_judged_too():
    assert price("contest-3", "none of these").points == 0
    assert sorted({price("contest-3", v, t).points for v in "012" for t in (0, 1)}) == [0, 5, 10]
    with pytest.raises(Refused):
        price("contest-3", {"study": NAME})


def test_the_third_round_is_judged_by_the_network_that_the_pupil_plays_on():
    for name in (NAME, "fmnist-resnet-cpu"):
        right = question(mdp.load_study(name)).right
        assert price("contest-3", right, asked_of=name).points == 10
    with pytest.raises(Refused):
        price("contest-3", "0", asked_of="/etc/passwd")


def test_a_study_without_measured_accuracy_goes_by_importance(tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    study = synthetic_vit(blocks=2, embed=96, heads=2)
    save_study(study)
    plan = mdp.Study.of(study).solve("40%")
    found = price(
        "contest-1",
        {"study": study.name, "choices": dict(plan.choices), "removed": list(plan.removed_blocks)},
    )
    assert found.points == 100 and found.accuracy is None


def test_checks_are_judged_by_the_server_and_claims_are_capped():
    lesson = lesson_of(mdp.load_study(NAME))
    assert len(lesson.parts) == 6
    check = lesson.parts[0].step.check
    assert lesson.points(check.key, check.right, 0, None) == 10
    assert lesson.points(check.key, check.right, 0, 1e6) == 10
    assert lesson.points(check.key, check.right, 1, 10) == 5
    assert lesson.points(check.key, "none", 0, 10) == 0
    assert lesson.points("invented", check.right, 0, 10) == 0
    assert lesson.points(check.key, 3, 0, 10) == 0 and Lesson().points("k", "v", 0, 10) == 0
    said = str(lesson.public())
    assert "because" not in said and check.because not in said


def test_the_cap_on_values_lets_large_networks_through():
    value = {
        "study": "s",
        "choices": {f"blocks.{b}.{d}": 1000 for b in range(24) for d in range(5)},
        "removed": [],
    }
    data = {"pupil": "p", "step": 7, "kind": "contest", "key": "contest-1", "value": value}
    assert read_answer(data).value == value
