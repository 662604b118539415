import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdp.latency.grid import level_mask, survey
from mdp.latency.interpolate import fill, products
from mdp.networks.segments import Segment, Workload

shapes = st.lists(st.integers(1, 12), min_size=0, max_size=4).map(tuple)


@given(shapes)
def test_levels_are_nested_hold_the_corners_and_end_with_everything(shape):
    last = np.zeros(shape, dtype=bool)
    for level in range(6):
        mask = level_mask(shape, level)
        assert (mask | last == mask).all()
        assert all(mask[corner] for corner in itertools.product(*[(0, size - 1) for size in shape]))
        last = mask
    assert last.all()


def test_keys_that_many_combinations_share_are_one_entry():
    def at(heads, width):
        return Workload(f"linear 8>{heads * width}", lambda: None, ((8,),), 8.0 * heads * width)

    options = {"heads": (1, 2, 3, 4), "width": (2, 4, 6)}
    surfaces, workloads = survey(
        [Segment("a", "x", ("heads", "width"), at), Segment("b", "y", ("heads", "width"), at)], options
    )
    (surface,) = surfaces
    assert surface.segments == ("a", "b")
    assert set(surface.keys) == set(workloads) == {f"linear 8>{n}" for n in (2, 4, 6, 8, 12, 16, 18, 24)}
    assert surface.keys[surface.index[1, 2]] == "linear 8>12" == surface.keys[surface.index[2, 1]]
    # Distinct work, distinct coordinates: interpolation can tell the keys apart.
    assert len(np.unique(surface.points, axis=0)) == len(surface.keys)
    assert surface.next_level(set(surface.keys)) == ()


@given(
    st.lists(st.floats(0.01, 5), min_size=4, max_size=4),
    st.integers(3, 8),
    st.integers(3, 8),
    st.integers(0, 1000),
)
def test_the_cost_model_itself_is_inferred_exactly(weights, rows, columns, seed):
    shares = np.array(
        list(itertools.product(np.arange(1, rows + 1) / rows, np.arange(1, columns + 1) / columns))
    )
    true = products(shares) @ np.array(weights)
    known = level_mask((rows, columns), 0).ravel()
    known |= np.random.default_rng(seed).random(len(true)) < 0.3
    filled = fill(shares, products(shares), np.where(known, true, np.nan), np.zeros(len(true)))
    np.testing.assert_allclose(filled.values, true, rtol=1e-2)
    assert (filled.deviation[known] == 0).all()
    assert filled.error < 0.01


def test_the_error_said_is_the_error_made():
    random = np.random.default_rng(0)
    shares = np.array(list(itertools.product(np.arange(1, 17) / 16, repeat=2)))
    steps = 1 + 0.1 * np.sin(20 * shares[:, 0]) * np.cos(13 * shares[:, 1])
    true = (0.1 + products(shares) @ np.array([0, 0.2, 0.1, 3.0])) * steps
    known = random.random(len(true)) < 0.4
    filled = fill(shares, products(shares), np.where(known, true, np.nan), np.zeros(len(true)))
    made = np.median(np.abs(filled.values[~known] / true[~known] - 1))
    assert made < 0.05
    assert 0.3 < made / filled.error < 3


@given(st.lists(st.integers(1, 9), min_size=1, max_size=3))
def test_entries_are_drawn_where_no_coarse_grid_asks(sizes):
    dims = tuple(f"d{n}" for n in range(len(sizes)))
    segment = Segment(
        "p", None, dims, lambda *units: Workload(f"w {units}", lambda: None, (), float(sum(units)))
    )
    surfaces, _ = survey([segment], {d: tuple(range(1, n + 1)) for d, n in zip(dims, sizes, strict=True)})
    holdout, coarse = surfaces[0].holdout(), set(surfaces[0].level(0))
    rest = len(surfaces[0].keys) - len(coarse)
    assert holdout.sum() == min(rest, max(4, rest // 10)) and (holdout == surfaces[0].holdout()).all()
    assert not coarse & {surfaces[0].keys[i] for i in np.flatnonzero(holdout)}


def test_the_error_is_that_of_the_entries_drawn():
    """Even widths are cheap and odd ones dear: a grid of even widths alone would promise too much."""
    widths = np.arange(1.0, 33.0)
    points = widths[:, None] / 32
    truth = widths * np.where(widths % 2, 1.3, 1.0)
    holdout = np.isin(widths, (5, 13, 21, 29))

    def error(measured):
        values = np.where(measured, truth, np.nan)
        return fill(points, products(points), values, np.full(32, 0.005), holdout).error

    assert error(holdout | (widths % 4 == 0)) > 0.1 > 0.02 > error(widths % 4 == 0)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_few_entries_claim_no_less_error_than_they_make(count):
    """A trend that goes through every entry leaves no residual, and so tells nothing of its error."""
    widths = np.arange(1.0, 17.0)
    points, trend = widths[:, None] / 16, products(widths[:, None] / 16)
    truth = 5 + widths**1.5
    shown = np.isin(widths, np.rint(np.linspace(1, 16, count)))
    filled = fill(points, trend, np.where(shown, truth, np.nan), np.zeros(16))
    made = np.median(np.abs(filled.values[~shown] / truth[~shown] - 1))
    assert filled.error > made / 2 and filled.worst >= filled.error
    assert (filled.error == np.inf) == (count == 2)
