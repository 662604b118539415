"""Untrained weights that are the same each time."""

import random
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def same_numbers() -> Iterator[None]:
    """Random numbers (torch's, Python's, NumPy's) that are the same each time; the caller's stay."""
    import numpy as np
    import torch

    before, before_numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            random.seed(0)
            np.random.seed(0)
            yield
    finally:
        random.setstate(before)
        np.random.set_state(before_numpy)
