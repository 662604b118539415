from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdp.core.study import Scores, build_study
from mdp.latency import profile, verify
from mdp.latency.verification import sample, statistics

from .conftest import FakeTimer, linear_key


@pytest.fixture
def study(found, store):
    tables = profile(found, store=store, timer=FakeTimer(linear_key))
    order = {d.name: np.arange(d.units) for d in found.space.dims}
    scores = Scores(order, (("w", None, "width", np.ones(128)),), {"method": "none"})
    return build_study("toy", found.ref, found.space, tables, scores)


def networks(study, factor):
    """What a clock says about whole networks: `factor` times what the tables predict."""
    from mdp.latency.verification import network

    known = {}

    def cost(key):
        if not known:
            for chosen in sample(study.problem, 30, 1):
                known[network(study, None, chosen.choices, chosen.removed).key] = chosen.predicted
            dense = network(study, None, study.problem.dense_choices, ())
            known[dense.key] = study.problem.dense_latency
        return factor * known[key]

    return cost


def test_a_right_table_has_no_error(study, store):
    result = verify(study, SimpleNamespace(), store=store, timer=FakeTimer(networks(study, 1.0)))
    assert result["median_error"] < 1e-4 and result["worst_error"] < 1e-4 and result["tau"] > 0.999
    assert result["subnetworks"] == 30 == len(result["points"])
    assert result["same_device"]
    assert result["dense"]["measured"] == pytest.approx(study.problem.dense_latency, rel=1e-4)


def test_a_table_that_says_too_little_shows_a_bias(study, store):
    result = verify(study, SimpleNamespace(), store=store, timer=FakeTimer(networks(study, 1.25)))
    assert result["bias"] == pytest.approx(-0.2, rel=1e-3)
    assert result["median_error"] == pytest.approx(0.2, rel=1e-3)
    assert result["tau"] > 0.999


def test_a_verification_is_kept_and_not_measured_twice(study, store):
    verify(study, SimpleNamespace(), store=store, timer=FakeTimer(networks(study, 1.0)))
    timer = FakeTimer(lambda key: 1e9)
    result = verify(study, SimpleNamespace(), store=store, timer=timer)
    assert timer.prepared == [] and result["median_error"] < 1e-4


def test_the_sample_covers_the_range_of_budgets(study):
    chosen = sample(study.problem, 30, 0)
    shares = np.array([c.share for c in chosen])
    assert len(chosen) == 30 and len({tuple(c.choices.values()) + c.removed for c in chosen}) == 30
    assert shares.min() < 0.1 and shares.max() == pytest.approx(1, abs=0.05)
    assert np.diff(np.sort(shares)).max() < 0.15
    for c in chosen:
        assert study.problem.evaluate(c.choices, c.removed)[0] == pytest.approx(c.predicted)


@given(st.lists(st.floats(0.1, 100), min_size=2, max_size=30), st.floats(0.5, 2))
def test_statistics_of_a_constant_factor(measured, factor):
    facts = statistics([m * factor for m in measured], measured)
    assert facts["median_error"] == pytest.approx(abs(factor - 1), abs=1e-9)
    assert facts["worst_error"] == pytest.approx(abs(factor - 1), abs=1e-9)
    assert facts["bias"] == pytest.approx(factor - 1, abs=1e-9)
    assert facts["subnetworks"] == len(measured)
