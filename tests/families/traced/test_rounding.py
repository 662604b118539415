"""A network that makes everything of the last digits of a sum: in float32 no cut of it looks right; in
float64 the right ones do, and the wrong ones do not."""

import json

import torch
from torch import nn

import mdp
from mdp.cli import main
from mdp.cli.check import TOLERANCE, _describe
from mdp.surgery import check


class Steep(nn.Module):
    """Gates so steep that noise of 1e-7 becomes the answer, as in GhostNetV3 with weights at random."""

    def __init__(self, width=24, depth=8, slope=300.0):
        super().__init__()
        self.first, self.head, self.slope = nn.Linear(6, width), nn.Linear(width, 4), slope
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x):
        x = self.first(x)
        for layer in self.layers:
            x = x + layer(torch.sin(self.slope * x))
        return self.head(x)


def steep():
    torch.manual_seed(0)
    return Steep().eval(), torch.randn(2, 6)


def test_what_float32_cannot_tell_float64_does():
    model, x = steep()
    net = mdp.prunable(model, x)
    assert [d.units for d in net.space.dims] == [24] and len(net.space.blocks) == 8
    assert [s.name for s in net.space.skipped] == ["head"]


def test_the_check_says_what_was_rounding(capsys):
    assert main(["check", "--factory", f"{__name__}:steep", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["max_abs_difference"] < 1e-8 and row["max_abs_difference_float32"] > TOLERANCE
    assert "the same" in _describe(row) and "in float32 was rounding" in _describe(row)


def test_a_wrong_cut_is_no_rounding(capsys, monkeypatch):
    """Off by a part in ten thousand, far less than this network's rounding."""

    def wrong(*args, **more):
        network = extract(*args, **more)
        with torch.no_grad():
            network.head.bias.add_(1e-4)
        return network

    extract = check.extract
    monkeypatch.setattr(check, "extract", wrong)
    assert main(["check", "--factory", f"{__name__}:steep", "--json"]) == 1
    row = json.loads(capsys.readouterr().out)
    assert row["max_abs_difference"] > TOLERANCE and "max_abs_difference_float32" not in row
