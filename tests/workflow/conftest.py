"""Jobs of panels in a folder of their own, run by the small commands of tests/fake_mdp.py."""

import sys
import time
from pathlib import Path

import pytest

from mdp import jobs
from mdp.jobs import launch

FAKE = Path(__file__).parent.parent / "fake_mdp.py"


@pytest.fixture(autouse=True)
def jobs_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    monkeypatch.setattr(launch, "COMMAND", (sys.executable, str(FAKE)))
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
