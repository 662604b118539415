"""`mdp solve` and `mdp front` as other programs call them."""

import json

import pytest

from mdp.cli import main
from mdp.core.problem import load_problem, save_problem

from ..solve.test_others import middle_problem


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "problem.json"
    save_problem(middle_problem(0), path)
    return path


@pytest.mark.parametrize("solver", [None, "exact", "greedy", "random"])
def test_solve_prints_one_object(file, capsys, solver):
    assert (
        main(["solve", str(file), "--budget", "37.5%", *(["--solver", solver] if solver else []), "--json"])
        == 0
    )
    out = capsys.readouterr().out
    answer = json.loads(out)
    assert out.count("\n") == 1
    problem = load_problem(file)
    latency, importance = problem.evaluate(answer["choices"], answer["removed_blocks"])
    assert (latency, importance) == (answer["latency"], answer["importance"])
    assert latency <= 0.375 * problem.dense_latency * (1 + 1e-9)
    assert set(answer["choices"]) == set(problem.dim)
    assert answer["solver"] == (solver or "exact") and answer["seconds"] > 0
    assert answer["optimal"] == (answer["solver"] == "exact")
    if answer["optimal"]:
        assert answer["bound"] == pytest.approx(importance)


def test_what_is_pinned_holds(file, capsys):
    problem = load_problem(file)
    block = next(b.name for b in problem.blocks if b.removable)
    words = ["solve", str(file), "--budget", "80%", "--json", "--pins"]
    for pin, there in ((f"{block}=removed", True), (f"{block}=kept", False)):
        assert main([*words, pin]) == 0
        assert (block in json.loads(capsys.readouterr().out)["removed_blocks"]) == there
    assert main([*words, "nowhere=kept"]) == 2
    assert "cannot be pinned" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, word",
    [
        (["--budget", "0"], "smallest latency possible"),
        (["--budget", "-1"], "smallest latency possible"),
        (["--budget", "abc"], "not a number"),
        (["--budget", "nan"], "not a number"),
        (["--budget", "50%", "--solver", "nonsense"], "no solver 'nonsense'"),
        (["--budget", "50%", "--solver", ""], "no solver ''"),
    ],
)
def test_bad_input_is_a_sentence(file, capsys, arguments, word):
    assert main(["solve", str(file), *arguments, "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and word in printed.err and "Traceback" not in printed.err


def test_any_budget_above_dense_will_do(file, capsys):
    assert main(["solve", str(file), "--budget", "1e9"]) == 0
    assert "proven optimal" in capsys.readouterr().out


def test_a_file_that_is_none(tmp_path, capsys):
    (tmp_path / "half.json").write_text('{"format": "mdp-problem/1", "dims": [')
    for name in (tmp_path / "half.json", tmp_path / "none.json", "no-such-study"):
        assert main(["solve", str(name), "--budget", "1"]) == 2
        assert capsys.readouterr().err.strip().endswith(".")


def test_front(file, capsys):
    assert main(["front", str(file), "--budgets", "5", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["points"]) == 5 and answer["supported"][-1]["multiplier"] == 0
    assert main(["front", str(file), "--budgets", "30%,60%"]) == 0
    assert capsys.readouterr().out.count("proven") == 2
    assert main(["front", str(file), "--budgets", "60%,100%,200%,300%"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == 2 and rows[1].endswith("proven; the same at 2 more")
    assert rows[0].index("importance") == rows[1].index("importance")
    assert main(["front", str(file), "--budgets", "0"]) == 2
