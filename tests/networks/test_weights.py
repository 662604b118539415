"""Scores and studies belong to what a checkpoint held, not to its name or place."""

import dataclasses
import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from mdp.cli import main
from mdp.core.errors import MdpError
from mdp.core.plan import parse_budget
from mdp.core.provenance import HASH, check_weights, weights_words
from mdp.core.scores import read_scores
from mdp.core.study import ModelRef, Tables, load_study, save_study
from mdp.core.tables import save_tables
from mdp.networks.models import create, resolve
from mdp.networks.weights import content_at, state_hash
from mdp.solve import solve
from mdp.surgery import extract_plan

from ..training.tiny import tiny_study

MODEL = "test_vit"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path / "data"))
    return tmp_path


def checkpoint(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    state = create(resolve(MODEL, "none")).state_dict()
    generator = torch.Generator().manual_seed(seed)
    noise = {k: v + 0.01 * torch.randn(v.shape, generator=generator) if seed else v for k, v in state.items()}
    save_file({k: v.contiguous() for k, v in noise.items()}, path)
    return path


@pytest.fixture
def files(home):
    """A checkpoint with its scores, and tables of its model."""
    weights = checkpoint(home / "a" / "model.safetensors")
    scores = home / "scores.json"
    assert main(["score", MODEL, "--weights", str(weights), "--method=magnitude", "--out", str(scores)]) == 0
    ref = resolve(MODEL, str(weights))
    return home, weights, scores, tables_of(ref, home / "tables.json")


def tables_of(ref, path):
    """Tables of every part of a model, with times that are made up."""
    import numpy as np

    from mdp.core.problem import Term
    from mdp.families import outline

    found = outline(ref)
    sizes = {d.name: len(d.options) for d in found.space.dims}
    terms = tuple(
        Term(p.name, p.block, tuple(p.dims), np.ones([sizes[d] for d in p.dims])) for p in found.segments
    )
    provenance = {"device": "made up", "batch": 1, "dtype": "float32", "kind": "cpu"}
    return save_tables(Tables(terms, provenance), ref, found.space, path)


def build(files, weights, scores=None, name="s"):
    home, _, own, tables = files
    out = home / f"{name}.json"
    words = ["--tables", str(tables), "--scores", str(scores or own), "--name", name, "--out", str(out)]
    return main(["build", MODEL, "--weights", str(weights), *words]), out


def test_scores_know_what_they_are_of_and_a_study_remembers(files):
    _, weights, scores, _ = files
    noted = read_scores(scores).scores.provenance[HASH]
    assert noted == content_at(resolve(MODEL, str(weights)))
    code, out = build(files, weights)
    assert code == 0 and load_study(out).scores.provenance[HASH] == noted


def test_the_same_numbers_elsewhere_or_in_another_type_are_the_same(files):
    home, weights, _, _ = files
    moved = home / "b" / "renamed.safetensors"
    moved.parent.mkdir()
    save_file(
        {k: v.to(torch.float64) if v.is_floating_point() else v for k, v in load_file(weights).items()}, moved
    )
    assert build(files, moved)[0] == 0


def test_names_shapes_and_values_count():
    state = {"a": torch.zeros(2, 3), "b": torch.zeros(1)}
    assert state_hash(state) == state_hash(dict(reversed(state.items())))
    others = (
        {"a": torch.zeros(3, 2), "b": torch.zeros(1)},
        {"a": torch.zeros(2, 3), "c": torch.zeros(1)},
        {"a": torch.zeros(2, 3), "b": torch.full((1,), 1e-30)},
        {"a": torch.zeros(2, 3)},
    )
    assert len({state_hash(s) for s in (state, *others)}) == 5
    assert state_hash({"a": torch.ones(2, dtype=torch.bfloat16)}) == state_hash({"a": torch.ones(2)})


@pytest.mark.parametrize("other", ["another file", "of the same name", "trained on", "none"])
def test_build_refuses_scores_of_other_weights(files, capsys, other):
    home, weights, _, _ = files
    asked, words = {
        "another file": (home / "other.safetensors", "and not of other.safetensors"),
        "of the same name": (home / "b" / "model.safetensors", "and not of model.safetensors"),
        "trained on": (weights, "model.safetensors has changed since they were taken"),
        "none": ("none", "not of test_vit with none weights"),
    }[other]
    if other != "none":
        checkpoint(asked, seed=1)
    assert build(files, asked)[0] == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert words in said and "Score the model anew" in said


def test_build_refuses_the_scores_of_a_study_of_other_weights(files, capsys):
    code, study = build(files, files[1])
    assert code == 0
    assert build(files, files[1], study, "again")[0] == 0
    checkpoint(files[1], seed=1)
    assert build(files, files[1], study, "third")[0] == 2
    assert "has changed since they were taken" in capsys.readouterr().err


def test_scores_of_before_are_accepted_and_said_to_be_unverified(files, capsys):
    _, weights, scores, _ = files
    data = json.loads(scores.read_text())
    del data["provenance"][HASH]
    scores.write_text(json.dumps(data))
    assert build(files, weights)[0] == 0
    assert (
        "Not verified: the scores scores.json do not say what model.safetensors held"
        in capsys.readouterr().err
    )


def test_no_plan_is_taken_out_of_a_checkpoint_that_changed(files, capsys):
    home, weights, _, _ = files
    _, path = build(files, weights)
    study = load_study(path)
    plan = solve(study.problem, parse_budget("90%", study.problem))
    assert extract_plan(study, plan)
    checkpoint(weights, seed=1)
    with pytest.raises(MdpError, match="has changed since 's' was scored"):
        extract_plan(study, plan)
    assert main(["extract", str(path), "--budget", "90%", "--out", str(home / "out")]) == 2
    assert "Put the checkpoint back" in capsys.readouterr().err


def test_untrained_weights_have_no_content_to_change(home):
    study = tiny_study(
        ModelRef("resnet10t", "none", (1, 28, 28), 10, {"channels": [8, 8, 16, 16], "stem_width": 8})
    )
    assert content_at(study.model) is None and HASH not in study.scores.provenance
    again = load_study(save_study(study, home / "s.json"))
    assert extract_plan(again, solve(again.problem, again.problem.dense_latency))


@pytest.mark.parametrize("weights", ["demo", "pretrained", "none"])
def test_weights_that_are_of_one_name_need_no_hash(weights):
    ref = ModelRef("m", weights, (1, 2, 2), 3)
    assert check_weights(ref, {}, ref, None, "scores") == ""
    other = dataclasses.replace(ref, weights="/somewhere/else.safetensors")
    for pair in ((ref, other), (other, ref)):
        with pytest.raises(MdpError, match="Score the model anew"):
            check_weights(pair[0], {}, pair[1], None, "scores")
    assert weights_words(other) == "else.safetensors"
