"""Resources beside latency: the file of format 2, amounts as typed, plans held to limits, forged plans."""

import json
from dataclasses import replace

import numpy as np
import pytest

from mdp.core.errors import BadFile, MdpError
from mdp.core.files import read_json
from mdp.core.plan import check_plan_fits, load_plan, plan_from_json, plan_to_json, save_plan
from mdp.core.problem import load_problem, problem_from_json, problem_to_json, save_problem
from mdp.core.resources import amount, limits_of, pairs_of, parse_limit
from mdp.core.study import load_study
from mdp.core.study_json import study_to_json
from mdp.core.study_record import without_counts
from mdp.core.terms import Resource, Term
from mdp.solve import solve


@pytest.fixture(scope="module")
def study():
    return load_study("fmnist-resnet-cpu")


@pytest.mark.parametrize("name", ["fmnist-resnet-cpu", "fmnist-vit-cpu", "efficientnet-lite0-cpu"])
def test_counts_of_a_study_are_its_resources_and_its_file_stays(name):
    study = load_study(name)
    problem = study.problem
    plan = solve(problem, 0.4 * problem.dense_latency)
    used = problem.uses(plan.choices, plan.removed_blocks)
    for kind in ("parameters", "macs"):
        assert used[kind] == study.count(kind, plan.choices, plan.removed_blocks)
        assert problem.dense_use(kind) == study.count(kind)
    assert used["weight_memory"] == 4 * used["parameters"]
    assert problem.fingerprint == without_counts(problem).fingerprint
    written = json.loads(json.dumps(study_to_json(study)))
    assert written["problem"] == read_json(study.path, "study")["problem"]


def test_format_2_is_read_as_written_and_format_1_as_before(study, tmp_path):
    terms = tuple(Term(t.name, t.block, t.dims, 3 * t.values) for t in study.problem.latency)
    problem = replace(study.problem, resources=(*study.problem.resources, Resource("laptop", "ms", terms)))
    save_problem(problem, tmp_path / "two.json")
    again = load_problem(tmp_path / "two.json")
    assert read_json(tmp_path / "two.json")["format"] == "mdp-problem/2"
    assert list(again.resource) == ["parameters", "macs", "weight_memory", "activation_memory", "laptop"]
    for name, resource in problem.resource.items():
        assert again.dense_use(name) == problem.dense_use(name) and again.resource[name].unit == resource.unit
    plan = solve(again, 0.5 * again.dense_latency, most={"laptop": 0.4 * again.dense_use("laptop")})
    assert plan.optimal and plan.latency <= 0.4 * again.dense_latency * (1 + 1e-9)
    alone = problem_to_json(without_counts(study.problem))
    assert alone["format"] == "mdp-problem/1" and "resources" not in alone
    assert problem_from_json(alone).resources == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(resources={}), "resources must be a list"),
        (lambda d: d.update(resources=[3]), "resources[0] must be an object"),
        (lambda d: d["resources"][0].update(name="latency"), "has already"),
        (lambda d: d["resources"][0].update(name=""), "resources[0].name"),
        (lambda d: d["resources"][0].update(unit="parsecs"), "no unit"),
        (lambda d: d["resources"][0].update(terms=[{"name": "x"}]), "resources[0].terms[0]"),
        (lambda d: d["resources"].append(d["resources"][0]), "twice"),
        (lambda d: d["resources"][0]["terms"][0].update(dims=["no such"]), "names of dims"),
    ],
)
def test_a_damaged_resource_is_named(study, change, words):
    data = json.loads(json.dumps(problem_to_json(study.problem)))
    change(data)
    with pytest.raises(BadFile, match=words.replace("[", r"\[").replace("]", r"\]")):
        problem_from_json(data)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("12M", "params", 12e6),
        ("1.2G", "MACs", 1.2e9),
        ("1.2 GMACs", "MACs", 1.2e9),
        ("3e5", "params", 3e5),
        ("480k params", "params", 480e3),
        ("50%", "params", 100.0),
        (25, "params", 25.0),
        ("25MB", "bytes", 25e6),
        ("24MiB", "bytes", 24 * 2**20),
        ("100B", "bytes", 100.0),
        ("30", "ms", 30.0),
        ("0.03 s", "ms", 30.0),
    ],
)
def test_amounts(text, unit, value):
    assert parse_limit(text, Resource("it", unit, ()), 200.0) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    ["", "M", "abc", "-1", "nan", "inf", "12 ms", "1e999", "50%%", "1,2", "5 MiB", "12M macs", "12 bytes"],
)
def test_what_is_no_amount(text):
    with pytest.raises(MdpError, match="cannot be used"):
        parse_limit(text, Resource("parameters", "params", ()), 200.0)


def test_a_resource_is_limited_once_and_never_to_minus_nothing():
    assert pairs_of(["a=1", "b=2", "a=1"]) == {"a": "1", "b": "2"}
    with pytest.raises(MdpError, match="The limit 'a' is given twice, with different amounts"):
        pairs_of(["a=4", "a = 1"])
    with pytest.raises(MdpError, match="The deployment 'a' is given twice, with different files"):
        pairs_of(["a=x.json", "a=y.json"], "deployment", "file")
    assert pairs_of(["a=x=y.json"], "deployment", "file") == {"a": "x=y.json"}
    assert str(parse_limit("-0", Resource("it", "params", ()), 1.0)) == "0.0"


def test_amounts_are_said_as_typed(study):
    assert [amount(v, "params") for v in (0, 12, 1.2e6)] == ["0 params", "12 params", "1.2 M params"]
    assert amount(25e6, "bytes") == "25 MB" and amount(12.345, "ms") == "12.35 ms"
    with pytest.raises(MdpError, match="holds no 'energy' to limit"):
        limits_of(study.problem, {"energy": "3"})


def test_a_plan_carries_its_limits_and_a_forged_one_is_refused(study, tmp_path):
    problem = study.problem
    most = {"parameters": 0.4 * problem.dense_use("parameters")}
    plan = solve(problem, 0.5 * problem.dense_latency, most=most)
    save_plan(plan, tmp_path / "plan.json")
    again = load_plan(tmp_path / "plan.json")
    assert again == plan and again.most == most
    check_plan_fits(again, problem)
    data = plan_to_json(plan)
    limit = data["limits"]["parameters"]
    for change, words in (
        ({"most": limit["used"] / 2}, "over its limit"),
        ({"used": limit["used"] / 2}, "was changed"),
        ({"unit": "MACs"}, "was changed"),
    ):
        forged = plan_from_json({**data, "limits": {"parameters": {**limit, **change}}})
        with pytest.raises(MdpError, match=words):
            check_plan_fits(forged, problem)
    with pytest.raises(MdpError, match="does not know"):
        check_plan_fits(plan_from_json({**data, "limits": {"energy": limit}}), problem)
    for damaged in (
        [],
        {"parameters": 3},
        {"parameters": {**limit, "most": "3"}},
        {"parameters": {"most": 3}},
    ):
        with pytest.raises(BadFile):
            plan_from_json({**data, "limits": damaged})
    free = solve(problem, 0.5 * problem.dense_latency)
    assert "limits" not in plan_to_json(free)


def test_values_of_one_number_stay_tables(study):
    assert all(isinstance(t.values, np.ndarray) for r in study.problem.resources for t in r.terms)
