"""`--activation-memory`, `mdp count`, and studies of before, which have no figures of it."""

import json

import pytest

import mdp
from mdp.__main__ import main
from mdp.core.errors import MdpError
from mdp.core.files import write_json
from mdp.core.study import load_study, study_to_json


def test_the_plan_keeps_to_it_and_says_so(capsys, tmp_path):
    out = tmp_path / "plan.json"
    words = ["solve", "fmnist-resnet-cpu", "--budget", "60%", "--activation-memory", "60%", "--out", str(out)]
    assert main([*words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    limit = said["limits"]["activation_memory"]
    assert said["optimal"] and limit["unit"] == "bytes" and limit["used"] <= limit["most"]
    assert said["uses"]["activation_memory"] == limit["used"]
    assert main(words) == 0
    assert "activation memory" in capsys.readouterr().out
    assert mdp.load_plan(out).limits["activation_memory"].used == limit["used"]


def test_it_holds_together_with_all_others():
    study = mdp.load_study("fmnist-vit-cpu")
    free = study.solve("50%", parameters="60%", macs="60%")
    plan = study.solve("50%", parameters="60%", macs="60%", activation_memory="40%")
    assert plan.optimal and plan.importance <= free.importance
    dense = study.problem.dense_use("activation_memory")
    assert plan.limits["activation_memory"].used <= 0.4 * dense
    other = study.solve("50%", parameters="60%", macs="60%", activation_memory="40%", solver="milp")
    assert other.importance == pytest.approx(plan.importance, rel=1e-6)


def test_too_little_is_said_with_the_least(capsys):
    assert main(["solve", "fmnist-resnet-cpu", "--budget", "60%", "--activation-memory", "1kB"]) != 0
    said = capsys.readouterr().err
    assert "No choice keeps activation memory to 1 kB: the smallest possible is" in said


def test_a_study_of_before_loads_and_says_how_to_get_it(capsys, tmp_path):
    data = study_to_json(load_study("fmnist-resnet-cpu"))
    del data["activations"]
    path = tmp_path / "old.json"
    write_json(path, data)
    assert "activation_memory" not in load_study(path).problem.resource
    words = ["solve", str(path), "--budget", "50%", "--activation-memory", "50%"]
    assert main(words) != 0
    assert "`mdp count STUDY` adds it" in capsys.readouterr().err
    assert main(["count", str(path)]) == 0
    assert "activation memory" in capsys.readouterr().err
    assert study_to_json(load_study(path)) == study_to_json(load_study("fmnist-resnet-cpu"))
    assert main(words) == 0


@pytest.mark.parametrize(
    "bad", [[["nowhere", [[1.0, []]]]], [[None, [[-1.0, []]]]], [[None, [[1.0, ["x"]]]]], [3]]
)
def test_damaged_figures_are_refused(bad, tmp_path):
    data = study_to_json(load_study("fmnist-resnet-cpu"))
    write_json(tmp_path / "bad.json", {**data, "activations": bad})
    with pytest.raises(MdpError, match="is damaged"):
        load_study(tmp_path / "bad.json")


def test_no_front_goes_over_a_peak(capsys):
    assert main(["front", "fmnist-resnet-cpu", "--over", "activation_memory", "--budgets", "3"]) != 0
    assert "--activation-memory 60%" in capsys.readouterr().err
