"""Units of time become ms where tables and studies are read; what cannot be a time is refused, by name."""

import dataclasses
import json

import numpy as np
import pytest

from mdp.core import units as times
from mdp.core.errors import BadFile, MdpError
from mdp.core.paths import SHIPPED
from mdp.core.problem import Problem, Term, load_problem, save_problem
from mdp.core.study import Tables, build_study, load_study, study_from_json, study_to_json
from mdp.core.tables import load_tables
from mdp.latency.local_device import measured_elsewhere
from mdp.solve import solve

from .test_study import parts  # noqa: F401

UNITS = {
    "s": 1e3,
    "us": 1e-3,
    "µs": 1e-3,
    "μs": 1e-3,
    "ns": 1e-6,
    "seconds": 1e3,
    " MS ": 1.0,
    "Microseconds": 1e-3,
}
NO_TIMES = ("MACs", "params", "GFLOPs", "mJ", "min", "frames", "m s", "?")


@pytest.fixture
def study(parts):  # noqa: F811
    verification = {"median_error": 0.01, "worst_error": 0.02, "subnetworks": 3, "points": []}
    return build_study(*parts, verification=verification)


def in_unit(study, unit: str, factor: float, tmp_path):
    data = study_to_json(study)
    data["problem"]["latency_unit"] = unit
    for term in data["problem"]["latency"]:
        term["values"] = (np.array(term["values"]) / factor).tolist()
    path = tmp_path / "study.json"
    path.write_text(json.dumps(data))
    return path


def tables_file(study, tmp_path, change=lambda latency: None):
    data = study_to_json(study)
    latency = {**data["problem"], "importance": []}
    change(latency)
    path = tmp_path / "tables.json"
    provenance = {**data["latency"]["provenance"]}
    path.write_text(json.dumps({"format": "mdp-tables/1", "model": data["model"], "provenance": provenance,
                                "details": {}, "latency": latency}))  # fmt: skip
    return path


@pytest.mark.parametrize(("unit", "factor"), UNITS.items())
def test_a_study_in_another_unit_of_time_is_read_in_ms(study, tmp_path, unit, factor):
    read = load_study(in_unit(study, unit, factor, tmp_path))
    assert read.problem.latency_unit == "ms"
    assert read.problem.dense_latency == pytest.approx(study.problem.dense_latency, rel=1e-12)
    assert read.tables.terms is read.problem.latency
    assert read.verification is None  # it was measured in ms, and predicted in something else


@pytest.mark.parametrize(("unit", "factor"), UNITS.items())
def test_tables_in_another_unit_of_time_are_read_in_ms(study, tmp_path, unit, factor):
    def change(latency):
        latency["latency_unit"] = unit
        for term in latency["latency"]:
            term["values"] = (np.array(term["values"]) / factor).tolist()

    saved = load_tables(tables_file(study, tmp_path, change))
    for term, other in zip(saved.tables.terms, study.problem.latency, strict=True):
        np.testing.assert_allclose(term.values, other.values, rtol=1e-12)


@pytest.mark.parametrize("unit", NO_TIMES)
def test_what_is_no_time_is_refused_in_a_sentence(study, tmp_path, unit):
    with pytest.raises(BadFile, match=r"no unit of time that is known here\. Give it in ms"):
        load_study(in_unit(study, unit, 1.0, tmp_path))
    with pytest.raises(BadFile, match="no unit of time"):
        load_tables(tables_file(study, tmp_path, lambda latency: latency.update(latency_unit=unit)))


def test_a_problem_alone_may_budget_anything(study, tmp_path):
    problem = dataclasses.replace(study.problem, latency_unit="MACs")
    save_problem(problem, tmp_path / "problem.json")
    assert load_problem(tmp_path / "problem.json").latency_unit == "MACs"
    assert solve(problem, problem.dense_latency).latency_unit == "MACs"


