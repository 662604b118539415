import weakref

import numpy as np
import pytest

from mdp.core.errors import Cancelled, MdpError
from mdp.core.progress import Reporter
from mdp.core.study import Scores, build_study
from mdp.latency import profile
from mdp.latency.store import Store
from mdp.latency.timer import OutOfMemory

from .conftest import FakeTimer, linear_key


def test_every_entry_is_what_the_clock_said_and_equal_shapes_are_measured_once(found, store):
    timer = FakeTimer(linear_key)
    tables = profile(found, store=store, timer=timer)
    block0, block1, head = tables.terms
    expected = [[linear_key(f"linear {a}>{b}") for b in range(16, 129, 16)] for a in range(16, 129, 16)]
    np.testing.assert_allclose(block0.values, expected, rtol=1e-4)
    np.testing.assert_array_equal(block0.values, block1.values)
    assert head.dims == ("width",) and head.block is None
    distinct = {key for key in timer.prepared if key.startswith("linear")}
    assert len(distinct) == 64 + 8
    assert max(map(timer.prepared.count, distinct)) == 3  # three visits on a CPU
    assert tables.details["block1.mlp"] == {"same_as": "block0.mlp"}
    assert tables.provenance["measured"] == tables.provenance["entries"] == 72


def test_a_second_profile_measures_nothing(found, store):
    first = profile(found, store=store, timer=FakeTimer(linear_key))
    timer = FakeTimer(lambda key: 1e9)
    second = profile(found, store=store, timer=timer)
    assert timer.prepared == []
    np.testing.assert_array_equal(first.terms[0].values, second.terms[0].values)


def test_asked_again_everything_is_visited_once_more(found, store):
    profile(found, store=store, timer=FakeTimer(linear_key))
    timer = FakeTimer(linear_key)
    profile(found, store=store, timer=timer, again=True)
    assert len([key for key in timer.prepared if key.startswith("linear")]) == 72


def test_with_little_time_the_rest_is_inferred_and_its_error_said(found, store, monkeypatch):
    monkeypatch.setattr("mdp.latency.measure.Run.everything_fits", lambda run: False)
    timer = FakeTimer(linear_key, noise=0.005)
    early = []
    tables = profile(found, store=store, timer=timer, tolerance=1.0, early=early.append)
    facts = tables.details["block0.mlp"]
    assert facts["measured"] == 25 + 4 and facts["entries"] == 64
    true = np.array([[linear_key(f"linear {a}>{b}") for b in range(16, 129, 16)] for a in range(16, 129, 16)])
    error = np.abs(tables.terms[0].values / true - 1)
    assert np.median(error) < 0.02 and error.max() < 0.3
    assert 0 < facts["inferred_error"] < 0.1
    # Since then calmer moments of the made-up machine have turned up.
    np.testing.assert_allclose(early[0].terms[0].values, tables.terms[0].values, rtol=0.03)


class Said(Reporter):
    """Keeps the messages."""

    def __init__(self):
        super().__init__()
        self.said = []

    def message(self, text):
        self.said.append(text)


def test_the_time_given_ends_the_coarse_grid_too_and_that_is_said_with_what_it_would_take(found, store):
    report, timer = Said(), FakeTimer(linear_key)
    tables = profile(found, store=store, timer=timer, seconds=0, report=report)
    assert 8 <= tables.provenance["measured"] <= 12  # the ends of both, and what was asked for the estimate
    before, after = report.said
    assert "the least for good tables" in before and "the time given is 0 s" in before
    assert "The time given was used up" in after and "goes on" in after
    # Both ends are as the clock said, and what lies between is between them.
    values = tables.terms[0].values
    assert values[0, 0] == pytest.approx(linear_key("linear 16>16"), rel=1e-3)
    assert values.max() == pytest.approx(linear_key("linear 128>128"), rel=1e-3)
    assert np.isfinite(values).all() and (values > 0).all()


def test_with_enough_time_nothing_is_said_about_it(found, store):
    report = Said()
    profile(found, store=store, timer=FakeTimer(linear_key), report=report)
    assert not any("time given" in text for text in report.said)


