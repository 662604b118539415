"""Recipes: files that say how to train, and everything that they can ask for."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from mdp import datasets
from mdp.core.errors import BadFile, Cancelled, MdpError
from mdp.core.study import ModelRef
from mdp.datasets.augment import Augment, PictureTransform
from mdp.datasets.batches import feed
from mdp.datasets.loader import loader
from mdp.networks.models import DataConfig, create
from mdp.training.losses import Tap, hard, unlike
from mdp.training.mixing import mixing
from mdp.training.optimizers import convolutional
from mdp.training.recipe import (
    Recipe,
    augment_of,
    eased,
    recipe_from_json,
    recipe_names,
    recipe_of,
    recipe_to_json,
)
from mdp.training.regularize import drop_paths, in_training
from mdp.training.teacher import teacher_of

from .test_loop import RECIPE, Watching, run
from .tiny import RESNET, VIT


@pytest.fixture(scope="module")
def source():
    return datasets.find("fashion-mnist-subset")


@pytest.mark.parametrize("name", recipe_names())
def test_named_recipes_are_whole_and_can_be_written_and_read(name):
    recipe = recipe_of(name)
    assert recipe_from_json(json.loads(json.dumps(recipe_to_json(recipe)))) == recipe


def test_a_file_of_ones_own_and_values_of_the_command_line(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text('{"epochs": 3, "rate": 1}')
    assert recipe_of(str(path)) == Recipe(epochs=3, rate=1.0)
    assert recipe_of(str(path), epochs=7, batch=None) == Recipe(epochs=7, rate=1.0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"epochs": 3, "learning_rate": 1}', "unknown key 'learning_rate'.*epochs, batch"),
        ('{"epochs": "3"}', "'epochs' must be a whole number, not '3'"),
        ('{"epochs": true}', "'epochs' must be a whole number"),
        ('{"epochs": 3, "rate": "NaN"}', "'rate' must be a number"),
        ('{"epochs": 3, "rate": -1}', "'rate' must lie between"),
        ('{"epochs": 3, "schedule": "stairs"}', "'schedule' must be one of 'cosine', 'linear'"),
        ('{"rate": 0.1}', "does not say how many epochs"),
        ('{"epochs": 3, "optimizer": "sturm"}', "there is no optimizer 'sturm'"),
        ('{"epochs": 3, "optimizer": "adahessian"}', "'adahessian' needs second derivatives"),
        ('{"epochs": 3, "optimizer": "sgd", "momentum": 0}', "'sgd' cannot be made: Nesterov"),
        ('{"epochs": 3, "augment": "blur-me"}', "'augment' must be none, shift, crop, or timm's words"),
        ('{"epochs": 3, "augment": "rand-bogus"}', "'augment' has 'bogus' behind 'rand', where only m, n"),
        ('{"epochs": 3, "augment": "rand--m9"}', "'augment' has '' behind 'rand'"),
        ('{"epochs": 3, "augment": "rand-m9-p7"}', "'p7', where 'p' takes a number between 0 and 1"),
        ('{"epochs": 3, "augment": "rand-m9.5"}', "'m9.5', where 'm' takes a whole number"),
        ('{"epochs": 3, "augment": "original-m9"}', "'m9' behind 'original', where only mstd"),
        ('{"epochs": 3, "augment": "augmix-w0"}', "'w0', where 'w' takes a whole number"),
        ("[3]", "not an object"),
        ("{", "recipe"),
    ],
)
def test_a_recipe_that_cannot_be_is_a_sentence(tmp_path, text, sentence):
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(BadFile, match=sentence):
        recipe_of(str(tmp_path / "mine.json"))


def test_the_rate_is_lower_where_little_was_cut():
    recipe = Recipe(epochs=1, rate=0.01, gentle=0.5)
    assert [round(eased(recipe, cut).rate, 6) for cut in (0.8, 0.5, 0.25, 0.0)] == [0.01, 0.01, 0.005, 0.001]
    assert eased(Recipe(epochs=1, rate=0.01), 0.1).rate == 0.01


def test_networks_of_convolutions_may_have_a_rate_of_their_own():
    recipe = Recipe(epochs=1, rate=0.002, convolutional=0.006, gentle=0.5)
    assert eased(recipe, 0.5, convolutional=True).rate == 0.006
    assert round(eased(recipe, 0.25, convolutional=True).rate, 6) == 0.003
    assert eased(recipe, 0.5).rate == 0.002
    assert eased(Recipe(epochs=1, rate=0.002), 0.5, convolutional=True).rate == 0.002
    assert convolutional(create(RESNET)) and not convolutional(create(VIT))
    assert recipe_of("quick").convolutional > recipe_of("quick").rate


def test_a_recipe_that_is_not_there():
    with pytest.raises(MdpError, match=r"no recipe 'slow'.*imagenet-cnn, imagenet-vit, quick, thorough"):
        recipe_of("slow")


@pytest.mark.parametrize("kind", ["crop", "rand-m9-mstd0.5-inc1", "original-mstd0.5"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_varies_with_the_epoch_and_with_nothing_else(kind, channels):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8))
    config = DataConfig((channels, 24, 24), (0.5,) * channels, (0.25,) * channels)
    vary = PictureTransform(Augment(kind, seed=3), config)
    first = vary(picture, 1, 7)
    torch.manual_seed(5)
    np.random.seed(5)
    assert first.dtype == torch.uint8 and first.shape == (channels, 24, 24)
    assert torch.equal(first, vary(picture, 1, 7))
    assert not torch.equal(first, vary(picture, 2, 7)) and not torch.equal(first, vary(picture, 1, 8))


@pytest.mark.parametrize(
    "words",
    ["rand-m100-n10-p1-mmax100-mstd1000-inc1", "rand-n10-p1-mstd5-tweights", "rand-n10-p1-mstd5-t3aw",
     "rand-n10-p1-t3a", "augmix-m100-w3-d3-b1-a0.2", "v0r-mstd100", "originalr-mstd100", "3a-mstd100"],
)  # fmt: skip
def test_every_word_that_a_recipe_may_hold_makes_pictures(words):
    """Strong ones ask for pictures of no bits, which Pillow refuses."""
    assert recipe_from_json({"epochs": 1, "augment": words}).augment == words
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8))
    vary = PictureTransform(Augment(words), DataConfig((3, 24, 24), (0.5,) * 3, (0.25,) * 3))
    assert all(vary(picture, epoch, 0).shape == (3, 24, 24) for epoch in range(60))


def test_what_is_drawn_for_pictures_leaves_the_generators_alone():
    picture = Image.new("RGB", (30, 30))
    vary = PictureTransform(Augment("rand-m9"), DataConfig((3, 24, 24), (0.5,) * 3, (0.25,) * 3))
    np.random.seed(1)
    torch.manual_seed(1)
    expected = np.random.rand(), torch.rand(1)
    np.random.seed(1)
    torch.manual_seed(1)
    vary(picture, 0, 0)
    assert (np.random.rand(), torch.rand(1)) == expected


def test_an_augmentation_that_nobody_knows_is_a_sentence(source):
    with pytest.raises(MdpError, match="no augmentation 'blur-me'"):
        loader(source.train, source, RESNET, 8, train=True, augment=Augment("blur-me"))


def test_erasing_and_augmentation_reach_the_batches(source):
    part = source.train.sample(16)
    plain = loader(part, source, RESNET, 16, train=True, augment=Augment("none"))
    erased = loader(part, source, RESNET, 16, train=True, augment=Augment("none", erase=1.0))
    (a, _), (b, _) = next(iter(feed(plain))), next(iter(feed(erased)))
    changed = (a != b).flatten(1).float().mean(1)
    assert (changed > 0).all() and (changed < 0.9).all()


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_of_varied_pictures_is_the_same_with_any_workers(source, workers):
    augment, part = Augment("crop"), source.train.sample(16)
    batches = loader(part, source, RESNET, 8, train=True, augment=augment, workers=workers)
    alone = loader(part, source, RESNET, 8, train=True, augment=augment, workers=0)
    batches.sampler.epoch = alone.sampler.epoch = 2
    for (a, labels), (b, same) in zip(batches, alone, strict=True):
        assert torch.equal(a, b) and torch.equal(labels, same)


def test_mixed_targets_are_shares_of_classes():
    recipe = Recipe(epochs=1, mixup=0.8, cutmix=1.0)
    np.random.seed(0)
    images, targets = mixing(create(RESNET), recipe)(torch.randn(5, 1, 28, 28), torch.arange(5))
    assert images.shape == (4, 1, 28, 28) and targets.shape == (4, 10)
    assert targets.sum(1).tolist() == pytest.approx([1.0] * 4)
    with pytest.raises(MdpError, match="mix classes"):
        mixing(torch.nn.Linear(2, 2), recipe)
    with pytest.raises(MdpError, match="mix classes"):
        mixing(create(RESNET), recipe, lambda outputs, labels: outputs.sum())


EVERYTHING = dict(
    mixup=0.8, cutmix=1.0, erase=0.25, drop_path=0.2, distill=0.5, features=1.0, ema=0.9, layer_decay=0.8,
    schedule="linear", channels_last=True, augment="rand-m5",
)  # fmt: skip


@pytest.mark.parametrize("ref", [RESNET, VIT], ids=["resnet", "vit"])
def test_everything_at_once_resumes_as_an_unbroken_run(source, tmp_path, ref):
    recipe, images = dataclasses.replace(RECIPE, **EVERYTHING), 96
    batches = {"images": images, "augment": augment_of(recipe)}
    whole, history = run(source, tmp_path / "whole", recipe, ref=ref, teacher=create(ref), **batches)
    with pytest.raises(Cancelled):  # 3 steps and 2 test batches an epoch: in the middle of the second
        run(source, tmp_path / "cut", recipe, Watching(stop=6), ref=ref, teacher=create(ref), **batches)
    again, resumed = run(source, tmp_path / "cut", recipe, ref=ref, teacher=create(ref), **batches)
    assert [e["loss"] for e in resumed.epochs] == [e["loss"] for e in history.epochs]
    expected = whole.state_dict()
    assert all(torch.equal(expected[name], tensor) for name, tensor in again.state_dict().items())
    assert (tmp_path / "whole" / "best.safetensors").is_file()
    names = {type(module).__name__ for module in whole.modules()}
    assert "DropPath" not in names  # it was there for training alone


def test_drop_paths_rise_to_the_last_block_and_go_again():
    model = create(ModelRef("test_vit", "none", (3, 160, 160), 10))
    former = [type(m) for m in model.modules()]
    with in_training(model, Recipe(epochs=1, drop_path=0.3)):
        rates = [m.drop_prob for m in model.modules() if type(m).__name__ == "DropPath"]
        assert rates[0] == 0 and rates[-1] == pytest.approx(0.3) and rates == sorted(rates)
    assert [type(m) for m in model.modules()] == former
    assert drop_paths(torch.nn.Linear(2, 2), 0.5) == []


def test_features_of_other_widths_are_compared():
    torch.manual_seed(0)
    features = torch.randn(6, 32)
    turned = torch.linalg.qr(torch.randn(32, 32)).Q
    assert unlike(features @ turned, features).item() == pytest.approx(0, abs=1e-9)
    assert unlike(3 * features, features).item() == pytest.approx(0, abs=1e-9)
    assert 0 < unlike(torch.randn(6, 8), features).item() < 2


def test_a_tap_sees_what_the_classifier_is_given():
    model = create(VIT)
    tap = Tap(model)
    model(torch.randn(2, 1, 28, 28))
    assert tap.features.shape == (2, model.num_features)
    tap.remove()
    del tap.features
    model(torch.randn(2, 1, 28, 28))
    assert not hasattr(tap, "features")


def test_a_hard_teacher_says_one_class():
    told = torch.tensor([[0.0, 3.0, 1.0]])
    assert hard(torch.zeros(1, 3), told).item() == pytest.approx(math.log(3))


def test_a_teacher_of_other_classes_or_images_is_refused():
    with pytest.raises(MdpError, match="cannot teach fmnist_vit: it takes images of 1 x 28 x 28, and"):
        teacher_of("fmnist_resnet", ModelRef("fmnist_vit", "demo", (3, 224, 224), 10))
    with pytest.raises(MdpError, match="it tells 10 classes apart, and mine 7"):
        teacher_of("fmnist_resnet", ModelRef("mine", "none", (1, 28, 28), 7))
    assert not teacher_of("fmnist_resnet", ModelRef("fmnist_vit", "demo", (1, 28, 28), 10)).training


def test_bounds_are_said_with_all_their_digits():
    with pytest.raises(BadFile, match=r"between 0 and 1,000,000, not at 1,000,001"):
        recipe_from_json({"epochs": 1_000_001})
