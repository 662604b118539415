"""`mdp iterate` never takes the place of another run's result; counts out of all bounds are refused."""

import pytest

from mdp.cli import main
from mdp.core.plan import load_plan
from mdp.core.study import list_studies, load_study

ONE_SHOT = ("iterate", "fmnist-vit-cpu", "--steps", "1", "--data", "fashion-mnist-subset", "--budget")


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path / "data"))


def iterate(capsys, *words) -> tuple[int, str]:
    """(exit status, standard error)"""
    return main([*ONE_SHOT, *map(str, words)]), capsys.readouterr().err


def names() -> set[str]:
    return {study["name"] for study in list_studies() if " step to " in study["name"]}


def test_the_same_steps_again_are_another_study(capsys):
    for _ in range(3):
        assert iterate(capsys, "50%")[0] == 0
    made = sorted(names())
    assert len(made) == 3 and made[1:] == [f"{made[0]} (2)", f"{made[0]} (3)"]


def test_what_is_there_is_not_replaced(tmp_path, capsys):
    out, plan = tmp_path / "it.json", tmp_path / "plan.json"
    assert iterate(capsys, "50%", "--out", out, "--plan", plan)[0] == 0
    before = out.read_bytes(), plan.read_bytes()
    for words, said in (
        (("--out", out), "it.json already"),
        (("--out", tmp_path / "other.json", "--plan", plan), "Give another name with --plan"),
        (("--out", tmp_path / "x.json", "--plan", tmp_path / "x.json"), "name the same file"),
        (("--out", tmp_path), "is a folder"),
    ):
        status, err = iterate(capsys, "30%", *words)
        assert status == 2 and said in err, err
    assert (out.read_bytes(), plan.read_bytes()) == before
    assert {path.name for path in tmp_path.iterdir()} == {"it.json", "plan.json"}


def test_a_name_that_is_taken_is_refused(capsys):
    assert iterate(capsys, "50%", "--name", "Mine")[0] == 0
    status, err = iterate(capsys, "30%", "--name", "Mine")
    assert status == 2 and "There is a study 'Mine' already" in err and "mdp studies --delete Mine" in err
    study = load_study("Mine")
    assert load_plan(study.path.with_suffix(".plan.json")).budget == pytest.approx(
        study.problem.dense_latency / 2
    )


@pytest.mark.parametrize(
    "words",
    [("iterate", "fmnist-vit-cpu", "--budget", "50%", "--steps", "1" + "0" * 14),
     ("front", "fmnist-vit-cpu", "--budgets", "1" + "0" * 14),
     ("front", "fmnist-vit-cpu", "--budgets", "9" * 5000),
     ("front", "fmnist-vit-cpu", "--budgets", "0"), ("front", "fmnist-vit-cpu", "--budgets", "²"),
     ("profile", "fmnist_vit", "--width-step", "mlp=²")],
)  # fmt: skip
def test_counts_that_cannot_be_are_sentences(capsys, words):
    assert main(list(words)) == 2
    assert capsys.readouterr().err.strip()
