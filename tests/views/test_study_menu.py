"""The menu of the open study: renamed, deleted, or why not."""

import pytest

from mdp import jobs
from mdp.core.study import load_study, save_study
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.state.saved_plans import list_named, save_named
from mdp_widgets.widgets.study_menu import StudyMenu

from ..synthetic import synthetic_vit


@pytest.fixture
def menu(tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    selection = ExplorerState()
    assert selection.open(save_study(synthetic_vit(2)))
    return StudyMenu(selection)


def test_renaming_keeps_the_view(menu):
    s = menu.selection
    s.set_budget("70%")
    save_named(s.study, "kept", s.plan, s.pins)
    before, plan, heard = s.study.path, s.plan, []
    s.observe(heard.append, "plan")
    menu._receive(menu, {"kind": "rename", "to": "Mine & <b>yours</b>"}, None)
    assert menu.name == s.study.name == "Mine & <b>yours</b>" and s.plan is plan and not heard
    assert not before.exists() and load_study(s.study.path).name == menu.name
    assert [n.name for n in list_named(s.study)] == ["kept"] and not s.can_undo
    assert menu.name in {item["name"] for item in s.studies} and not menu.wrong


def test_deleting_opens_another_one(menu):
    s, path = menu.selection, menu.selection.study.path
    save_named(s.study, "kept", s.plan, s.pins)
    menu._receive(menu, {"kind": "look"}, None)
    assert "its 1 named plan go" in menu.belongs and "cannot be undone" in menu.belongs
    menu._receive(menu, {"kind": "delete"}, None)
    assert not path.exists() and s.study is not None and s.study.path != path and s.plan is not None
    assert "Deleted: synthetic ViT 2" in s.status and not s.can_undo
    assert "is not among your studies" in menu.why  # what came along is open now


def test_what_cannot_be_is_a_sentence(menu, monkeypatch):
    s, path = menu.selection, menu.selection.study.path
    for to, said in (("", "needs a name"), ("Fashion-MNIST ViT · CPU · batch 32", "cannot be called")):
        menu._receive(menu, {"kind": "rename", "to": to}, None)
        assert menu.wrong and said in menu.said
    running = jobs.JobState("x", "Verifying it", "verify", "running", 0.0, arguments=("verify", str(path)))
    monkeypatch.setattr("mdp.jobs.in_use.list_jobs", lambda: [running])
    for kind in ("rename", "delete"):
        menu._receive(menu, {"kind": kind, "to": "z"}, None)
        assert "“Verifying it” works on" in menu.said and path.exists()
    monkeypatch.setenv("MDP_LONG_WORK", "off")
    menu._receive(menu, {"kind": "delete"}, None)
    assert "switched off" in menu.said and path.exists()
    s.open("fmnist-vit-cpu")
    monkeypatch.delenv("MDP_LONG_WORK")
    for kind in ("rename", "delete"):
        menu._receive(menu, {"kind": kind, "to": "z"}, None)
        assert menu.wrong and "stays as it is" in menu.said and load_study("fmnist-vit-cpu")
