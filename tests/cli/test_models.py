"""What people type: `mdp check`, `mdp inspect --split-blocks`, and what is refused with a sentence."""

import json
import re
import tempfile
from types import SimpleNamespace

import pytest
import torch

from mdp.cli import main
from mdp.core.plan import parse_budget
from mdp.core.study import load_study
from mdp.networks import models
from mdp.solve import solve
from mdp.surgery import load
from mdp.surgery.plans import mask_plan

from ..latency.conftest import FakeTimer


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("torchvision/resnet19", "Did you mean torchvision/resnet1"),
        ("torchvision/fasterrcnn_resnet50_fpn", "is no classification model"),
        ("torchvision/", "torchvision has no model"),
        ("no_such_model", "neither a demo network nor a name that timm knows"),
        ("my_net.py:build", "--factory FILE.py:function"),
        ("resnet-50", "Did you mean resnet50"),
        ("", "neither a demo network"),
        ("../../etc/passwd", "neither a demo network"),
    ],
)
def test_what_cannot_be_checked_is_a_sentence_and_2(name, said, capsys):
    assert main(["check", name, "--json"]) == 2
    out, err = capsys.readouterr()
    assert not out and said in err and len(err.strip().splitlines()) == 1


@pytest.fixture
def only_outlines(monkeypatch):
    """A network with weights in memory fails the test."""

    def built(ref, **_):
        model = create(ref)
        assert all(p.is_meta for p in model.parameters()), "a network was made"
        return model

    create = models.create
    for where in ("mdp.networks.models.create", "mdp.surgery.check.create"):
        monkeypatch.setattr(where, built)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("eva_giant_patch14_224", "takes about 14.2 GB of memory"),
        ("resnext101_32x32d", "takes about 3.1 GB of memory"),
    ],
)
def test_what_is_large_is_refused_before_it_is_built(name, said, capsys, monkeypatch, only_outlines):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=2e9))
    assert main(["check", name, "--json"]) == 2
    out, err = capsys.readouterr()
    assert not out and said in err and len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["profile", "score"])
def test_work_on_what_is_too_large_is_refused_before_it_is_built(command, capsys, monkeypatch, only_outlines):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=2e9))
    assert main([command, "eva_giant_patch14_224"]) == 2
    assert "Looking into eva_giant_patch14_224 takes about" in capsys.readouterr().err


def test_one_object_with_what_was_promised(capsys):
    assert main(["check", "test_resnet", "--seed", "2", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert {"model", "dims", "blocks", "removed_blocks", "parameters_before", "parameters_after"} <= set(row)
    assert row["max_abs_difference"] <= 1e-4 and all(s["reason"] for s in row["skipped"])


def test_the_baseline_scores_a_network_without_images(tmp_path, capsys):
    path = tmp_path / "scores.json"
    words = ["score", "test_vit", "--split-blocks", "--method", "magnitude", "--out", str(path)]
    assert main([*words, "--data", "no/such/folder"]) == 0
    assert "from the weights alone" in capsys.readouterr().err
    kept = json.loads(path.read_text())["provenance"]
    assert kept["method"] == "magnitude" and "images" not in kept and "dataset" not in kept


def test_halves_of_a_block_are_offered(capsys):
    assert main(["inspect", "fmnist_vit", "--split-blocks", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["removable"] == 12
    removed = set()
    for seed in range(3):
        assert main(["check", "test_vit", "--split-blocks", "--seed", str(seed), "--json"]) == 0
        removed |= {b.rpartition(".")[2] for b in json.loads(capsys.readouterr().out)["removed_blocks"]}
    assert removed == {"attn", "mlp"}
    assert main(["check", "test_resnet", "--split-blocks"]) == 2
    assert "no attention to remove by halves" in capsys.readouterr().err


def made_up_ms(key):
    """Every half of a block costs something, an MLP by its width; both ends of the network little."""
    hidden = re.search(r">(\d+)>", key)
    return 0.1 if key.startswith(("patches", "head")) else int(hidden[1]) / 96 if hidden else 1.0


def test_from_a_profile_by_halves_to_networks_that_agree_with_the_masked_ones(tmp_path, monkeypatch):
    """profile, score, build and extract; nothing is timed, for what is exact does not depend on it."""
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where this device's lock lies
    monkeypatch.setattr("mdp.latency.profiling.timer_for", lambda where: FakeTimer(made_up_ms, where))
    tables, scores, file = (str(tmp_path / f"{name}.json") for name in ("tables", "scores", "study"))
    width_step = [f"--width-step={kind}=1000" for kind in ("embedding", "heads", "qk", "v")]
    words = ["--split-blocks", "--width-step=mlp=96", "--threads=1", *width_step]
    assert main(["profile", "test_vit", *words, "--out", tables]) == 0
    assert main(["score", "test_vit", "--split-blocks", "--method=magnitude", "--out", scores]) == 0
    assert main(["build", "test_vit", "--tables", tables, "--scores", scores, "--name=h", "--out", file]) == 0
    study, removed = load_study(file), set()
    for share in ("70%", "40%"):
        plan = solve(study.problem, parse_budget(share, study.problem))
        out = str(tmp_path / share)
        assert main(["extract", file, "--budget", share, "--out", out]) == 0
        images = torch.randn(2, *study.model.input_size, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            expected = mask_plan(study, plan)(images)
            assert (load(out)(images) - expected).abs().max() <= 1e-5 * expected.abs().max()
        removed |= {b.rpartition(".")[2] for b in plan.removed_blocks}
    assert removed <= {"attn", "mlp"} and removed
