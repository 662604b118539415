"""Every solution passes its check, every untouched cell does not, and no answer makes a check fail."""

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from mdp_widgets.classroom.exercises import EXERCISES, GRADES, Verdict, check, measured, study
from mdp_widgets.teach.exercises.on_page import ON_PAGE, judged

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
ODD = [
    "<b>",
    3,
    -1,
    float("nan"),
    1e400,
    10**400,
    True,
    [],
    {},
    (1, 2),
    ["blocks.0"],
    b"x",
    object(),
    [[]],
    ({}, []),
]


class Ends:
    def __float__(self):
        raise SystemExit("bye")


def verdicts(path):
    """What the check of each cell says, by number."""
    found, names = {}, {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and "check(" in source:
            body, _, last = source.rpartition("\n")
            exec(body, names)
            if isinstance(verdict := eval(last, names), Verdict):
                found[int(last.partition("(")[2].partition(",")[0])] = verdict
        elif cell["cell_type"] == "code":
            exec(source, names)
    return found


def test_solutions_pass_and_untouched_cells_do_not():
    untouched = verdicts(NOTEBOOKS / "exercises.ipynb")
    solved = verdicts(NOTEBOOKS / "solutions" / "exercises.ipynb")
    assert sorted(untouched) == sorted(solved) == [e.number for e in EXERCISES] == list(range(1, 15))
    assert not any(v.right for v in untouched.values())
    assert all(v.right for v in solved.values()), [v for v in solved.values() if not v.right]
    assert {e.grade for e in EXERCISES} == set(range(1, len(GRADES) + 1))


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.title)
def test_any_answer_gets_a_sentence(exercise):
    for answer in [*ODD, lambda *_: ({}, []), lambda *_: 1 / 0, sys.exit, Ends(), "x" * 10**6, 10**5000,
                   np.array([1, 2]), itertools.repeat("blocks.0"), itertools.count()]:  # fmt: skip
        verdict = check(exercise.number, answer)
        assert not verdict.right and verdict.endswith((".", "?")) and len(verdict) < 500
    if ON_PAGE[exercise.number].reads:
        for text in ("9" * 5000, "nan", "1e999%", "<b>", "\ud800", "blocks.0," * 2000, "(3;"):
            said = judged(exercise, text)
            assert said.state != "right" and said.words.endswith((".", "?")) and len(said.words) < 500


@pytest.mark.parametrize("number", [np.array([1, 2]), None, [], "1", 0, 15, 10**5000, float("nan")],
                         ids=range(8))  # fmt: skip
def test_a_number_of_no_exercise(number):
    assert check(number, 1) == "There is no such exercise: they go from 1 to 14."


def test_an_answer_in_another_unit_is_told_so():
    assert "unit" in check(1, study().problem.dense_latency / 1000)
    assert check(99, 1) == check(99, 2) and not check("x", 1).right
    assert len(measured()) > 5
