"""What makes one update: which tensors decay, how many batches come together, in which precision."""

import dataclasses

import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.utils.data import DataLoader, TensorDataset

from mdp.core.errors import Cancelled, MdpError
from mdp.core.progress import Reporter
from mdp.core.study import ModelRef
from mdp.datasets.loader import Shuffle
from mdp.networks.models import create
from mdp.solve import solve
from mdp.surgery import load, save
from mdp.surgery.plans import extract_plan
from mdp.training.loop import train
from mdp.training.optimizers import former_order, names_in_order, optimizer_of, schedule_of
from mdp.training.recipe import Recipe

from .tiny import RESNET, VIT, tiny_study

RECIPE = Recipe(epochs=2, batch=32, rate=1e-2, optimizer="sgd", smoothing=0.0, distill=0.0)
SPARED = {"cls_token", "pos_embed"}


class Heard(Reporter):
    def __init__(self, stop_after=None):
        super().__init__()
        self.messages, self.stop_after = [], stop_after

    def message(self, text):
        self.messages.append(text)

    def metric(self, **values):
        if "accuracy" in values and values["epoch"] == self.stop_after:
            raise Cancelled("Stopped.")


def images(count=160, batch=32):
    """Batches of noise that nothing augments, so that they can be joined and compared."""
    made = torch.Generator().manual_seed(0)
    data = TensorDataset(
        torch.randn(count, 1, 28, 28, generator=made), torch.randint(10, (count,), generator=made)
    )
    return DataLoader(data, batch_size=batch, sampler=Shuffle(count, 0), drop_last=True)


