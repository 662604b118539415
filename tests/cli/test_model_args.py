"""What Python's `resolve` takes, the commands take: size, channels, classes, arguments."""

import argparse
import dataclasses
import json

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from mdp import cli
from mdp.cli.model_args import arguments, input_size, model_of, naming
from mdp.core.errors import MdpError
from mdp.core.model_ref import built_as, model_from_json, model_to_json
from mdp.families import find
from mdp.networks.models import accuracy_of, create, resolve
from mdp.operations import add_options, argv
from mdp.operations.shared import Model
from mdp.surgery.check import check_architecture

TINY = ["--arg", "channels=[8, 8, 16, 16]", "--arg", "stem_width=8"]


def own():
    return (3, 224, 224)


def test_sizes():
    assert input_size(None, None, own) is None
    assert input_size("160", None, own) == (3, 160, 160)
    assert input_size("160x192", "1", own) == (1, 160, 192)
    assert input_size("1x28x32", None, own) == (1, 28, 32)
    assert input_size("3,64,64", "3", own) == (3, 64, 64)
    assert input_size(None, "1", own) == (1, 224, 224)
    for size in ("x", "0", "-5", "1x2x3x4", "224.5", "", "9" * 99):
        with pytest.raises(MdpError):
            input_size(size, None, own)
    for size, channels in (("3x8x8", "1"), (None, "0"), (None, "")):
        with pytest.raises(MdpError):
            input_size(size, channels, own)


def test_arguments_are_json_or_words_and_never_code():
    words = [
        "depth=6",
        "stem_type=deep",
        "channels=[8, 16]",
        "act=null",
        "pool=False",
        "rate=1e-1",
        "name='x'"[:6],
    ]
    assert arguments(words[:6]) == {
        "depth": 6, "stem_type": "deep", "channels": [8, 16], "act": None, "pool": False, "rate": 0.1,
    }  # fmt: skip
    for word in (
        "depth",
        "=3",
        "a b=3",
        "x=__import__('os')",
        "x=[1,",
        "x=NaN",
        "x=1+",
        "x=Infinity",
        "x=",
        "x=3.4.5",
        "depth=abc",
        "embed_dim=true",
    ):
        with pytest.raises(MdpError):
            arguments([word])
    with pytest.raises(MdpError, match="twice"):
        arguments(["depth=6", "depth=7"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["vit_tiny_patch16_224", "--input-size", "100"], r"patches of 16 x 16.* 96 x 96 or 112 x 112"),
        (["vit_tiny_patch16_224", "--arg", "patch_size=15"], "do not divide 224 x 224"),
        (
            ["vit_tiny_patch16_224", "--arg", "img_size=64", "--input-size", "96"],
            "is built for images of 64 x 64",
        ),
        (["fmnist_vit", "--weights", "none", "--input-size", "30"], "patches of 7 x 7"),
        (["resnet18", "--arg", "nonsense=1"], "timm cannot build"),
        (["resnet18", "--arg", "checkpoint_path=evil.pth"], "open files on its own"),
        (["resnet18", "--arg", "pretrained=true"], "open files on its own"),
        (["resnet18", "--arg", "num_classes=7"], "is said by the classes"),
        (["resnet18", "--arg", "in_chans=7"], "is said by the channels"),
        (["resnet18", "--classes", "-1"], "whole number"),
        (["resnet18", "--classes", "ten"], "whole number"),
        (["resnet18", "--in-chans", "0"], "whole number"),
    ],
)
@pytest.mark.parametrize("command", ["inspect", "profile", "check"])
def test_what_cannot_be_built_is_a_sentence(command, words, said, capsys):
    import re

    if command == "check" and "--weights" in words:
        words = [w for w in words if w not in ("--weights", "none")]
    assert cli.main([command, *words]) == 2
    error = capsys.readouterr().err
    assert re.search(said, error) and "Traceback" not in error


