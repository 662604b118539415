"""A form is made from the record of its operation: no second list of labels, defaults, bounds or choices."""

import pytest

from mdp.core.errors import MdpError
from mdp.operations import FinetuneOptions, ProfileOptions
from mdp_widgets.workflow.form import form, values_of


def test_fields_show_what_the_record_says():
    parts = form(FinetuneOptions, "images", "epochs", "rate", "skip_bad")
    assert {name: part.value for name, part in parts.items()} == {
        "images": "all", "epochs": "the recipe's", "rate": "the recipe's", "skip_bad": False,
    }  # fmt: skip
    assert parts["rate"].description == "Learning rate" and parts["rate"].tooltip.startswith("The highest")
    assert values_of(FinetuneOptions, parts) == {
        "images": None, "epochs": FinetuneOptions.epochs, "rate": FinetuneOptions.rate, "skip_bad": False,
    }  # fmt: skip
    (device,) = form(ProfileOptions, "device").values()
    assert device.options[0] == ("the fastest here", "auto") and device.value == ProfileOptions.device


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("epochs", "-1", "Epochs -1 cannot be used; give 0 or more."),
        ("epochs", " 2.5", "Epochs “2.5” cannot be used; give a whole number."),
        ("epochs", "few", "Epochs “few” cannot be used; give a whole number."),
        ("rate", "1e9", "Learning rate 1e.09 cannot be used; give a number above 0 and at most 10."),
        ("images", "0", "Train on 0 cannot be used; give 1 or more."),
    ],
)
def test_what_is_typed_wrong_is_a_sentence(name, typed, sentence):
    parts = form(FinetuneOptions, name)
    parts[name].value = typed
    with pytest.raises(MdpError, match=sentence):
        values_of(FinetuneOptions, parts)


@pytest.mark.parametrize(("typed", "value"), [("ALL ", None), ("", None), (" 12 ", 12)])
def test_what_is_typed_right_is_read(typed, value):
    parts = form(FinetuneOptions, "images")
    parts["images"].value = typed
    assert values_of(FinetuneOptions, parts) == {"images": value}
