"""Jobs: started, watched, cancelled, and found again; with real processes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from mdp import jobs
from mdp.core.errors import BadFile, MdpError
from mdp.core.progress import Progress
from mdp.jobs import launch, process
from mdp.jobs.folders import folder_of

FAKE = Path(__file__).parents[1] / "fake_mdp.py"


@pytest.fixture(autouse=True)
def jobs_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    monkeypatch.setattr(launch, "COMMAND", (sys.executable, str(FAKE)))
    yield
    for job in jobs.list_jobs():
        jobs.cancel(job.id)


def until(job_id, wanted, seconds=30.0):
    """Poll as a page does; give the first state that `wanted` accepts."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = jobs.state(job_id)
        if wanted(state):
            return state
        time.sleep(0.02)
    raise AssertionError(f"never came: {state}\n{jobs.output(job_id)}")


def ended(state):
    return state.status != "running"


def gone(pid, seconds=5.0):
    """Whether a process ends (a moment after its signal); one that nobody has reaped yet is gone too."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not psutil.pid_exists(pid):
            return True
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def test_a_job_runs_reports_and_ends():
    job = jobs.start(["count", "--to", "4", "--pause", "0"], "Counting to four")
    state = until(job, ended)
    assert (state.status, state.error, state.title, state.kind) == ("done", "", "Counting to four", "count")
    assert state.messages == ("Counting — “slowly”.",)
    assert [m["loss"] for m in state.metrics] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert state.progress["done"] == state.progress["total"] == 4
    assert state.result == {"path": "made.json", "accuracy": 0.5}
    assert state.arguments == ("count", "--to", "4", "--pause", "0")


def test_progress_is_seen_while_it_runs():
    job = jobs.start(["count", "--to", "1000", "--pause", "0.02"], "Counting")
    state = until(job, lambda s: s.progress and s.progress["done"] >= 3)
    assert state.status == "running" and 0 < state.progress["done"] < 1000
    assert until(job, lambda s: s.progress["seconds_left"]).progress["seconds_left"] > 0


def test_cancel_stops_within_a_second_and_keeps_what_was_said():
    job = jobs.start(["count", "--to", "1000", "--pause", "0.02"], "Counting")
    until(job, lambda s: s.metrics)
    pid = json.loads((folder_of(job) / "job.json").read_text())["pid"]
    before = time.monotonic()
    state = jobs.cancel(job)
    assert state.status == "cancelled" and state.metrics
    assert time.monotonic() - before < 1.5  # a second, and what a busy machine adds
    assert gone(pid)
    assert jobs.cancel(job).status == "cancelled"


def test_a_job_that_is_deaf_is_killed_with_its_children():
    job = jobs.start(["deaf"], "Deaf")
    child = until(job, lambda s: s.result).result["child"]
    assert jobs.cancel(job).status == "cancelled"
    assert gone(int(child))


def test_a_request_to_stop_is_no_error_that_somebody_may_handle():
    job = jobs.start(["stubborn"], "Stubborn")
    until(job, lambda s: s.result)
    assert jobs.cancel(job).status == "cancelled"
    assert "Stopped on request" in jobs.output(job)  # and was not killed


def test_cancel_at_once_before_the_job_has_said_anything():
    job = jobs.start(["count", "--to", "1000", "--pause", "1"], "Counting")
    assert jobs.cancel(job).status == "cancelled"


def test_cancel_after_the_end_changes_nothing():
    job = jobs.start(["count", "--to", "1", "--pause", "0"], "Counting")
    until(job, ended)
    assert jobs.cancel(job).status == "done"


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (["complain"], "failed", "The folder holds no images; choose another one."),
        (["crash"], "failed", "ValueError: unexpected"),
        (["abort"], "failed", "SIGABRT"),
        (["count", "--to", "many"], "failed", "--to takes a number, not 'many'"),
    ],
)
def test_a_failure_is_a_sentence(command, status, said):
    state = until(jobs.start(command, "Failing"), ended)
    assert state.status == status and said in state.error
    assert "Traceback" not in state.error


def test_killed_from_outside_is_said():
    job = jobs.start(["count", "--to", "1000", "--pause", "0.02"], "Counting")
    until(job, lambda s: s.metrics)
    os.kill(json.loads((folder_of(job) / "job.json").read_text())["pid"], 9)
    state = until(job, ended)
    assert state.status == "failed" and "stopped from outside (SIGKILL)" in state.error


STARTER = """
import sys
from mdp import jobs
from mdp.jobs import launch
launch.COMMAND = (sys.executable, {fake!r})
print(jobs.start({arguments!r}, "Left alone"))
"""


def start_from_a_page_that_closes(*arguments):
    """Start a job from another process, which is gone when this returns."""
    code = STARTER.format(fake=str(FAKE), arguments=list(arguments))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_job_outlives_the_page_that_started_it():
    job = start_from_a_page_that_closes("count", "--to", "1000", "--pause", "0.02")
    assert jobs.list_jobs("count")[0].id == job
    seen = until(job, lambda s: s.progress).progress["done"]
    assert until(job, lambda s: s.progress["done"] > seen).status == "running"
    assert jobs.cancel(job).status == "cancelled"


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (("count", "--to", "2", "--pause", "0"), "done", ""),
        (("complain",), "failed", "The folder holds no images; choose another one."),
    ],
)
def test_the_end_is_known_when_nobody_was_there(arguments, status, error):
    state = until(start_from_a_page_that_closes(*arguments), ended)
    assert (state.status, state.error) == (status, error)


def test_events_that_can_no_longer_be_written_are_a_sentence():
    job = jobs.start(["count", "--to", "1000", "--pause", "0.02"], "Counting")
    until(job, lambda s: s.metrics)
    events = folder_of(job) / "events.jsonl"
    events.rename(events.with_suffix(".before"))
    events.mkdir()  # as a full disk does, it refuses to be written
    state = until(job, ended)
    assert state.status == "failed"
    assert "cannot be written" in state.error and "Free some space" in state.error


def test_a_job_that_could_not_even_write_why_is_a_sentence():
    job = jobs.start(["complain"], "Complaining")
    until(job, ended)
    (folder_of(job) / "log.txt").write_text("")
    (folder_of(job) / "exit").unlink()  # our own child: we know how it ended
    state = jobs.state(job)
    assert state.status == "failed" and "the disk may be full" in state.error


def test_killed_while_nobody_watched_is_said_and_it_starts_again():
    job = start_from_a_page_that_closes("count", "--to", "1000", "--pause", "0.02")
    seen = until(job, lambda s: s.metrics)
    os.kill(json.loads((folder_of(job) / "job.json").read_text())["pid"], 9)
    state = until(job, ended)
    assert state.status == "lost" and "killed" in state.error and "what was finished is kept" in state.error
    assert len(state.metrics) >= len(seen.metrics)
    again = jobs.start(["count", "--to", "1", "--pause", "0"], "Again")
    assert until(again, ended).status == "done"


def test_a_process_that_vanished_with_the_machine_is_lost(tmp_path):
    job = jobs.start(["count", "--to", "1000", "--pause", "0.02"], "Counting")
    until(job, lambda s: s.metrics)
    jobs.cancel(job)
    folder = folder_of(job)
    process._reapers.pop(job).join()
    process._codes.pop(job)
    (folder / "exit").unlink()
    (folder / "cancelled").unlink()
    state = jobs.state(job)
    assert state.status == "lost" and "Start it again" in state.error


def test_a_pid_given_to_somebody_else_is_not_the_job(tmp_path):
    job = jobs.start(["count", "--to", "1", "--pause", "0"], "Counting")
    until(job, ended)
    folder = folder_of(job)
    described = json.loads((folder / "job.json").read_text())
    described["pid"] = os.getpid()
    (folder / "job.json").write_text(json.dumps(described))
    described["created"] = psutil.Process().create_time() - 3600
    (folder / "job.json").write_text(json.dumps(described))
    assert jobs.state(job).status == "done"
    jobs.cancel(job)  # must not end this very process


def test_jobs_are_listed_newest_first_and_by_kind():
    first = jobs.start(["count", "--to", "1", "--pause", "0"], "First")
    second = jobs.start(["complain"], "Second")
    third = jobs.start(["count", "--to", "1", "--pause", "0"], "Third")
    assert [j.id for j in jobs.list_jobs()] == [third, second, first]
    assert [j.id for j in jobs.list_jobs("count")] == [third, first]
    assert jobs.list_jobs("profile") == []


def test_damaged_folders_are_left_out(tmp_path):
    for name, text in {"20260101-000000-count-a": "{", "20260101-000000-count-b": "[]"}.items():
        (tmp_path / "jobs" / name).mkdir(parents=True)
        (tmp_path / "jobs" / name / "job.json").write_text(text)
    assert jobs.list_jobs() == []
    with pytest.raises(BadFile):
        jobs.state("20260101-000000-count-b")


def test_half_written_and_strange_events_are_passed_over():
    job = jobs.start(["count", "--to", "1", "--pause", "0"], "Counting")
    until(job, ended)
    with (folder_of(job) / "events.jsonl").open("ab") as file:
        file.write(b'[1]\n{"kind": "message"}\n{"kind": "message", "text": "half \xc3')
    state = jobs.state(job)
    assert state.status == "done" and state.messages == ("Counting — “slowly”.", "")


@pytest.mark.parametrize("name", ["", "..", "../x", "/etc", "."])
def test_an_id_cannot_lead_elsewhere(name):
    with pytest.raises(MdpError):
        jobs.state(name)


def test_no_permission_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MDP_DATA", str(tmp_path / "file"))
    with pytest.raises(MdpError, match="MDP_DATA"):
        jobs.start(["count"], "Counting")


def test_fast_steps_are_thinned_but_the_last_is_kept(tmp_path):
    report = jobs.JobReporter(tmp_path)
    for i in range(5000):
        report.step(i + 1, 5000)
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert len(lines) < 500 and json.loads(lines[-1])["done"] == 5000


def test_events_that_cannot_be_written_are_a_sentence(tmp_path):
    report = jobs.JobReporter(tmp_path / "nowhere")
    with pytest.raises(MdpError, match="cannot be written"):
        report.show(Progress(1, 1, "", 0.0, None))


def ended_job(title="Long ago", days=0.0, kind="count"):
    """A job's folder as it is after its end, started some days ago."""
    started = time.time() - days * 86_400
    job_id = time.strftime("%Y%m%d-%H%M%S", time.localtime(started)) + f"-{kind}-{len(jobs.job_ids()):06x}"
    folder = folder_of(job_id)
    folder.mkdir(parents=True)
    described = {"title": title, "kind": kind, "pid": 1, "created": None, "started": started}
    (folder / "job.json").write_text(json.dumps(described))
    (folder / "exit").write_text("0")
    return job_id


