"""`python -m benchmarks.methods`: what is measured is kept at once, and nothing is measured twice."""

import types

import pytest

from benchmarks import methods, torch_pruning_rival
from mdp.core.comparison import read_comparison
from mdp.core.plan_accuracy import PlanAccuracy

WORDS = ("fmnist-vit-cpu", "--budgets", "60,0.1", "--methods", "exact,greedy,halp", "--seeds", "2")


class Meter:
    """Stands in for the meter of plans: every network gets half of the images right, and one more a seed."""

    dense, measured, stop_after = 0.9, 0, 10**9

    def __init__(self, study, source, *, images, calibration, seed, device):
        self.study, self.seed = study, seed

    def measure(self, choices, removed=(), *, method=""):
        if Meter.measured >= Meter.stop_after:
            raise KeyboardInterrupt
        Meter.measured += 1
        latency, importance = self.study.problem.evaluate(choices, removed)
        return PlanAccuracy(choices, removed, latency, importance, 100, 0.5, 0.6 + self.seed / 100, method)


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch, tmp_path):
    Meter.measured, Meter.stop_after, timed = 0, 10**9, []

    def times(study, found, plans, **more):
        timed.append(len(plans))
        where = types.SimpleNamespace(device="a device", batch=1, dtype="float32")
        return [float(i + 1) for i in range(len(plans))], where

    monkeypatch.setattr("mdp.training.plan_meter.PlanMeter", Meter)
    monkeypatch.setattr("mdp.latency.whole_plans.measured_plans", times)
    monkeypatch.setattr("mdp.surgery.find_in", lambda study: None)
    monkeypatch.setenv("FASHION_MNIST", "")
    return timed


def test_a_run_that_was_cut_off_goes_on_and_equal_plans_are_measured_once(tmp_path, stand_ins):
    Meter.stop_after = 1
    with pytest.raises(KeyboardInterrupt):
        methods.main([*WORDS, "--out", str(tmp_path)])
    kept = read_comparison(tmp_path / "fmnist-vit-cpu.json")
    assert sum(point.cut is not None for point in kept.points) == 1 and kept.dense_measured == 1.0
    Meter.stop_after = 10**9
    methods.main([*WORDS, "--out", str(tmp_path)])
    kept = read_comparison(tmp_path / "fmnist-vit-cpu.json")
    assert all(len(p.repaired) == 2 and p.measured for p in kept.points) and len(stand_ins) == 1
    assert {p.method for p in kept.points if p.budget == 0.6} <= {"exact", "greedy", "halp"}
    assert 0.001 in kept.nothing["exact"]  # no plan is that fast
    different = {(tuple(p.choices.items()), p.removed) for p in kept.points}
    assert Meter.measured == 2 * len(different)  # with each seed
    methods.main([*WORDS, "--out", str(tmp_path)])
    assert Meter.measured == 2 * len(different) and len(stand_ins) == 1


def test_what_was_measured_of_other_scores_is_begun_anew(tmp_path, capsys):
    methods.main([*WORDS, "--out", str(tmp_path)])
    path = tmp_path / "fmnist-vit-cpu.json"
    text = path.read_text()
    path.write_text(text.replace(read_comparison(path).fingerprint, "another"))
    methods.main([*WORDS, "--out", str(tmp_path)])
    assert "other tables, scores or images" in capsys.readouterr().out
    assert read_comparison(path).fingerprint != "another"


def test_latencies_of_two_processors_are_never_mixed(tmp_path, stand_ins, monkeypatch, capsys):
    monkeypatch.setattr(methods, "cpu_name", lambda: "a device (2 cores)")
    methods.main([*WORDS, "--out", str(tmp_path)])
    monkeypatch.setattr(methods, "cpu_name", lambda: "another (2 cores)")
    more = [*WORDS[:3], "--methods", "exact,greedy,halp,uniform", *WORDS[5:], "--out", str(tmp_path)]
    more[2] = "60,30,0.1"
    methods.main(more)
    assert len(stand_ins) == 1 and "timed on a device, batch 1" in capsys.readouterr().out
    kept = read_comparison(tmp_path / "fmnist-vit-cpu.json")
    assert all((p.measured is None) == (p.budget == 0.3 or p.method == "uniform") for p in kept.points)
    assert all(p.cut == 0.5 and len(p.repaired) == 2 for p in kept.points)


def test_iterated_pruning_goes_on_at_the_seed_where_it_was_cut_off(tmp_path, monkeypatch):
    from mdp.core.study import load_study

    begun = []

    def in_steps(study, source, budget, *, steps, seed, device):
        begun.append(seed)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return load_study(WORDS[0]), methods.plan_of(study.problem, budget, "exact")

    monkeypatch.setattr("mdp.training.iterating.pruned_in_steps", in_steps)
    words = [*WORDS[:1], "--budgets", "60", "--methods", "exact", "--seeds", "3", "--iterate", "2"]
    with pytest.raises(KeyboardInterrupt):
        methods.main([*words, "--out", str(tmp_path)])
    methods.main([*words, "--out", str(tmp_path)])
    methods.main([*words, "--out", str(tmp_path)])
    assert begun == [0, 100, 100, 200]
    kept = read_comparison(tmp_path / "fmnist-vit-cpu.json")
    point = next(p for p in kept.points if p.method == "iterated, 2 steps")
    assert point.repaired == (0.6, 0.61, 0.62) and point.cut == 0.5 and point.choices


def test_what_is_missing_is_said_in_a_sentence(tmp_path, capsys, monkeypatch):
    methods.main(["efficientnet-lite0-cpu", "--out", str(tmp_path)])
    assert "--data efficientnet-lite0-cpu=FOLDER" in capsys.readouterr().out
    monkeypatch.setitem(__import__("sys").modules, "torch_pruning", None)
    torch_pruning_rival.add(None, [0.5])
    assert "pip install torch-pruning" in capsys.readouterr().out


def test_torch_pruning_leaves_every_head_of_timms_attention_as_wide_as_the_others():
    pytest.importorskip("torch_pruning")
    import timm
    import torch

    torch.manual_seed(0)
    dense = timm.create_model(
        "vit_tiny_patch16_224", img_size=32, patch_size=8, num_classes=10, depth=2, embed_dim=48
    ).eval()
    images = torch.rand(4, 3, 32, 32)
    grads = torch_pruning_rival.gradients(dense, [(images, torch.arange(4))])
    network = torch_pruning_rival.pruned_to(dense, 0.5, images, grads)
    widths = [(block.attn.num_heads, block.attn.head_dim) for block in network.blocks]
    assert all(heads == 3 and dims < 16 for heads, dims in widths)
    assert all(
        b.attn.qkv.out_features == 9 * dims for b, (_, dims) in zip(network.blocks, widths, strict=True)
    )
    assert network(images).isfinite().all() and dense.blocks[0].attn.head_dim == 16


def test_torch_prunings_networks_are_not_timed_where_the_others_were_not(capsys):
    work = methods.Work.__new__(methods.Work)
    work.study, work.known = types.SimpleNamespace(name="a study"), types.SimpleNamespace(device="a device")
    assert work.timed_elsewhere() and "timed on a device" in capsys.readouterr().out
    work.known.device = methods.cpu_name() + ", batch 1"
    assert not work.timed_elsewhere()
