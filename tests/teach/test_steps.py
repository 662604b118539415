"""The questions of the steps: computed from the study, one right answer each, and help for wrong ones."""

import dataclasses

import pytest

from mdp.core.study import load_study
from mdp.solve import fastest, solve
from mdp_widgets.teach.contest.impossible import impossible, together, why
from mdp_widgets.teach.line_cost import line_cost
from mdp_widgets.teach.moves import kind_moves, measured, single_moves
from mdp_widgets.teach.quiz import Quiz, asked, judge, ranges
from mdp_widgets.teach.steps import OUTLINE, STEPS
from mdp_widgets.teach.steps.proof import near, optimal
from mdp_widgets.teach.steps.scan import candidates, example_dim, harm
from mdp_widgets.teach.steps.speed import cuts, even_cut, work_of
from mdp_widgets.teach.steps.surface import asked_about

from ..synthetic import synthetic_resnet, synthetic_vit

SHIPPED = ("fmnist-vit-cpu", "fmnist-resnet-cpu", "efficientnet-lite0-cpu")
_made: dict = {}


def study_of(name):
    if name not in _made:
        made = {"vit": lambda: synthetic_vit(4, embed=96), "resnet": lambda: synthetic_resnet((1, 2, 1, 1))}
        _made[name] = made[name]() if name in made else load_study(name)
    return _made[name]


@pytest.fixture(params=[*SHIPPED, "vit", "resnet"])
def study(request):
    return study_of(request.param)


def quizzes(study) -> list[Quiz]:
    found = [quiz for step in (make(study) for make in STEPS) for quiz in (step.prediction, step.check)]
    return [*found, why(study.problem, impossible(study.problem))]


def test_every_question_has_exactly_one_right_answer_and_helps_with_the_others(study):
    for quiz in quizzes(study):
        if not quiz.options:
            right = float(quiz.right)
            assert judge(quiz, quiz.right).state == "right"
            for wrong in (right - quiz.near - 1, right + quiz.near + 1):
                verdict = judge(quiz, str(wrong))
                assert verdict.state == "wrong" and len(verdict.words) > 20
            continue
        assert len(quiz.options) > 1
        for part in ("value", "text"):
            assert len({getattr(o, part) for o in quiz.options}) == len(quiz.options), quiz.prompt
        assert sum(o.value == quiz.right for o in quiz.options) == 1, quiz.prompt
        for option in quiz.options:
            verdict = judge(quiz, option.value)
            if quiz.kind == "prediction":
                assert verdict.state == "told" and quiz.because in verdict.words
            else:
                assert verdict.state == ("right" if option.value == quiz.right else "wrong")
                assert (len(verdict.words) > 20 and verdict.words != judge(quiz, quiz.right).words) or (
                    option.value == quiz.right
                )


def test_steps_are_six_within_forty_five_minutes_and_keys_are_apart(study):
    steps = [make(study) for make in STEPS]
    assert len(steps) == 6 and sum(s.minutes for s in steps) <= 45
    keys = [quiz.key for quiz in quizzes(study)]
    assert len(set(keys)) == len(keys)
    for step, (title, key) in zip(steps, OUTLINE, strict=True):
        assert step.title == title
        assert (step.prediction.key, step.check.key) == (f"{key}-prediction", f"{key}-check")
        assert not {"ω", "κ"} & set(step.goal + step.question + step.prediction.prompt)
    assert not any("ω" in s.task or "κ" in s.task for s in steps[:4])  # notation comes last


def test_what_a_page_is_given_holds_no_answer():
    quiz = STEPS[0](study_of("vit")).check
    told = asked(quiz)
    assert set(told) == {"key", "kind", "prompt", "options", "unit"}
    assert quiz.because not in str(told) and all(len(option) == 2 for option in told["options"])


def test_no_answer_breaks_the_judge():
    study = study_of("vit")
    for quiz in quizzes(study):
        for value in ("", "nan", "inf", "1e999", "<b>", "０", "\ud800", "-", "12,5"):
            assert judge(quiz, value).words


