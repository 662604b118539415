"""Jobs of panels in a folder of their own, run by the quick work of fake_work.py."""

import sys
import time
from pathlib import Path

import pytest

from mdp import jobs
from mdp.core.study import save_study
from mdp.jobs import launch
from mdp_widgets.state.explorer_state import ExplorerState

from ..synthetic import synthetic_vit

WORK = Path(__file__).with_name("fake_work.py")
FAKE = Path(__file__).parent.parent / "fake_mdp.py"


def text_of(job):
    """What a job's view shows first."""
    return job.children[0].value


@pytest.fixture(autouse=True)
def jobs_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    monkeypatch.setattr(launch, "COMMAND", (sys.executable, str(WORK)))
    yield
    for job in jobs.list_jobs():
        jobs.cancel(job.id)


@pytest.fixture
def watch():
    """Poll a JobView as the kernel's loop does, until it is as wanted."""

    def until(view, wanted=lambda view: not view.running, seconds=30.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            view.refresh()
            if wanted(view):
                return view.state
            time.sleep(0.02)
        raise AssertionError(f"never came: {view.state}")

    return until


@pytest.fixture
def small_commands(monkeypatch):
    """The small commands of tests/fake_mdp.py, in place of the whole work of a command."""
    monkeypatch.setattr(launch, "COMMAND", (sys.executable, str(FAKE)))


@pytest.fixture
def selection():
    selection = ExplorerState(synthetic_vit(2))
    selection.study.path or save_study(selection.study)
    return selection


@pytest.fixture
def saved(monkeypatch):
    """What the page was given to save: name -> bytes."""
    files = {}
    from mdp_widgets.export.download import Download

    def send(self, content, buffers=None):
        files[content["name"]] = bytes(buffers[0]) if buffers else content

    monkeypatch.setattr(Download, "send", send)
    return files
