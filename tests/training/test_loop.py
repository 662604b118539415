"""The training loop: it learns, resumes as if unbroken, stops on request, and refuses what is not its own."""

import dataclasses
import json
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

from mdp import datasets
from mdp.core.errors import BadFile, Cancelled, MdpError
from mdp.core.progress import Reporter
from mdp.datasets.loader import loader
from mdp.networks.models import create
from mdp.training import checkpoint
from mdp.training.evaluation import accuracy
from mdp.training.loop import train
from mdp.training.losses import loss_of_batch
from mdp.training.optimizers import schedule_of
from mdp.training.recipe import Recipe

from .tiny import RESNET, VIT

RECIPE = Recipe(epochs=2, batch=32, rate=2e-3, smoothing=0.0)


class Watching(Reporter):
    """Keeps what it is told; asks to stop after `stop` steps."""

    def __init__(self, stop=math.inf):
        super().__init__(lambda: len(self.steps) > stop)
        self.steps, self.metrics, self.messages = [], [], []

    def show(self, progress):
        self.steps.append(progress)

    def metric(self, **values):
        self.metrics.append(values)

    def message(self, text):
        self.messages.append(text)


@pytest.fixture(scope="module")
def source():
    return datasets.find("fashion-mnist-subset")


def run(source, tmp_path, recipe=RECIPE, report=None, ref=RESNET, images=160, augment=None, **extra):
    """Train a tiny network for a moment; returns (model, history)."""
    model, part = create(ref), source.train.sample(images)
    history = train(
        model,
        loader(part, source, ref, recipe.batch, train=True, augment=augment, seed=recipe.seed),
        loader(source.test.sample(100), source, ref, 50),
        recipe,
        report or Reporter(),
        checkpoint_path=tmp_path / "run.safetensors",
        **extra,
    )
    return model, history


def test_it_learns_and_says_so(source, tmp_path):
    report = Watching()
    recipe = dataclasses.replace(RECIPE, epochs=3, rate=1e-2)
    model, history = run(source, tmp_path, recipe, report, images=1280)
    assert history.epochs[-1]["loss"] < history.epochs[0]["loss"] < math.log(10) + 0.3
    assert history.accuracy > 0.3  # chance is 0.1
    assert not model.training and next(model.parameters()).device.type == "cpu"
    assert [m["epoch"] for m in report.metrics if "accuracy" in m] == [1, 2, 3]
    assert report.steps[-1].done == pytest.approx(report.steps[-1].total)
    assert all(a.done <= b.done for a, b in zip(report.steps, report.steps[1:], strict=False))
    test = loader(source.test.sample(100), source, RESNET, 50)
    assert accuracy(model, test) == history.accuracy


@pytest.mark.parametrize("ref", [RESNET, VIT], ids=["resnet", "vit"])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_run_that_was_cut_off_ends_as_an_unbroken_one(source, tmp_path, ref, optimizer):
    recipe = dataclasses.replace(RECIPE, optimizer=optimizer)
    whole, history = run(source, tmp_path / "whole", recipe, ref=ref)
    with pytest.raises(Cancelled):  # 5 steps and 2 test batches an epoch: in the middle of the second
        run(source, tmp_path / "cut", recipe, Watching(stop=9), ref=ref)
    report = Watching()
    again, resumed = run(source, tmp_path / "cut", recipe, report, ref=ref)
    assert report.messages == ["Going on after epoch 1 of 2."] and report.metrics[0]["epoch"] == 1
    assert report.steps[-1].done == pytest.approx(report.steps[-1].total)
    assert [e["loss"] for e in resumed.epochs] == [e["loss"] for e in history.epochs]
    expected = whole.state_dict()
    assert all(torch.equal(expected[name], tensor) for name, tensor in again.state_dict().items())


def test_another_recipe_or_network_does_not_go_on(source, tmp_path):
    run(source, tmp_path, about={"plan": "a"})
    with pytest.raises(MdpError, match="of another run"):
        run(source, tmp_path, about={"plan": "b"})
    with pytest.raises(MdpError, match="of another run"):
        run(source, tmp_path, dataclasses.replace(RECIPE, rate=1e-3), about={"plan": "a"})
    with pytest.raises(BadFile, match="cannot be resumed"):
        run(source, tmp_path, about={"plan": "a"}, ref=VIT)


