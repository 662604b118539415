"""Which folders are classes, which are splits, what is left out; each is said."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mdp import datasets
from mdp.core.errors import MdpError
from mdp.datasets.splits import role


def lay(root: Path, *places: str, images: int = 3) -> Path:
    """A folder of pictures at each place."""
    for place in places:
        (root / place).mkdir(parents=True, exist_ok=True)
        for i in range(images):
            Image.new("RGB", (4, 4)).save(root / place / f"{i}.png")
    return root


TWO = [
    ("train", "val"), ("training_set", "test_set"), ("Training", "Testing"), ("train", "dev"),
    ("TRAIN", "Valid"), ("trainset", "evaluation"), ("seg_train", "seg_test"),
    ("Train_Images", "Test-Images"), ("train2017", "val2017"),
    ("01_train", "02_validation"), ("trainingData", "testData"), ("training", "holdout"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), TWO)
@pytest.mark.parametrize("above", ["", "archive/", "archive/data/"])
def test_splits_by_their_usual_names(tmp_path, one, other, above):
    root = lay(tmp_path, *(f"{above}{part}/{c}" for part in (one, other) for c in "ab"))
    lay(tmp_path, f"{above}{other}/a", images=1)
    source = datasets.find(root)
    assert source.classes == ("a", "b") and (len(source.train), len(source.test)) == (6, 6)
    assert all(one in path.parts for path in source.train.files)


def test_a_split_may_hold_a_folder_of_its_name(tmp_path):
    lay(tmp_path, *(f"seg_{p}/seg_{p}/{c}" for p in ("train", "test") for c in "ab"))
    assert datasets.find(tmp_path).classes == ("a", "b")


def test_train_alone_is_no_class(tmp_path):
    source = datasets.find(lay(tmp_path, "train/a", "train/b", images=5))
    assert source.classes == ("a", "b") and (len(source.train), len(source.test)) == (8, 2)
    assert "held out from train, the only split" in source.description


def test_of_three_splits_test_stays_unseen_and_that_is_said(tmp_path):
    source = datasets.find(lay(tmp_path, *(f"{p}/{c}" for p in ("Train", "Val", "Test") for c in "ab")))
    assert (
        all("Val" in p.parts for p in source.test.files) and "Test is not used (6 images)" in source.summary
    )


def test_images_to_be_told_are_no_class(tmp_path):
    source = datasets.find(lay(tmp_path, "train/a", "train/b", "test"))
    assert source.classes == ("a", "b") and "test is not used: its 3 images are in no class" in source.summary


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (("one/a", "one/b", "two/a", "two/b"), "not known as splits.*one .folders a, b; 6 images., two"),
        (("fold1/a", "fold2/a", "fold3/a"), "not known as splits"),
        (("train", "test"), "names of splits, and there are no class folders"),
        (("train/a", "training/a"), "two folders are named as the same split"),
        (("train/a", "test/a", "extra/a"), "extra is no split by its name"),
        (("train/a", "test/a", "plots"), r"plots is no split by its name.*plots \(3 images\)"),
        (("val/a", "val/b", "test/a"), "nothing to train on"),
    ],
)
def test_what_cannot_be_told_is_refused_with_what_was_found(tmp_path, places, said):
    with pytest.raises(MdpError, match=said):
        datasets.find(lay(tmp_path, *places))


@pytest.mark.parametrize(
    "names", [("bus", "car", "train"), ("crash test", "road"), ("valid ticket", "forged")]
)
def test_classes_that_are_called_like_splits_stay_classes(tmp_path, names):
    assert datasets.find(lay(tmp_path, *names)).classes == tuple(sorted(names))


def test_names_of_splits():
    assert [role(n) for n in ("TrainSet", "my-dev-split", "t", "train_val", "cat", "2_TEST")] == [
        "train", "val", None, None, None, "test",
    ]  # fmt: skip


def test_left_overs_are_no_data_and_all_that_is_left_out_is_counted(tmp_path):
    hidden = ".ipynb_checkpoints", "__MACOSX/a", "a/.thumbs", "b/.ipynb_checkpoints"
    root = lay(tmp_path, "a", "b", "empty", *hidden)
    for path in (root / "empty").iterdir():
        path.unlink()
    for name in ("a/._0.png", "a/Thumbs.db", "a/x.gif", "b/y.gif", "b/z.jfif", "b/.hidden.png", "readme"):
        (root / name).write_bytes(b"")
    source = datasets.find(root)
    assert source.classes == ("a", "b") and len(source.train) + len(source.test) == 6
    for said in ("2 .gif", "1 .jfif", "1 without an ending", "7 hidden or left-over", "no class: empty."):
        assert said in source.summary
    assert not any(".gif" in part for part in source.description.split())


def test_linked_folders_are_followed_once_and_said(tmp_path):
    lay(tmp_path / "elsewhere", "c", "more")
    root = lay(tmp_path / "set", "a", "b")
    (root / "c").symlink_to(tmp_path / "elsewhere" / "c")
    (root / "a" / "more").symlink_to(tmp_path / "elsewhere" / "more")
    (root / "b" / "up").symlink_to(root)
    (root / "b" / "gone.png").symlink_to(tmp_path / "nothing")
    source = datasets.find(root)
    assert source.classes == ("a", "b", "c") and len(source.train) + len(source.test) == 12
    assert "2 linked folders were followed" in source.summary
    assert "2 links that lead nowhere" in source.summary


def test_images_beside_the_classes_are_said(tmp_path):
    root = lay(tmp_path, "train/a", "train/b", "test/a", "test/b")
    Image.new("RGB", (4, 4)).save(root / "preview.png")
    Image.new("RGB", (4, 4)).save(root / "train" / "astray.png")
    assert "2 images beside the class folders are not used" in datasets.find(root).summary


def test_classes_without_training_images_are_said(tmp_path):
    source = datasets.find(lay(tmp_path, "train/a", "train/b", "test/a", "test/b", "test/c"))
    assert "Without training images: c." in source.summary


def test_finding_needs_no_torch():
    import subprocess
    import sys

    code = "import sys, mdp.datasets, mdp.datasets.checking, mdp.networks.models\n"
    code += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_labels_follow_the_folders(tmp_path):
    source = datasets.find(lay(tmp_path, "Training/b", "Training/a", "Testing/b"))
    for split in (source.train, source.test):
        for path, label in zip(split.files, split.labels, strict=True):
            assert source.classes[label] == path.parent.name
    assert np.bincount(source.train.labels).tolist() == [3, 3]