def expected(updates):
    """The learning rates of RECIPE, one an update."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RECIPE.rate)
    schedule, rates = schedule_of(optimizer, RECIPE, updates), []
    for update in range(updates):
        schedule.step_update(update)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


def trained(path, recipe=RECIPE, ref=VIT, count=160, report=None, teacher=None):
    model, batches = create(ref), images(count, recipe.batch)
    history = train(
        model, batches, DataLoader(batches.dataset, 64), recipe, report or Reporter(),
        checkpoint_path=path, teacher=teacher,
    )  # fmt: skip
    return model, history


def decaying(network):
    optimizer = optimizer_of(network, dataclasses.replace(RECIPE, decay=0.1))
    names = iter(names_in_order(network, optimizer))
    return {next(names): group["weight_decay"] for group in optimizer.param_groups for _ in group["params"]}


@pytest.mark.parametrize("ref", [RESNET, VIT], ids=["resnet", "vit"])
def test_what_decays_in_dense_and_pruned_networks(ref, tmp_path):
    study = tiny_study(ref)
    pruned = extract_plan(study, solve(study.problem, 0.6 * study.problem.dense_latency))
    for network in (create(ref), pruned, load(save(pruned, tmp_path / "net"))):
        decay = decaying(network)
        assert decay.keys() == dict(network.named_parameters()).keys()
        for name, parameter in network.named_parameters():
            spared = parameter.ndim <= 1 or name in SPARED
            assert decay[name] == (0.0 if spared else 0.1), name
        assert (SPARED <= decay.keys()) == (ref is VIT)


def test_registers_positions_and_both_heads_tokens_do_not_decay():
    small = {"img_size": 28, "patch_size": 7, "embed_dim": 32, "depth": 1, "num_heads": 4}
    for name, more, spared in (
        ("deit_tiny_distilled_patch16_224", {}, {"cls_token", "dist_token", "pos_embed"}),
        ("vit_small_patch14_reg4_dinov2", {}, {"cls_token", "reg_token", "pos_embed"}),
    ):
        decay = decaying(create(ModelRef(name, "none", (1, 28, 28), 10, {**small, **more})))
        assert {n for n in decay if n.endswith(("token", "embed"))} >= spared
        assert all(decay[n] == 0 for n in spared)


def test_gradients_come_together_where_accelerate_is_told_so(tmp_path, monkeypatch):
    rates, step = [], torch.optim.SGD.step

    def noted(self, *args, **more):
        rates.append(self.param_groups[0]["lr"])
        return step(self, *args, **more)

    monkeypatch.setattr(torch.optim.SGD, "step", noted)
    large, _ = trained(tmp_path / "large", dataclasses.replace(RECIPE, batch=64), count=128)
    assert len(rates) == 4  # 2 batches of 64, twice
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "2")
    once = rates[:]
    rates.clear()
    small, _ = trained(tmp_path / "small", count=128)
    assert rates == once
    for name, tensor in large.state_dict().items():
        torch.testing.assert_close(small.state_dict()[name], tensor, rtol=1e-4, atol=1e-6)
    rates.clear()
    trained(tmp_path / "odd")  # 5 batches: 2, 2, and 1 that is left
    assert rates == pytest.approx(expected(6))


def test_a_last_batch_alone_counts_whole(tmp_path, monkeypatch):
    alone, _ = trained(tmp_path / "alone", count=32)
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "4")
    together, _ = trained(tmp_path / "together", count=32)
    for name, tensor in alone.state_dict().items():
        torch.testing.assert_close(together.state_dict()[name], tensor, rtol=1e-4, atol=1e-6)


@pytest.fixture
def bf16(monkeypatch):
    """accelerate keeps its precision for the whole process."""
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    AcceleratorState._reset_state(True)
    yield
    AcceleratorState._reset_state(True)


@pytest.mark.parametrize("ref", [RESNET, VIT], ids=["resnet", "vit"])
def test_teacher_and_student_answer_in_the_same_precision(bf16, tmp_path, ref):
    teacher, seen = create(ref), []
    layer = next(m for m in teacher.modules() if isinstance(m, torch.nn.Linear))
    layer.register_forward_hook(lambda module, asked, answer: seen.append(answer.dtype))
    model, history = trained(tmp_path / "run", dataclasses.replace(RECIPE, distill=0.5), ref, teacher=teacher)
    assert set(seen) == {torch.bfloat16} and len(history.epochs) == 2
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert all(t.isfinite().all() for t in model.state_dict().values())
    with torch.no_grad():  # nothing of mixed precision is left on what is saved
        answer = model(torch.zeros(1, 1, 28, 28))
        assert torch.equal(answer, type(model).forward(model, torch.zeros(1, 1, 28, 28)))


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_checkpoint_of_before_goes_on(tmp_path, optimizer):
    """It numbered the parameters in another order, and knew nothing of several processes."""
    recipe, path = dataclasses.replace(RECIPE, optimizer=optimizer), tmp_path / "cut"
    whole, _ = trained(tmp_path / "whole", recipe)
    with pytest.raises(Cancelled):
        trained(path, recipe, report=Heard(stop_after=1))
    with safe_open(path, framework="pt") as file:
        state = file.metadata()["state"]
    numbers = {name: str(i) for i, name in enumerate(former_order(create(VIT)))}
    tensors = {}
    for key, value in load_file(path).items():
        kind, _, rest = key.partition(".")
        name, _, slot = rest.rpartition(".")
        tensors[key if kind == "model" else f"optimizer.{numbers[name]}.{slot}"] = value
    state = state.replace('"scale": {"processes": 1, "accumulate": 1}, ', "")
    assert "scale" not in state and tensors.keys() != load_file(path).keys()
    save_file(tensors, path, metadata={"state": state})

    report = Heard()
    model, _ = trained(path, recipe, report=report)
    assert report.messages[0] == "Going on after epoch 1 of 2." and "earlier version" in report.messages[1]
    assert all(torch.equal(whole.state_dict()[name], t) for name, t in model.state_dict().items())


def test_another_number_of_batches_an_update_is_said(tmp_path, monkeypatch):
    with pytest.raises(Cancelled):
        trained(tmp_path / "run", report=Heard(stop_after=1))
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "2")
    trained(tmp_path / "run", report=(report := Heard()))
    assert "goes on in 1 process(es), 2 batch(es) an update" in report.messages[1]


@pytest.mark.parametrize("where", ["loss", "weights"])
def test_a_run_that_diverges_keeps_its_last_good_epoch(tmp_path, monkeypatch, where):
    """Also where the last update of an epoch spoils the weights, and no loss tells of it."""
    from mdp.training import image_lesson, loop

    average, loss, epochs = loop.average_statistics, image_lesson.loss_of_batch, []

    def spoil(model, accelerate):
        epochs.append(1)
        if where == "weights" and len(epochs) == 2:
            next(model.parameters()).data.fill_(float("nan"))
        return average(model, accelerate)

    def spoiled(*asked):
        return loss(*asked) * (float("nan") if where == "loss" and epochs else 1)

    monkeypatch.setattr(loop, "average_statistics", spoil)
    monkeypatch.setattr(image_lesson, "loss_of_batch", spoiled)
    path = tmp_path / "run"
    with pytest.raises(
        MdpError,
        match=r"no longer a number in epoch 2, (step \d+ of \d+|at its end): .*Try a tenth.*after epoch 1",
    ):
        trained(path)
    assert all(t.isfinite().all() for t in load_file(path).values())
    with safe_open(path, framework="pt") as file:
        assert '"epoch": 1' in file.metadata()["state"] and '"epoch": 2' not in file.metadata()["state"]
