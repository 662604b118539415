"""Files of a pruned network: rebuilt exactly, refused when damaged or foreign, running elsewhere as ONNX."""

import json

import numpy as np
import pytest
import torch

from mdp.core.errors import BadFile, MdpError
from mdp.families import find
from mdp.networks.models import create, resolve
from mdp.surgery import export_onnx, extract, load, save
from mdp.surgery.check import liven, random_decision

from ..families.small import images, network


@pytest.fixture(scope="module", params=["fmnist_vit", "fmnist_resnet", "test_efficientnet", "test_convnext"])
def pruned(request):
    ref = resolve(request.param)  # the first two with the weights that come with the project
    model = create(ref)
    liven(model, 0)
    found = find(model, ref)
    return found, extract(found, *random_decision(found, 3))


def test_a_saved_network_comes_back_without_the_dense_weights(pruned, tmp_path, monkeypatch):
    found, model = pruned
    save(model, tmp_path / "net", {"note": "here"})
    monkeypatch.setattr("mdp.networks.models.load", lambda *_: pytest.fail("the dense weights were read"))
    again = load(tmp_path / "net")
    assert not again.training and again.architecture == model.architecture
    with torch.no_grad():
        torch.testing.assert_close(again(images(found)), model(images(found)), rtol=1e-5, atol=1e-6)
    save(again, tmp_path / "copy")
    assert (tmp_path / "copy/model.safetensors").read_bytes() == (
        tmp_path / "net/model.safetensors"
    ).read_bytes()
    assert json.loads((tmp_path / "net/architecture.json").read_text())["extra"] == {"note": "here"}


def test_weights_changed_by_training_are_kept(pruned, tmp_path):
    _, model = pruned
    save(model, tmp_path)
    again = load(tmp_path)
    with torch.no_grad():
        next(again.parameters()).add_(1.0)
    save(again, tmp_path)
    assert torch.equal(next(load(tmp_path).parameters()), next(again.parameters()))


def spoil(name):
    def change(folder):
        path = folder / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return change


def edit(change):
    def apply(folder):
        path = folder / "architecture.json"
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))

    return apply


@pytest.mark.parametrize(
    "damage, message",
    [
        (spoil("model.safetensors"), "is damaged"),
        (spoil("architecture.json"), "not complete JSON"),
        (lambda f: (f / "model.safetensors").unlink(), "no file of weights"),
        (lambda f: (f / "architecture.json").unlink(), "no architecture"),
        (edit(lambda d: d.update(format="other")), "not an mdp-architecture/1"),
        (edit(lambda d: d.pop("choices")), "damaged"),
        (edit(lambda d: d["choices"].update({next(iter(d["choices"])): 10**6})), "does not fit"),
        (edit(lambda d: d["choices"].update({next(iter(d["choices"])): "4"})), "whole numbers"),
        (edit(lambda d: d["removed"].append("blocks.99")), "does not fit"),
        (edit(lambda d: d["removed"].append(3)), "names of blocks"),
        (edit(lambda d: d.update(model={"name": "fmnist_vit"})), "model's classes"),
        (edit(lambda d: d["model"].update(name=3)), "model's name"),
        (edit(lambda d: d["model"].update(input_size=[3, -1, 5])), "model's input_size"),
        (edit(lambda d: d["model"].update(classes="ten")), "model's classes"),
        (edit(lambda d: d["model"].update(arguments=[])), "model's arguments"),
    ],
)
def test_damaged_folders_are_refused(damage, message, tmp_path):
    found = network("vit")
    model = extract(found, *random_decision(found, 1))
    save(model, tmp_path)
    damage(tmp_path)
    with pytest.raises(BadFile, match=message):
        load(tmp_path)


def test_a_network_larger_than_memory_is_refused_before_it_is_made(tmp_path, monkeypatch):
    found = network("vit")
    save(extract(found, *random_decision(found, 1)), tmp_path)
    edit(lambda d: d["model"]["arguments"].update(embed_dim=3 * 2**15))(tmp_path)
    monkeypatch.setattr("torch.nn.init.trunc_normal_", lambda t, **_: t if t.is_meta else pytest.fail("made"))
    with pytest.raises(BadFile, match=r"takes about \d+\.\d GB of memory"):
        load(tmp_path)


