"""Shared by all tests: one torch thread (colleagues run beside us), no network, no user's data."""

import atexit
import os
import shutil
import tempfile

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.pop("MDP_DATA", None)  # the user's own, which tests neither read nor write

from .synthetic import synthetic_resnet, synthetic_vit

# Whoever measures on a device locks it by a file in the folder for temporary files. Here it waits neither for
# other people's runs nor for the other half of the tests.
ROOT = os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="mdp-", dir=ROOT)
atexit.register(shutil.rmtree, tempfile.tempdir, ignore_errors=True)

settings.register_profile("mdp", deadline=None)
settings.load_profile("mdp")


@pytest.fixture(autouse=True)
def own_data(tmp_path_factory, monkeypatch):
    """Nothing that a test does lands in the user's data folder, and no function that it names stays named."""
    monkeypatch.setenv("MDP_FACTORY", "")
    if "MDP_DATA" not in os.environ:  # else a fixture of a whole module has set it
        monkeypatch.setenv("MDP_DATA", str(tmp_path_factory.mktemp("mdp-data")))


# Synthetic studies, made once: see synthetic.py.


@pytest.fixture(scope="session")
def vit():
    return synthetic_vit(blocks=4, embed=192, heads=3)


@pytest.fixture(scope="session")
def resnet():
    return synthetic_resnet(stages=(2, 2))