def test_old_jobs_are_cleared_away_by_age_and_by_count_but_never_a_running_one():
    running = jobs.start(["count", "--to", "1000", "--pause", "0.02"], "Counting")
    described = folder_of(running) / "job.json"
    described.write_text(json.dumps(json.loads(described.read_text()) | {"started": 0.0}))
    old, older, new = ended_job(days=31), ended_job(days=2), ended_job(days=1)
    assert jobs.prune(days=30) == [old]
    assert jobs.prune(keep=2) == [older]
    assert jobs.job_ids() == {running, new}
    assert jobs.state(running).status == "running"
    ended_job(days=40)
    jobs.start(["count", "--to", "1", "--pause", "0"], "Starting clears away")
    assert all(days_ago(job) < 30 or job.id == running for job in jobs.list_jobs())


def days_ago(job):
    return (time.time() - job.started) / 86_400


def test_what_is_being_made_or_cannot_be_read_stays_for_a_while():
    folder = folder_of("20200101-000000-count-0a")
    folder.mkdir(parents=True)
    assert jobs.prune(keep=0) == []
    os.utime(folder, (0, 0))
    assert jobs.prune(keep=0) == [folder.name]


def typed(folder, *words):
    return subprocess.Popen(
        [sys.executable, str(FAKE), *words, "--job", str(folder)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def until_listed(kind, wanted=lambda state: True):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if found := [job for job in jobs.list_jobs(kind) if wanted(job)]:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(f"never listed: {jobs.list_jobs()}")


def test_a_command_typed_in_a_terminal_is_a_job_too(tmp_path):
    terminal = typed(tmp_path / "mine", "count", "--to", "1000", "--pause", "0.02")
    job = until_listed("count", lambda state: state.progress)
    assert (job.status, job.title) == ("running", "mdp count --to 1000 --pause 0.02")
    assert job.arguments == ("count", "--to", "1000", "--pause", "0.02")
    again = typed(tmp_path / "mine", "count", "--to", "1", "--pause", "0")
    assert again.wait() == 2 and "A job runs in" in again.stderr.read()
    assert jobs.cancel(job.id).status == "cancelled"  # it leads no group of its own: we are still here
    assert "Counting" in terminal.stderr.read() and terminal.wait() == 130
    third = typed(tmp_path / "mine", "complain")
    assert third.wait() == 2
    (job,) = jobs.list_jobs()
    assert (job.kind, job.status, job.error) == (
        "complain", "failed", "The folder holds no images; choose another one."
    )  # fmt: skip
    assert jobs.prune(keep=0) == [job.id] and (tmp_path / "mine" / "job.json").exists()


def test_a_folder_that_cannot_hold_a_job_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    terminal = typed(tmp_path / "file", "count", "--to", "1", "--pause", "0")
    assert terminal.wait() == 2 and "cannot hold a job" in terminal.stderr.read()
