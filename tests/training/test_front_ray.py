"""A front on a Ray cluster: addresses that do not answer, members that fail, a real cluster."""

import contextlib
import signal
import socket
import subprocess
import sys
import types
from pathlib import Path

import psutil
import pytest

from mdp.cli import main
from mdp.core.errors import Cancelled, MdpError
from mdp.core.progress import Reporter
from mdp.training import front_ray
from mdp.training.front_ray import joined, run_front_on_ray

from .test_front import finished, three, words

CODE = (
    "if at.endswith('0.4'): sys.exit('  5 %  epoch 1\\nThe disk is full.')\n"
    "if at.endswith('0.2'): os.kill(os.getpid(), 9)\n"
    "open(at + '/made', 'w')"
)


class Ray(types.ModuleType):
    """Stands in for the module: tasks run at once, here."""

    def __init__(self):
        super().__init__("ray")
        self.exceptions = types.SimpleNamespace(RayError=ConnectionError)
        self.cloudpickle = types.SimpleNamespace(register_pickle_by_value=lambda module: None)
        self.stopped, self.lost = [], False

    def init(self, **how):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as the real one puts its own

    def nodes(self):
        return [{"Alive": True, "Resources": {"CPU": 4.0}}, {"Alive": False, "Resources": {}}]

    def remote(self, function):
        def options(**asked):
            self.asked = asked
            return types.SimpleNamespace(remote=lambda *given: (function, given))

        return types.SimpleNamespace(options=options)

    def wait(self, refs, **how):
        return refs[:1], refs[1:]

    def get(self, ref):
        if self.lost:
            raise ConnectionError("The node died.\nmore")
        return ref[0](*ref[1])

    def cancel(self, ref, force):
        self.stopped.append(ref)

    def shutdown(self):
        self.stopped.append("all")


@pytest.fixture
def ray(monkeypatch):
    module = Ray()
    monkeypatch.setitem(sys.modules, "ray", module)
    monkeypatch.setattr(front_ray, "_reach", lambda address: None)
    monkeypatch.setattr(front_ray, "_PROBE", "")
    return module


def test_members_are_tasks_and_one_that_fails_takes_nothing_from_the_others(tmp_path, ray):
    members = run_front_on_ray(
        three(tmp_path), words(CODE), finished, Reporter(), address="here:1", table_at=tmp_path / "front.json"
    )
    assert [one.state for one in members] == ["done", "failed", "failed"]
    assert members[1].why == "The disk is full." and "signal 9" in members[2].why
    assert ray.asked == {"max_retries": 0, "num_cpus": 1, "num_gpus": 0}  # 4 cores for 3 of them
    assert signal.getsignal(signal.SIGTERM) != signal.SIG_IGN
    assert ray.stopped == ["all"] and (tmp_path / "front.json").exists()


def test_a_node_that_dies_is_said_and_a_stop_cancels_the_tasks(tmp_path, ray):
    ray.lost = True
    members = run_front_on_ray(three(tmp_path), words(CODE), finished, Reporter(), address="here:1")
    assert {one.state for one in members} == {"failed"}
    assert members[0].why == "Its task was lost: The node died."
    ray.wait = lambda refs, **how: ([], refs)
    with pytest.raises(Cancelled):
        run_front_on_ray(three(tmp_path), words(CODE), finished, Reporter(lambda: True), address="here:1")
    assert len([one for one in ray.stopped if one != "all"]) == 3


def test_a_cluster_that_is_not_there_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", Ray())
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        free = closed.getsockname()[1]
    for address in (f"127.0.0.1:{free}", f"ray://127.0.0.1:{free}", "127.0.0.1:99999999"):
        with pytest.raises(MdpError, match="No Ray cluster answers at"):
            joined(address)
    for address in ("", "localhost", "here:there", "ray://", ":6379"):
        with pytest.raises(MdpError, match="no address of a Ray cluster"):
            joined(address)
    with socket.create_server(("127.0.0.1", 0)) as other:  # it listens, and is no cluster
        monkeypatch.setattr(front_ray, "JOIN", 0.5)
        monkeypatch.setattr(front_ray, "_PROBE", "import time; print(flush=True); time.sleep(60)")
        with pytest.raises(MdpError, match=r"nothing came within 0\.5 s"):
            joined(f"127.0.0.1:{other.getsockname()[1]}")
    monkeypatch.setattr(front_ray, "_PROBE", "raise SystemExit('It is another version.')")
    with pytest.raises(MdpError, match=r"answers at auto \(It is another version\)"):
        joined("auto")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MdpError, match=r"pip install 'mdp-explorer\[ray\]'"):
        joined("auto")


def test_the_command_line_says_what_goes_together(capsys):
    for more, sentence in (
        (("--budget", "60%", "--ray", "auto"), "--ray go with --budgets"),
        (("--budgets", "60%", "--ray", "auto", "--side-by-side", "2"), "leave out --side-by-side"),
    ):
        assert main(["finetune", "fmnist-resnet-cpu", *more]) == 2
        assert sentence in capsys.readouterr().err


@pytest.fixture
def cluster():
    """The address of a real one on this machine; skipped where Ray is not installed."""
    pytest.importorskip("ray")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", f"--port={port}"]
    more = ["--node-ip-address=127.0.0.1", "--num-cpus=2", "--include-dashboard=false"]
    process = subprocess.Popen([*start, *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if not any("Ray runtime started" in line for line in process.stdout):
        pytest.skip("`ray start --head` ended by itself")
    yield f"127.0.0.1:{port}"
    ours = psutil.Process(process.pid).children(recursive=True)  # `ray stop` would end everybody's
    process.terminate()
    psutil.wait_procs([psutil.Process(process.pid), *ours], timeout=10)
    for one in ours:
        with contextlib.suppress(psutil.Error):
            one.kill()
    process.kill()
    process.wait()


@pytest.mark.slow
def test_a_real_cluster_trains_them(tmp_path, cluster):
    members = run_front_on_ray(three(tmp_path), words(CODE), finished, Reporter(), address=cluster)
    assert [one.state for one in members] == ["done", "failed", "failed"]
    assert members[1].why == "The disk is full." and "signal 9" in members[2].why
    assert Path(members[0].folder, "made").exists()
