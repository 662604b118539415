"""A front of fine-tunings: who is in it, one that fails beside others, stopping, going on, side by side."""

import dataclasses
import itertools
import sys

import psutil
import pytest
from PIL import Image

from mdp.cli import main
from mdp.core.errors import Cancelled, MdpError
from mdp.core.files import read_json, write_json
from mdp.core.plan import plan_to_json
from mdp.core.progress import Reporter
from mdp.core.study import load_study, save_study
from mdp.training import front_run
from mdp.training.front_members import Member, done_before, members_of, table, with_same
from mdp.training.front_run import run_front
from mdp.training.recipe import recipe_of, recipe_to_json


def words(code: str):
    """A member's process: this code, with its folder in `sys.argv[1]`."""
    return lambda one: [
        sys.executable,
        "-c",
        f"import sys, os, time; at = sys.argv[1]\n{code}",
        str(one.folder),
    ]


def finished(one: Member) -> Member:
    if not (one.folder / "made").exists():
        return one
    return dataclasses.replace(one, state="done", facts={"accuracy_tuned": 0.8})


def three(folder):
    return [Member("exact", 10.0 * s, s, folder / f"{s}") for s in (0.6, 0.4, 0.2)]


def test_one_that_fails_says_why_and_takes_nothing_from_the_others(tmp_path):
    said = r"  5 %  epoch 1\nThe disk is full.\n100 %\naccuracy pruned 0.8"
    code = f"if at.endswith('0.4'): sys.exit('{said}')\nopen(at + '/made', 'w')"
    told = []
    report = Reporter()
    report.message = told.append
    members = run_front(
        three(tmp_path), words(code), finished, report, table_at=tmp_path / "t" / "front.json"
    )
    assert [one.state for one in members] == ["done", "failed", "done"]
    assert members[1].why == "The disk is full." and len(told) == 3
    kept = read_json(tmp_path / "t" / "front.json")["members"]
    assert [one["accuracy_tuned"] for one in kept] == [0.8, None, 0.8]
    assert "failed: The disk is full." in table(members) and "80.0%" in table(members)


def test_a_member_that_is_killed_and_a_table_that_cannot_be_written_stop_nothing(tmp_path):
    code = "if at.endswith('0.6'): os.kill(os.getpid(), 9)\nopen(at + '/made', 'w')"
    (tmp_path / "file").touch()
    at = tmp_path / "file" / "front.json"  # no folder
    members = run_front(three(tmp_path), words(code), finished, Reporter(), table_at=at)
    assert [one.state for one in members] == ["failed", "done", "done"]
    assert "signal 9" in members[0].why


def test_stopping_ends_those_that_run_and_keeps_what_is_done(tmp_path):
    code = (
        "if at.endswith('0.6'): open(at + '/made', 'w')\n"
        "else: open(at + '/pid', 'w').write(str(os.getpid())); time.sleep(60)"
    )
    report = Reporter(
        lambda: (tmp_path / "0.4" / "pid").exists() and bool((tmp_path / "0.4" / "pid").read_text())
    )
    with pytest.raises(Cancelled):
        run_front(three(tmp_path), words(code), finished, report)
    assert not psutil.pid_exists(int((tmp_path / "0.4" / "pid").read_text()))
    assert (tmp_path / "0.6" / "made").exists() and not (tmp_path / "0.2").exists()


def test_side_by_side_they_run_at_once_as_far_as_cores_go(tmp_path, monkeypatch):
    monkeypatch.setattr(front_run, "whole_cores", lambda: 2)
    code = (
        "open(at + '/made', 'w')\nother = at[:-3] + ('0.4' if at.endswith('0.6') else '0.6')\n"
        "end = time.time() + 20\n"
        "while not os.path.exists(other + '/made') and time.time() < end: time.sleep(0.02)\n"
        "sys.exit(not os.path.exists(other + '/made'))"
    )  # each ends well once it sees the other
    told = []
    report = Reporter()
    report.message = told.append
    members = run_front(three(tmp_path)[:2], words(code), finished, report, side_by_side=5)
    assert [one.state for one in members] == ["done", "done"]
    assert "no more cores" in told[0]


