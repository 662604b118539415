"""Data sets: what is found, what is said about it, and every way in which a folder can be wrong."""

import shutil

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mdp import datasets
from mdp.core.errors import BadFile, MdpError
from mdp.core.study import ModelRef
from mdp.datasets import fashion
from mdp.datasets.batches import feed
from mdp.datasets.loader import loader
from mdp.datasets.normalize import flip_and_shift
from mdp.datasets.source import Split, joined, stratified
from mdp.datasets.views import batches as view_batches
from mdp.datasets.views import view_loader
from mdp.networks.models import resolve

THREE = ModelRef("resnet10t", "none", (3, 32, 24), 3)


@pytest.fixture
def pictures(tmp_path):
    """Twelve pictures of different shapes and modes in three classes."""
    random = np.random.default_rng(0)
    for label, name in enumerate(("ant", "bee", "cat")):
        (tmp_path / name).mkdir()
        for i in range(4):
            size = (20 + 10 * i, 40 - 5 * i)
            image = Image.fromarray(random.integers(0, 256, (*size, 3), dtype=np.uint8) // 2 + 60 * label)
            image.convert(("RGB", "L", "RGBA", "P")[i]).save(tmp_path / name / f"{i}.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("not an image")
    return tmp_path


def test_the_subset_is_real_balanced_and_says_what_it_is():
    source = datasets.find("fashion-mnist-subset")
    assert "subset" in source.description and "5,000 training and 2,000 test" in source.description
    assert source.train.pixels.shape == (5000, 28, 28) and len(source.classes) == 10
    assert np.bincount(source.train.labels).tolist() == [500] * 10
    assert np.bincount(source.test.labels).tolist() == [200] * 10
    assert 0.2 < source.train.pixels.mean() / 255 < 0.4


def test_the_whole_set_is_used_where_it_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(fashion, "places", lambda: [tmp_path / "nowhere"])
    assert "subset" in datasets.find("fashion-mnist").description
    raw = tmp_path / "here" / "FashionMNIST" / "raw"  # as torchvision lays it out
    shutil.copytree(fashion.SUBSET, raw)
    monkeypatch.setattr(fashion, "places", lambda: [tmp_path / "nowhere", tmp_path / "here"])
    assert str(raw) in datasets.find("fashion-mnist").description


def test_a_damaged_set_is_not_used(tmp_path):
    shutil.copytree(fashion.SUBSET, tmp_path / "set")
    images = tmp_path / "set" / "train-images-idx3-ubyte.gz"
    whole = images.read_bytes()
    images.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadFile, match="cannot be read"):
        datasets.find(tmp_path / "set")
    shutil.copy(tmp_path / "set" / "train-labels-idx1-ubyte.gz", images)
    with pytest.raises(BadFile, match="not an IDX file"):
        datasets.find(tmp_path / "set")
    shutil.copy(tmp_path / "set" / "t10k-images-idx3-ubyte.gz", images)
    with pytest.raises(BadFile, match="do not belong together"):
        datasets.find(tmp_path / "set")


def test_class_folders_in_any_size_and_mode(pictures):
    source = datasets.find(pictures)
    assert source.classes == ("ant", "bee", "cat")
    assert (len(source.train), len(source.test)) == (10, 2) and "held out" in source.description
    batch, labels = next(feed(loader(source.train, source, THREE, 10, workers=0)))
    assert batch.shape == (10, 3, 32, 24) and labels.tolist() == source.train.labels.tolist()
    # The classes were painted in three brightnesses: labels and images belong together.
    means = [batch[labels == c].mean().item() for c in range(3)]
    assert means == sorted(means)


def test_a_split_of_ones_own(pictures):
    for part in ("train", "val"):
        for name in ("ant", "bee"):
            shutil.copytree(pictures / name, pictures / "split" / part / name)
    source = datasets.find(pictures / "split")
    assert (len(source.train), len(source.test)) == (8, 8) and source.classes == ("ant", "bee")


def test_bad_folders_get_a_sentence(pictures, tmp_path):
    with pytest.raises(MdpError, match="no images in class folders"):
        datasets.find(pictures / "empty")
    with pytest.raises(MdpError, match="no images in class folders"):
        datasets.find(pictures / "ant")  # pictures, but no classes
    with pytest.raises(MdpError, match="There is no data set 'imagenet'"):
        datasets.find("imagenet")
    with pytest.raises(MdpError, match="There is no data set"):
        datasets.find(tmp_path / "gone")


def test_an_image_that_is_none_is_named(pictures):
    (pictures / "bee" / "9.jpg").write_bytes(b"<html>not found</html>")
    source = datasets.find(pictures)
    with pytest.raises(BadFile, match=r"9\.jpg cannot be read"):
        for split in (source.train, source.test):
            for _ in loader(split, source, THREE, 4, workers=0):
                pass


def test_labels_of_other_classes_are_refused(pictures):
    source = datasets.find(pictures)
    with pytest.raises(MdpError, match="3 classes and resnet50 has 1000"):
        loader(source.train, source, resolve("resnet50"), 4)
    with pytest.raises(MdpError, match="batch of 0"):
        loader(source.train, source, THREE, 0)


def test_imagenet_folders_are_told_by_their_names(pictures):
    (pictures / "ant").rename(pictures / "n01440764")  # tench: class 0
    (pictures / "bee").rename(pictures / "n15075141")  # toilet tissue: class 999
    shutil.rmtree(pictures / "cat")
    source = datasets.find(pictures)
    ref = ModelRef("resnet10t", "none", (3, 32, 32), 1000)
    labels = torch.cat([y for _, y in loader(source.train, source, ref, 4, workers=0)])
    assert set(labels.tolist()) == {0, 999}


def test_grey_images_are_normalised_as_the_model_says():
    source = datasets.find("fashion-mnist-subset")
    ref = resolve("fmnist_resnet", "none")
    images = torch.cat([x for x, _ in feed(loader(source.train, source, ref, 500))])
    assert images.shape == (5000, 1, 28, 28)
    assert abs(images.mean()) < 0.02 and abs(images.std() - 1) < 0.02
    colour = ModelRef("vit_tiny_patch16_224", "none", (3, 32, 32), 10, {"img_size": 32})
    assert next(iter(loader(source.train, source, colour, 2)))[0].shape == (2, 3, 32, 32)


def test_each_epoch_has_its_own_order_and_a_resumed_one_the_same():
    source = datasets.find("fashion-mnist-subset")
    batches = loader(source.train.sample(64), source, resolve("fmnist_resnet", "none"), 16, train=True)

    def labels(epoch):
        batches.sampler.epoch = epoch
        return torch.cat([y for _, y in batches]).tolist()

    assert labels(0) == labels(0) != labels(1)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(1, 80), st.integers(0, 5))
