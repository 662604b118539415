"""The wheel, away from any checkout: commands on the path, studies and page there, the user's folder used."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with what the wheel holds, as `pip install --no-deps` lays it out."""
    where = tmp_path_factory.mktemp("wheel")
    for command in (
        ["-m", "hatchling", "build", "-t", "wheel", "-d", str(where)],
        ["-m", "uv", "pip", "install", "-q", "--no-deps", "--target", str(where / "site"), "{wheel}"],
    ):
        wheel = next(where.glob("*.whl"), "")
        command = [sys.executable, *(word.format(wheel=wheel) for word in command)]
        subprocess.run(command, cwd=REPO, check=True, capture_output=True, timeout=120)
    return where


def away(installed):
    """An environment in which the packages are those of the wheel and the user has a home of their own."""
    kept = {k: v for k, v in os.environ.items() if k not in ("MDP_DATA", "PYTHONPATH")}
    home = installed / "home"
    paths = {"PYTHONPATH": installed / "site", "HOME": home, "XDG_DATA_HOME": home}
    return {**kept, **{name: str(path) for name, path in paths.items()}}


def run(installed, *words):
    command = [sys.executable, *map(str, words)]
    return subprocess.run(
        command, cwd=installed, env=away(installed), capture_output=True, text=True, timeout=120
    )


def test_studies_are_listed_solved_and_saved_in_the_users_folder(installed):
    script = installed / "site" / "bin" / "mdp"
    done = run(installed, script, "studies")
    assert done.returncode == 0 and "Fashion-MNIST ViT" in done.stdout, done.stderr
    done = run(installed, script, "solve", "fmnist-vit-cpu", "--budget", "40%", "--json")
    assert done.returncode == 0 and '"optimal": true' in done.stdout, done.stderr
    code = "import mdp, sys; s = mdp.load_study('fmnist-vit-cpu'); print(mdp.__file__, s.save())"
    done = run(installed, "-c", code + "; assert 'torch' not in sys.modules")
    package, saved = done.stdout.split()
    assert Path(package).is_relative_to(installed / "site")
    assert Path(saved) == installed / "home" / "mdp-explorer" / "user" / "studies" / Path(saved).name
    assert Path(saved).is_file() and not (installed / "site" / "mdp" / "shipped" / "user").exists()


def test_the_explorer_is_served(installed):
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, installed / "site" / "bin" / "mdp-explorer", "--port", str(port)]
    server = subprocess.Popen(
        list(map(str, command)), cwd=installed, env=away(installed),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        body, end = "", time.monotonic() + 90
        while time.monotonic() < end and "Pruning explorer" not in body:
            try:
                body = urllib.request.urlopen(f"http://localhost:{port}/", timeout=60).read().decode()
            except OSError:
                assert server.poll() is None, server.stdout.read()
                time.sleep(0.5)
        assert "Pruning explorer" in body
    finally:
        server.terminate()
        server.wait(30)


@pytest.mark.parametrize("folder", ["studies", "models", "networks", "images"])
def test_what_comes_along_is_all_in_the_wheel(installed, folder):
    tracked = subprocess.run(
        ["git", "ls-files", f"data/{folder}"], cwd=REPO, capture_output=True, text=True, check=True
    ).stdout.split()
    shipped = installed / "site" / "mdp" / "shipped"
    assert tracked and not [f for f in tracked if not (shipped / Path(f).relative_to("data")).is_file()]


def test_what_needs_torch_says_how_to_get_it(installed):
    code = "import sys; sys.modules['torch'] = None; from mdp.cli import main; sys.exit(main(sys.argv[1:]))"
    tune = ["finetune", "fmnist-vit-cpu", "--budget", "50%", "--out", "there"]
    for words in (["inspect", "fmnist_vit"], ["profile", "fmnist_vit"], tune):
        done = run(installed, "-c", code, *words)
        assert done.returncode == 2 and "pip install 'mdp-explorer[torch]'" in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
