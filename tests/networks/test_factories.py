"""Networks of one's own in other processes: a factory runs where the user names it, and nowhere else."""

import dataclasses
import json

import numpy as np
import pytest
import safetensors.torch
import torch

import mdp
from mdp.cli import main
from mdp.cli.model_args import model_of, naming
from mdp.core.errors import BadFile, MdpError
from mdp.core.model_ref import FACTORY, ModelRef, model_from_json, model_to_json
from mdp.core.study import load_study, save_study
from mdp.networks import factories
from mdp.networks.models import create, data_config
from mdp.operations import InspectOptions
from mdp.surgery import load, save
from mdp.surgery.plans import extract_plan

SOURCE = """
import pathlib
import torch
from torch import nn

pathlib.Path(__file__).with_name("ran").touch()

class Net(nn.Module):
    def __init__(self, wide=16):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, wide, 3, padding=1), nn.Conv2d(wide, wide, 3, padding=1)
        self.c = nn.Linear(wide, 10)

    def forward(self, x):
        x = torch.relu(self.a(x))
        return self.c((x + torch.relu(self.b(x))).mean((2, 3)))

def build():
    return Net()

def with_inputs():
    return Net(), torch.randn(2, 1, 12, 12)

def wider():
    return Net(24)

def broken():
    raise RuntimeError("no weights here")

def nothing():
    return {}

def reads_words():
    raise SystemExit("usage: me")

def paints():
    raise RuntimeError("\\x1b[31mred")
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder of `own_net.py`; no factory is named, and none stays named after the test."""
    monkeypatch.setenv(factories.VARIABLE, "")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_net.py").write_text(SOURCE)
    torch.set_num_threads(1)
    return tmp_path


def ran(place):
    return (place / "ran").exists()


def study_of(place):
    """A study of the network that `build` makes, with made-up times."""
    net = mdp.prunable(factories.run(str(place / "own_net.py") + ":build")[0], torch.randn(2, 1, 12, 12),
                       factory=f"{place}/own_net.py:build")  # fmt: skip
    tables = mdp.profile(net, mdp.Deployment("cpu", threads=1), seconds=0.001, progress=False)
    scores = mdp.score(net, method="magnitude", progress=False)
    return net, mdp.Study(net, tables, scores, name="own")


def test_a_study_says_how_its_network_was_made_and_runs_nothing(place, monkeypatch):
    net, study = study_of(place)
    path = study.save(place / "own.json")
    again = load_study(path)
    assert again.model.factory == f"{place}/own_net.py:build" and again.model.weights == FACTORY
    plan = study.solve("90%")
    save(net.extract(plan), place / "cut")
    (place / "ran").unlink()
    monkeypatch.setenv(factories.VARIABLE, "")  # as in a new process
    for job in (
        lambda: extract_plan(again, plan),
        lambda: load(place / "cut"),
        lambda: create(again.model),
    ):
        with pytest.raises(MdpError, match="no code is run for what a file names") as said:
            job()
        assert f"--factory {place}/own_net.py:build" in str(said.value)
    assert not ran(place)
    factories.allow("own_net.py:build")
    x = torch.randn(2, 1, 12, 12)
    with torch.no_grad():
        expected = net.extract(plan)(x)
        assert torch.equal(extract_plan(again, plan)(x), expected)
        assert torch.equal(load(place / "cut")(x), expected)


def test_what_a_file_names_never_runs_but_what_the_user_names(place):
    """A study whose note was changed to another file: that file is not run."""
    _, study = study_of(place)
    path = study.save(place / "own.json")
    (place / "evil.py").write_text("import pathlib\npathlib.Path(__file__).with_name('evil').touch()\n")
    known = load_study(path)
    bad = dataclasses.replace(known.model, factory=f"{place}/evil.py:build")
    save_study(dataclasses.replace(known, model=bad), path)
    factories.allow("own_net.py:build")
    assert main(["extract", str(path), "--budget", "90%", "--out", "cut"]) == 0
    assert not (place / "evil").exists()


def test_weights_that_have_changed_are_refused(place):
    _, study = study_of(place)
    path = study.save(place / "own.json")
    (place / "own_net.py").write_text(SOURCE.replace("return Net()\n", "torch.rand(1); return Net()\n"))
    words = ["extract", str(path), "--budget", "90%", "--out", "cut", "--factory"]
    assert main([*words, "own_net.py:build"]) == 2
    assert main([*words, "own_net.py:wider"]) == 2


