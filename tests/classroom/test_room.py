"""The state of a class: any order of events gives the same class again, and equal answers count once."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdp_widgets.classroom.answers import Answer
from mdp_widgets.classroom.limits import ANSWERS_EACH, PUPILS
from mdp_widgets.classroom.refused import Refused
from mdp_widgets.classroom.results import results_csv, results_json
from mdp_widgets.classroom.room import Room


def joined(*names):
    room = Room()
    ids = []
    for name in names:
        event = room.joining(name, 0.0)
        room.apply(event)
        ids.append(event["pupil"])
    return room, ids


def say(room, pupil, value, kind="prediction", key="k", points=0.0, step=1):
    event = room.answering(Answer(pupil, step, kind, key, value), 1.0, points)
    if event is not None:
        room.apply(event)
    return event


def test_two_pupils_with_one_name_are_told_apart():
    room, _ = joined("Ada", "Ada", "ada", "<b>")
    assert [row["nickname"] for row in room.scoreboard()] == ["<b>", "Ada", "Ada 2", "ada 3"]


def test_the_same_answer_counts_once_and_the_last_one_before_the_reveal_counts():
    room, (a, b) = joined("A", "B")
    assert say(room, a, "x") and say(room, a, "x") is None
    say(room, b, "x")
    assert room.spread() == {"k": {"x": 2}}
    say(room, a, "y")
    assert room.spread() == {"k": {"x": 1, "y": 1}}
    room.apply(room.directing("reveal", {"step": 1}, 2.0))
    say(room, a, "z")
    assert room.spread() == {"k": {"x": 1, "y": 1}}


def test_who_comes_late_is_in_but_not_in_a_spread_that_was_revealed():
    room, _ = joined("A")
    room.apply(room.directing("reveal", {"step": 1}, 2.0))
    late = room.joining("B", 3.0)
    room.apply(late)
    assert say(room, late["pupil"], "x")["late"] and room.spread() == {}
    say(room, late["pupil"], "y", key="l", step=2)
    assert room.spread() == {"l": {"y": 1}}


def test_the_best_network_of_a_round_stands():
    room, (a, b) = joined("A", "B")
    for points in (30, 90, 60):
        say(room, a, points, kind="contest", key="contest-1", points=points)
    say(room, b, "x", kind="contest", key="contest-1", points=40)
    assert room.scoreboard() == [{"nickname": "A", "score": 90}, {"nickname": "B", "score": 40}]


def test_there_are_caps_on_everything():
    room, (a,) = joined("A")
    for n in range(ANSWERS_EACH):
        say(room, a, n)
    with pytest.raises(Refused, match="all that this class takes"):
        say(room, a, "more")
    for n in range(PUPILS - 1):
        room.apply(room.joining(f"p{n}", 0.0))
    with pytest.raises(Refused, match="full"):
        room.joining("one more", 0.0)


def test_whoever_is_not_there_or_was_removed_is_told():
    room, (a,) = joined("A")
    room.apply(room.directing("remove", {"pupil": a}, 1.0))
    for pupil in (a, "nobody"):
        with pytest.raises(Refused) as error:
            say(room, pupil, "x")
        assert error.value.status == 410
    assert room.scoreboard() == []


@pytest.mark.parametrize("action,data", [
    ("pace", {"step": "4"}), ("pace", {"step": True}), ("pace", {"step": -1}), ("reveal", {}), ("fly", {}),
    ("remove", {"pupil": []}), (None, {}), ([], {}),
])  # fmt: skip
def test_a_teacher_who_asks_for_nonsense_is_told(action, data):
    with pytest.raises(Refused):
        Room().directing(action, data, 0.0)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["join", "answer", "pace", "reveal", "clock", "remove"]),
        st.integers(0, 5), st.sampled_from(["prediction", "check", "contest"]),
        st.integers(1, 3), st.booleans(),
    ),
    max_size=40,
)  # fmt: skip


@given(ACTS)
def test_a_class_read_from_its_events_is_the_same_class(acts):
    room, events = Room(), []
    for n, (what, who, kind, step, on) in enumerate(acts):
        ids = list(room.pupils)
        pupil = ids[who % len(ids)] if ids else "nobody"
        try:
            if what == "join":
                event = room.joining(f"N{who}", float(n))
            elif what == "answer":
                event = room.answering(Answer(pupil, step, kind, f"k{step}", f"v{who}"), float(n), float(who))
            else:
                event = room.directing(what, {"step": step, "on": on, "pupil": pupil}, float(n))
        except Refused:
            continue
        if event is not None:
            events.append(json.loads(json.dumps(event)))
            room.apply(event)
    again = Room()
    for event in events:
        again.apply(event)
    assert again.seen_by_teacher(99.0) == room.seen_by_teacher(99.0)
    assert results_json(again) == results_json(room) and results_csv(again) == results_csv(room)


def test_a_spreadsheet_takes_no_name_for_a_formula():
    room, _ = joined("=HYPERLINK(1)", "+1", "@x")
    cells = [line.split(",")[0] for line in results_csv(room).splitlines()[1:]]
    assert all(cell.lstrip('"').startswith("'") for cell in cells)
