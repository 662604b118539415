"""Plans measured on request: each request is answered once, the newest counts, nothing is left behind."""

import dataclasses
import io
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mdp.core.errors import MdpError
from mdp.core.plan_accuracy import PlanAccuracy, accuracy_entry, known_accuracy
from mdp.core.study import load_study
from mdp.solve import solve
from mdp.training import plan_server
from mdp.training.plan_server import asked, serve, unread

REPO = Path(__file__).resolve().parents[2]


class Meter:
    """Answers at once, or waits until somebody else came, and cancels then."""

    dense = 0.9

    def __init__(self, study, wait=False):
        self.study, self.wait, self.began = study, wait, threading.Event()

    def measure(self, choices, removed, *, method, report):
        self.began.set()
        while self.wait and choices["embedding"] == 32:
            report.check()
            time.sleep(0.005)
        latency, importance = self.study.problem.evaluate(choices, removed)
        return PlanAccuracy(choices, tuple(removed), latency, importance, 100, 0.5, 0.7, method)


@pytest.fixture(scope="module")
def study():
    return load_study("fmnist-vit-cpu")


@pytest.fixture(autouse=True)
def parent(monkeypatch):
    monkeypatch.setattr(plan_server, "leave_with_parent", lambda out: None)


def answers(out: io.StringIO) -> dict:
    return {one["id"]: one for one in map(json.loads, out.getvalue().splitlines())}


def test_a_request_is_answered_with_accuracy_and_what_it_is_of(study):
    out = io.StringIO()
    line = json.dumps({"id": "a", "choices": {"embedding": 64}, "removed": ["blocks.1"], "method": "pinned"})
    serve(lambda: Meter(study), [line], out)
    told = answers(out)["a"]["accuracy"]
    assert (told["share"], told["stage"], told["images"], told["estimate"]) == (0.7, "repaired", 100, False)
    assert told["interval"][0] < 0.7 < told["interval"][1] and told["method"] == "pinned"
    assert told["choices"]["embedding"] == 64 and told["removed"] == ["blocks.1"] and told["dense"] == 0.9


def test_what_was_measured_of_a_plan_without_some_blocks_is_known_as_its_own():
    """Dims of removed blocks travel as nothing and come back filled: it stayed an estimate for good."""
    study = load_study("fmnist-resnet-cpu")
    problem = study.problem
    plan = solve(problem, 0.413 * problem.dense_latency)
    assert None in plan.choices.values()
    kept = {dim: width for dim, width in plan.choices.items() if width is not None}
    out = io.StringIO()
    asks = json.dumps({"id": 1, "choices": kept, "removed": list(plan.removed_blocks)})
    serve(lambda: Meter(study), [asks], out)
    one = accuracy_entry(problem, answers(out)[1]["accuracy"])
    known = known_accuracy(study, plan, (one,), networks=False)
    assert (known.share, known.estimate, known.images) == (0.7, False, 100)
    other = {dim: problem.dim[dim].dense for dim in kept}
    filled = {dim: problem.dim[dim].dense if width is None else width for dim, width in plan.choices.items()}
    assert one.is_of(dataclasses.replace(plan, choices=filled))
    assert not one.is_of(dataclasses.replace(plan, choices={**plan.choices, **other}))
    assert not one.is_of(dataclasses.replace(plan, removed_blocks=()))


BAD = [
    ("hello", "no request"),
    ("[1]", "no request"),
    ('{"id": 7, "choices": {"nope": 3}}', "no dim 'nope'"),
    ('{"id": 7, "choices": {"embedding": 31}}', "cannot keep 31"),
    ('{"id": 7, "choices": {"embedding": "x"}}', "whole number"),
    ('{"id": 7, "choices": {"embedding": true}}', "whole number"),
    ('{"id": 7, "choices": [1]}', "whole number"),
    ('{"id": 7, "removed": ["blocks.9"]}', "no block 'blocks.9'"),
    ('{"id": 7, "removed": "blocks.1"}', "list of names"),
]


@pytest.mark.parametrize(("line", "words"), BAD)
def test_what_is_no_request_is_a_sentence_and_the_next_one_is_answered(study, line, words):
    out = io.StringIO()
    serve(lambda: Meter(study), [line], out)
    (told,) = answers(out).values()
    assert words in told["error"] and told["id"] in (7, None)


def test_a_newer_request_stops_the_one_that_runs(study):
    meter, out = Meter(study, wait=True), io.StringIO()

    def lines():
        yield '{"id": 1, "choices": {"embedding": 32}}\n'
        assert meter.began.wait(5)
        yield '{"id": 2, "choices": {"embedding": 64}}\n'

    serve(lambda: meter, lines(), out)
    told = answers(out)
    assert told[1]["cancelled"] and "newer" in told[1]["error"] and told[2]["accuracy"]["share"] == 0.7


def test_cancel_stops_without_another_request(study):
    meter, out = Meter(study, wait=True), io.StringIO()

    def lines():
        yield '{"id": 1, "choices": {"embedding": 32}}\n'
        assert meter.began.wait(5)
        yield '{"cancel": true}\n'

    serve(lambda: meter, lines(), out)
    assert answers(out)[1]["cancelled"]


def test_a_study_that_cannot_be_measured_says_so_to_who_asked(study):
    out, go = io.StringIO(), threading.Event()

    def lines():
        yield '{"id": 1, "choices": {}}\n'
        go.set()

    def fail():
        assert go.wait(5)
        raise MdpError("There are no weights.")

    with pytest.raises(MdpError):
        serve(fail, lines(), out)
    assert answers(out)[1]["error"] == "There are no weights."


def test_a_dim_left_out_is_dense(study):
    choices, removed = asked(study.problem, {"choices": {}, "removed": ["blocks.0", "blocks.0"]})
    assert choices == study.problem.dense_choices and removed == ("blocks.0",)


def test_a_pipe_that_nobody_reads_is_noticed():
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as out:
        assert not unread(out)
        os.close(reading)
        assert unread(out)
    assert not unread(io.StringIO())


def test_the_command_answers_on_real_images_and_ends_with_its_input(study):
    words = [sys.executable, "-m", "mdp", "measure", "fmnist-vit-cpu", "--serve", "--images", "100"]
    process = subprocess.Popen(
        [*words, "--calibration", "0"], cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    said, _ = process.communicate('{"id": 1, "choices": {}, "removed": [], "method": "exact"}\n', timeout=120)
    told = json.loads(said)
    assert process.returncode == 0 and told["id"] == 1
    assert told["accuracy"]["images"] == 100 and told["accuracy"]["share"] > 0.75  # the dense network
