"""A new device from a few measurements, with a made-up clock."""

import dataclasses

import numpy as np
import pytest

from mdp.core.errors import MdpError
from mdp.core.problem import Term
from mdp.latency import profile
from mdp.latency.grid import survey
from mdp.latency.import_tables import import_times
from mdp.latency.times_files import read_times
from mdp.latency.transfer import farthest_first, times_elsewhere, to_measure

from .conftest import FakeTimer, linear_key
from .test_kit import written

WIDTHS = range(16, 129, 16)


def board(key):
    """Another device: a launch costs more, work less, and the step that both have is there too."""
    return 0.05 + 0.4 * linear_key(key)


@pytest.fixture
def known(found, store):
    return profile(found, store=store, timer=FakeTimer(linear_key))


def true(cost):
    return np.array([[cost(f"linear {a}>{b}") for b in WIDTHS] for a in WIDTHS])


def worst(tables):
    return np.abs(tables.terms[0].values / true(board) - 1).max()


def test_a_tenth_of_the_entries_and_another_devices_table_make_the_table(found, store, known):
    where = dataclasses.replace(FakeTimer(board).deployment, device="a board")
    timer = FakeTimer(board, deployment=where)
    tables = profile(found, store=store, timer=timer, like=known, share=0.1)
    asked = {key for key in timer.prepared if key.startswith("linear")}
    assert len(asked) == 6 + 2
    assert worst(tables) < 0.01  # the step between 64 and 80 is known from the other device
    assert tables.provenance["like"]["device"] == "a made-up CPU"
    assert tables.provenance["measured"] == 8 and tables.provenance["entries"] == 72
    alone = FakeTimer(board, deployment=dataclasses.replace(where, device="a third"))
    flat = dataclasses.replace(known, terms=tuple(one_value(t) for t in known.terms))
    assert worst(profile(found, store=store, timer=alone, like=flat, share=0.1)) > 0.03


def one_value(term):
    return Term(term.name, term.block, term.dims, np.ones_like(term.values))


def test_a_larger_share_only_adds_entries(found):
    surfaces, _ = survey(found.segments, {d.name: d.options for d in found.space.dims})
    smaller = set()
    for share in (0.01, 0.1, 0.3, 1.0):
        keys = to_measure(surfaces, share)
        assert smaller <= set(keys)
        smaller = set(keys)
    assert len(smaller) == sum(len(s.keys) for s in surfaces)


def test_the_dense_entry_comes_first_and_then_the_farthest():
    points = np.array([[0.5, 0.5], [1.0, 1.0], [0.1, 0.1], [0.1, 1.0]])
    assert farthest_first(points, 4)[:2] == [1, 2]


def test_few_times_of_another_device_are_enough_with_tables_at_hand(found, known, tmp_path):
    surfaces, _ = survey(found.segments, {d.name: d.options for d in found.space.dims})
    rows = [[key, board(key)] for key in to_measure(surfaces, 0.1)]
    few = read_times(written(tmp_path / "f.csv", rows[::2], columns=("key", "ms")))
    with pytest.raises(MdpError, match="a corner of the table"):
        import_times(found, few)
    file = read_times(written(tmp_path / "r.csv", rows, columns=("key", "ms")))
    assert worst(import_times(found, file, like=known)) < 0.01
    lacking = [row for row in rows if not row[0].endswith(">10")]
    file = read_times(written(tmp_path / "l.csv", lacking, columns=("key", "ms")))
    with pytest.raises(MdpError, match="no time of the table of head"):
        import_times(found, file, like=known)


def test_tables_of_another_network_are_refused(found, known):
    surfaces, _ = survey(found.segments, {d.name: d.options for d in found.space.dims})
    with pytest.raises(MdpError, match=r"no block0\.mlp over width, inner0"):
        times_elsewhere(found, surfaces, dataclasses.replace(known, terms=known.terms[1:]))
    narrow = Term("block0.mlp", "block0", ("width", "inner0"), np.ones((3, 8)))
    with pytest.raises(MdpError, match=r"other widths in block0\.mlp"):
        times_elsewhere(found, surfaces, dataclasses.replace(known, terms=(narrow, *known.terms[1:])))
