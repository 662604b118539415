"""Shared by all tests: one torch thread (colleagues run beside us), no network, no user's data."""

import os

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from .synthetic import synthetic_resnet, synthetic_vit

settings.register_profile("mdp", deadline=None)
settings.load_profile("mdp")


@pytest.fixture(autouse=True)
def own_data(tmp_path_factory, monkeypatch):
    """Nothing that a test does lands in the user's data folder."""
    if "MDP_DATA" not in os.environ:
        monkeypatch.setenv("MDP_DATA", str(tmp_path_factory.mktemp("mdp-data")))


# Synthetic studies, made once: see synthetic.py.


@pytest.fixture(scope="session")
def vit():
    return synthetic_vit(blocks=4, embed=192, heads=3)


@pytest.fixture(scope="session")
def resnet():
    return synthetic_resnet(stages=(2, 2))