def test_a_damaged_checkpoint_is_not_used(source, tmp_path):
    run(source, tmp_path)
    path = tmp_path / "run.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadFile, match="cannot be resumed"):
        run(source, tmp_path)
    with pytest.raises(BadFile, match="Remove it"):
        checkpoint.read_state(tmp_path / "gone.safetensors")


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.pop("history"),
        lambda s: s.update(history="abc"),
        lambda s: s.update(history={}),
        lambda s: s.update(history=[1]),
        lambda s: s.update(history=[{"epoch": 1}]),
        lambda s: s.update(history=s["history"] * 2),
        lambda s: s.update(history=[{**s["history"][0], "epoch": i} for i in range(1, 9)]),
        lambda s: s["history"][0].update(self=1),
        lambda s: s["history"][0].update(accuracy="much"),
        lambda s: s["history"][0].update(measure=3),
        lambda s: s["history"][0].update(loss=math.nan),
        lambda s: s["history"][0].pop("accuracy"),
        lambda s: s.update(scale={"of": 1}),
        lambda s: s.update(recipe=3),
        lambda s: s.update(about=["a"]),
    ],
)
def test_a_checkpoint_that_says_what_cannot_be_is_not_used(source, tmp_path, change):
    path = tmp_path / "run.safetensors"
    run(source, tmp_path, images=64)
    state = checkpoint.read_state(path)
    change(state)
    save_file(load_file(path), path, metadata={"state": json.dumps(state)})
    with pytest.raises(MdpError, match=r"cannot be resumed|of another run"):
        run(source, tmp_path, images=64)


def test_the_best_epoch_is_kept_whenever_the_run_was_killed(source, tmp_path, monkeypatch):
    from mdp.training import image_lesson

    shares = iter([0.9, 0.9, 0.1])  # the first epoch, which is killed as it is saved, again, and the second
    monkeypatch.setattr(image_lesson, "accuracy", lambda *_, **__: next(shares))
    saved, calls = checkpoint.write_tensors, []

    def killed(path, *asked):
        calls.append(path)
        if len(calls) == 2:
            raise Cancelled("killed")
        return saved(path, *asked)

    monkeypatch.setattr(checkpoint, "write_tensors", killed)
    with pytest.raises(Cancelled):
        run(source, tmp_path, images=64)
    run(source, tmp_path, images=64)
    assert (tmp_path / "best.safetensors").is_file()


def test_bad_recipes_are_sentences(source, tmp_path):
    with pytest.raises(MdpError, match="at least 1 epoch"):
        run(source, tmp_path, dataclasses.replace(RECIPE, epochs=0))
    with pytest.raises(MdpError, match="no optimizer 'sturm'"):
        run(source, tmp_path, dataclasses.replace(RECIPE, optimizer="sturm"))
    with pytest.raises(MdpError, match="'adahessian' needs second derivatives"):
        run(source, tmp_path, dataclasses.replace(RECIPE, optimizer="adahessian"))
    with pytest.raises(MdpError, match="learning rate is too high"):
        run(source, tmp_path, dataclasses.replace(RECIPE, optimizer="sgd", rate=1e3, warmup=0.0, clip=0.0))


def test_a_teacher_is_followed():
    torch.manual_seed(0)
    images, labels = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
    student, teacher = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)
    recipe = Recipe(epochs=1, smoothing=0.0, distill=1.0, temperature=3.0)
    with torch.no_grad():
        soft = (teacher(images) / 3).softmax(1)
        ours = (student(images) / 3).log_softmax(1)
        expected = 9 * (soft * (soft.log() - ours)).sum(1).mean()
        soft_loss = loss_of_batch(student, teacher, images, labels, recipe)
        assert soft_loss == pytest.approx(expected.item(), rel=1e-5)
        assert loss_of_batch(teacher, teacher, images, labels, recipe).item() == pytest.approx(0, abs=1e-6)
        plain = F.cross_entropy(student(images), labels)
        alone = loss_of_batch(student, teacher, images, labels, dataclasses.replace(recipe, distill=0.0))
        assert alone == loss_of_batch(student, None, images, labels, recipe) == plain


def rates_of(steps, **recipe):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    schedule = schedule_of(optimizer, Recipe(epochs=1, rate=0.1, **recipe), steps)
    rates = []
    for step in range(steps):
        schedule.step_update(step)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


@given(st.integers(1, 300), st.floats(0, 1), st.sampled_from(["cosine", "linear"]))
def test_the_rate_rises_then_falls_to_zero(steps, warmup, schedule):
    rates = rates_of(steps, warmup=warmup, schedule=schedule)
    assert all(-1e-9 <= rate <= 0.1 * (1 + 1e-9) for rate in rates) and rates[0] > 0
    top = max(range(steps), key=rates.__getitem__)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_the_rate_of_both_schedules_halfway():
    assert rates_of(101, warmup=0.0, schedule="linear")[50] == pytest.approx(0.1 * 51 / 101, rel=0.02)
    assert rates_of(100, warmup=0.1)[9:11] == pytest.approx([0.1 * 10 / 10 - 0.009, 0.1], rel=0.02)
