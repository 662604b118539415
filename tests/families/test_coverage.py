"""A spread of timm's own architectures, checked as `mdp check` does; the full run is `mdp check --all`."""

import itertools
import random

import torch

from mdp.cli.check import TOLERANCE
from mdp.surgery.coverage import architectures, coverage, markdown

SPREAD, LARGEST = 20, 8e6


def spread() -> list[str]:
    """The registry, shuffled the same way each time."""
    names = architectures()
    random.Random(1).shuffle(names)
    return names


def test_a_spread_of_architectures():
    torch.set_num_threads(1)
    small = (row for row in coverage(spread(), largest=LARGEST) if row["parameters_before"] <= LARGEST)
    rows = list(itertools.islice(small, SPREAD))
    assert len(rows) == SPREAD
    wrong = [r["model"] for r in rows if "error" not in r and r["max_abs_difference"] > TOLERANCE]
    assert not wrong
    failed = {r["model"]: r["error"] for r in rows if "error" in r}
    assert len(failed) <= 2, failed
    table = markdown(rows, TOLERANCE)
    assert f"of {len(rows)} architectures work" in table
    assert all(r["model"] in table for r in rows)