def test_its_members_are_solved_and_equal_plans_are_trained_once(tmp_path):
    study = load_study("fmnist-vit-cpu")
    dense = study.problem.dense_latency
    members = members_of(study, [dense, 0.4 * dense, 0.001 * dense], ["exact", "greedy"], tmp_path, "quick")
    assert [one.state for one in members] == ["waiting", "same", "waiting", "waiting", "no plan", "no plan"]
    assert members[1].folder == members[0].folder and len({one.folder for one in members}) == 5
    assert "smallest latency" in members[4].why
    done = dataclasses.replace(members[0], state="done", facts={"accuracy_tuned": 0.5})
    assert with_same([done, members[1]])[1].facts == done.facts
    for methods, sentence in ((["best"], "no method"), ([], "at least one")):
        with pytest.raises(MdpError, match=sentence):
            members_of(study, [dense], methods, tmp_path, "quick")


def test_only_a_network_of_the_same_plan_and_recipe_counts_as_done(tmp_path):
    study = load_study("fmnist-vit-cpu")
    dense = study.problem.dense_latency
    one, other = members_of(study, [0.5 * dense, 0.3 * dense], ["exact"], tmp_path, "quick")
    recipe = recipe_to_json(recipe_of("quick"))
    facts = {"accuracy_tuned": 0.7, "recipe": {**recipe, "batch": 7}}
    extra = {"plan": plan_to_json(one.plan), "finetuned": facts}
    write_json(one.folder / "architecture.json", {"extra": extra})
    assert done_before(one, recipe).state == "done"
    assert done_before(one, recipe | {"rate": 9.0}).state == "waiting"
    write_json(other.folder / "architecture.json", {"extra": extra})
    assert done_before(other, recipe).state == "waiting"
    write_json(one.folder / "architecture.json", {"extra": 3})
    assert done_before(one, recipe).state == "waiting"


def test_no_two_networks_or_tables_of_fronts_share_a_name(tmp_path, monkeypatch):
    """Budgets that read alike, studies of other alphabets, and what is trained otherwise."""
    made, tables = [], []

    def not_run(members, *_, table_at, **__):
        made.append(tuple(one.folder for one in members if one.state == "waiting"))
        tables.append(table_at)
        return members

    monkeypatch.setattr(front_run, "run_front", not_run)
    study = load_study("fmnist-vit-cpu")
    one = save_study(study, tmp_path / "日本.json")
    two = save_study(load_study("fmnist-resnet-cpu"), tmp_path / "中国.json")
    for split, name in itertools.product(("train", "test"), "0123456789"):
        (tmp_path / "own" / split / name).mkdir(parents=True)
        Image.new("L", (28, 28)).save(tmp_path / "own" / split / name / "0.png")
    asked = [
        [one], [two], [one, "--distill", "0.3"], [one, "--teacher", "fmnist_resnet"],
        [one, "--decay", "0.5"], [one, "--data", str(tmp_path / "own")],
    ]  # fmt: skip
    for words in asked:
        line = ["finetune", *map(str, words), "--budgets", "40%,90%", "--out", str(tmp_path / "n")]
        assert main(line) == 0 and main(line) == 0
        assert made[-1] == made[-2] and tables[-1] == tables[-2]  # the same again: it goes on
    folders = [folder for front in made[::2] for folder in front]
    assert len(folders) == len(set(folders)) == 2 * len(asked) and len(set(tables)) == len(asked)
    main(["finetune", str(one), "--budgets", "40%", "--out", str(tmp_path / "n")])
    assert tables[-1] not in tables[:-1]  # a front of other budgets keeps its own table


@pytest.mark.parametrize(
    "typed, sentence",
    [
        (("--methods", "halp", "--budget", "40%"), "--budgets"),
        (("--side-by-side", "2", "--budget", "40%"), "--budgets"),
        (("--budgets", "40%", "--epochs", "0"), "at least one epoch"),
        (("--budgets", "40%", "--methods", "best"), "no method"),
        (("--budgets", "forty"), "forty"),
        (("--budgets", "0%,-1"), "nothing to fine-tune"),
        (("--budgets", ""), "at least one budget"),
        (("--budgets", "40%", "--teacher", "cifar_resnet20"), "cannot teach"),
        (("--budgets", "40%", "--ray", "nowhere"), "Ray"),
    ],
)
def test_what_cannot_be_a_front_is_a_sentence(typed, sentence, tmp_path, capsys):
    assert main(["finetune", "fmnist-vit-cpu", *typed, "--out", str(tmp_path / "out")]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
