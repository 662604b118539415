"""The time left: judged by the work done, not by what was waited for."""

import threading

import pytest

from mdp.core.progress import NOT_KNOWN, ConsoleReporter, PartOf, Reporter
from mdp.latency.device import deployment, unit_of
from mdp.latency.store import device_lock
from mdp.latency.timer import device_timer
from mdp.training.progress_meter import FORWARD, PartOfWork, Work
from mdp.training.recording import Recording


class Watch(Reporter):
    def __init__(self):
        super().__init__()
        self.left, self.waits = [], []

    def show(self, progress):
        self.left.append(progress.seconds_left)

    def waited(self, seconds):
        self.waits.append(seconds)
        super().waited(seconds)


@pytest.fixture
def clock(monkeypatch):
    """Seconds that stand still until they are moved."""
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_waiting_is_no_part_of_the_time_left(clock):
    watch = Watch()
    clock[0] += 600
    PartOf(watch, 0, 0.5).waited(600)
    clock[0] += 10
    watch.step(1, 2)
    assert watch.left == [10.0]


@pytest.mark.parametrize("kept", [False, True], ids=["told", "recorded"])
def test_training_says_no_time_before_it_has_one(clock, tmp_path, kept):
    """What came before the first piece, such as ten minutes in a queue, says nothing of the others."""
    watch = Watch()
    report = Recording(watch, tmp_path) if kept else watch
    work = Work(report)
    part = PartOfWork(work, 10, FORWARD)
    work.expect(30, FORWARD)
    clock[0] += 600
    work.did(10, FORWARD, "first")
    clock[0] += 600
    part.waited(600)
    clock[0] += 5
    work.did(10, FORWARD, "second")
    assert watch.left == [None, 10.0]


def test_what_nobody_can_know_is_not_extrapolated(clock):
    watch = Watch()
    clock[0] += 600
    watch.step(1, 2, "", NOT_KNOWN)
    assert watch.left == [None]


def test_a_device_says_how_long_it_was_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    where, watch, asked = deployment("cpu"), Watch(), threading.Event()
    watch.message = lambda text: asked.set()
    held = device_lock(where.device, print, unit=unit_of(where))
    held.__enter__()

    def free():
        asked.wait(5)
        held.__exit__(None, None, None)

    threading.Thread(target=free).start()
    with device_timer(where, watch, lambda: None):
        pass
    assert len(watch.waits) == 1 and watch.waits[0] > 0.1


def test_the_console_says_no_more_than_it_knows(capsys):
    report = ConsoleReporter()
    report.step(2, 2, "")
    report.step(2, 2, "done", 0)
    report.metric(members_done=1, loss=0.25)
    assert capsys.readouterr().err == "100 %\n100 %  done\nmembers done 1  loss 0.25\n"