def test_nothing_measured_is_compared_with_other_units(study):
    from mdp.latency import enforce, verify

    odd = dataclasses.replace(study, problem=dataclasses.replace(study.problem, latency_unit="MACs"))
    for work in (lambda: verify(odd, None), lambda: enforce(odd, None, 1.0)):
        with pytest.raises(MdpError, match="cannot be compared"):
            work()
    assert "cannot be compared" in measured_elsewhere(odd)


def broken(name: str):
    """(change of the latency problem, what the sentence names)"""

    def drop(block):
        return lambda p: p.update(latency=[t for t in p["latency"] if t["block"] != block])

    def first(value):
        def change(p):
            values = np.array(p["latency"][0]["values"], dtype=float)
            values.flat[0] = value
            p["latency"][0]["values"] = values.tolist()

        return change

    def nothing(p):
        for term in p["latency"]:
            term["values"] = (0 * np.array(term["values"])).tolist()

    def large(p):
        for term in p["latency"]:
            term["values"] = (0 * np.array(term["values"]) + 1.7e308).tolist()

    return {
        "a block": (drop("one"), "lacks the latency of dim 'a'"),
        "a dim": (drop(None), "stem"),
        "negative": (first(-1e-9), "table of stem holds a time that is negative"),
        "no time": (nothing, "dense network takes 0 ms"),
        "all": (lambda p: p.update(latency=[]), "lacks the latency of dim 'stem'"),
        "infinite": (large, "which sums cannot take in"),
    }[name]


@pytest.mark.parametrize("name", ["a block", "negative", "no time", "all", "infinite"])
def test_tables_that_cannot_be_of_a_network(parts, study, tmp_path, name):  # noqa: F811
    change, words = broken(name)
    with pytest.raises(BadFile, match=words):
        load_tables(tables_file(study, tmp_path, change))
    data = study_to_json(study)
    change(data["problem"])
    (tmp_path / "study.json").write_text(json.dumps(data))
    with pytest.raises(BadFile, match=words):
        load_study(tmp_path / "study.json")
    terms = tuple(
        Term(t["name"], t["block"], tuple(t["dims"]), np.array(t["values"], dtype=float))
        for t in data["problem"]["latency"]
    )
    title, model, space, tables, scores = parts
    with pytest.raises(BadFile, match=words):
        build_study(title, model, space, Tables(terms, tables.provenance), scores)


def test_a_block_without_latency_is_named(study):
    problem = study.problem
    terms = (Term("all", None, ("stem", "a"), np.ones((2, 3))),)
    with pytest.raises(BadFile, match="lacks the latency of block 'one'"):
        times.check_times(dataclasses.replace(problem, latency=terms), "tables")


def test_times_that_are_no_numbers():
    for value in (float("nan"), float("inf")):
        problem = Problem("p", "ms", (), (), (Term("t", None, (), np.array(value)),), ())
        with pytest.raises(BadFile, match="table of t holds a time that is negative or not finite"):
            times.check_times(problem, "tables")


def test_a_part_that_is_missing_is_named():
    times.check_parts(["a", "b", "more"], ["a", "b"], "tables")
    with pytest.raises(MdpError, match=r"lack the latency of b \(and 1 more\), a part of this model"):
        times.check_parts(["a"], ["a", "b", "c"], "tables")


@pytest.mark.parametrize("which", [0, 13, -1])
@pytest.mark.parametrize("copies", [0, 2])
def test_a_study_with_a_table_lost_or_doubled_is_refused(which, copies):
    """The classifier's table is of no dim of its own: nothing else misses it."""
    data = json.loads((SHIPPED / "studies" / "fmnist-resnet-cpu.json").read_text(encoding="utf-8"))
    tables = data["problem"]["latency"]
    name = tables[which]["name"]
    tables[which : which + 1 or None] = copies * [tables[which]]
    with pytest.raises(BadFile, match=name) as refused:
        study_from_json(data)
    assert "Measure the model again" in str(refused.value)
