"""A network as a stranger's file describes it: nothing is fetched, opened or run for it, nor of any size."""

import dataclasses
import os
import pickle
import random
import sys

import pytest
import torch

from mdp.cli import main
from mdp.core.errors import MdpError
from mdp.core.model_ref import FACTORY, MEMORY, ModelRef
from mdp.core.study import save_study
from mdp.networks import factories
from mdp.networks.models import create

from ..synthetic import synthetic_vit


@pytest.mark.parametrize(("name", "classes", "arguments", "said"), [
    ("resnet18", 2**31 - 1, {}, "GB of memory"),
    ("vit_tiny_patch16_224", 10, {"mlp_ratio": 1e6}, "GB of memory"),
    ("vit_tiny_patch16_224", 10, {"depth": 10**5}, "nothing here takes"),
    ("resnet18", 10, {"layers": [[10**5]] * 4}, "nothing here takes"),
    ("vit_tiny_patch16_224", 10, {"embed_dim": 10**400}, "nothing here takes"),
    ("vit_tiny_patch16_224", 10, {"act": {"x": float("nan")}}, "nothing here takes"),
    ("fmnist_resnet", 10, {"stem_type": "timm.models.resnet:Bottleneck"}, "cannot build"),
])  # fmt: skip
def test_no_network_of_any_size(name, classes, arguments, said):
    size = (1, 28, 28) if name.startswith("fmnist") else (3, 224, 224)
    with pytest.raises(MdpError, match=said):
        create(ModelRef(name, "none", size, classes, arguments))


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil",)


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """What is connected to, started, unpickled or opened of `evil…` from now on, in a folder that has it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(factories.VARIABLE, "")
    (tmp_path / "evil.py").write_text("open('ran', 'w')\n")
    with open("evil.pth", "wb") as file:
        pickle.dump({"state_dict": Evil()}, file)
    seen, on = [], [True]

    def hook(event, args):
        if not on:
            return
        if event in ("socket.connect", "os.system", "subprocess.Popen") or (
            event in ("open", "import") and "evil" in str(args[0])
        ):
            seen.append((event, str(args)[:200]))

    sys.addaudithook(hook)  # it stays for good, so it is switched off
    yield seen
    on.clear()
    assert not os.path.exists("ran") and not os.path.exists("evil")


KEYS = ["pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir", "weights",
        "weights_backbone", "pretrained_backbone", "backbone", "block_fn", "norm_layer", "act_layer", "file",
        "url", "hf_hub_id", "state_dict", "weight_init", "features_only", "stem_type"]  # fmt: skip
VALUES = ["evil.pth", True, "DEFAULT", "http://127.0.0.1:9/x", "hf-hub:timm/resnet18", "evil:build",
          {"file": "evil.pth", "url": "http://127.0.0.1:9/x", "hf_hub_id": "timm/resnet18"}]  # fmt: skip
NAMES = ["resnet18", "vit_tiny_patch16_224", "fmnist_vit", "torchvision/resnet18",
         "hf-hub:timm/resnet18.a1_in1k", "local-dir:.", "evil", "evil:build",
         "torchvision/ssdlite320_mobilenet_v3_large"]  # fmt: skip


def test_arguments_and_names_open_and_fetch_nothing(watched):
    chance = random.Random(20)
    for _ in range(40):
        name, key, value = chance.choice(NAMES), chance.choice(KEYS), chance.choice(VALUES)
        size = (1, 28, 28) if name.startswith("fmnist") else (3, 320, 320) if "ssd" in name else (3, 224, 224)
        try:
            with torch.device("meta"):
                create(ModelRef(name, "none", size, 10, {key: value}))
        except MdpError as error:
            assert str(error).endswith((".", "?"))
        assert watched == [], (name, key, value)


@pytest.mark.parametrize("factory", ["evil.py:build", "os:system"])
def test_no_command_runs_the_factory_of_a_study(watched, factory, capsys):
    study = synthetic_vit(blocks=1, embed=48, heads=2)
    for weights in (FACTORY, MEMORY):
        model = dataclasses.replace(study.model, factory=factory, weights=weights)
        path = str(save_study(dataclasses.replace(study, model=model), "s.json"))
        for words in (
            ["solve", path, "--budget", "60%"],
            ["front", path],
            ["extract", path, "--budget", "60%", "--out", "out"],
            ["finetune", path, "--budget", "60%", "--epochs", "0", "--data", "."],
            ["measure", path, "--budget", "60%", "--data", "."],
            ["verify", path, "--seconds", "1"],
            ["enforce", path, "60%"],
            ["iterate", path, "--budget", "60%", "--out", "it", "--data", "."],
            ["repair", path, "--budget", "60%", "--out", "mended", "--data", "."],
            ["export", path, "--csv", "csv"],
        ):
            status, err = main(words), capsys.readouterr().err
            assert "Traceback" not in err, (words, err)
            assert watched == [], (words, watched)
            assert status in (0, 2)
