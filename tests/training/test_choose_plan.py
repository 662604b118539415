"""Of many plans near the optimum the most accurate is taken, with its proof and its measurement."""

import pytest

from mdp.cli import main
from mdp.core.errors import Cancelled
from mdp.core.progress import Reporter
from mdp.core.study import save_study
from mdp.solve import candidates
from mdp.training.choose_plan import choose_plan

from .test_importance_check import Meter


@pytest.fixture(scope="module")
def found(vit):
    return candidates(vit.problem, 0.5 * vit.problem.dense_latency, 5, 0.05)


def test_the_most_accurate_is_taken_with_its_gap_and_a_note(vit, found):
    assert len(found.plans) == 5
    worst = min(plan.importance for plan in found.plans)
    share = worst / vit.problem.dense_importance
    plan, measured = choose_plan(Meter(vit, lambda s: 0.9 if s == share else 0.8), found)
    assert plan.importance == worst and plan.accuracy["share"] == 0.9 and plan.accuracy["stage"] == "cut"
    assert plan.bound >= found.plans[0].importance and [one.cut for one in measured].count(0.9) == 1
    assert "chosen from 5 plans by measuring each on 1,000 held-out images" in plan.note
    assert "the optimum by importance has 80.0 %" in plan.note


def test_of_equals_the_more_important_is_taken(vit, found):
    plan, _ = choose_plan(Meter(vit, lambda share: 0.8), found)
    assert plan.choices == found.plans[0].choices


def test_what_is_known_is_not_measured_again_and_cancel_keeps(vit, found):
    kept = []
    with pytest.raises(Cancelled):
        report = Reporter(lambda: len(kept) >= 2)
        choose_plan(Meter(vit, lambda share: share), found, keep=kept.append, report=report)
    meter = Meter(vit, lambda share: share)
    choose_plan(meter, found, known=kept)
    assert len(kept) == 2 and meter.measured == 3


def test_the_command_refuses_what_cannot_be_measured(vit, tmp_path, capsys):
    path = save_study(vit, tmp_path / "study.json")
    words = ["solve", str(path), "--budget", "50%", "--candidates"]
    assert main([*words, "4", "--solver", "greedy"]) == 2
    assert "leave out --solver greedy" in capsys.readouterr().err
    assert main([*words, "0"]) == 2
    assert "--candidates 0 cannot be used" in capsys.readouterr().err
