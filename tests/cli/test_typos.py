"""Mistyped commands, options, values and pins: one sentence each, which names what was meant."""

import pytest

from mdp.cli import main
from mdp.core.errors import MdpError
from mdp.core.near import did_you_mean
from mdp.core.pins import Pins, allowed_options, pins_from_text, pins_of
from mdp.core.study import load_study

STUDY = "fmnist-vit-cpu"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "`mdp` needs COMMAND. `mdp --help`"),
        (["slove", STUDY], "There is no command 'slove'. Did you mean solve or score? `mdp --help`"),
        (["solve"], "`mdp solve` needs file. `mdp solve --help`"),
        (["build", "fmnist_vit"], "`mdp build` needs --scores and --name."),
        (["extract", STUDY, "--out", "e"], "`mdp extract` needs --plan or --budget."),
        (
            ["solve", STUDY, "--bugdet", "40%"],
            "`mdp solve` has no option --bugdet. Did you mean --budget? `mdp solve --help`",
        ),
        (
            ["solve", STUDY, "--bugdet=40%"],
            "`mdp solve` has no option --bugdet. Did you mean --budget? `mdp solve --help`",
        ),
        (["solve", "My", "net", "--budget", "40%"], "`mdp solve` cannot place 'net': put quotes around"),
        (["solve", STUDY, "--budget"], "--budget needs a value after it."),
        (["solve", STUDY, "--json=yes"], "--json takes no value: leave 'yes' out."),
        (["profile", "fmnist_vit", "--batch", "two"], "--batch takes a whole number, not 'two'."),
        (["profile", "fmnist_vit", "--seconds", "2m"], "--seconds takes a number, not '2m'."),
        (["studies", "--rename", "a"], "--rename needs 2 values after it."),
        (["studies", "--delete", "a", "--rename", "a", "b"], "Give --rename or --delete, not both."),
        (["--bogus", "solve", STUDY], "`mdp` has no option --bogus."),
        (
            ["score", "fmnist_vit", "--s", "3"],
            "--s may be --skip-bad, --split-blocks, --seconds or --seed: write",
        ),
    ],
)
def test_a_mistyped_command_is_one_sentence(words, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)
    err = capsys.readouterr().err
    assert ended.value.code == 2 and said in err
    assert err.count("\n") == 1 and "usage" not in err and "argument" not in err


def test_the_server_says_the_same(capsys):
    from mdp_widgets.server.serve import parse

    with pytest.raises(SystemExit):
        parse(["--prot", "9000"])
    assert "has no option --prot. Did you mean --port?" in capsys.readouterr().err


@pytest.fixture(scope="module")
def problem():
    return load_study(STUDY).problem


@pytest.mark.parametrize("word", ["keep", "kept", "remove", "removed"])
def test_a_block_is_pinned_by_either_word(problem, word):
    pins = Pins(blocks={"blocks.3": word.startswith("k")})
    assert pins_from_text(f"blocks.3={word}", problem) == pins == pins_of({"blocks.3": word}, problem)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("blocks.3=gone", "to 'gone': write blocks.3=kept or blocks.3=removed."),
        ("embedding=wide", "write a width, embedding=128, or a range"),
        ("embeding=64", "no block or dim 'embeding'. Did you mean embedding?"),
        ("embedding", "'embedding' cannot be pinned: write NAME=kept"),
    ],
)  # fmt: skip
def test_a_mistyped_pin_says_how_it_is_written(problem, text, said):
    with pytest.raises(MdpError) as wrong:
        pins_from_text(text, problem)
    assert said in str(wrong.value)


def test_a_mistyped_name_of_a_pin_in_python(problem):
    with pytest.raises(MdpError, match="Did you mean embedding"):
        pins_of({"embeding": 64}, problem)
    with pytest.raises(MdpError, match="Did you mean embedding"):
        allowed_options(problem, Pins(dims={"embeding": (64, 64)}))


def test_what_was_meant():
    assert did_you_mean("bugdet", ["budget", "data"]) == " Did you mean budget?"
    assert did_you_mean("xyz", ["budget"]) == "" == did_you_mean("budget", [])
    assert did_you_mean("resnet", ["resnet1"], before="torchvision/") == " Did you mean torchvision/resnet1?"


@pytest.mark.parametrize("size", ["big", "3x", "0", "1x2x3x4", "224px"])
def test_a_size_says_how_it_is_written(size, capsys):
    assert main(["inspect", "fmnist_resnet", "--input-size", size]) == 2
    assert (
        f"{size} is not the size of an image. Write 224, 224x192 or 3x224x192, with"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("name", "meant"), [("mpl", "mlp"), ("blocks.0.mpl", "blocks.0.mlp"), ("nothing", None)]
)
def test_a_width_step_of_nothing_is_refused(name, meant):
    from mdp.families import outline
    from mdp.networks.models import resolve

    ref = resolve("fmnist_vit")
    steps = {"mlp": 64, "channels": 8, "blocks.1.mlp": 128}  # a kind that other networks have is no typo
    assert outline(ref, width_step=steps).space.dims
    with pytest.raises(
        MdpError, match=f"Did you mean {meant}" if meant else "The kinds here are embedding"
    ) as e:
        outline(ref, width_step={**steps, name: 64})
    assert name in str(e.value)


def test_what_nothing_meets_says_that_pins_are_held(capsys):
    words = ["solve", STUDY, "--budget", "5%", "--pins"]
    assert main([*words, "blocks.3=kept,embedding=128"]) == 2
    err = capsys.readouterr().err
    assert "smallest latency possible" in err and err.count("That is with what is pinned.") == 1
    assert main([*words, "blocks.3=removed"]) == 0
