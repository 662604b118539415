"""What was accepted is there after a kill at any moment; half a line is dropped."""

import asyncio
import json
import os
import random
import stat
import time

import pytest

from mdp.core.errors import MdpError
from mdp_widgets.classroom.answers import Answer
from mdp_widgets.classroom.desk import Desk
from mdp_widgets.classroom.journal import Journal
from mdp_widgets.classroom.refused import Refused
from mdp_widgets.classroom.results import results_csv, results_json

from ..loops import run_apart
from ..server.test_mutated_files import FILES, mutated


@pytest.fixture
def path(tmp_path):
    return tmp_path / "user" / "class" / "1.jsonl"


async def a_class(desk, pupils=3):
    told = await asyncio.gather(*(desk.submit(lambda r, t: r.joining("Ada", t)) for _ in range(pupils)))
    for event in told:
        answer = Answer(event["pupil"], 1, "prediction", "k", "v")
        await desk.submit(lambda r, t, a=answer: r.answering(a, t))
    return told


def test_a_class_goes_on_where_it_was_cut_anywhere(path):
    desk = Desk.opened(Journal(path), "token")
    told = run_apart(a_class(desk))
    assert sorted(e["nickname"] for e in told) == ["Ada", "Ada 2", "Ada 3"]
    whole, before = path.read_bytes(), desk.room.seen_by_pupils()
    again = Desk.opened(Journal(path), "made up", made_up=True)
    assert again.room.seen_by_pupils() == before and again.keys == desk.keys
    assert Desk.opened(Journal(path), "mine").keys.token == "mine"
    for end in range(whole.index(b"\n") + 1, len(whole), 7):
        path.write_bytes(whole[:end])
        found = Journal(path).read()
        assert found is not None and found[1].version == whole[:end].count(b"\n") - 1
        assert path.read_bytes() == whole[: whole.rfind(b"\n", 0, end) + 1]  # the half line is gone


def test_damaged_lines_are_passed_over_and_a_damaged_head_begins_anew(path):
    desk = Desk.opened(Journal(path), "")
    run_apart(a_class(desk))
    whole = path.read_bytes()
    odd = b'nonsense\n{"event":"join"}\n[]\n{"event":[],"at":1}\n{"event":"answer","at":1,"pupil":3}\n'
    path.write_bytes(whole + odd)
    assert Journal(path).read()[1].seen_by_pupils() == desk.room.seen_by_pupils()
    path.write_bytes(b"nonsense\n")
    assert Desk.opened(Journal(path), "").room.pupils == {}


def test_mutated_lines_break_no_page(path):
    """Whatever lies in the file, pages, table and JSON can be made of what is read."""
    desk = Desk.opened(Journal(path), "token")
    run_apart(a_class(desk))
    for action, data in (("pace", {"step": 2}), ("reveal", {"step": 1}), ("clock", {})):
        run_apart(desk.submit(lambda r, t, a=action, d=data: r.directing(a, d, t)))
    lines, chance = path.read_bytes().splitlines(), random.Random("class")
    for _ in range(4 * FILES):
        odd = list(lines)
        for _ in range(chance.choice([1, 1, 3])):
            at = chance.randrange(1, len(odd))
            odd[at] = mutated(json.loads(lines[at]), chance).replace(b"\n", b" ")
        path.write_bytes(b"\n".join(odd) + b"\n")
        room = Journal(path).read()[1]
        for seen in (room.seen_by_pupils(), room.seen_by_teacher(time.time())):
            json.dumps(seen, allow_nan=False, ensure_ascii=False).encode()
        results_csv(room).encode()
        json.loads(results_json(room).encode(), parse_constant=pytest.fail)


def test_nobody_else_on_the_machine_reads_it_and_nothing_stays_after_the_end(path):
    desk = Desk.opened(Journal(path), "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    run_apart(a_class(desk))
    run_apart(desk.end())
    assert not path.exists() and desk.room is None
    with pytest.raises(Refused) as error:
        run_apart(desk.submit(lambda r, t: r.joining("x", t)))
    assert error.value.status == 404


def test_a_class_that_was_forgotten_is_deleted(path):
    Desk.opened(Journal(path), "")
    os.utime(path, (0, 0))
    Journal(path.with_name("2.jsonl")).discard_forgotten(10.0**9)  # a server on another port
    assert not path.exists()


def test_what_cannot_be_written_is_not_accepted_and_can_be_sent_again(path, monkeypatch):
    desk = Desk.opened(Journal(path), "")
    (event, *_) = run_apart(a_class(desk, 1))
    answer = Answer(event["pupil"], 1, "check", "c", "v")

    def full(events):
        raise MdpError("No space left on device.")

    monkeypatch.setattr(desk.journal, "append", full)
    with pytest.raises(Refused, match="not kept") as error:
        run_apart(desk.submit(lambda r, t: r.answering(answer, t)))
    assert error.value.status == 507
    assert ("check", "c") not in desk.room.pupils[event["pupil"]].answers
    monkeypatch.undo()
    assert run_apart(desk.submit(lambda r, t: r.answering(answer, t))) is not None
    assert ("check", "c") in Journal(path).read()[1].pupils[event["pupil"]].answers


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MdpError, match="cannot be kept"):
        Desk.opened(Journal(tmp_path / "file" / "1.jsonl"), "")
