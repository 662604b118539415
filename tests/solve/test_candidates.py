"""Many different plans near the optimum: held to what trying everything finds."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mdp
from mdp.core.errors import Cancelled, Infeasible, MdpError
from mdp.core.plan import within
from mdp.solve import Pins, candidates, solve
from mdp.solve.analysis.apart import apart, is_near, is_shared

from ..synthetic import synthetic_resnet
from .brute import random_problem


def every_plan(problem):
    """All choices, as (latency, importance, option index per dim, removed blocks)."""
    removable = [b.name for b in problem.blocks if b.removable]
    for count in range(len(removable) + 1):
        for removed in itertools.combinations(removable, count):
            for index in itertools.product(*(range(len(d.options)) for d in problem.dims)):
                choices = {d.name: d.options[i] for d, i in zip(problem.dims, index, strict=True)}
                yield *problem.evaluate(choices, removed), choices, removed


def has_frame_of(problem, choices, removed, plan) -> bool:
    """By hand: the same blocks removed, and no shared width that still exists far apart."""
    if set(removed) != set(plan.removed_blocks):
        return False
    for d in problem.dims:
        if is_shared(problem, d.name) and plan.choices[d.name] is not None:
            steps = abs(d.options.index(choices[d.name]) - d.options.index(plan.choices[d.name]))
            if steps >= apart(d):
                return False
    return True


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 6), gap=st.sampled_from([0.0, 0.02, 0.3]))
def test_what_is_listed_and_what_is_proven(seed, count, gap):
    problem = random_problem(seed)
    if sum(len(d.options) for d in problem.dims) > 12:
        return
    rng = np.random.default_rng(seed)
    every = list(every_plan(problem))
    budget = float(np.quantile([e[0] for e in every], rng.random()))
    optimum = solve(problem, budget)
    found = candidates(problem, budget, count, gap)
    assert 1 <= len(found.plans) <= count and len(found.gaps) == len(found.plans)
    assert found.plans[0].importance == optimum.importance and found.plans[0].optimal
    least = optimum.importance - gap * abs(optimum.importance)
    for a, b in itertools.pairwise(found.plans):
        assert a.importance >= b.importance >= least and not b.optimal and b.bound == optimum.importance
    for a, b in itertools.combinations(found.plans, 2):
        assert not is_near(a, b, problem.dims)
    assert all(within(p.latency, budget) for p in found.plans)
    assert found.complete or len(found.plans) == count
    floor = optimum.importance - found.covered * abs(optimum.importance)
    spare = 1e-9 * max(1.0, abs(floor))
    for latency, importance, choices, removed in every:
        if latency <= budget and (
            importance > floor + spare or (found.complete and importance >= least + spare)
        ):
            assert any(has_frame_of(problem, choices, removed, p) for p in found.plans)


def test_pins_hold_in_every_plan():
    problem = synthetic_resnet((2, 1, 1, 1)).problem
    pins = Pins({"layer1": (64, 128)}, {"layer1.1": False})
    found = candidates(problem, 0.6 * problem.dense_latency, 5, 0.1, pins=pins)
    assert len(found.plans) == 5
    for plan in found.plans:
        assert "layer1.1" in plan.removed_blocks and 64 <= plan.choices["layer1"] <= 128


def test_out_of_time_and_on_request():
    problem = synthetic_resnet().problem
    budget = 0.5 * problem.dense_latency
    solve(problem, budget)  # prepared
    found = candidates(problem, budget, 16, time_limit=0.05)
    assert found.plans and not found.complete and "stopped after 0.05 s" in found.note
    with pytest.raises(Cancelled):
        candidates(problem, budget, cancelled=lambda: True)


def test_no_list_takes_for_ever(monkeypatch):
    problem = synthetic_resnet().problem
    budget = 0.5 * problem.dense_latency
    solve(problem, budget)  # prepared
    monkeypatch.setattr("mdp.solve.protocol.SECONDS", 0.05)
    assert "stopped after 0.05 s" in candidates(problem, budget, 10_000, 1.0).note


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"count": 0}, "at least 1"),
        ({"count": 2.5}, "whole number"),
        ({"gap": -0.1}, "share of the best importance"),
        ({"gap": float("nan")}, "share of the best importance"),
        ({"time_limit": 0}, "seconds above 0"),
        ({"pins": Pins({"nothing": (1, 1)})}, "no dim 'nothing'"),
    ],
)
def test_bad_input(options, words):
    problem = random_problem(1)
    with pytest.raises(MdpError, match=words):
        candidates(problem, 1e6, **options)


def test_nothing_within_the_budget():
    with pytest.raises(Infeasible):
        candidates(synthetic_resnet((1, 1, 1, 1)).problem, 0.0)


def test_a_study_offers_them_with_its_order():
    study = mdp.load_study("fmnist-resnet-cpu")
    found = study.candidates("50%", 3, pins={"layer1.0": "keep"})
    assert len(found.plans) == 3 and all(p.order is not None for p in found.plans)
    assert all("layer1.0" not in p.removed_blocks for p in found.plans)
    assert repr(found).startswith("Candidates(3 plans;")
