"""The problem file: what is read is what was written, and what is damaged is named."""

import copy
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdp.core.errors import BadFile, MdpError
from mdp.core.plan import plan_from_json
from mdp.core.problem import load_problem, problem_from_json, problem_to_json, save_problem
from mdp.core.study import study_from_json

SMALL = {
    "format": "mdp-problem/1",
    "name": "small",
    "latency_unit": "ms",
    "provenance": {"device": "none, written by hand"},
    "dims": [
        {"name": "stem", "kind": "channels", "options": [4, 8]},
        {"name": "a", "kind": "channels", "options": [1, 2, 3]},
    ],
    "blocks": [{"name": "one", "removable": True}, {"name": "two", "removable": False}],
    "latency": [
        {"name": "fixed", "block": None, "dims": [], "values": 0.5},
        {"name": "stem", "block": None, "dims": ["stem"], "values": [1, 2]},
        {"name": "one.conv", "block": "one", "dims": ["stem", "a"], "values": [[1, 2, 3], [2, 4, 6]]},
    ],
    "importance": [
        {"name": "stem", "block": None, "dims": ["stem"], "values": [10, 15]},
        {"name": "one.a", "block": "one", "dims": ["a"], "values": [5, 8, 9]},
    ],
}


@pytest.fixture
def small():
    return problem_from_json(copy.deepcopy(SMALL))


def test_evaluate_sums_what_counts(small):
    assert small.evaluate({"stem": 8, "a": 2}) == (0.5 + 2 + 4, 15 + 8)
    assert small.evaluate({"stem": 4, "a": None}, {"one"}) == (0.5 + 1, 10)
    assert small.evaluate({"stem": 4}, ["one"]) == (1.5, 10)
    assert (small.dense_latency, small.dense_importance) == (8.5, 24)


@pytest.mark.parametrize(
    ("choices", "removed", "word"),
    [
        ({"stem": 5, "a": 1}, (), "cannot keep 5"),
        ({"stem": 8}, (), "says nothing"),
        ({"stem": 8, "a": 1}, ("three",), "no block 'three'"),
        ({"stem": 8, "a": 1}, ("two",), "cannot be removed"),
    ],
)
def test_evaluate_refuses_what_the_problem_does_not_offer(small, choices, removed, word):
    with pytest.raises(MdpError, match=word):
        small.evaluate(choices, removed)


def test_unused_dims_are_those_of_removed_blocks_only(small):
    assert small.unused_dims({"one"}) == {"a"}
    assert small.unused_dims(()) == set()


def test_file_round_trip(small, tmp_path):
    path = tmp_path / "deep" / "small.json"
    save_problem(small, path)
    again = load_problem(path)
    assert problem_to_json(again) == problem_to_json(small) == SMALL
    assert again.fingerprint == small.fingerprint
    assert [p.name for p in path.parent.iterdir()] == ["small.json"]


def damage(path, value):
    data = copy.deepcopy(SMALL)
    here = data
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        (("format",), "mdp-problem/3", "not an mdp-problem/1"),
        (("name",), "", "name must be"),
        (("dims",), {}, "dims must be a list"),
        (("dims", 0), 3, r"dims\[0\]"),
        (("dims", 1, "name"), "stem", "'stem' twice"),
        (("dims", 1, "options"), [], "increasing"),
        (("dims", 1, "options"), [0, 1], "at least 1"),
        (("dims", 1, "options"), [1, 3, 2], "increasing"),
        (("dims", 1, "options"), [1, 2.5, 3], "whole"),
        (("dims", 1, "options"), [True, 2, 3], "whole"),
        (("blocks", 1, "name"), "one", "'one' twice"),
        (("blocks", 0, "removable"), "yes", "true or false"),
        (("latency", 1, "block"), "nine", "not among the blocks"),
        (("latency", 1, "dims"), ["nine"], "names of dims"),
        (("latency", 2, "dims"), ["a", "a"], "twice"),
        (("latency", 1, "values"), [1, 2, 3], r"shape \(3,\)"),
        (("latency", 2, "values"), [[1, 2, 3], [2, 4]], "ragged"),
        (("latency", 2, "values"), [[1, 2, "3"], [2, 4, 6]], "numbers only"),
        (("latency", 2, "values"), [[1, 2, None], [2, 4, 6]], "numbers only"),
        (("latency", 2, "values"), [[1, 2, math.inf], [2, 4, 6]], "not finite"),
        (("importance", 0, "values"), [1, 10**400], "importance"),
        (("provenance",), [], "provenance"),
    ],
)
def test_damage_is_named(path, value, word):
    with pytest.raises(BadFile, match=word):
        problem_from_json(damage(path, value))


@pytest.mark.parametrize(
    "text", ["", "[", "{}", '{"format": "mdp-problem/1", "dims": [', "null", "3", "\x00", "[" * 5000]
)
def test_a_file_that_is_not_a_problem(tmp_path, text):
    path = tmp_path / "p.json"
    path.write_text(text)
    with pytest.raises(BadFile) as error:
        load_problem(path)
    assert "its format says" not in str(error.value)  # it says none


@pytest.mark.parametrize("read", [problem_from_json, plan_from_json, study_from_json])
def test_a_file_of_another_kind_says_which(read):
    with pytest.raises(BadFile, match=r"\(its format says 'mdp-tables/1'\)\.$"):
        read({"format": "mdp-tables/1"})


def test_nan_in_a_file_is_refused(tmp_path):
    path = tmp_path / "p.json"
    path.write_text(json.dumps(SMALL).replace("0.5", "NaN"))
    with pytest.raises(BadFile, match="NaN"):
        load_problem(path)


def test_missing_and_binary_files(tmp_path):
    with pytest.raises(BadFile, match="no problem file"):
        load_problem(tmp_path / "nothing.json")
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadFile, match="not a text file"):
        load_problem(tmp_path / "b.json")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(SMALL)),
    st.integers(0, 2),
    st.sampled_from(["name", "options", "dims", "values"]),
    json_values,
)
def test_any_damage_is_a_sentence_or_a_valid_problem(key, i, inner, value):
    data = copy.deepcopy(SMALL)
    if isinstance(data[key], list) and i < len(data[key]) and key != "blocks":
        data[key][i][inner] = value
    else:
        data[key] = value
    try:
        problem = problem_from_json(data)
    except BadFile:
        return
    assert all(np.isfinite(t.values).all() for t in (*problem.latency, *problem.importance))


def test_fingerprint_follows_numbers_not_names(small):
    renamed = problem_from_json(damage(("name",), "other"))
    changed = problem_from_json(damage(("latency", 1, "values"), [1, 2.5]))
    assert renamed.fingerprint == small.fingerprint != changed.fingerprint
