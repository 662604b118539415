"""How many cores this process may really use: the machine's, less what its affinity and its quota forbid.

A container often sees all cores of its machine and may use few of them, or half of one. An affinity mask
(`taskset`, Docker's --cpuset-cpus) says on which cores we run; a quota (Docker's --cpus, a limit in
Kubernetes) says how much time we get on them: whoever has used it up waits for the next period. No torch.
"""

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from .errors import MdpError

ROOT = Path("/")
# Where control groups are mounted if /proc/self/mountinfo does not say: v2, and v1 under its usual names.
USUAL = {
    "cgroup2": ("sys/fs/cgroup", "sys/fs/cgroup/unified"),
    "cgroup": ("sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct", "sys/fs/cgroup/cpuacct,cpu"),
}
# The kernel's period where none is written, in µs.
PERIOD = 100_000.0


def usable_cores(root: str | Path | None = None) -> float:
    """Cores' worth of time that this process gets, a fraction where a quota is one; always above 0.

    Args:
        root: where /proc and /sys are, for tests; default "/".
    """
    return min(float(affinity()), quota(root) or math.inf)


def whole_cores(root: str | Path | None = None) -> int:
    """How many threads can run all the time without being held up by a quota; at least 1."""
    return max(1, int(usable_cores(root) + 1e-9))


def worker_count(most: int = 8, root: str | Path | None = None) -> int:
    """How many processes to share work among: one for each core that we may use, from 1 to `most`."""
    return max(1, min(most, whole_cores(root)))


def affinity() -> int:
    """The number of cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1  # macOS and Windows


def limits_in_words(root: str | Path | None = None) -> str:
    """What keeps this process from the machine's cores: "1 of them usable, quota of 0.5"; "" for nothing."""
    ours, share = affinity(), quota(root)
    words = [f"{ours} of them usable"] if ours < (os.cpu_count() or 1) else []
    words += [f"quota of {share:g}"] if share and share < ours else []
    return ", ".join(words)


def threads_here(threads: int | None) -> int:
    """The number of threads asked for, or all that this process can keep running (None).

    Raises:
        MdpError: there are fewer cores, an affinity mask and a quota considered.
    """
    # Not the number of cores: in a container the rest belongs to others.
    most = whole_cores()
    if threads is None:
        return most
    if type(threads) is not int or not 1 <= threads <= most:
        limits = limits_in_words()
        raise MdpError(
            f"The number of threads must be between 1 and {most} on this machine, not {threads!r}"
            + (f" (it has {os.cpu_count()} cores, {limits})." if limits else ".")
        )
    return threads


def bound_threads() -> None:
    """Let libraries that are yet to be loaded start no more threads than a quota can feed.

    They look at the affinity mask by themselves, but not at quotas. What the user has set is left alone.
    """
    if (quota() or math.inf) < affinity():
        os.environ.setdefault("OMP_NUM_THREADS", str(whole_cores()))


def quota(root: str | Path | None = None) -> float | None:
    """Cores' worth of time that the tightest of this process's control groups allows; None without a quota.

    A group is bound by the groups around it too, so all of them are asked, up to the outermost in sight.
    """
    root = Path(root or ROOT)
    found = []
    for kind, mount, inside in _mounts(root):
        for own in _groups(root, kind):
            found += [_quota_of(folder) for folder in _upwards(mount, inside, own)]
    return min((cores for cores in found if cores), default=None)


def _quota_of(group: Path) -> float | None:
    """The quota written in one group's folder, by either version's files."""
    words = _text(group / "cpu.max").split() or [
        _text(group / "cpu.cfs_quota_us").strip(),
        _text(group / "cpu.cfs_period_us").strip(),
    ]
    share, period = _number(words[0]), _number(words[1]) if len(words) > 1 else None
    if share is None or share <= 0:  # "max", -1, or no such file
        return None
    return share / (period if period and period > 0 else PERIOD)


def _mounts(root: Path) -> Iterator[tuple[str, Path, str]]:
    """(kind, where it is mounted, which group is mounted there) of everything that may hold our quota."""
    seen = set()
    for line in _text(root / "proc/self/mountinfo").splitlines():
        before, _, after = (part.split() for part in line.partition(" - "))
        if len(before) < 5 or len(after) < 3 or after[0] not in USUAL:
            continue
        if after[0] == "cgroup2" or "cpu" in after[2].split(","):
            mount = root / _plain(before[4]).lstrip("/")
            seen.add(mount)
            yield after[0], mount, _plain(before[3])
    for kind, places in USUAL.items():
        for mount in (root / place for place in places):
            if mount not in seen:
                yield kind, mount, "/"


def _groups(root: Path, kind: str) -> Iterator[str]:
    """The paths of this process's groups: v2 has one, without a list of controllers; v1 one for the CPU."""
    nothing = True
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if (number == "0" and not controllers) if kind == "cgroup2" else "cpu" in controllers.split(","):
            nothing = False
            yield path
    if nothing:
        yield "/"


def _upwards(mount: Path, inside: str, own: str) -> Iterator[Path]:
    """The folder of our group and of all around it, as far as the mount shows them."""
    path = PurePosixPath(own)
    if ".." not in path.parts and path.is_relative_to(inside):
        path = path.relative_to(inside)
    elif ".." in path.parts:
        path = PurePosixPath()  # our group lies outside what this namespace shows
    parts = [part for part in path.parts if part != "/"]
    for depth in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:depth])


def _plain(word: str) -> str:
    r"""A path of mountinfo, which writes a blank as \040."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), word)


def _number(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):  # no such file, or not for us to read
        return ""
