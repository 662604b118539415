"""`mdp solve --parameters P --macs M`: JSON, sentences, and `study.solve` in Python."""

import json

import pytest

import mdp
from mdp.cli import main

STUDY = "fmnist-resnet-cpu"


def run(capsys, *words):
    code = main(["solve", STUDY, *words])
    out = capsys.readouterr()
    return code, out.out, out.err


def test_json_holds_limits_and_proof(capsys):
    code, out, _ = run(
        capsys, "--budget", "50%", "--parameters", "35%", "--macs", "9M", "--weight-memory", "1MB", "--json"
    )
    data, study = json.loads(out), mdp.load_study(STUDY)
    assert code == 0 and data["optimal"] is True and data["bound"] == pytest.approx(data["importance"])
    removed = data["removed_blocks"]
    for name in ("parameters", "macs"):
        assert data["uses"][name] == study.count(name, data["choices"], removed)
    dense = study.count("parameters")
    assert data["uses"]["parameters"] <= 0.35 * dense and data["uses"]["macs"] <= 9e6
    assert data["uses"]["weight_memory"] <= 1e6
    assert data["limits"]["macs"]["most"] == 9e6 and data["latency"] <= data["budget"]
    plan = study.solve("50%", parameters="35%", macs=9e6, weight_memory="1MB")
    assert plan.importance == data["importance"] and plan.is_optimal


def test_words_say_every_limit(capsys):
    code, out, _ = run(capsys, "--budget", "50%", "--parameters", "30%", "--macs", "9M")
    assert code == 0 and "% of dense), at most 9 M" in out and "pins and limits" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--parameters", "abc"), "cannot be used"),
        (("--parameters", ""), "is empty"),
        (("--parameters", "2", "--limit", "parameters=1M"), "given twice"),
        (("--parameters=-5",), "cannot be used"),
        (("--macs", "-3M"), "cannot be used"),
        (("--macs", "1"), "smallest possible"),
        (("--limit", "laptop=3"), "holds no 'laptop' to limit"),
        (("--limit", "laptop"), "NAME=AMOUNT"),
        (("--budget", "95%", "--parameters", "20%", "--solver", "halp"), "knows latency only"),
    ],
)
def test_what_cannot_be_is_a_sentence(capsys, words, said):
    code, out, err = run(capsys, "--budget", "50%", *words)
    assert code == 2 and said in err and not out and "Traceback" not in err


def test_front_holds_the_limits(capsys):
    assert main(["front", STUDY, "--budgets", "4", "--parameters", "30%", "--json"]) == 0
    points = json.loads(capsys.readouterr().out)["points"]
    dense = mdp.load_study(STUDY).count("parameters")
    assert len(points) == 4 and all(p["uses"]["parameters"] <= 0.3 * dense for p in points)


def test_what_if_and_why_hold_the_limits():
    study = mdp.load_study(STUDY)
    plan = study.solve("50%", parameters="30%")
    for other in study.what_if(plan)[:4]:
        assert other.plan is None or other.plan.limits["parameters"].used <= plan.most["parameters"] * (
            1 + 1e-9
        )
        assert other.plan is None or other.importance_change <= 1e-9


def test_a_study_without_tables_is_built_and_solved(capsys, tmp_path):
    path = str(tmp_path / "counted.json")
    words = ["build", "fmnist_resnet", "--scores", STUDY, "--name", "by size"]
    assert main([*words, "--budget-in", "parameters", "--out", path]) == 0
    assert "dense 702.9 k params" in capsys.readouterr().err
    assert main(["solve", path, "--parameters", "0.3M", "--macs", "60%", "--json"]) == 0
    data, study = json.loads(capsys.readouterr().out), mdp.load_study(path)
    assert data["optimal"] is True and data["latency_unit"] == "params" and data["budget"] == 3e5
    assert data["latency"] == study.count("parameters", data["choices"], data["removed_blocks"]) <= 3e5
    assert main(["solve", path, "--budget", "40%"]) == 0
    assert "parameters 2" in capsys.readouterr().out
    for wrong in (["verify", path], ["enforce", path, "40%"]):
        assert main(wrong) == 2 and "is in 'params'" in capsys.readouterr().err


