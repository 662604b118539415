"""A network is trained from scratch on the data that it is for, and on no other."""

import numpy as np
import pytest
from PIL import Image

from mdp.core.errors import MdpError
from mdp.core.progress import Reporter
from mdp.networks.demos import DEMOS
from mdp.training.demo import STAGES, train_demo


def test_other_classes_are_refused_before_anything_is_trained(tmp_path):
    with pytest.raises(MdpError, match="airplane"):
        train_demo("cifar_resnet20", "fashion-mnist-subset", STAGES["cifar_resnet20"], tmp_path, Reporter())


def test_the_cifar_resnet_is_trained_from_folders_of_pictures_and_its_card_says_how(tmp_path, monkeypatch):
    from dataclasses import replace

    from mdp.core.files import read_json

    monkeypatch.setenv("MDP_DATA", str(tmp_path / "mine"))
    draw = np.random.default_rng(0)
    for part in ("train", "test"):
        for name in DEMOS["cifar_resnet20"].class_names:
            folder = tmp_path / "pictures" / part / name
            folder.mkdir(parents=True)
            for i in range(2):
                Image.fromarray(draw.integers(0, 255, (32, 32, 3), np.uint8)).save(folder / f"{i}.jpg")
    (stage,) = STAGES["cifar_resnet20"]
    short = (replace(stage, recipe=replace(stage.recipe, epochs=1, batch=10)),)
    path = train_demo("cifar_resnet20", str(tmp_path / "pictures"), short, tmp_path, Reporter())
    card = read_json(path.with_suffix(".json"))
    assert path.is_file() and card["plain_stem"] and card["train_images"] == 20
    assert "CIFAR-10" in card["data"] and "--data" in card["command"]