def test_weights_of_another_network_are_refused(tmp_path):
    found = network("vit")
    save(extract(found, *random_decision(found, 1)), tmp_path / "a")
    save(extract(found, *random_decision(found, 2)), tmp_path / "b")
    (tmp_path / "b/model.safetensors").replace(tmp_path / "a/model.safetensors")
    with pytest.raises(BadFile, match="not of the network that"):
        load(tmp_path / "a")


def test_only_extracted_networks_are_saved(tmp_path):
    with pytest.raises(MdpError, match="Only a pruned network"):
        save(network("vit").model, tmp_path)


@pytest.mark.parametrize("name", ["vit parallel differential", "resnet basic", "efficientnet", "convnext"])
def test_onnx_gives_the_same_scores_for_any_batch(name, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    found = network(name)
    model = extract(found, *random_decision(found, 2))
    path = export_onnx(model, tmp_path / "net.onnx", found.ref.input_size)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for count in (1, 3):
        x = images(found, count)
        with torch.no_grad():
            expected = model(x).numpy()
        np.testing.assert_allclose(
            session.run(None, {"images": x.numpy()})[0], expected, rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize(
    "name",
    [
        "vit all norms",
        "vit attention pool",
        "vit side by side halves",
        "vit differential",
        "vit parallel",
        "resnext",
        "seresnet",
        "efficientnet",
        "convnext",
    ],
)
def test_torch_export_follows_pruned_networks(name):
    found = network(name)
    model = extract(found, *random_decision(found, 2))
    with torch.no_grad():
        program = torch.export.export(model, (images(found),))
        torch.testing.assert_close(
            program.module()(images(found)), model(images(found)), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize(
    "name",
    ["vit side by side", "vit parallel differential", "resnet bottleneck", "efficientnet", "convnext"],
)
def test_torch_compile_follows_pruned_networks(name):
    found = network(name)
    model = extract(found, *random_decision(found, 3))
    whole = torch.compile(model, backend="eager", fullgraph=True)  # without a break in the graph
    with torch.no_grad():
        torch.testing.assert_close(whole(images(found)), model(images(found)), rtol=1e-4, atol=1e-5)
    whole.train()
    whole(images(found, 4)).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("name", ["vit parallel", "vit parallel differential", "vit side by side"])
def test_blocks_of_other_kinds_are_rebuilt(name, tmp_path):
    found = network(name)
    model = extract(found, *random_decision(found, 3))
    save(model, tmp_path)
    with torch.no_grad():
        torch.testing.assert_close(load(tmp_path)(images(found)), model(images(found)))


def test_halves_of_blocks_are_rebuilt(tmp_path):
    found = network("vit halves")
    choices = {d.name: d.units for d in found.space.dims}
    removed = ["blocks.1.attn", "blocks.2.mlp", "blocks.3.attn", "blocks.3.mlp"]
    model = extract(found, choices, removed)
    save(model, tmp_path)
    again = load(tmp_path)
    assert type(again.blocks[1]).__name__ == "MlpHalf" and type(again.blocks[2]).__name__ == "AttentionHalf"
    with torch.no_grad():
        torch.testing.assert_close(again(images(found)), model(images(found)), rtol=1e-5, atol=1e-6)


class TwoAnswers(torch.nn.Module):
    def __init__(self, several=False):
        super().__init__()
        self.mask, self.several = torch.nn.Conv2d(1, 2, 3), several

    def forward(self, x):
        y = self.mask(x)
        return (y, y.mean()) if self.several else {"mask": y, "class": y.mean((2, 3))}


def test_onnx_names_the_parts_of_an_answer_by_their_keys(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")

    def names(model):
        path = export_onnx(model, tmp_path / "net.onnx", (1, 8, 8))
        return [o.name for o in onnxruntime.InferenceSession(str(path)).get_outputs()]

    assert names(TwoAnswers()) == ["mask", "class"]
    assert len(names(TwoAnswers(several=True))) == 2 and "scores" not in names(TwoAnswers(several=True))
