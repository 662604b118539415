"""Files are whole or not there: full disks, killed processes, rights; what was left is cleared away."""

import contextlib
import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mdp.core import files
from mdp.core.csv_export import export_csv
from mdp.core.errors import MdpError
from mdp.core.file_sets import NEXT, current, replacing_all
from mdp.core.files import check_writable, no_empty_folder, read_json, replacing, write_json, write_text
from mdp.core.places import refuse_place
from mdp.core.study import load_study
from mdp.latency.times_files import read_times

REPO = Path(__file__).resolve().parents[2]
needs_posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX rights and limits")


@contextlib.contextmanager
def small_disk(size: int):
    """No file can grow beyond `size` bytes: whoever writes one meets what a full disk says."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


@needs_posix
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002, 0o027])
def test_the_umask_is_kept(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_text(tmp_path / "a.json", "x")
        with replacing_all(tmp_path / "net", ("a", "b")) as paths:
            for path in paths:
                path.write_text("x")
                path.chmod(0o600)
    finally:
        os.umask(before)
    for path in (tmp_path / "a.json", tmp_path / "net" / "a", tmp_path / "net" / "b"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_long_names_and_odd_ones_are_a_sentence_or_a_file(tmp_path):
    write_text(tmp_path / ("ü" * 120), "x")
    for name in ("ü" * 130, "a\0b"):
        with pytest.raises(MdpError, match="could not be written"):
            write_text(tmp_path / name, "x")
    with pytest.raises(MdpError, match="no character"):
        write_text(tmp_path / "x", "\ud800")
    assert len(list(tmp_path.iterdir())) == 1


@needs_posix
def test_a_folder_or_a_pipe_in_a_file_s_place_is_a_sentence_and_stays(tmp_path):
    (tmp_path / "folder" / "in").mkdir(parents=True)
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        for write in (
            lambda path: write_text(path, "x"),
            lambda path: refuse_place(path.parent / "other", path),
            lambda path: replacing_all(path.parent, ("other", path.name)).__enter__(),
        ):
            with pytest.raises(MdpError, match=f"{name} is (a folder|no file).*Move it away"):
                write(tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "pipe"}
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@needs_posix
def test_a_full_disk_is_a_sentence_and_leaves_the_old_files(tmp_path):
    torch = pytest.importorskip("torch")
    from mdp.networks.checkpoints import put_tensors, read_tensors, write_tensors

    tensors = {"a": torch.zeros(10_000)}
    old = write_tensors(tmp_path / "x.safetensors", {"a": torch.ones(3)})
    with small_disk(5000):
        with pytest.raises(MdpError, match=r"x\.safetensors could not be written: .*Free some space"):
            write_tensors(old, tensors)
        with (
            pytest.raises(MdpError, match="could not be written"),
            replacing_all(tmp_path, ("a", "b")) as (a, b),
        ):
            a.write_text("new")
            put_tensors(b, tensors, None, tmp_path / "b")
        with pytest.raises(MdpError, match="could not be written"):
            write_text(tmp_path / "y", "x" * 9000)
    assert len(read_tensors(old)["a"]) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["x.safetensors"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    check_writable(tmp_path / "new" / "folder")
    assert list((tmp_path / "new" / "folder").iterdir()) == []
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MdpError, match="could not be written"):
        check_writable(tmp_path / "file" / "folder")


def test_what_work_made_and_left_empty_goes_again(tmp_path):
    with pytest.raises(MdpError), no_empty_folder(tmp_path / "a" / "b"):
        check_writable(tmp_path / "a" / "b")
        raise MdpError("refused")
    assert list(tmp_path.iterdir()) == []
    with no_empty_folder(tmp_path / "a" / "b"):
        check_writable(tmp_path / "a" / "b")
        write_text(tmp_path / "a" / "x", "kept")
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["x"]
    with no_empty_folder(tmp_path / "c" / "file.json"), no_empty_folder(None):
        write_text(tmp_path / "c" / "file.json", "kept")
    assert (tmp_path / "c" / "file.json").exists()
    (tmp_path / "empty").mkdir()
    with no_empty_folder(tmp_path / "empty"):  # it was there before
        pass
    assert (tmp_path / "empty").exists()


KILLED = """
import os, sys
from pathlib import Path
from mdp.core import file_sets, files
folder, moves = Path(sys.argv[1]), int(sys.argv[2])
real = os.replace
def replace(a, b):
    global moves
    if moves == 0:
        os.kill(os.getpid(), 9)
    moves -= 1
    real(a, b)