@pytest.mark.parametrize("value, right", [(-3, 0), (9.99, 0), (10, 1), (19.9, 1), (20, 2), (1e6, 2)])
def test_ranges_cover_everything_once(value, right):
    options, found = ranges((10, 20), value)
    assert found == str(right) and [o.value for o in options] == ["0", "1", "2"]


# Each right answer, found again in another way.


@pytest.mark.parametrize("name", SHIPPED)
def test_right_answers_are_right(name):
    study = study_of(name)
    problem = study.problem
    speed, scan, surface, blocks, program, proof = (make(study) for make in STEPS)

    work, time = even_cut(study)
    assert (
        abs(work - 0.5) < 0.1 and time > work + 0.05
    )  # pruned is not that much faster: the step's claim holds
    worst = max(cuts(study), key=lambda m: m.latency)
    assert speed.check.right == worst.name
    assert problem.evaluate(worst.choices)[0] == pytest.approx(worst.latency * problem.dense_latency)

    by_harm = sorted(candidates(study), key=harm)
    assert scan.prediction.right == by_harm[-1].name and harm(by_harm[-1]) > harm(by_harm[-2])
    dim, scores = example_dim(study), study.scores
    total = sum(abs(v).sum() for _, _, d, v in scores.shares if d == dim)
    options = problem.dim[dim].options
    at = options.index(int(scan.check.right))
    share = [
        sum(v[list(scores.order[dim][: options[i]])].sum() for _, _, d, v in scores.shares if d == dim)
        / total
        for i in (at - 1, at)
    ]
    assert share[0] < 0.9 <= share[1]

    cost = asked_about(study)
    gap = 100 * (cost.widths - cost.line)
    low, high = [0, 0.5, 2, 5, 10, 20, 40][int(surface.check.right)], [0.5, 2, 5, 10, 20, 40, 1e9]
    assert low <= gap < high[int(surface.check.right)]

    plan = solve(problem, max(0.25 * problem.dense_latency, fastest(problem).latency))
    right = next(o.text for o in blocks.prediction.options if o.value == blocks.prediction.right)
    low, _, high = right.replace("none", "0").partition(" to ")
    assert int(low) <= len(plan.removed_blocks) <= int(high or low)
    no_block = line_cost(problem, 0.25).widths
    kept = plan.importance / problem.dense_importance
    assert (blocks.check.right == "none") == (no_block is None)
    assert no_block is None or (blocks.check.right == "less") == (no_block < kept - 1e-4)

    at = float(program.check.right)
    slopes = {}
    for option in program.check.options:
        share = float(option.value)
        pair = [solve(problem, s * problem.dense_latency).importance for s in (share, share + 0.05)]
        slopes[share] = pair[1] - pair[0]
    assert max(slopes, key=slopes.get) == at

    if len(optimal(study)) < 2:  # a study whose plans are still to be measured says so instead
        assert "were not measured" in proof.prediction.because
        return
    measured_plan = near(study, optimal(study))
    edges = [0, 20, 40, 60, 70, 80, 90, 101]
    i = int(proof.prediction.right)
    assert edges[i] <= 100 * measured_plan.cut < edges[i + 1]


def test_the_impossible_round_has_one_culprit(study):
    found = impossible(study.problem)
    for i in range(3):
        left = together([w for j, w in enumerate(found.wishes) if j != i])
        assert (fastest(study.problem, left).latency <= found.budget) == (i == found.guilty)


def test_measured_cuts_are_whole_and_of_a_shipped_study():
    """A study made anew has none until `python -m benchmarks.sensitivity` has run; a part is a fault."""
    whole = 0
    for study in map(study_of, SHIPPED):
        moves = (*single_moves(study), *kind_moves(study))
        if measured(study):
            assert {m.name for m in moves} <= set(measured(study)), "run benchmarks.sensitivity"
            assert all(0 <= m.accuracy <= 1 for m in moves)
            whole += 1
    assert whole


def test_a_study_without_accuracy_or_counts_still_has_its_questions():
    bare = dataclasses.replace(study_of("vit"), counts={}, accuracy=None)
    found = quizzes(bare)
    assert len(found) == 13 and "were not measured" in str([quiz.because for quiz in found])
    assert work_of(bare, bare.problem.dense_choices) == 1
