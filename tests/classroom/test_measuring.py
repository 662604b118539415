"""The class's networks are measured one by one, each once, and a pupil's page is told in words."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import mdp
from mdp.core.study import load_study
from mdp_widgets.classroom import measuring
from mdp_widgets.classroom.answers import read_answer
from mdp_widgets.classroom.contest import handed
from mdp_widgets.classroom.handed_in import HandedIn, measured_words
from mdp_widgets.classroom.measuring import Measuring, Network, Seen
from mdp_widgets.classroom.refused import Refused
from mdp_widgets.classroom.room import Room

NAME = "fmnist-vit-cpu"
# Speaks the language of `mdp measure --serve`: the narrower, the less accurate. Notes what it was asked.
SERVER = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    print(line, file=open(sys.argv[0] + ".asked", "a"), flush=True)
    if MODE == "die":
        sys.exit(3)
    if MODE == "fault":
        print(json.dumps({"id": 1, "error": "It cannot be cut."}), flush=True)
        continue
    entry = {**asked, "images": 2000, "cut": 0.5, "repaired": 0.6 + asked["choices"]["embedding"] / 1000}
    print(json.dumps({"id": 1, "accuracy": entry}), flush=True)
"""


@pytest.fixture
def make(tmp_path):
    made = []

    def measuring_with(mode="answer"):
        script = tmp_path / f"{mode}.py"
        script.write_text(f"MODE = {mode!r}\n{SERVER}")
        made.append(Measuring([sys.executable, str(script)]))
        return made[-1]

    measuring_with.asked = lambda mode="answer": (tmp_path / f"{mode}.py.asked").read_text().count("\n{") + 1
    yield measuring_with
    for one in made:
        one.end()


def network(study, embedding):
    choices = {**study.problem.dense_choices, "embedding": embedding}
    return Network.of(study, choices, [])


def until(look, seconds=20):
    end = time.monotonic() + seconds
    while (seen := look()).found is None and not seen.problem:
        assert time.monotonic() < end
        time.sleep(0.02)
    return seen


def test_equal_networks_are_measured_once_and_a_newer_one_takes_the_place_of_an_older(make):
    study, meter = load_study(NAME), make()
    wide, narrow = network(study, 128), network(study, 96)
    for who in ("ada", "bob"):
        assert until(lambda who=who: meter.look(who, study, wide)).found.repaired == pytest.approx(0.728)
    assert until(lambda: meter.look("ada", study, narrow)).found.repaired == pytest.approx(0.696)
    assert meter.look("bob", study, wide).found.repaired == pytest.approx(0.728)
    assert make.asked() == 2
    meter.end()  # the class has ended; the next one is measured as well
    assert until(lambda: meter.look("eve", study, network(study, 64))).found is not None


def test_a_process_that_dies_is_not_started_again_and_one_fault_stops_nobody(make):
    study, dying, faulty = load_study(NAME), make("die"), make("fault")
    assert "has ended (3)" in until(lambda: dying.look("ada", study, network(study, 128))).problem
    assert dying.look("bob", study, network(study, 96)).problem and make.asked("die") == 1
    for width in (128, 96):
        assert until(lambda width=width: faulty.look("ada", study, network(study, width))).problem
    assert make.asked("fault") == 2


def test_what_cannot_be_measured_here_starts_nothing(make, monkeypatch):
    monkeypatch.setattr(measuring, "measurable", lambda _: False)
    study, meter = load_study(NAME), make()
    assert "cannot be measured" in meter.look("ada", study, network(study, 128)).problem
    assert meter._thread is None


def test_pupils_and_teacher_are_told_of_networks_that_were_handed_in(make):
    study, room = mdp.load_study(NAME), Room()
    room.apply(room.joining("Ada", 0.0))
    (pupil,) = room.pupils.values()
    plan = study.solve("30%")
    value = {"study": NAME, "choices": dict(plan.choices), "removed": list(plan.removed_blocks)}
    body = {"pupil": pupil.identity, "step": 7, "kind": "contest", "key": "contest-1", "value": value}
    room.apply(room.answering(read_answer(body), 1.0, 90.0))
    with ThreadPoolExecutor(1) as pool:
        seen = HandedIn(make(), pool)
        end = time.monotonic() + 20
        while "Measured" not in str(seen.told(pupil)):
            assert time.monotonic() < end
            time.sleep(0.02)
        (line,) = seen.table(room)
    assert line["nickname"] == "Ada" and line["round"] == 1 and line["points"] == 90
    assert 0.6 < line["accuracy"] < 1 and 0.6 < line["solver"] < 1
    assert "2,000 test images" in seen.told(pupil)["contest-1"] and "contest-2" not in seen.told(pupil)
    with pytest.raises(Refused):
        handed("contest-3", "0")


def test_words_say_what_is_waited_for():
    assert "is being" in measured_words(Seen(), Seen()) and "3 before it" in measured_words(
        Seen(before=3), Seen()
    )
    assert measured_words(Seen(problem="No torch."), Seen()) == ""
