"""`mdp measure`: which plans, on what, and what is kept; without the networks themselves."""

import json

import pytest

from mdp import cli
from mdp.cli import measure
from mdp.core.plan import load_plan
from mdp.core.plan_accuracy import PlanAccuracy, measured_plans
from mdp.core.study import load_study, save_study


class Meter:
    dense, images, dataset = 0.8715, 500, "fashion-mnist"

    def __init__(self, study):
        self.study = study

    def measure_plan(self, plan, report=None):
        return PlanAccuracy(
            plan.choices, plan.removed_blocks, plan.latency, plan.importance, 500, 0.4, 0.8, plan.solver
        )


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "make_meter", lambda study, args, report=None: Meter(study))
    return str(save_study(load_study("fmnist-vit-cpu"), tmp_path / "study.json"))


def test_budgets_are_measured_and_kept_and_solve_tells_them(path, tmp_path, capsys):
    assert cli.main(["measure", path, "--budgets", "30, 45%", "--save", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["plans"]
    assert [one["share"] for one in told] == [0.8, 0.8] and told[0]["stage"] == "repaired"
    assert {(one.cut, one.repaired) for one in measured_plans(load_study(path))} >= {(0.4, 0.8)}
    out = tmp_path / "plan.json"
    assert cli.main(["solve", path, "--budget", "45%", "--json", "--out", str(out)]) == 0
    solved = json.loads(capsys.readouterr().out)["accuracy"]
    assert (solved["share"], solved["images"], solved["estimate"]) == (0.8, 500, False)
    assert load_plan(out).accuracy == solved
    assert cli.main(["solve", path, "--budget", "45%"]) == 0
    assert "Accuracy 80.0 %, measured on 500 test images" in capsys.readouterr().out
    assert cli.main(["measure", path, "--plan", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cut"] == 0.4


BAD = [
    (["--budget", "0.001%"], "smallest latency"),
    ([], "Say which plans"),
    (["--budget", "40%", "--images", "0"], "--images 0"),
    (["--budget", "40%", "--calibration", "-1"], "--calibration -1"),
    (["--serve", "--budget", "40%"], "come in as requests"),
    (["--budgets", "a,b"], "not a number"),
]


@pytest.mark.parametrize(("words", "said"), BAD)
def test_bad_words_are_sentences(path, capsys, words, said):
    assert cli.main(["measure", path, *words]) == 2
    assert said in capsys.readouterr().err


def test_a_study_scored_on_other_images_asks_for_some(capsys):
    assert cli.main(["measure", "efficientnet-lite0-cpu", "--budget", "50%"]) == 2
    assert "Give --data" in capsys.readouterr().err
