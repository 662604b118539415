"""Studies without tables: budgets of parameters, multiply-adds, weight memory."""

import dataclasses
import json

import numpy as np
import pytest

import mdp
from mdp.core.counted import BUDGETS
from mdp.core.errors import BadFile, Infeasible, MdpError
from mdp.core.plan import budget_and_limits
from mdp.core.space import Space, SpaceDim
from mdp.core.study import build_study, counted_tables, save_study
from mdp.core.study_json import study_from_json, study_to_json
from mdp.operations import studies
from mdp.plot.formats import measured_in, ms
from mdp.plot.front import front_info, front_table


def space_of(record) -> Space:
    dims = tuple(SpaceDim(d.name, d.kind, d.dense, d.options) for d in record.problem.dims)
    return Space(record.model.name, record.family, dims, record.problem.blocks, record.counts)


@pytest.fixture(scope="module")
def timed():
    return mdp.load_study("fmnist-resnet-cpu")


@pytest.fixture(scope="module", params=BUDGETS)
def counted(request, timed, tmp_path_factory):
    space = space_of(timed)
    made = build_study("counted", timed.model, space, counted_tables(space, request.param), timed.scores)
    path = save_study(made, tmp_path_factory.mktemp("studies") / f"{request.param}.json")
    return request.param, mdp.load_study(path)


def test_a_counted_study_budgets_its_counts_exactly(counted):
    name, study = counted
    plan = study.solve("40%")
    kind, each = ("parameters", 4) if name == "weight_memory" else (name, 1)
    assert plan.optimal and plan.latency <= 0.4 * study.problem.dense_latency
    assert plan.latency == each * study.count(kind, plan.choices, plan.removed_blocks)
    assert study.problem.dense_latency == each * study.count(kind)
    # The same as the limit beside latency says, where latency is no limit.
    limited = mdp.load_study("fmnist-resnet-cpu").solve("1000%", limits={name: "40%"})
    assert np.isclose(limited.importance, plan.importance)


def test_a_limit_of_what_is_budgeted_is_the_budget(counted):
    name, study = counted
    half = study.problem.dense_latency / 2
    assert study.solve(limits={name: "50%"}).budget == pytest.approx(half)
    assert study.solve("80%", limits={name: "50%"}).budget == pytest.approx(half)
    assert not study.solve(limits={name: "50%"}).limits
    with pytest.raises(MdpError, match="Give a budget of"):
        study.solve()


def test_amounts_are_written_in_the_unit_of_the_budget(counted):
    name, study = counted
    text = {"parameters": "50k", "macs": "1M", "weight_memory": "200kB"}[name]
    value = {"parameters": 50e3, "macs": 1e6, "weight_memory": 200e3}[name]
    assert study.solve(text).budget == value
    with pytest.raises(MdpError, match="as 25MB" if name == "weight_memory" else "as 12M"):
        study.solve("lots")
    with pytest.raises(Infeasible, match=r"the least (parameters|multiply-adds|weight memory) possible is"):
        study.solve("1")


def test_units_are_said_wherever_a_budget_is_read(counted):
    name, study = counted
    unit = study.problem.latency_unit
    word = {"parameters": "parameters", "macs": "multiply-adds", "weight_memory": "weight memory"}[name]
    assert measured_in(unit) == (f"{word}, bytes" if unit == "bytes" else word) and " ms" not in repr(study)
    info = front_info(study, study.front(3), study.solve("50%"))
    assert front_table(info)[0][0] == word
    assert ms(1.5e6, "params") == "1.50 M params" and ms(1.5e6, "bytes") == "1.50 MB"


def test_a_changed_budget_is_not_read(counted):
    data = json.loads(json.dumps(study_to_json(counted[1])))
    assert study_from_json(data).problem.fingerprint == counted[1].problem.fingerprint
    data["problem"]["latency"][0]["values"] = np.multiply(
        data["problem"]["latency"][0]["values"], 0.5
    ).tolist()
    with pytest.raises(BadFile, match="not what its counts make"):
        study_from_json(data)


def test_without_a_budget_only_the_limits_hold(timed):
    plan = timed.solve(parameters="30%")
    assert plan.budget == timed.problem.dense_latency
    assert plan.limits["parameters"].used <= 0.3 * timed.count("parameters")
    with pytest.raises(MdpError, match="Give a budget of latency"):
        budget_and_limits(timed.problem, None, {})


def test_latency_budgets_may_name_their_unit(timed):
    assert budget_and_limits(timed.problem, "9ms", {}) == (9.0, {})
    assert budget_and_limits(timed.problem, "0.009 s", {}) == (pytest.approx(9.0), {})
    with pytest.raises(MdpError, match="is not a number"):
        budget_and_limits(timed.problem, "9M", {})


def test_what_cannot_be_counted_is_refused(timed):
    with pytest.raises(MdpError, match="Choose one of parameters, macs, weight_memory"):
        counted_tables(space_of(timed), "latency")
    bare = dataclasses.replace(space_of(timed), counts={})
    with pytest.raises(MdpError, match="mdp profile"):
        counted_tables(bare, "macs")
    assert tuple(studies.BUDGETS) == BUDGETS
