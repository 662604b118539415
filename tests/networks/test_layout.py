"""Channels last, which torch has for images alone."""

import pytest
import torch
from torch import nn

import mdp
from mdp.training.recipe import Recipe
from mdp.training.regularize import in_training


def volumes():
    return nn.Sequential(
        nn.Conv3d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv3d(8, 8, 3, padding=1),
        nn.Flatten(),
        nn.Linear(512, 3),
    )


def test_a_network_of_volumes_is_profiled():
    net = mdp.prunable(volumes(), torch.randn(2, 1, 4, 4, 4))
    tables = mdp.profile(net, mdp.Deployment("cpu", threads=1), seconds=0.001, progress=False)
    assert tables.provenance["memory_format"] == "contiguous"


def test_channels_last_is_refused_for_volumes():
    net = mdp.prunable(volumes(), torch.randn(2, 1, 4, 4, 4))
    here = mdp.Deployment("cpu", threads=1, memory_format="channels_last")
    with pytest.raises(mdp.MdpError, match="tensors of five axes"):
        mdp.profile(net, here, seconds=0.001, progress=False)
    recipe = Recipe(epochs=1, channels_last=True)
    with pytest.raises(mdp.MdpError, match="tensors of five axes"), in_training(volumes(), recipe):
        pass