def test_a_study_needs_tables_or_counts(capsys):
    words = ["build", "fmnist_resnet", "--scores", STUDY, "--name", "x"]
    assert main(words) == 2 and "Give the latency tables" in capsys.readouterr().err
    assert main([*words, "--budget-in", "macs", "--deployment", "a=b.json"]) == 2
    assert "leave one out" in capsys.readouterr().err
    assert main([*words, "--budget-in", "flops"]) == 2
    assert "give parameters, macs or weight_memory" in capsys.readouterr().err


def test_a_solve_needs_a_budget_or_a_limit(capsys):
    code, out, err = run(capsys)
    assert code == 2 and "Give a budget of latency" in err and not out
    code, out, _ = run(capsys, "--parameters", "50%", "--json")
    assert code == 0 and json.loads(out)["optimal"] is True


def test_a_front_over_parameters_holds_the_latency(capsys):
    words = ["front", STUDY, "--over", "parameters", "--budgets", "3", "--budget", "50%", "--json"]
    assert main(words) == 0
    points = json.loads(capsys.readouterr().out)["points"]
    study = mdp.load_study(STUDY)
    half = study.problem.dense_latency / 2
    assert len(points) == 3 and all(p["optimal"] and p["latency_unit"] == "params" for p in points)
    for p in points:
        assert study.count("parameters", p["choices"], p["removed_blocks"]) == p["latency"] <= p["budget"]
        assert p["limits"]["latency"]["used"] <= half * (1 + 1e-9)
        there = study.solve(half, parameters=p["budget"])
        assert there.importance == pytest.approx(p["importance"])
    front = study.front(["30%"], over="macs", limits={"latency": "50%"})
    assert front.points[0].plan.latency_unit == "MACs" and front.points[0].plan.is_optimal
    refused = ((["--over", "joules"], "holds no 'joules'"), (["--budget", "50%"], "give --over"))
    for wrong, said in refused:
        assert main(["front", STUDY, *wrong]) == 2 and said in capsys.readouterr().err
    assert main(["front", STUDY, "--over", "parameters", "--budget", "0.001", "--budgets", "3"]) == 2
    assert "smallest" in capsys.readouterr().err


def test_candidates_meet_the_limits():
    study = mdp.load_study(STUDY)
    found = study.candidates("50%", count=5, limits={"parameters": "30%"})
    best = study.solve("50%", parameters="30%")
    assert len(found.plans) > 1 and found.plans[0].importance == best.importance
    assert all(p.limits["parameters"].used <= best.most["parameters"] * (1 + 1e-9) for p in found.plans)


def test_limits_fall_step_by_step():
    from mdp.solve import iterate

    problem = mdp.load_study(STUDY).problem
    most = {"parameters": 0.3 * problem.dense_use("parameters")}
    plans = iterate(problem, 0.5 * problem.dense_latency, lambda plan: problem, steps=3, most=most)
    asked = [p.most["parameters"] for p in plans]
    assert asked[0] > asked[1] > asked[2] == pytest.approx(most["parameters"])
    assert all(p.limits["parameters"].used <= p.most["parameters"] * (1 + 1e-9) for p in plans)


def test_a_budget_above_the_dense_network_says_how_a_share_is_written(capsys):
    said = [run(capsys, "--budget", budget)[1] for budget in ("40", "40%", "400")]
    assert "the dense network takes: 40 means ms, 40% a share of it" in said[0]
    assert "dense network takes" not in said[1] and "a share of it" not in said[2]
    assert "Accuracy 92.3 %, measured on 10,000 test images: this is the dense network." in said[0]
