import dataclasses

import numpy as np
import pytest

from mdp.core.errors import Infeasible
from mdp.core.study import Scores, build_study
from mdp.core.terms import Resource
from mdp.latency import enforce, profile
from mdp.latency.enforce_budget import Round, next_target, used_keys, with_entries
from mdp.latency.grid import survey
from mdp.latency.timer import PreparedWorkload
from mdp.solve import Pins, fastest, solve

from .conftest import FakeTimer, linear_key


@pytest.fixture
def study(found, store):
    tables = profile(found, store=store, timer=FakeTimer(linear_key))
    random = np.random.default_rng(0)
    order = {d.name: np.arange(d.units) for d in found.space.dims}
    blocks = {"width": None, "inner0": "block0", "inner1": "block1"}
    shares = tuple(
        (d.name, blocks[d.name], d.name, np.sort(random.random(128))[::-1]) for d in found.space.dims
    )
    return build_study("toy", found.ref, found.space, tables, Scores(order, shares, {"method": "none"}))


def clock(study, factor):
    """Pieces as the tables say; a whole network takes `factor` times the sum of its pieces."""
    seen = {}

    def cost(key):
        if not key.startswith("network"):
            return linear_key(key)
        return seen[key] * factor

    class Clock(FakeTimer):
        def prepare(self, workload):
            if workload.key.startswith("network"):
                seen[workload.key] = self.predicted
            return super().prepare(workload)

    return Clock(cost)


@pytest.mark.parametrize("factor", [0.9, 1.0, 1.15])
def test_the_measured_latency_meets_the_budget(found, store, study, factor):
    timer = clock(study, factor)

    def solve_and_tell(problem, target):
        plan = solve(problem, target)
        timer.predicted = plan.latency
        return plan

    budget = 0.6 * study.problem.dense_latency
    held = enforce(study, found, budget, store=store, timer=timer, solve=solve_and_tell)
    assert held.measured <= budget * (1 + 1e-9)
    assert held.measured == pytest.approx(factor * held.plan.latency, rel=1e-4)
    assert len(held.steps) == 1 or factor != 1.0
    story = held.study.tables.provenance["strict"]
    assert story == held.to_json() and story["measured"] == held.measured
    assert story["steps"][story["round"]]["met"]
    assert held.plan.fingerprint == held.study.problem.fingerprint
    if factor > 1:
        assert len(held.steps) >= 2 and held.steps[0].measured > budget and held.steps[0].remeasured > 0


def test_what_is_pinned_holds_in_every_round(found, store, study):
    class Clock(FakeTimer):
        def prepare(self, workload):
            whole = workload.key.startswith("network")
            return PreparedWorkload(workload.key, None, None, 1.1) if whole else super().prepare(workload)

    pins = Pins({"inner1": (64, 64)}, {"block0": False})
    least = fastest(study.problem, pins).latency
    held = enforce(study, found, max(1.2, 1.2 * least), store=store, timer=Clock(linear_key), pins=pins)
    assert all("block0" in s.plan.removed_blocks and s.plan.choices["inner1"] == 64 for s in held.steps)
    assert held.study.tables.provenance["strict"]["pins"] == "block0=removed,inner1=64"
    with pytest.raises(Infeasible):
        enforce(study, found, 0.5 * least, store=store, timer=Clock(linear_key), pins=pins)


def test_tables_of_another_device_are_refused_before_anything_is_loaded(study, tmp_path, capsys):
    from mdp import cli
    from mdp.core.study import save_study

    study = dataclasses.replace(study, tables=dataclasses.replace(study.tables, provenance={
        **study.tables.provenance, "kind": "cpu", "device": "another one", "batch": 1, "dtype": "float32"
    }))  # fmt: skip
    path = save_study(study, tmp_path / "toy.json")
    assert cli.main(["verify", str(path), "--strict", "50%"]) == 2
    assert "were measured on another one" in capsys.readouterr().err


def test_the_next_target():
    def step(target, measured, met, corrected=None):
        return Round(target, None, target, measured, corrected or target, 3, met)

    assert next_target(10.0, [step(10.0, 12.5, False)]) == pytest.approx(8.0)
    assert next_target(10.0, [step(10.0, 10.01, False)]) == pytest.approx(9.95)
    assert next_target(10.0, [step(8.0, 9.8, True)]) is None  # close enough
    # Well within: relaxed, but not to where a plan was over the budget.
    assert next_target(10.0, [step(10.0, 8.0, True)]) == pytest.approx(12.5)
    assert next_target(10.0, [step(9.0, 12.0, False), step(7.5, 8.0, True)]) == pytest.approx(0.995 * 9.0)
    assert next_target(10.0, [step(7.5, 8.0, True)] * 3) is None


def test_a_network_that_never_meets_it_is_said(found, store, study):
    timer = clock(study, 5.0)

    def solve_and_tell(problem, target):
        plan = solve(problem, max(target, 0.3))
        timer.predicted = plan.latency
        return plan

    with pytest.raises(Infeasible):
        enforce(study, found, 0.3, store=store, timer=timer, solve=solve_and_tell, most=3)


def test_measured_anew_replaces_every_entry_of_the_same_work(found, study):
    surfaces, _ = survey(found.segments, {d.name: d.options for d in found.space.dims})
    plan = solve(study.problem, study.problem.dense_latency)
    assert set(used_keys(found, study.problem, plan)) == {"linear 128>128", "linear 128>10"}
    changed = with_entries(study.problem, surfaces, {"linear 128>128": 7.0})
    assert [t.values[-1, -1] for t in changed.latency[:2]] == [7.0, 7.0]
    assert (changed.latency[0].values != study.problem.latency[0].values).sum() == 1


def test_limits_hold_in_every_round(found, store, study):
    terms = tuple(dataclasses.replace(t, values=t.values**0.5) for t in study.problem.latency)
    size = Resource("size", "bytes", terms)
    study = dataclasses.replace(study, problem=dataclasses.replace(study.problem, resources=(size,)))
    budget = 0.6 * study.problem.dense_latency
    free = solve(study.problem, budget)
    most = {"size": 0.9 * study.problem.uses(free.choices, free.removed_blocks)["size"]}
    held = enforce(
        study, found, budget, limits=most, store=store, timer=FakeTimer(linear_key_or_whole(study))
    )
    assert held.plan.limits["size"].used <= most["size"] * (1 + 1e-9) and held.measured <= budget


def linear_key_or_whole(study):
    """Pieces as the tables say; every whole network takes half a budget."""
    return lambda key: 0.3 * study.problem.dense_latency if key.startswith("network") else linear_key(key)
