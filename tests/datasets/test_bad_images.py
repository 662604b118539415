"""Images that cannot be read: all named before long work, left out if asked; and none ends long work."""

import numpy as np
import pytest
from PIL import Image

from mdp import datasets
from mdp.core.errors import BadFile, Cancelled
from mdp.core.progress import Reporter
from mdp.core.study import ModelRef
from mdp.datasets.batches import feed
from mdp.datasets.checking import checked, checked_source, why_bad
from mdp.datasets.loader import loader
from mdp.datasets.unreadable import Unread
from mdp.solve import solve
from mdp.training.finetune import finetune
from mdp.training.pruned import of_plan
from mdp.training.recipe import Recipe

from ..training.tiny import RESNET, tiny_study

LATENCIES = ("latency_measured", "latency_measured_dense", "latency_predicted", "device")
REF = ModelRef("resnet10t", "none", (3, 32, 32), 2)


class Ears(Reporter):
    def __init__(self):
        super().__init__()
        self.heard = []

    def message(self, text):
        self.heard.append(text)


@pytest.fixture
def root(tmp_path):
    random = np.random.default_rng(0)
    for name in "ab":
        (tmp_path / name).mkdir()
        for i in range(12):
            image = Image.fromarray(random.integers(0, 256, (40, 40, 3), dtype=np.uint8))
            image.save(tmp_path / name / f"{i}.{('png', 'jpg', 'webp', 'tif')[i % 4]}")
    return tmp_path


def spoil(root):
    """Seven ways to be no picture."""
    for name in ("0.png", "1.jpg", "2.webp", "3.tif"):
        whole = (root / "a" / name).read_bytes()
        (root / "a" / name).write_bytes(whole[: len(whole) // 2])
    (root / "b" / "0.png").write_bytes(b"")
    (root / "b" / "1.jpg").write_bytes(b"<html>not found</html>")
    Image.fromarray(np.full((4, 4), np.nan, np.float32)).save(root / "b" / "3.tif")
    return ["a/0.png", "a/1.jpg", "a/2.webp", "a/3.tif", "b/0.png", "b/1.jpg", "b/3.tif"]


def test_good_files_are_good(root):
    assert not any(why_bad(path) for path in root.rglob("*.*"))


def test_all_bad_files_are_named_at_once(root):
    bad, source = spoil(root), datasets.find(root)
    with pytest.raises(BadFile, match=r"7 of 24 images cannot be read.*--skip-bad") as caught:
        checked([source.train, source.test], Reporter())
    assert all(name in str(caught.value) for name in bad) and "\n" not in str(caught.value)


def test_the_first_are_named_and_all_are_counted(root):
    for i in range(20):
        (root / "b" / f"bad{i}.png").write_bytes(b"")
    with pytest.raises(BadFile, match=r"20 of 44 images .* and 10 more\. Remove"):
        checked_source(datasets.find(root), Reporter())


def test_bad_files_are_left_out_if_asked_and_said(root):
    bad, ears = spoil(root), Ears()
    source = checked_source(datasets.find(root), ears, skip_bad=True)
    assert len(source.train) + len(source.test) == 17
    assert len(ears.heard) == 1 and all(name in ears.heard[0] for name in bad)
    for split in (source.train, source.test):
        assert all(source.classes[k] == p.parent.name for p, k in zip(split.files, split.labels, strict=True))


def test_nothing_left_is_a_sentence(root):
    for path in root.rglob("*.*"):
        path.write_bytes(b"")
    with pytest.raises(BadFile, match="Nothing is left"):
        checked_source(datasets.find(root), Reporter(), skip_bad=True)


def test_looking_can_be_cancelled(root, monkeypatch):
    monkeypatch.setattr("mdp.datasets.checking.STRIDE", 4)
    with pytest.raises(Cancelled):
        checked_source(datasets.find(root), Reporter(cancelled=lambda: True))


def test_only_what_is_used_is_looked_at(root):
    spoil(root)
    source = datasets.find(root)
    few = checked_source(source, Reporter(), images=4, seed=1, skip_bad=True)
    assert not any(why_bad(path) for path in few.train.sample(4, 1).files)
    whole = datasets.find("fashion-mnist-subset")
    same = checked_source(whole, Reporter(), images=64)
    assert np.array_equal(same.train.sample(64).labels, whole.train.sample(64).labels)


@pytest.mark.parametrize("workers", [0, 2])
def test_others_of_the_class_stand_in_for_files_that_turn_bad(root, tmp_path, workers):
    source = datasets.find(root)
    unread = Unread(tmp_path / "out" / "unread.txt")
    batches = loader(source.train, source, REF, 4, train=True, workers=workers, unread=unread)
    gone, cut = source.train.files[0], source.train.files[5]
    gone.unlink()
    cut.write_bytes(b"")
    for _ in range(2):
        labels = [int(k) for _, ks in feed(batches) for k in ks]
        assert len(labels) == len(source.train) // 4 * 4
    ears = Ears()
    unread.tell(ears)
    assert len(ears.heard) == 1 and ears.heard[0].startswith("2 images could not be read in the middle")
    assert str(gone) in ears.heard[0] and str(cut) in ears.heard[0] and not unread.path.exists()
    unread.tell(ears)
    assert len(ears.heard) == 1


def test_a_disk_that_is_gone_ends_the_work_with_a_sentence(root, tmp_path):
    source = datasets.find(root)
    batches = loader(source.train, source, REF, 4, workers=1, unread=Unread(tmp_path / "unread.txt"))
    for path in source.train.files:
        path.unlink()
    with pytest.raises(BadFile, match="is still there") as caught:
        list(feed(batches))
    assert "Traceback" not in str(caught.value)


def test_a_file_that_turns_bad_ends_no_fine_tuning_and_is_said(tmp_path, monkeypatch):
    """Two files were good when the folder was listed, and are not any more."""
    monkeypatch.setattr("mdp.training.finetune._latencies", lambda *_: dict.fromkeys(LATENCIES))
    ears = Ears()
    for i in range(60):
        folder = tmp_path / "data" / str(i % 10)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((28, 28), 4 * i, np.uint8)).save(folder / f"{i}.png")
    source = datasets.find(tmp_path / "data")
    gone, cut = source.train.files[3], source.test.files[2]
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[:40])
    study = tiny_study(RESNET)
    plan = solve(study.problem, 0.7 * study.problem.dense_latency)
    recipe = Recipe(epochs=2, batch=8)
    outcome = finetune(of_plan(study, plan), source, recipe, tmp_path / "out", ears)
    assert outcome.accuracy_tuned is not None and (tmp_path / "out" / "model.safetensors").is_file()
    (said,) = [text for text in ears.heard if "could not be read in the middle" in text]
    assert str(gone) in said and str(cut) in said and said.startswith("2 images")
    assert not (tmp_path / "out" / "unread-images.txt").exists()