def test_inspect_takes_what_python_takes(capsys):
    words = [
        "resnet10t",
        "--weights",
        "none",
        "--in-chans",
        "1",
        "--input-size",
        "28",
        "--classes",
        "7",
        *TINY,
    ]
    assert cli.main(["inspect", *words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["input_size"] == [1, 28, 28] and report["classes"] == 7 and report["parameters"] < 1e5
    assert cli.main(["check", words[0], *words[3:]]) == 0
    assert cli.main(["check", "resnet18", "resnet34", "--classes", "7"]) == 2


def test_an_argument_for_the_size_of_images_is_the_size_of_images():
    ref = resolve("vit_tiny_patch16_224", "none", arguments={"img_size": 64})
    assert ref.input_size == (3, 64, 64) and create(ref)(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)
    small = resolve("fmnist_vit", "none", input_size=(1, 56, 56))
    assert create(small)(torch.zeros(1, 1, 56, 56)).shape == (1, 10)


def test_another_patch_size_and_a_size_that_it_divides(capsys):
    words = ["vit_tiny_patch16_224", "--arg", "patch_size=15", "--input-size", "225", "--json"]
    assert cli.main(["inspect", *words]) == 0
    assert json.loads(capsys.readouterr().out)["input_size"] == [3, 225, 225]


def test_models_whose_own_size_leaves_a_rest_are_what_they_are():
    ref = resolve(
        "vit_so400m_patch14_siglip_384", "none", arguments={"depth": 1, "embed_dim": 32, "num_heads": 2}
    )
    assert ref.input_size == (3, 384, 384)


@pytest.mark.parametrize(
    "name",
    ["resnet10t", "resnet26", "seresnet18", "fmnist_resnet", "fmnist_vit", "lcnet_035",
     "mobilenetv3_small_050", "convnext_atto", "deit_tiny_distilled_patch16_224"],
)  # fmt: skip
def test_no_classifier(name):
    ref = resolve(name, "none", classes=0)
    assert ref.classes == 0 and model_from_json(model_to_json(ref)) == ref
    result = check_architecture(name, ref=ref)
    assert result["max_abs_difference"] < 1e-4 and result["dims"]
    assert cli.main(["inspect", name, "--weights", "none", "--classes", "0", "--json"]) == 0


def test_a_new_head_on_a_checkpoint(tmp_path):
    state = create(resolve("resnet10t", "none", classes=7)).state_dict()
    save_file(state, tmp_path / "x.safetensors")
    path = str(tmp_path / "x.safetensors")
    for classes, new in ((None, False), (7, False), (3, True), (0, False)):
        ref = resolve("resnet10t", path, classes=classes)
        assert ref.new_head is new and model_from_json(model_to_json(ref)) == ref
        model = create(ref)
        assert torch.equal(model.conv1[0].weight, state["conv1.0.weight"])
        assert model(torch.zeros(1, 3, 32, 32)).shape[1] == (512 if classes == 0 else classes or 7)
    demo = resolve("fmnist_resnet", classes=4)
    assert demo.new_head and create(demo).fc.out_features == 4
    assert find(create(resolve("fmnist_vit", classes=0)), resolve("fmnist_vit", classes=0)).space.dims


@pytest.fixture
def three_classes(tmp_path):
    for i in range(12):
        (tmp_path / "data" / "abc"[i % 3]).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (20 * i, 9, 9)).save(tmp_path / "data" / "abc"[i % 3] / f"{i}.png")
    return str(tmp_path / "data")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--classes", "5"], "3 classes and resnet10t has 5"),
        (["--classes", "0"], "without a classifier"),
        (["--classes", "3", "--in-chans", "4"], "4 channels"),
        (["--classes", "3", "--in-chans", "2"], "2 channels"),
    ],
)
@pytest.mark.parametrize("command", ["inspect", "score"])
def test_images_that_do_not_fit_are_refused_before_weights_are_fetched(
    command, words, said, three_classes, monkeypatch, capsys
):
    monkeypatch.setattr("timm.create_model", _no_weights(__import__("timm").create_model))
    words = ["resnet10t", "--weights", "pretrained", *words, *TINY, "--data", three_classes]
    assert cli.main([command, *words]) == 2
    assert said in capsys.readouterr().err


def _no_weights(build):
    def create_model(*args, pretrained=False, **how):
        assert not pretrained
        return build(*args, **how)

    return create_model


def test_score_on_ones_own_classes_leaves_bad_images_out_if_asked(three_classes, tmp_path, capsys):
    (tmp_path / "data" / "a" / "bad.png").write_bytes(b"")
    (tmp_path / "data" / "b" / "bad.jpg").write_bytes(b"")
    words = ["score", "resnet10t", "--weights", "none", "--classes", "3", "--input-size", "32", *TINY]
    words += [
        "--data",
        three_classes,
        "--device",
        "cpu",
        "--out",
        str(tmp_path / "scores.json"),
        "--with-test",
    ]
    assert cli.main(words) == 2
    error = capsys.readouterr().err
    assert "2 of 14 images cannot be read" in error and "bad.png" in error and "bad.jpg" in error
    assert cli.main([*words, "--skip-bad"]) == 0
    assert "Left out: 2 of 14 images" in capsys.readouterr().err
    assert json.loads((tmp_path / "scores.json").read_text())["model"]["classes"] == 3


def test_files_of_a_model_built_otherwise_have_names_of_their_own():
    small = resolve("resnet10t", "none", input_size=(3, 64, 64), arguments={"stem_width": 8})
    named = {built_as(ref) for ref in (small, resolve("resnet10t"), resolve("resnet10t", classes=7))}
    assert len(named) == 3 and all(len(name) < 60 for name in named)


def test_a_demo_network_built_otherwise_has_not_the_demos_accuracy():
    assert accuracy_of(resolve("fmnist_resnet")) is not None
    for how in ({"classes": 4}, {"classes": 0}, {"input_size": (1, 32, 32)}):
        assert accuracy_of(resolve("fmnist_resnet", **how)) is None


def test_a_size_beyond_what_is_taken_says_what_is():
    with pytest.raises(MdpError, match="from 1 to 99999"):
        input_size("100000x4", None, lambda: (3, 28, 28))


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("fmnist_vit", {}),
        ("fmnist_resnet", {"classes": 4, "input_size": (1, 32, 32)}),
        ("resnet18", {"weights": "none", "classes": 0}),
        ("vit_tiny_patch16_224", {"weights": "none", "input_size": (1, 96, 64), "arguments": {"depth": 3}}),
        ("resnet18", {"weights": "none", "arguments": {"stem_type": "deep", "layers": [1, 1, 1, 1]}}),
    ],
)
def test_words_that_name_a_model_again(name, how):
    """What measures a study's tables once more must measure the same model."""
    how = dict(how)
    ref = resolve(name, how.pop("weights", None), **how)
    parser = argparse.ArgumentParser()
    add_options(parser, Model)
    assert model_of(Model(**naming(ref))) == ref
    assert model_of(parser.parse_args(argv(Model(**naming(ref))))) == ref


def test_no_words_name_weights_in_memory():
    with pytest.raises(MdpError, match="held in memory"):
        naming(dataclasses.replace(resolve("resnet18", "none"), weights="memory"))
