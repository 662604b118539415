"""One job on the page: what it says, Cancel, failure, and found again by a page that comes later."""

import asyncio
import subprocess

import pytest

from mdp import jobs
from mdp.jobs import JobState, launch
from mdp_widgets.workflow import job_view
from mdp_widgets.workflow.components import start_button
from mdp_widgets.workflow.job_facts import job_facts
from mdp_widgets.workflow.job_view import JobView, job_html

from ..loops import run_apart

pytestmark = pytest.mark.usefixtures("small_commands")
SLOW = ["count", "--to", "1000", "--pause", "0.02"]
QUICK = ["count", "--to", "3", "--pause", "0"]


def shown(view):
    return view.children[0].value


def state(**changes):
    base = {"id": "x", "title": "Latency", "kind": "profile", "status": "running", "started": 1000.0}
    return JobState(**(base | changes))


def progress(done, total, text="", left=None, time=1010.0):
    return {"done": done, "total": total, "text": text, "seconds": 10.0, "seconds_left": left, "time": time}


@pytest.mark.parametrize(
    ("changes", "share", "line"),
    [
        ({}, None, "starting, 20 s so far"),
        ({"progress": progress(1, 4, "conv3x3", 30.0)}, 0.25, "25 % · 20 s left · conv3x3"),
        ({"progress": progress(1, 4, left=3.0)}, 0.25, "25 % · 1 s left"),
        ({"progress": progress(0, 4, "begins")}, 0.0, "0 % · begins"),
        ({"progress": progress(0, 0, "looking")}, None, "looking"),
        ({"status": "done", "progress": progress(3, 4)}, 1.0, "done · started just now"),
        ({"status": "cancelled"}, None, "cancelled; what was finished is kept · started just now"),
    ],
)
def test_what_a_state_says(changes, share, line):
    facts = job_facts(state(**changes), now=1020.0)
    assert (facts.share, facts.line) == (share, line)


def test_html_is_escaped_and_labelled():
    facts = job_facts(state(title="<script>", messages=("<b>",), error="a & b", status="failed"))
    text = job_html(facts)
    assert "<script>" not in text and "&lt;b&gt;" in text and "a &amp; b" in text
    assert 'role="alert"' in text and 'role="progressbar"' in text


def test_a_job_from_start_to_end(watch):
    view = JobView("count", idle="Nothing yet.")
    assert "Nothing yet." in shown(view) and view.children[1].layout.display == "none"
    assert view.start(QUICK, "Counting")
    assert watch(view).status == "done"
    assert "✓" in shown(view) and "Counting" in shown(view) and view.state.result["path"] == "made.json"


def test_cancel_and_a_second_start_while_one_runs(watch):
    view = JobView("count")
    view.start(SLOW, "Counting")
    watch(view, lambda v: v.state.progress)
    assert view.children[1].layout.display == ""
    assert not view.start(QUICK, "Another") and "still running" in shown(view)
    view.children[1].click()
    assert view.state.status == "cancelled" and "what was finished is kept" in shown(view)
    assert view.children[1].layout.display == "none"
    assert view.start(QUICK, "Another") and "still running" not in shown(view)


def test_a_complaint_stands_below_the_note_and_both_are_markup():
    view = JobView("count", idle="Counts.")
    view.complain("Batch size <b> cannot be used.")
    assert shown(view).startswith('<p class="mdp-note">Counts.</p>')
    assert "Batch size &lt;b&gt; cannot be used." in shown(view)


def test_a_failure_is_shown_as_a_sentence(watch):
    view = JobView("complain")
    view.start(["complain"], "Complaining")
    watch(view)
    assert "The folder holds no images; choose another one." in shown(view)


def test_a_new_page_finds_the_running_job(watch):
    first = JobView("count")
    first.start(SLOW, "Counting")
    watch(first, lambda v: v.state.progress)
    again = JobView("count")
    assert again.job_id == first.job_id and again.running
    first.cancel()
    watch(again)
    assert again.state.status == "cancelled"


def test_a_job_started_elsewhere_appears_unless_one_of_ours_runs(watch):
    ours, other = JobView("count"), JobView("count", resume=lambda s: s.title == "Other")
    theirs = jobs.start(SLOW, "Theirs")
    ours.look_elsewhere()
    other.look_elsewhere()
    assert (ours.job_id, other.job_id) == (theirs, "") and ours.running and not ours.started_here
    third = jobs.start(SLOW, "Other")
    ours.look_elsewhere()
    other.look_elsewhere()
    assert (ours.job_id, other.job_id) == (theirs, third)
    jobs.cancel(third)
    other.refresh()
    fourth = jobs.start(QUICK, "Other")
    while jobs.state(fourth).status == "running":
        pass
    other.look_elsewhere()
    assert other.job_id == third  # what has ended is no news


def test_in_a_kernel_it_finds_the_job_of_a_terminal_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(job_view, "SECONDS_ELSEWHERE", 0.05)

    async def page():
        view = JobView("count")
        words = ["count", "--to", "5", "--pause", "0.05", "--job", str(tmp_path / "mine")]
        terminal = subprocess.Popen([*launch.COMMAND, *words], stderr=subprocess.DEVNULL)
        for _ in range(600):
            await asyncio.sleep(0.05)
            if view.state and not view.running:
                terminal.wait()
                return view.state

    state = run_apart(page())
    assert (state.status, state.title) == ("done", "mdp count --to 5 --pause 0.05")


def test_where_long_work_is_switched_off_no_button_offers_it(monkeypatch):
    monkeypatch.setenv("MDP_LONG_WORK", "off")
    assert "switched off" in shown(JobView("count", idle="Counts."))
    button = start_button("Count", lambda: None)
    assert button.disabled and "switched off" in button.tooltip
    view = JobView("count")
    assert not view.start(QUICK, "Counting") and "switched off" in shown(view) and jobs.list_jobs() == []


def test_a_new_page_prefers_the_running_job_to_a_newer_one(watch):
    running = JobView("count")
    running.start(SLOW, "Long")
    newer = JobView("complain")
    newer.start(["complain"], "Short")
    watch(newer)
    assert JobView("count", "complain").job_id == running.job_id
    assert JobView("count", resume=lambda s: False).job_id == ""
    assert JobView("profile").job_id == ""


def test_a_job_whose_folder_is_deleted(watch, tmp_path):
    import shutil

    view = JobView("count")
    view.start(QUICK, "Counting")
    watch(view)
    while (tmp_path / "jobs").exists():  # its end may be noted just now
        shutil.rmtree(tmp_path / "jobs", ignore_errors=True)
    assert not view.refresh() and "There is no job" in shown(view)


def test_no_permission_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MDP_DATA", str(tmp_path / "file"))
    view = JobView("count")
    assert not view.start(QUICK, "Counting") and "could not be started" in shown(view)


def test_in_a_kernel_it_follows_the_job_by_itself():
    async def page():
        view = JobView("count")
        view.start(["count", "--to", "5", "--pause", "0.05"], "Counting")
        for _ in range(600):
            await asyncio.sleep(0.05)
            if not view.running:
                return view.state

    assert run_apart(page()).status == "done"


def test_two_pages_may_both_cancel(watch):
    view = JobView("count")
    view.start(SLOW, "Counting")
    other = JobView("count")
    view.cancel()
    other.cancel()
    assert jobs.state(view.job_id).status == "cancelled" and other.state.status == "cancelled"
