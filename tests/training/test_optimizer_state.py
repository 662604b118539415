"""A run goes on bit for bit with every optimiser that timm makes here, and so does the scale of fp16."""

import dataclasses
import warnings

import pytest
import torch
from timm.optim import list_optimizers

from mdp.core.errors import BadFile, MdpError
from mdp.training import checkpoint
from mdp.training.optimizers import optimizer_of
from mdp.training.recipe import Recipe

RECIPE = Recipe(epochs=1, rate=0.01, decay=0.1)


@pytest.fixture(autouse=True)
def not_compiled(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda function, **how: function)  # kron's takes a minute


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.LayerNorm(4), torch.nn.Linear(4, 3))


def begun(name: str):
    """(a network, its optimiser); None for those that need what is not here."""
    model = network()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return model, optimizer_of(model, dataclasses.replace(RECIPE, optimizer=name))
    except MdpError:
        return None


def step(model, optimizer, seed: int) -> None:
    torch.manual_seed(seed)
    model(torch.randn(5, 6)).square().sum().backward()
    optimizer.step()
    optimizer.zero_grad()


def test_every_optimizer_goes_on_as_if_unbroken(tmp_path):
    seen = []
    for name in list_optimizers():
        if (made := begun(name)) is None:
            continue
        (model, optimizer), (again, other) = made, begun(name)
        for seed in range(3):
            step(model, optimizer, seed)
        checkpoint.save(tmp_path / "run.safetensors", model, optimizer, {})
        checkpoint.load(tmp_path / "run.safetensors", again, other)
        for seed in range(3, 6):
            step(model, optimizer, seed)
            step(again, other, seed)
        same = zip(model.parameters(), again.parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in same), name
        seen.append(name)
    assert {"adamw", "sgd", "lamb", "adabelief", "nadamlegacy", "kron"} <= set(seen)


class Scaler:
    """As torch's GradScaler tells its state."""

    def __init__(self, scale: float):
        self.state = {"scale": scale, "_growth_tracker": 7}

    def state_dict(self) -> dict:
        return self.state

    def load_state_dict(self, state: dict) -> None:
        self.state = state


def test_the_scale_of_gradients_goes_on_too(tmp_path):
    model, optimizer = begun("lamb")
    step(model, optimizer, 0)
    checkpoint.save(tmp_path / "run.safetensors", model, optimizer, {}, scaler=Scaler(512.0))
    other, own = begun("lamb")
    scaler = Scaler(65536.0)
    assert not checkpoint.load(tmp_path / "run.safetensors", other, own, scaler=scaler)
    assert scaler.state == {"scale": 512.0, "_growth_tracker": 7}


@pytest.mark.parametrize(
    "told",
    ["[]", "{}", "7", "{", '{"state": [], "groups": [], "more": {}}',
     '{"state": {"a": 3}, "groups": [], "more": {}}',
     '{"state": {}, "groups": [{}, {}], "more": {"x": {"module": "y"}}}'],
)  # fmt: skip
def test_a_state_that_is_damaged_is_a_sentence(tmp_path, monkeypatch, told):
    model, optimizer = begun("lamb")
    step(model, optimizer, 0)
    monkeypatch.setattr(checkpoint.json, "dumps", lambda value: told)
    checkpoint.save(tmp_path / "run.safetensors", model, optimizer, {})
    with pytest.raises(BadFile, match="cannot be resumed"):
        checkpoint.load(tmp_path / "run.safetensors", *begun("lamb"))


@pytest.mark.parametrize("shape", [(), (1,), (4,), (4, 7), (6, 4), (1, 4, 6), (2, 4, 6)])
@pytest.mark.parametrize("name", ["adamw", "sgd", "lamb"])
def test_a_state_of_another_shape_is_a_sentence_before_anything_is_trained(tmp_path, name, shape):
    model, optimizer = begun(name)
    step(model, optimizer, 0)
    known = optimizer.state[model[0].weight]
    slot = "momentum_buffer" if name == "sgd" else "exp_avg"
    known[slot] = torch.zeros(shape)
    checkpoint.save(tmp_path / "run.safetensors", model, optimizer, {})
    before = (tmp_path / "run.safetensors").read_bytes()
    with pytest.raises(BadFile, match="cannot be resumed: what the optimizer knew does not fit"):
        checkpoint.load(tmp_path / "run.safetensors", *begun(name))
    assert (tmp_path / "run.safetensors").read_bytes() == before