def test_samples_are_distinct_and_in_proportion(labels, images, seed):
    labels = np.array(labels)
    taken = stratified(labels, images, seed)
    assert len(taken) == min(images, len(labels)) == len(set(taken.tolist()))
    for label in np.unique(labels):
        fair = len(taken) * np.mean(labels == label)
        assert abs(np.sum(labels[taken] == label) - fair) <= 2 + len(np.unique(labels)) / 2


@given(st.integers(13, 30), st.integers(13, 30), st.integers(1, 3))
def test_augmentation_only_moves_and_mirrors(height, width, channels):
    image = torch.zeros(40, channels, height, width, dtype=torch.uint8)
    image[:, :, height // 2, width // 3] = 200
    moved = flip_and_shift(image)
    assert moved.shape == image.shape and moved.dtype == torch.uint8
    assert (moved.flatten(2).sum(2) == 200).all()  # the dot is somewhere, once
    rows = moved[:, 0].amax(2).argmax(1)
    assert (rows - height // 2).abs().max() <= max(1, round(0.08 * min(height, width)))
    assert len(set(moved[:, 0].flatten(1).argmax(1).tolist())) > 1


def test_a_split_takes_files_and_pixels_alike(pictures):
    split = datasets.find(pictures).train
    picked = split.take(np.array([3, 1]))
    assert picked.files == (split.files[3], split.files[1]) and isinstance(picked, Split)


def test_imagenet_folders_may_be_called_by_class_index(pictures):
    for name, index in (("ant", "310"), ("bee", "309"), ("cat", "7")):
        (pictures / name).rename(pictures / index)
    source = datasets.find(pictures)
    _, labels = next(iter(loader(source.train, source, resolve("resnet50"), 12, workers=0)))
    assert set(labels.tolist()) == {310, 309, 7}


def test_views_are_the_same_every_time_and_halves_share_no_picture(pictures):
    source = datasets.find(pictures)
    everything = joined(source.train, source.test)
    assert len(everything) == 12
    one, two = (list(view_loader(everything, source, THREE, 4, 3, seed=5)) for _ in range(2))
    assert all(torch.equal(a, b) and torch.equal(c, d) for (a, c), (b, d) in zip(one, two, strict=True))
    evaluated = torch.cat([images for images, _ in loader(everything, source, THREE, 12, workers=0)])
    seen = torch.cat([images for images, _ in one])
    assert len(seen) == 36 and all(any(torch.equal(e, s) for s in seen) for e in evaluated)
    assert len({images.numpy().tobytes() for images in seen}) == 36


@given(st.integers(2, 30), st.integers(1, 9), st.integers(1, 4))
def test_batches_of_views_hold_everything_once(images, batch, views):
    order = view_batches(images, batch, views)
    assert sorted(i for part in order for i in part) == list(range(images * views))
    assert max(map(len, order)) <= batch + images % 2
    halves = [{i % images for part in order[half::2] for i in part} for half in (0, 1)]
    assert not halves[0] & halves[1] and abs(len(halves[0]) - len(halves[1])) <= 1
