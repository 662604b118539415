"""Pictures with boxes in Pascal VOC's layout, as the benchmark of a detector reads them."""

import pytest
import torch
from PIL import Image

from benchmarks.detection.voc import Pictures, mirrored
from mdp.core.errors import MdpError

NOTE = """<annotation><object><name>WBC</name><bndbox><xmin>20</xmin><ymin>10</ymin><xmax>60</xmax>
<ymax>30</ymax></bndbox></object><object><name>flaw</name><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>5</xmax>
<ymax>9</ymax></bndbox></object></annotation>"""
HOW = {"classes": ("RBC", "WBC"), "size": (40, 40), "mean": (0.5,) * 3, "std": (0.5,) * 3, "batch": 2}


@pytest.fixture
def folder(tmp_path):
    for part in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (tmp_path / part).mkdir(parents=True)
    for i in range(3):
        image = Image.new("RGB", (80, 40))
        image.paste((255, 255, 255), (20, 10, 60, 30))
        image.save(tmp_path / "JPEGImages" / f"p{i}.jpg", quality=95)
        (tmp_path / "Annotations" / f"p{i}.xml").write_text(NOTE)
    (tmp_path / "ImageSets" / "Main" / "train.txt").write_text("p0\np1\np2\n")
    (tmp_path / "ImageSets" / "Main" / "val.txt").write_text("")
    return tmp_path


def test_boxes_go_with_their_pictures(folder):
    batches = list(Pictures(folder, "train", **HOW))
    assert [len(images) for images, _ in batches] == [2, 1]
    images, targets = batches[0]
    assert targets[0]["boxes"].tolist() == [[10, 10, 30, 30]] and targets[0]["labels"].tolist() == [1]
    assert images[0, :, 12:28, 12:28].mean() > 0.95 and images[0, :, :6].mean() < -0.95


def test_training_pictures_are_mirrored_anew_and_keep_their_boxes(folder):
    train = Pictures(folder, "train", mirrored=True, **HOW)
    assert len(train) == 1 == len(list(train))
    image, target = torch.arange(12.0).reshape(1, 3, 4), {"boxes": torch.tensor([[0.0, 0, 1, 2]])}
    image, target = mirrored(image, target, True, True)
    assert target["boxes"].tolist() == [[3, 1, 4, 3]] and image[0, 0, 0] == 11
    with pytest.raises(MdpError, match="names no pictures"):
        Pictures(folder, "val", **HOW)