def test_after_too_little_time_a_longer_run_goes_on_to_the_full_tables(found, store):
    first = FakeTimer(linear_key)
    profile(found, store=store, timer=first, seconds=0)
    again = FakeTimer(linear_key)
    tables = profile(found, store=store, timer=again)
    assert tables.provenance["measured"] == tables.provenance["entries"] == 72
    kept = {k for k in first.prepared if k.startswith("linear")}
    assert all(again.prepared.count(k) == 2 for k in kept)  # the first visit was not for nothing


def test_stopped_and_started_again_it_goes_on(found, tmp_path):
    class Stop(Reporter):
        def step(self, done, total, text="", seconds_left=None):
            raise Cancelled("stop")

    first = FakeTimer(linear_key)
    with pytest.raises(Cancelled), Store(tmp_path / "s.sqlite") as store:
        profile(found, store=store, timer=first, report=Stop())
    again = FakeTimer(linear_key)
    with Store(tmp_path / "s.sqlite") as store:
        tables = profile(found, store=store, timer=again)
    kept = [k for k in first.prepared if k.startswith("linear")]
    assert len(kept) == 8
    assert all(again.prepared.count(k) == 2 for k in kept)
    assert tables.provenance["measured"] == 72


def test_what_does_not_fit_memory_is_marked_and_inferred(found, store):
    timer = FakeTimer(linear_key, too_large=lambda key: key == "linear 128>128")
    tables = profile(found, store=store, timer=timer)
    assert tables.details["block0.mlp"]["failed"] == ["linear 128>128"]
    assert tables.terms[0].values[-1, -1] == pytest.approx(linear_key("linear 128>128"), rel=0.1)
    assert tables.provenance["failed"] == 1


def test_what_fits_alone_only_is_measured_alone(found, store):
    """A small GPU holds one of two large workloads; the one that came second must not be lost."""
    held = []

    class Small(FakeTimer):
        def prepare(self, workload):
            prepared = super().prepare(workload)
            if workload.key in ("linear 128>128", "linear 112>128"):
                held[:] = [ref for ref in held if ref() is not None]
                if held:
                    raise OutOfMemory("no room beside the other")
                held.append(weakref.ref(prepared))
            return prepared

    tables = profile(found, store=store, timer=Small(linear_key))
    assert tables.provenance["failed"] == 0


def test_what_runs_alone_only_is_read_alone(found, store):
    """Memory may run out in the middle of readings taken in turns; each is then tried without the others."""

    held = weakref.WeakSet()

    class Small(FakeTimer):
        def prepare(self, workload):
            prepared = super().prepare(workload)
            held.add(Handle(prepared))
            return prepared

        def once(self, prepared):
            large = [h for h in held if h.key.startswith("linear 128")]
            if prepared.key == "linear 128>128" and len(large) > 1:
                raise OutOfMemory("no room while the others are there")
            return super().once(prepared)

    class Handle:
        def __init__(self, prepared):
            self.key = prepared.key
            prepared.extra["handle"] = self  # lives as long as what was prepared

    tables = profile(found, store=store, timer=Small(linear_key))
    assert tables.provenance["failed"] == 0


def test_nothing_fits(found, store):
    timer = FakeTimer(linear_key, too_large=lambda key: key.startswith("linear"))
    with pytest.raises(MdpError, match="No entry of the table of block0"):
        profile(found, store=store, timer=timer)


def test_time_left_grows_shorter_and_ends_at_nothing(found, store):
    seen = []

    class Watch(Reporter):
        def show(self, progress):
            seen.append(progress)

    profile(found, store=store, timer=FakeTimer(linear_key), report=Watch())
    assert all(p.done <= p.total for p in seen)
    assert seen[-1].total - seen[-1].done < 0.2


def test_tables_join_scores_into_a_study(found, store):
    tables = profile(found, store=store, timer=FakeTimer(linear_key))
    order = {d.name: np.arange(d.units) for d in found.space.dims}
    scores = Scores(order, (("w", None, "width", np.ones(128)),), {"method": "none"})
    study = build_study("toy", found.ref, found.space, tables, scores)
    assert study.problem.dense_latency == pytest.approx(
        2 * linear_key("linear 128>128") + linear_key("linear 128>10"), rel=1e-4
    )
    halves = Scores(order, (("w", "block0.attn", "width", np.ones(128)),), {"method": "none"})
    with pytest.raises(MdpError, match=r"scores are of other blocks.*--split-blocks"):
        build_study("toy", found.ref, found.space, tables, halves)
