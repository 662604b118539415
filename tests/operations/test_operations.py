"""One description of each operation: Python's signatures, the command line and the words of a job agree."""

import argparse
import dataclasses
import doctest
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mdp
from mdp import cli, operations
from mdp.core.errors import MdpError
from mdp.operations import OPERATIONS, add_options, argv, check, described, options_of

# Python's functions, the records that they stand on, and what has another shape in Python.
IN_PYTHON = {
    mdp.profile: ("profile", set()),
    mdp.score: ("score", {"method"}),
    mdp.finetune: ("finetune", set()),
    mdp.repair: ("repair", {"images"}),
    mdp.prunable: ("profile", {"model", "input_size", "width_step"}),
    mdp.Study.solve: ("solve", {"budget", "pins"}),
}
# What each needs to be an order at all.
LEAST = {
    "solve": {"file": "S", "budget": "40%"},
    "front": {"file": "S"},
    "inspect": {"model": "m"},
    "profile": {"model": "m"},
    "kit": {"model": "m", "out": "o"},
    "import-tables": {"times": "t"},
    "score": {"model": "m"},
    "build": {"model": "m", "tables": "t", "scores": "s", "name": "n"},
    "count": {"study": "S"},
    "iterate": {"study": "S", "budget": "40%"},
    "convert": {"file": "f.pth"},
    "rotate": {"model": "m", "out": "o"},
    "extract": {"study": "S", "plan": "p", "out": "o"},
    "repair": {"source": "S", "out": "o"},
    "train": {"model": "fmnist_vit"},
    "finetune": {"source": "S", "out": "o"},
    "export": {"source": "S"},
    "verify": {"study": "S"},
    "measure": {"study": "S"},
    "enforce": {"study": "S", "budget": "12.5"},
}
CASES = [(name, LEAST.get(name, {})) for name in OPERATIONS]


# Python takes the network where the command line takes its name.
OBJECTS = {"like", "teacher"}


def parsed(name, words):
    parser = argparse.ArgumentParser()
    add_options(parser, OPERATIONS[name])
    return parser.parse_args(words)


@pytest.mark.parametrize("function", IN_PYTHON, ids=lambda f: f.__name__)
def test_a_python_signature_has_defaults_types_and_words_of_the_record(function):
    name, other = IN_PYTHON[function]
    known = {about.name: about for about in described(OPERATIONS[name])}
    doc = re.sub(r"\s+", " ", inspect.getdoc(function))
    shared = [p for p in inspect.signature(function).parameters.values() if p.name in known.keys() - other]
    assert shared
    for parameter in shared:
        about = known[parameter.name]
        assert parameter.default == about.default, parameter
        if parameter.name in OBJECTS:
            continue
        assert parameter.annotation == OPERATIONS[name].__annotations__.get(about.name, parameter.annotation)
        assert f"{about.name}: {about.help}" in doc, f"{about.name}: {about.help}"


@pytest.mark.parametrize(("name", "least"), CASES)
def test_words_and_record_are_one(name, least):
    operation = OPERATIONS[name]
    usual = operation(**least)
    words = argv(usual)
    assert words[0] == name and len(words) <= 1 + 2 * len(least)  # what is as usual is not said
    assert options_of(operation, parsed(name, words[1:])) == usual
    changed = operation(**least | {o.name: other_than(o) for o in described(operation) if o.name not in least
                                   and not o.one_of and not o.hidden})  # fmt: skip
    assert options_of(operation, parsed(name, argv(changed)[1:])) == changed


def other_than(about):
    if about.choices:
        return next(choice for choice in about.choices if choice != about.default)
    if about.kind is bool:
        return not about.default
    if about.kind is tuple:
        return ("a=1", "b=2") if not about.positional else ("a", "b")
    return {int: 7, float: 0.5, str: "-x" if not about.positional else "x"}[about.kind]


def test_an_option_of_two_words_is_one_record(capsys):
    words = ["studies", "--rename", "mine", "my own"]
    record = options_of(OPERATIONS["studies"], parsed("studies", words[1:]))
    assert record.rename == ("mine", "my own") and argv(record) == words
    with pytest.raises(SystemExit):
        parsed("studies", [*words[1:], "--delete", "mine"])
    assert "STUDY NAME" in capsys.readouterr().err


