"""Two names never share a file, whatever the alphabet."""

import dataclasses
import itertools
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import pytest

from mdp.core.errors import MdpError
from mdp.core.names import slug
from mdp.core.plan import make_plan
from mdp.core.study import list_studies, load_study, save_study
from mdp.core.study_files import delete_study, rename_study
from mdp.solve import solve
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.state.saved_plans import delete_named, list_named, load_named, save_named
from mdp_widgets.workflow.plans import network_folder, plan_files

from ..synthetic import synthetic_vit

NAMES = [
    "日本", "中国", "é", "ü", unicodedata.normalize("NFD", "é"), "Mein Modell", "Mein-Modell", "Mein_Modell",
    " Mein Modell", "Mein  Modell", "..", ".", "study", "a/b", "a\\b", "a" * 300, "a" * 301, "🦊", "CON ",
    "-", "x\n",
]  # fmt: skip


def test_every_name_has_a_file_name_of_its_own():
    files = [slug(name) for name in NAMES]
    assert len({f.lower() for f in files}) == len(NAMES)
    assert all(f.isascii() and len(f) < 120 and not f.startswith(".") and "/" not in f for f in files)
    assert slug("Mein-Modell") == "Mein-Modell"  # nothing was lost
    assert slug(slug("Mein Modell")) != slug("Mein Modell")  # one that is called like the file of another


@pytest.fixture
def study():
    return synthetic_vit(blocks=1, embed=96, heads=2)


def called(study, name):
    return dataclasses.replace(study, name=name, problem=dataclasses.replace(study.problem, name=name))


def test_studies_of_other_alphabets_are_all_kept(study):
    for name in NAMES:
        save_study(dataclasses.replace(study, name=name))
        save_study(dataclasses.replace(study, name=name))  # again: the same file
    mine = [s["name"] for s in list_studies() if s["model"] == study.model.name]
    assert sorted(mine) == sorted(NAMES)
    for name in NAMES:
        assert load_study(save_study(dataclasses.replace(study, name=name))).name == name


def test_plans_of_studies_that_are_called_alike(study):
    a, b = (called(study, name) for name in ("Mein Modell", "Mein-Modell"))
    for one in (a, b):
        plan = solve(one.problem, 0.7 * one.problem.dense_latency)
        save_named(one, "日本", plan, ExplorerState().pins)
    delete_named(a, "日本")
    assert [n.name for n in list_named(b)] == ["日本"] and list_named(a) == []


def test_plans_that_an_earlier_version_kept_are_found(study):
    study = called(study, "Mein Modell")
    plan = solve(study.problem, 0.7 * study.problem.dense_latency)
    new = save_named(study, "kept", plan, ExplorerState().pins)
    from mdp_widgets.state.saved_plans import folder_of

    folder_of(study).rename(folder_of(study).with_name("Mein-Modell"))
    assert load_named(study, "kept") == new and [n.name for n in list_named(study)] == ["kept"]


def test_plans_and_networks_of_budgets_that_read_alike(study):
    selection = ExplorerState()
    assert selection.open(save_study(study))
    problem, folders, files = study.problem, [], []
    widths = [problem.dense_choices, {**problem.dense_choices, "embed": 88}]
    for choices, name in itertools.product(widths, ("日本", "中国")):
        named = dataclasses.replace(study, name=name)
        plan = make_plan(problem, 12.34, choices, (), solver="x", seconds=0)
        stand_in = dataclasses.replace(plan, order=None)
        chosen = SimpleNamespace(study=named, plan=stand_in, accuracies=selection.accuracies)
        folders.append(network_folder(chosen))
        files.append(plan_files(chosen)[1])
        assert network_folder(chosen) == folders[-1]  # the same again: a run that was cut off goes on
    assert len(set(folders)) == len(set(files)) == 4


def test_a_study_is_renamed_and_deleted(study):
    path = save_study(dataclasses.replace(study, name="日本"))
    save_study(dataclasses.replace(study, name="taken"))
    with pytest.raises(MdpError, match="another one is"):
        rename_study("日本", "taken")
    new = rename_study("日本", "中国")
    assert load_study("中国").path == new and not path.exists()
    delete_study("中国")
    assert not new.exists()
    for act in (
        lambda: delete_study("中国"),
        lambda: delete_study("fmnist-vit-cpu"),
        lambda: rename_study("x", "y"),
    ):
        with pytest.raises(MdpError):
            act()
    assert load_study("fmnist-vit-cpu")


def test_what_belongs_to_a_study_goes_where_it_goes(study, tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    path = save_study(called(study, "Mein Modell"))
    mine, budget = load_study(path), 0.7 * study.problem.dense_latency
    plan = solve(study.problem, budget)
    save_named(mine, "kept", plan, ExplorerState().pins)
    path.with_suffix(".plan.json").write_text("{}")
    new = rename_study(path, "  Das  andere ")
    other = load_study(new)
    assert other.name == "Das andere" and [n.name for n in list_named(other)] == ["kept"]
    assert new.with_suffix(".plan.json").exists() and not path.with_suffix(".plan.json").exists()
    assert list_named(mine) == [] and rename_study(new, "Das andere") == new
    delete_study(new)
    assert (tmp_path / "user").is_dir() and [p for p in (tmp_path / "user").rglob("*") if p.is_file()] == []


def test_a_file_that_somebody_called_so_is_not_overwritten(study):
    path = save_study(called(study, "first"))
    taken = save_study(called(study, "second"), path.with_name("third.json"))
    before = taken.read_bytes()
    new = rename_study("first", "third")
    assert new != taken and taken.read_bytes() == before and load_study("second").path == taken


def test_tests_leave_the_data_of_whoever_runs_them_alone(tmp_path):
    test = f"{Path(__file__)}::test_a_file_that_somebody_called_so_is_not_overwritten"
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", test]
    ran = subprocess.run(
        command, cwd=Path(__file__).parents[2], env={**os.environ, "MDP_DATA": str(tmp_path)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert list(tmp_path.iterdir()) == []