def test_a_checkpoint_beside_the_factory(place):
    made = factories.run(str(place / "own_net.py") + ":build")[0]
    with torch.no_grad():
        made.a.weight.mul_(2)
    x = torch.randn(2, 1, 12, 12)
    with pytest.raises(MdpError, match="with other weights"):
        mdp.prunable(made, x, factory="own_net.py:build")
    with pytest.raises(MdpError, match="makes another network"):
        mdp.prunable(made, x, factory="own_net.py:wider")
    safetensors.torch.save_file(made.state_dict(), "net.safetensors")
    net = mdp.prunable(made, x, factory="own_net.py:build", checkpoint="net.safetensors")
    assert torch.equal(create(net.ref).a.weight, made.a.weight)
    with pytest.raises(MdpError, match="goes with factory"):
        mdp.prunable(made, x, checkpoint="net.safetensors")


@pytest.mark.parametrize("name", ["own_net.py:with_inputs", "own_net:with_inputs"])
def test_from_a_terminal(place, capsys, name):
    assert main(["check", "--factory", name, "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["model"] == "Net" and row["max_abs_difference"] <= 1e-4 and row["dims"]
    assert (
        main(["inspect", "mine", "--factory", "own_net.py:build", "--input-size", "1x12x12", "--json"]) == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert found["model"] == "mine" and found["weights"] == FACTORY and found["classes"] == 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--factory", "own_net.py"], "is not understood"),
        (["--factory", "own-net:build"], "is no module"),
        (["--factory", "none.py:build"], "There is no file"),
        (["--factory", "no_such_module:build"], "cannot be imported"),
        (["--factory", "own_net.py:missing"], "has no function 'missing'"),
        (["--factory", "own_net.py:broken"], "no weights here"),
        (["--factory", "own_net.py:nothing"], "gives a dict"),
        (["--factory", "own_net.py:reads_words"], "SystemExit: usage: me"),
        (["--factory", "own_net.py:paints"], "RuntimeError: [31mred"),
        (["--factory", "\0.py:build"], "is not understood"),
        (["--factory", "own_net.py:build"], "Let the factory return"),
        (["--factory", "own_net.py:build", "--input-size", "12"], "Give the whole --input-size"),
        (["--factory", "own_net.py:build", "--classes", "3"], "a factory says it itself"),
        (["--factory", "own_net.py:with_inputs", "--weights", "pretrained"], "or those of a safetensors"),
        (["--factory", "own_net.py:with_inputs", "--weights", "none.safetensors"], "none.safetensors"),
        ([], "Say which model"),
    ],
)
def test_what_makes_no_network_is_a_sentence(place, capsys, words, said):
    assert main(["inspect", *words]) == 2
    err = capsys.readouterr().err
    assert said in err and "Traceback" not in err


def test_a_file_that_does_not_run_is_a_sentence(place):
    (place / "bad.py").write_text("1 / 0\n")
    with pytest.raises(BadFile, match="division by zero"):
        factories.run(f"{place}/bad.py:build")
    (place / "bad.py").write_text("import sys\nsys.exit(0)\n")
    with pytest.raises(BadFile, match="SystemExit"):
        factories.run(f"{place}/bad.py:build")


def test_what_a_file_names_is_quoted_where_it_is_offered_to_a_shell():
    ref = ModelRef("Net", FACTORY, (1, 12, 12), 10, factory="net.py:f; rm x")
    with pytest.raises(MdpError, match=r"--factory 'net\.py:f; rm x'"):
        factories.make(ref)


def test_images_as_the_network_says(place):
    ref = factories.reference_of("own_net.py:with_inputs")
    assert len(data_config(ref).mean) == 1
    (place / "own_net.py").write_text(
        SOURCE.replace("return Net(), ", "net = Net(); net.pretrained_cfg = {'mean': (0.1,)}; return net, ")
    )
    assert data_config(ref).mean == (0.1,) and data_config(ref).crop_pct == 1  # nothing is cut off unasked


def test_a_page_names_it_for_its_jobs_only_if_the_user_did(place, monkeypatch):
    _, study = study_of(place)
    again = InspectOptions(**naming(load_study(study.save(place / "own.json")).model))
    assert model_of(again).weights == FACTORY and again.input_size == "1x12x12"
    monkeypatch.setenv(factories.VARIABLE, "")
    with pytest.raises(MdpError, match="MDP_FACTORY="):
        naming(load_study(place / "own.json").model)


def test_how_a_network_is_made_travels_as_json():
    ref = ModelRef("Net", FACTORY, (1, 12, 12), 10, factory="a.b:c")
    assert model_from_json(model_to_json(ref)) == ref
    for wrong in (3, "a\nb:c", "x" * 2000):
        with pytest.raises(ValueError, match="factory"):
            model_from_json({**model_to_json(ref), "factory": wrong})
    assert np.all("factory" not in model_to_json(ModelRef("m", "none", (3, 8, 8), 2)))
