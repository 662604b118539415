"""Forged answers are refused in a sentence; no other error comes out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdp_widgets.classroom.answers import as_text, read_answer
from mdp_widgets.classroom.limits import Limiter
from mdp_widgets.classroom.refused import Refused

GOOD = {"pupil": "p", "step": 1, "kind": "prediction", "key": "k", "value": "v"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_a_good_one_is_read():
    assert read_answer({**GOOD, "score": 3}).score == 3.0
    assert read_answer({**GOOD, "kind": "contest", "value": {"study": "s"}}).value == {"study": "s"}


@pytest.mark.parametrize("change", [
    {"step": True}, {"step": 1.0}, {"step": -1}, {"step": 10**30}, {"kind": "vote"}, {"kind": []},
    {"key": ""}, {"key": "k" * 65}, {"key": "a\nb"}, {"pupil": 3}, {"value": None}, {"value": ""},
    {"value": {"a": 1}},
    {"value": float("nan")}, {"value": "x" * 501}, {"value": "\ud800"}, {"value": [[1]]}, {"score": "3"},
    {"score": True}, {"score": float("inf")}, {"score": 10**400},
])  # fmt: skip
def test_a_forged_one_is_refused(change):
    with pytest.raises(Refused):
        read_answer({**GOOD, **change})


@given(st.dictionaries(st.sampled_from([*GOOD, "score"]), JSON))
def test_no_answer_raises_anything_else(change):
    for data in (change, {**GOOD, **change}, list(change)):
        try:
            answer = read_answer(data)
        except Refused:
            continue
        assert isinstance(as_text(answer.value), str)


def test_one_who_sends_too_much_slows_only_themselves():
    limiter = Limiter(rate=5, most=10)
    passed = sum(limiter.take("flood", i / 1000) for i in range(1000))
    assert passed <= 16
    assert limiter.take("other", 1.0) and limiter.take("flood", 2.0)
