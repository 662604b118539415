"""What a pupil may be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdp_widgets.classroom.nicknames import LONGEST, clean, same_as, told_of, unique
from mdp_widgets.classroom.refused import Refused

BAD = [
    "", "   ", "\t\n", None, 3, [], {}, "a\x00b", "a\nb\x07", "\u202eevil", "a\u2066b", "\u200f", "\ufeffa",
    "\u200d\u200c", "\u3164", "\u2800\u2800", "\ud800", "\ue000", "A" + "\u0301" * 30, "x" * 5000, "\u2028",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_shown_is_refused_in_a_sentence(name):
    with pytest.raises(Refused, match=r"[A-Z].*\.$"):
        clean(name)


@pytest.mark.parametrize(
    "name", ["Ada", "日本", "Zoë", "<b>Bob</b>", 'O\'Neil "&"', "👩\u200d👩\u200d👧", "دانه\u200cای"]
)
def test_names_of_all_kinds_stay_as_they_are(name):
    assert clean(name) == name


def test_long_names_are_capped_and_blanks_joined():
    assert clean("  a \u00a0 b  ") == "a b"
    assert len(clean("é" * 500)) == LONGEST


@given(st.text(max_size=80))
def test_any_text_is_refused_or_fit_to_be_shown(text):
    try:
        name = clean(text)
    except Refused:
        return
    assert 0 < len(name) <= LONGEST and name == name.strip()
    assert clean(name) == name


@pytest.mark.parametrize(
    "name", ["A\u200dda", "Ad\u200ca", "Ada\ufe0f", "A\u034fda", "Ada\u3164", "\u2800Ada", "Ada\U000e0101"]
)
def test_signs_that_are_not_seen_make_no_other_name(name):
    assert same_as(clean(name)) == same_as("Ada") and unique(clean(name), {same_as("ada")}) != clean(name)


@given(st.lists(st.sampled_from(["Ada", "A\u200dda", "ADA", "ada 2", "Ａｄａ", "x" * 24]), max_size=12))
def test_no_two_are_alike(names):
    taken: set[str] = set()
    for name in names:
        found = unique(name, taken)
        assert same_as(found) not in taken and len(found) <= LONGEST
        taken.add(same_as(found))


def test_one_who_gets_another_name_is_told_why():
    assert told_of(" Ada ", "Ada") == told_of("e\u0301va", "\u00e9va") == ""
    assert "Somebody is called" in told_of("e\u0301va", "\u00e9va 2")
    assert told_of("x" * 30, "x" * 24).startswith("Here you are called")