def test_every_command_has_a_record_and_a_module():
    modules = {path.stem for path in Path(cli.__file__).parent.glob("*.py")}
    named = {cli.module_of(name).rpartition(".")[2] for name in OPERATIONS}
    assert named == modules - {
        "__init__",
        "accuracy_check",
        "build_tables",
        "candidates",
        "finetune_front",
        "model_args",
        "study_images",
        "told_tables",
    }
    for name, operation in OPERATIONS.items():
        assert operation.command == name and cli.in_short(operation) != operation.__doc__
        assert all(about.help and not about.help.endswith(".") for about in described(operation))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["finetune", "x", "--out", "o", "--epochs", "-1"], "--epochs -1 cannot be used; give 0 or more."),
        (["finetune", "x", "--out", "o", "--rate", "nan"], "give a number above 0 and at most 10."),
        (["finetune", "x", "--out", "o", "--distill", "1.5"], "give a number from 0 to 1."),
        (["score", "m", "--images", "0"], "--images 0 cannot be used; give 1 or more."),
        (["score", "m", "--method", "best"], "--method best cannot be used; give auto, "),
        (["profile", "m", "--seconds", "nan"], "--seconds nan cannot be used; give a number above 0."),
        (["profile", "m", "--seconds", "0"], "--seconds 0 cannot be used; give a number above 0."),
        (["profile", "m", "--threads", "0"], "--threads 0 cannot be used; give 1 or more."),
        (["profile", "m", "--attention", "cut"], "--attention cut cannot be used; give fused or split."),
        (["profile", "m", "--runtime", "tensorrt"], "give eager, compiled, onnxruntime or openvino."),
        (["kit", "m", "--out", "o", "--entries", "0"], "--entries 0 cannot be used; give 1 or more."),
        (["import-tables", "t", "--batch", "0"], "--batch 0 cannot be used; give 1 or more."),
        (["iterate", "S", "--budget", "1", "--schedule", "steep"], "give geometric or linear."),
        (["verify", "S", "--subnetworks", "0"], "--subnetworks 0 cannot be used; give 1 or more."),
        (["score", "m", "--seed", "-1"], "--seed -1 cannot be used; give a number from 0 to 4294967295."),
    ],
)
def test_bounds_are_one_sentence_before_anything_is_loaded(words, sentence, capsys):
    assert cli.main(words) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"rate": -1}, "rate -1 cannot be used; give a number above 0 and at most 10."),
        ({"rate": "fast"}, "rate fast cannot be used; give a number."),
        ({"epochs": 1.5}, "epochs 1.5 cannot be used; give a whole number."),
        ({"seed": -1}, "seed -1 cannot be used"),
    ],
)
def test_bounds_hold_in_python_too(values, sentence):
    with pytest.raises(MdpError, match=re.escape(sentence)):
        check(operations.FinetuneOptions, **values)
    with pytest.raises(MdpError, match=re.escape(sentence)):
        operations.FinetuneOptions(source="S", out="o", **values)
    with pytest.raises(MdpError, match=re.escape(sentence)):
        mdp.finetune(None, [], [], **values)


def test_choices_are_those_of_whoever_does_the_work():
    from mdp.core.deployment import RUNTIMES
    from mdp.importance import AGAINST, METHODS
    from mdp.networks.models import DEMOS
    from mdp.operations.profile import RUNTIMES as SERVING
    from mdp.operations.score import METHODS as OFFERED
    from mdp.operations.solve import SOLVERS as NAMED
    from mdp.solve import SOLVERS

    assert set(OFFERED) == {"auto", *METHODS} and set(NAMED) == set(SOLVERS)
    assert tuple(SERVING) == RUNTIMES
    against = next(o for o in described(operations.ScoreOptions) if o.name == "against")
    assert set(against.choices) == set(AGAINST)
    model = next(o for o in described(operations.TrainOptions) if o.name == "model")
    assert set(model.help.split(" or ")) == set(DEMOS)


def test_the_examples_run():
    for name in ("option", "command_line"):
        failed, tried = doctest.testmod(importlib.import_module(f"mdp.operations.{name}"))
        assert tried and not failed


def test_describing_needs_neither_torch_nor_widgets():
    code = "import sys, mdp.operations; print({'torch', 'ipywidgets', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    "command",
    ["count", "enforce", "export", "extract", "finetune", "iterate", "measure", "repair", "solve", "verify"],
)
def test_what_makes_a_study_s_network_takes_the_function_of_an_own_one(command):
    # The error of a study whose network a function makes names this option.
    assert "factory" in {field.name for field in dataclasses.fields(OPERATIONS[command])}