os.replace = replace
with file_sets.replacing_all(folder, ("a", "b")) as paths:
    for path in paths:
        path.write_text("new")
    if moves < 0:
        os.kill(os.getpid(), 9)
"""


@needs_posix
@pytest.mark.parametrize("moves", [-1, 0, 1])
def test_killed_at_any_moment_all_files_are_old_or_all_new(tmp_path, moves):
    with replacing_all(tmp_path, ("a", "b")) as paths:
        for path in paths:
            path.write_text("old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(moves)], cwd=REPO, timeout=60)
    assert done.returncode == -9
    found = {current(tmp_path, name).read_text() for name in ("a", "b")}
    assert found == ({"old"} if moves < 0 else {"new"})
    files._cleared.clear()
    with replacing_all(tmp_path, ("a", "b")) as paths:  # the next run
        for path in paths:
            path.write_text("newer")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]
    assert not (tmp_path / NEXT).exists()


@needs_posix
def test_what_a_killed_process_left_is_cleared_and_what_others_write_is_not(tmp_path):
    code = "import os, sys; from mdp.core.files import replacing\n"
    code += "with replacing(sys.argv[1]): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "x")], cwd=REPO, timeout=60)
    assert len(list(tmp_path.iterdir())) == 1
    with replacing(tmp_path / "y") as mine:
        mine.write_text("y")
        assert list(tmp_path.iterdir()) == [mine]
        files._cleared.clear()
        write_text(tmp_path / "z", "z")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["y", "z"]


def mdp(*words, **how):
    environment = {**os.environ, "PYTHONPATH": str(REPO), **how.pop("env", {})}
    return subprocess.run([sys.executable, "-m", "mdp", *words], env=environment, timeout=100, **how)


@needs_posix
def test_a_full_or_closed_output_is_a_sentence():
    if os.path.exists("/dev/full"):
        with open("/dev/full", "w") as full:
            done = mdp("studies", stdout=full, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 1 and done.stderr.startswith("The output could not be written: ")
        assert done.stderr.count("\n") == 1
    done = mdp("studies", stderr=subprocess.PIPE, text=True, preexec_fn=lambda: os.close(1))
    assert (
        done.returncode == 1
        and done.stderr.startswith("Standard output is closed")
        and done.stderr.count("\n") == 1
    )


def test_an_ascii_locale_prints_all_the_same():
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    for words in (("studies",), ("studies", "--json"), ("solve", "日本", "--budget", "1")):
        done = mdp(*words, env=plain, capture_output=True)
        assert b"Traceback" not in done.stderr and done.returncode == (2 if words[0] == "solve" else 0)


@pytest.mark.parametrize(
    "escape", ["\\u0000", "\\u001b[2J", "\\b", "\\u009b2J", "\x9b2J", "\\u007F", "\\ud800"]
)
def test_what_commands_a_terminal_is_no_text(tmp_path, escape):
    path = tmp_path / "a.json"
    for text in (f'{{"name": "a{escape}"}}', f'{{"a{escape}": 1}}', f'[["{escape}"]]'):
        path.write_text(text)
        with pytest.raises(MdpError, match="no character"):
            read_json(path)


def test_words_that_look_like_escapes_are_kept_and_control_characters_are_left_out(tmp_path):
    kept = {"a": "C:\\boot \\u001b \\\\b\ttab\nline\r", "ü": "\\"}
    assert read_json(write_json(tmp_path / "a.json", kept)) == kept
    written = write_json(tmp_path / "b.json", {"error": "\x1b[31mred\\\x1b[0m\b \x9b\\b"})
    assert read_json(written) == {"error": "[31mred\\[0m \\b"}


def test_no_error_commands_a_terminal(tmp_path):
    """A name out of a CSV or a checkpoint may hold anything."""
    path = tmp_path / "times.csv"
    for text in ("id,v\talue\x1b[2J\na,1\n", "id,value\na\x9b,1\na\x9b,2\n"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(MdpError) as error:
            read_times(path)
        assert str(error.value).isprintable()
    assert str(MdpError("one\x1b[2J\ntwo")) == "one [2J\ntwo"


@needs_posix
def test_a_full_disk_keeps_nothing_half_written(tmp_path):
    problem = load_study("fmnist-vit-cpu").problem
    with small_disk(0), pytest.raises(MdpError, match=r"could not be written"):
        check_writable(tmp_path)
    with small_disk(700), pytest.raises(MdpError, match=r"001.*could not be written.*nothing was changed"):
        export_csv(problem, tmp_path / "csv")  # the first of its tables is small
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
