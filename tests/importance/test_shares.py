"""Sums over what units own, and the split of a dim's importance over its parts."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from mdp.importance.shares import Contribution, UnitSums
from mdp.networks.slices import Slice


@st.composite
def tensors_and_slices(draw):
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    axis = draw(st.integers(0, len(shape) - 1))
    units = draw(st.integers(1, 4))
    each = draw(st.integers(1, 3))
    positions = st.integers(0, shape[axis] - 1)
    index = draw(st.lists(st.lists(positions, min_size=each, max_size=each), min_size=units, max_size=units))
    values = np.random.default_rng(draw(st.integers(0, 99))).normal(size=shape)
    return torch.tensor(values), Slice("d", "w", axis, np.array(index), None, "output")


@given(tensors_and_slices())
def test_unit_sums_are_the_sums_of_what_each_unit_owns(case):
    values, s = case
    by_hand = [sum(values.select(s.axis, p).sum().item() for p in positions) for positions in s.index]
    assert np.allclose(UnitSums({"w": values}).of(s), by_hand)


@given(st.lists(st.lists(st.floats(0, 10), min_size=3, max_size=3), min_size=1, max_size=4))
def test_shares_add_up_to_the_total_in_proportion(own):
    parts = {(f"part {i}", f"b{i}", "d"): np.array(row) for i, row in enumerate(own)}
    total = np.array([1.0, 2.0, 0.0])
    shares = Contribution({"d": total}, parts).split()
    assert np.allclose(sum(shares.values()), total)
    whole = np.array(own).sum(axis=0)
    for part, row in parts.items():
        assert np.all(shares[part] >= 0)
        assert np.allclose(
            np.where(whole > 1e-9, shares[part] * whole, 0), np.where(whole > 1e-9, row * total, 0)
        )


def test_a_total_that_no_part_claims_is_split_evenly():
    parts = {("a", None, "d"): np.zeros(2), ("b", "x", "d"): np.zeros(2)}
    shares = Contribution({"d": np.array([4.0, 0.0])}, parts).split()
    assert all(np.array_equal(share, [2.0, 0.0]) for share in shares.values())
