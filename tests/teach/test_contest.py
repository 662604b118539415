"""You against the solver: budgets, prices, points, and what is said of them."""

import dataclasses
import itertools

import pytest

from mdp.core.plan_accuracy import PlanAccuracy, entry_of
from mdp.core.study import load_study
from mdp.solve import solve
from mdp_widgets.teach import open_study
from mdp_widgets.teach.contest.page import ContestPage
from mdp_widgets.teach.contest.rounds import first_round, parameters_of, second_round
from mdp_widgets.teach.contest.two_budgets import answer_within
from mdp_widgets.teach.contest.worth import accuracy_words, guess, points, whole

from ..synthetic import synthetic_resnet, synthetic_vit


@pytest.fixture
def study():
    return synthetic_vit(3, embed=96)


@pytest.fixture
def contest(study):
    return ContestPage(open_study(study), 7, "vit")


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_the_answer_within_two_budgets_holds_both_and_its_bound_holds_for_all(share):
    study = synthetic_resnet((1, 1, 1, 1))
    budget = share * study.problem.dense_latency
    alone = solve(study.problem, budget)
    limit = 0.8 * parameters_of(study, whole(study, alone.choices), alone.removed_blocks)
    answer = answer_within(study, budget, limit)
    used = parameters_of(study, whole(study, answer.plan.choices), answer.plan.removed_blocks)
    assert (
        answer.plan.latency <= budget * (1 + 1e-9)
        and used == pytest.approx(answer.parameters)
        and used <= limit * (1 + 1e-9)
    )
    assert answer.proven and answer.plan.importance == answer.bound <= alone.importance
    assert answer_within(study, budget, 1e-6).parameters > 1e-6  # nothing is so small
    for tighter in (
        0.9,
        0.8,
        0.7,
        0.6,
    ):  # plans within both, found otherwise, are never better than the bound
        other = solve(study.problem, tighter * budget)
        if parameters_of(study, whole(study, other.choices), other.removed_blocks) <= limit:
            assert other.importance <= answer.bound + 1e-9


def test_rounds_ask_for_what_exists_and_the_solver_meets_it(study):
    for round_ in (first_round(study), second_round(study)):
        plan = round_.answer.plan
        assert plan.latency <= round_.budget * (1 + 1e-9)
        used = parameters_of(study, whole(study, plan.choices), plan.removed_blocks)
        assert round_.parameters is None or used <= round_.parameters * (1 + 1e-9)
    bare = dataclasses.replace(study, counts={})
    assert second_round(bare).parameters is None


def test_over_the_budget_nothing_can_be_handed_in(contest):
    play = contest.rounds[1]
    assert play.bench.bars[0]["over"]
    play.bench._receive(play.bench, {"kind": "hand"}, [])
    assert play.bench.result == {}


def test_the_solvers_own_plan_has_all_points_and_less_has_less(contest, study):
    play = contest.rounds[1]
    best = play.round.answer.plan
    assert play.bench.choose(whole(study, best.choices), list(best.removed_blocks))
    play.bench._receive(play.bench, {"kind": "hand"}, [])
    result = play.bench.result
    assert result["points"] == 100 and "you found the solver's plan" in result["words"] and result["fresh"]
    small = {d.name: d.options[0] for d in study.problem.dims}
    play.bench._receive(play.bench, {"kind": "again", "choices": small, "removed": [], "handed": True}, [])
    result = play.bench.result
    assert result["points"] < 50 and not result["fresh"]
    assert len(result["rows"]) > 1 and len(result["columns"]) == len(result["rows"][0])
    assert result["value"] == {"study": "vit", "choices": small, "removed": [], "budget": 0.4}
    assert "not measured for this study: importance decides" in str(result["facts"])


@pytest.mark.parametrize("choices, removed", [
    (None, []), ({}, []), ({"embed": 96}, []), ("all", []), ("all", ["blocks.9"]), ("all", "blocks.1"),
    ("all", [3]), ("odd", []), ("text", []),
])  # fmt: skip
def test_a_choice_that_is_none_is_left_alone(contest, study, choices, removed):
    dense = study.problem.dense_choices
    made = {"all": dense, "odd": dense | {"embed": 95}, "text": dense | {"embed": "96"}}
    before = contest.rounds[1].bench.bars
    right = contest.rounds[1].bench.choose(
        made.get(choices) if isinstance(choices, str) else choices, removed
    )
    assert right is (choices == "all" and removed == []) and contest.rounds[1].bench.bars == before


def test_two_budgets_are_two_bars(contest, study):
    contest.choice.value = 2
    play = contest.rounds[2]
    assert [bar["name"] for bar in play.bench.bars] == ["Latency", "Parameters"]
    best = play.round.answer.plan
    play.bench.choose(whole(study, best.choices), list(best.removed_blocks))
    assert not any(bar["over"] for bar in play.bench.bars)
    play.bench._receive(play.bench, {"kind": "hand"}, [])
    assert "no plan within both budgets keeps more" in play.bench.result["note"]
    assert "parameters" in str(play.bench.result["facts"])


def test_taking_a_wish_away_shows_what_is_possible(contest):
    contest.choice.value = 3
    wishes = contest.rounds[3]
    assert "Impossible." in wishes.said.value
    wishes.boxes[wishes.found.guilty].value = False
    assert "Possible:" in wishes.said.value
    wishes.question.answer(str(wishes.found.guilty))
    assert wishes.question.verdict["state"] == "right"


def test_measured_accuracy_is_said_and_a_guess_says_that_it_is_one(study):
    problem = study.problem
    plans = [solve(problem, share * problem.dense_latency) for share in (0.3, 0.5, 0.7)]
    entries = [
        entry_of(
            PlanAccuracy(whole(study, p.choices), p.removed_blocks, 0, 0, 1000, 0.5 + 0.1 * i, 0.6 + 0.1 * i)
        )
        for i, p in enumerate(plans)
    ]
    told = dataclasses.replace(study, accuracy={"dense": 0.9, "plans": entries})
    shares = [guess(told, p.importance).share for p in plans]
    assert shares == pytest.approx([0.6, 0.7, 0.8]) and guess(told, 0.0).end
    among = [
        guess(told, plans[0].importance + t * (plans[1].importance - plans[0].importance)) for t in (0.2, 0.6)
    ]
    assert 0.6 < among[0].share < among[1].share < 0.7
    assert "a guess from its importance (not measured)" in accuracy_words(told, None, plans[1].importance)
    assert "importance decides" in accuracy_words(study, None, 1.0)


def test_points_stay_between_nothing_and_a_hundred():
    for mine, best in itertools.product((-1.0, 0.0, 0.3, 2.0), (0.0, 1.0)):
        assert 0 <= points(mine, best) <= 100


def test_a_shipped_study_is_guessed_within_what_was_measured():
    study = load_study("fmnist-resnet-cpu")
    assert 0.7 < guess(study, 0.95 * study.problem.dense_importance).share < 0.93
