"""Profiling from the page: how long, on how many threads, in which steps; and what a stopped run leaves."""

import pytest

from mdp import jobs
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.workflow import JobView, StudyDraft
from mdp_widgets.workflow.profile import left_behind, profile_card


@pytest.fixture
def asked(monkeypatch):
    """The words of the job that a click asks for."""
    words = []
    monkeypatch.setattr(JobView, "start", lambda self, arguments, title: words.extend(arguments))
    return words


def card():
    return profile_card(StudyDraft.of(ExplorerState()))


def test_time_threads_and_width_steps_reach_the_command(asked):
    profile = card()
    profile.seconds.value, profile.threads.value, profile.steps.value = "40", "2", "mlp=64, qk=8"
    profile.go.click()
    assert asked == ["profile", "fmnist_vit", "--weights", "demo", "--width-step", "mlp=64",
                     "--width-step", "qk=8", "--threads", "2", "--seconds", "40"]  # fmt: skip


def test_what_is_as_usual_is_not_said(asked):
    profile = card()
    assert (profile.seconds.value, profile.steps.value) == ("150", "default")
    profile.steps.value = ""
    profile.go.click()
    assert asked == ["profile", "fmnist_vit", "--weights", "demo"]


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [("seconds", "soon", "give a number"), ("seconds", "nan", "Seconds nan cannot"),
     ("threads", "1.5", "Threads “1.5” cannot"),
     ("steps", "8", "Write a kind and a number"), ("steps", "mlp=wide", "Write a kind and a number")],
)  # fmt: skip
def test_what_is_typed_wrong_is_a_sentence_before_anything_starts(asked, field, typed, said):
    profile = card()
    getattr(profile, field).value = typed
    profile.go.click()
    assert said in profile.job.children[0].value and asked == []


def ended(status, result=None, text=""):
    progress = {"done": 1.0, "total": 2.0, "text": text, "seconds_left": 3.0}
    return jobs.JobState("j", "t", "profile", status, 0.0, progress=progress, result=result or {})


def test_a_run_that_was_stopped_says_what_it_leaves_or_what_is_missing():
    draft = StudyDraft.of(ExplorerState())
    profile = profile_card(draft)
    profile.job.state = ended("running", text="coarse tables, 8 of 120 entries")
    assert profile.left.value == ""
    profile.job.state = ended("cancelled", text="coarse tables, 8 of 120 entries")
    assert "not complete yet (coarse tables, 8 of 120 entries)" in profile.left.value and draft.fresh == 0
    profile.job.state = ended("cancelled", {"path": "t.json"}, "refining")
    assert "step 4 can build a study of them" in profile.left.value
    assert draft.fresh == 1  # step 4 looks again
    assert left_behind(ended("done", {"path": "t.json"})) == ""
