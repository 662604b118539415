"""Names that no file can have, or that a terminal would obey: a sentence from every command."""

import os
import sys

import pytest

from mdp.cli import main
from mdp.core.files import write_json

LONG = "x" * 5000
NETWORK = "data/networks/fmnist-vit-40"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["finetune", LONG], "is not a folder"),
        (["finetune", f"fmnist-vit-cpu@{LONG}"], "is not a folder"),
        (["finetune", NETWORK, "--recipe", LONG], "There is no recipe"),
        (["finetune", NETWORK, "--data", LONG], "There is no data set"),
        (["repair", LONG], "is not a folder"),
        (["inspect", "fmnist_vit", "--weights", LONG], "There is no checkpoint"),
        (["inspect", "--factory", f"{LONG}.py:make"], "There is no file"),
        (["import-tables", LONG], "File name too long"),
        (["convert", f"{LONG}.pth"], "There is no checkpoint"),
    ],
)
def test_names_too_long_for_a_file(words, said, tmp_path, capsys):
    out = [] if words[0] == "inspect" else ["--out", f"{tmp_path}/out.safetensors"]
    assert main([*words, *out]) == 2
    err = capsys.readouterr().err
    assert said in err and "Traceback" not in err


def test_names_do_not_colour_the_terminal(capsys):
    assert main(["solve", "\x1b[31mred", "--budget", "50%"]) == 2
    err = capsys.readouterr().err
    assert "\x1b" not in err and "[31mred" in err


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux")
def test_names_that_are_no_text_can_be_written(tmp_path):
    path = tmp_path / os.fsdecode(b"study-\xff.json")
    assert write_json(path, {}).is_file()


def test_the_version_is_said(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0 and capsys.readouterr().out.startswith("mdp ")
