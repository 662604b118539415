"""Shared by all tests: one torch thread (colleagues run beside us), no network, no user's data."""

import os

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

settings.register_profile("mdp", deadline=None)
settings.load_profile("mdp")


@pytest.fixture(autouse=True)
def own_data(tmp_path_factory, monkeypatch):
    """Nothing that a test does lands in the user's data folder."""
    if "MDP_DATA" not in os.environ:
        monkeypatch.setenv("MDP_DATA", str(tmp_path_factory.mktemp("mdp-data")))
