"""Affinity masks and quotas, in the files that kernels of both kinds write."""

import os
import subprocess
import sys

import pytest

from mdp.core import cores
from mdp.core.cores import limits_in_words, quota, usable_cores, whole_cores, worker_count

V2_HERE = "26 25 0:23 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V1_HERE = "30 25 0:26 {inside} /sys/fs/cgroup/{name} rw,relatime - cgroup cgroup rw,{name}\n"


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)


def machine(root, **files):
    """A made-up machine: the text of each of its files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    "text, found",
    [
        ("max 100000\n", None),
        ("50000 100000\n", 0.5),
        ("150000 100000\n", 1.5),
        ("20000 10000\n", 2.0),
        ("50000", 0.5),  # no period: the kernel's usual one
        ("50000 0\n", 0.5),
        ("0 100000\n", None),
        ("", None),
        ("nonsense 100000\n", None),
        ("nan 100000\n", None),
        ("1000 100000\n", 0.01),
        ("1600000 100000\n", 16.0),
    ],
)
def test_a_quota_of_version_2(tmp_path, text, found):
    machine(tmp_path, **{"sys/fs/cgroup/cpu.max": text, "proc/self/cgroup": "0::/\n"})
    assert quota(tmp_path) == found
    assert usable_cores(tmp_path) == min(8.0, found or 8.0)


@pytest.mark.parametrize("period", ["100000\n", "50000\n", ""])
@pytest.mark.parametrize("share", ["-1\n", "50000\n", "250000\n"])
@pytest.mark.parametrize("name", ["cpu", "cpu,cpuacct"])
def test_a_quota_of_version_1(tmp_path, name, share, period):
    folder = f"sys/fs/cgroup/{name}/docker/abc"
    files = {
        f"{folder}/cpu.cfs_quota_us": share,
        "proc/self/cgroup": f"4:{name}:/docker/abc\n1:name=systemd:/\n",
    }
    if period:
        files[f"{folder}/cpu.cfs_period_us"] = period
    machine(tmp_path, **files)
    expected = None if share == "-1\n" else int(share) / int(period or 100000)
    assert quota(tmp_path) == expected


def test_the_groups_around_ours_bind_us_too(tmp_path):
    machine(
        tmp_path,
        **{
            "proc/self/mountinfo": V2_HERE,
            "proc/self/cgroup": "0::/pod.slice/box/inner\n",
            "sys/fs/cgroup/pod.slice/cpu.max": "30000 100000\n",
            "sys/fs/cgroup/pod.slice/box/cpu.max": "max 100000\n",
            "sys/fs/cgroup/pod.slice/box/inner/cpu.max": "200000 100000\n",
            "sys/fs/cgroup/other/cpu.max": "1000 100000\n",
        },
    )
    assert quota(tmp_path) == 0.3


def test_a_container_sees_its_own_group_as_the_mount(tmp_path):
    """Version 1 without a name space: /proc/self/cgroup says more than the mount shows."""
    machine(
        tmp_path,
        **{
            "proc/self/mountinfo": V1_HERE.format(inside="/docker/abc", name="cpu"),
            "proc/self/cgroup": "4:cpu:/docker/abc/job\n0::/elsewhere\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "70000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "-1\n",
        },
    )
    assert quota(tmp_path) == 0.7


def test_a_mount_elsewhere_and_a_group_outside_what_is_seen(tmp_path):
    machine(
        tmp_path,
        **{
            "proc/self/mountinfo": "26 25 0:23 / /my\\040groups rw - cgroup2 none rw\nnonsense\n",
            "proc/self/cgroup": "0::/../../sibling\n",
            "my groups/cpu.max": "120000 100000\n",
        },
    )
    assert quota(tmp_path) == 1.2


def test_the_tightest_of_both_versions_counts(tmp_path):
    machine(
        tmp_path,
        **{
            "proc/self/cgroup": "3:cpu,cpuacct:/\n0::/\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "300000\n",
            "sys/fs/cgroup/unified/cpu.max": "250000 100000\n",
        },
    )
    assert quota(tmp_path) == 2.5


def test_threads_and_workers(tmp_path, monkeypatch):
    assert (quota(tmp_path), usable_cores(tmp_path), worker_count(root=tmp_path)) == (None, 8.0, 8)
    machine(tmp_path, **{"sys/fs/cgroup/cpu.max": "250000 100000\n"})
    assert (usable_cores(tmp_path), whole_cores(tmp_path), worker_count(8, tmp_path)) == (2.5, 2, 2)
    assert worker_count(1, tmp_path) == 1
    assert limits_in_words(tmp_path) == "quota of 2.5"
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5}, raising=False)
    assert usable_cores(tmp_path) == 2.0 and limits_in_words(tmp_path) == "2 of them usable"
    machine(tmp_path, **{"sys/fs/cgroup/cpu.max": "50000 100000\n"})
    assert (usable_cores(tmp_path), whole_cores(tmp_path), worker_count(8, tmp_path)) == (0.5, 1, 1)
    assert limits_in_words(tmp_path) == "2 of them usable, quota of 0.5"


def test_libraries_start_no_more_threads_than_a_quota_feeds(tmp_path, monkeypatch):
    monkeypatch.setattr(cores, "ROOT", tmp_path)
    monkeypatch.setattr(os, "environ", {})
    cores.bound_threads()
    assert os.environ == {}
    machine(tmp_path, **{"sys/fs/cgroup/cpu.max": "250000 100000\n"})
    cores.bound_threads()
    assert os.environ == {"OMP_NUM_THREADS": "2"}
    os.environ["OMP_NUM_THREADS"] = "5"
    cores.bound_threads()
    assert os.environ == {"OMP_NUM_THREADS": "5"}


def test_a_command_is_bound_from_its_start(tmp_path):
    machine(tmp_path, **{"sys/fs/cgroup/cpu.max": "50000 100000\n"})
    code = (
        "import atexit, os, runpy, sys, pathlib, mdp.core.cores\n"
        "mdp.core.cores.ROOT = pathlib.Path(sys.argv[1])\n"
        "sys.argv = ['mdp', 'studies']\n"
        "atexit.register(lambda: print('threads', os.environ.get('OMP_NUM_THREADS')))\n"
        "runpy.run_module('mdp', run_name='__main__')\n"
    )
    free = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    found = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, env=free
    )
    assert "threads 1" in found.stdout


def test_it_needs_no_torch():
    code = "import sys, mdp.core.cores; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
