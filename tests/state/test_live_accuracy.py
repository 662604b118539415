"""The plan in view is measured when the slider rests: asked once, cancelled by a move, given up once."""

import dataclasses
import queue
import sys
import time

import pytest

from mdp.core.plan_accuracy import PlanAccuracy, with_plans
from mdp.core.study import load_study, save_study
from mdp_widgets.state import live_accuracy
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.state.live_accuracy import LiveAccuracy, can_measure

# Speaks the language of `mdp measure --serve`: measures nothing, answers at once, or late, or dies.
SERVER = """
import json, sys, time
for line in sys.stdin:
    asked = json.loads(line)
    if MODE == "die":
        print("No memory is left.", file=sys.stderr, flush=True)
        sys.exit(CODE)
    if MODE == "late" or asked.get("cancel"):
        continue
    if MODE == "fault":
        print(json.dumps({"id": asked["id"], "error": "It cannot be cut."}), flush=True)
        continue
    entry = {**asked, "images": 2000, "cut": 0.5, "repaired": 0.8}
    print(json.dumps({"id": asked["id"], "accuracy": entry}), flush=True)
"""


@pytest.fixture
def study(tmp_path):
    study = dataclasses.replace(load_study("fmnist-vit-cpu"), accuracy={"dense": 0.8715})
    return load_study(save_study(study, tmp_path / "study.json"))


@pytest.fixture
def make_page(study, monkeypatch, tmp_path):
    """`make(mode)`: a state, its LiveAccuracy, and what the kernel's loop would have run."""
    monkeypatch.setattr(live_accuracy, "REST", 0.0)
    made = []

    def make(mode, code=1):
        script = tmp_path / f"{mode}.py"
        script.write_text(f"MODE, CODE = {mode!r}, {code}\n{SERVER}")
        calls = queue.Queue()
        state = ExplorerState(study)
        state.begin()
        live = LiveAccuracy(state, [sys.executable, str(script)], tell=calls.put)
        made.append(live)
        return state, live, calls

    yield make
    for live in made:
        live.end()


def run(calls, until, seconds=20):
    """Do what comes in until something holds."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        try:
            calls.get(timeout=0.05)()
        except queue.Empty:
            continue


def test_a_rest_measures_the_plan_in_view_and_the_answer_is_kept(make_page):
    state, live, calls = make_page("answer")
    live.look()
    assert live._process is None  # a page that opens starts nothing
    state.set_budget("33%")
    run(calls, lambda: state.accuracies.measuring)
    run(calls, lambda: not state.accuracies.measuring)
    known = state.accuracies.of(state.plan)
    assert (known.share, known.stage, known.images) == (0.8, "repaired", 2000)
    process = live._process
    state.set_budget("47%")
    run(calls, lambda: len(state.accuracies.since) == 2)
    state.set_budget("33%")
    run(calls, calls.empty)
    live.look()
    assert not state.accuracies.measuring and live._process is process  # known: nothing is asked again
    assert state.accuracies.added(state.plan).accuracy["share"] == 0.8


def test_a_move_cancels_what_is_being_measured(make_page):
    state, live, calls = make_page("late")
    state.set_budget("33%")
    run(calls, lambda: state.accuracies.measuring)
    state.budget = 0.5 * state.study.problem.dense_latency  # a drag: not at rest
    assert not state.accuracies.measuring and live._asked is None and live._process is not None


def test_a_process_that_dies_is_said_once_and_not_started_again(make_page):
    state, live, calls = make_page("die")
    state.set_budget("33%")
    run(calls, lambda: state.status)
    assert "ended with 1" in state.status and not state.accuracies.measuring
    state.status = ""
    state.set_budget("44%")
    time.sleep(0.1)
    live.look()
    assert live._process is None and state.status == ""


def test_its_own_sentence_is_passed_on(make_page):
    state, _, calls = make_page("die", code=2)
    state.set_budget("33%")
    run(calls, lambda: state.status)
    assert "No memory is left." in state.status


def test_a_plan_that_cannot_be_measured_says_why(make_page):
    state, _, calls = make_page("fault")
    state.set_budget("33%")
    run(calls, lambda: state.accuracies.problem)
    assert "cannot be cut" in state.accuracies.problem and not state.accuracies.measuring


def test_two_pages_of_one_kernel_have_one_process(make_page):
    first, one, calls = make_page("late")
    first.set_budget("33%")
    run(calls, lambda: one._process is not None)
    second, two, more = make_page("late")
    second.set_budget("33%")
    run(more, lambda: two._process is not None)
    assert one._process is None and not first.accuracies.measuring


def test_where_nothing_can_be_measured_nothing_is_started_or_said(make_page, study, vit, monkeypatch):
    assert can_measure(study) and not can_measure(vit)
    monkeypatch.setenv("MDP_LONG_WORK", "off")
    assert not can_measure(study)
    state, live, _ = make_page("answer")
    state.set_budget("33%")
    live.look()
    assert live._process is None and state.status == "" and state.accuracies.of(state.plan) is None


def test_an_estimate_is_for_plans_without_pins(study):
    problem = study.problem
    state = ExplorerState(study)
    ends = []
    for share in ("30%", "60%"):
        state.set_budget(share)
        p = state.plan
        ends.append(PlanAccuracy(p.choices, p.removed_blocks, p.latency, p.importance, 900, 0.6, 0.7))
    state.study = dataclasses.replace(study, accuracy=with_plans(study, ends))
    state.set_budget("44%")
    assert state.accuracies.of(state.plan).estimate
    state.pin_block(problem.blocks[1].name, False)
    assert state.accuracies.of(state.plan) is None
