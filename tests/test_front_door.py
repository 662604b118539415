"""The front door: every public name is there, typed, documented, and its example runs."""

import doctest
import importlib
import inspect

import pytest

import mdp

MODULES = sorted({f"mdp.{home}" for home in mdp._HOMES} | {"mdp.plot", "mdp.plot.public"})


def test_every_public_name_is_there_and_says_what_it_is():
    for name in mdp.__all__:
        thing = getattr(mdp, name)
        assert inspect.getdoc(thing), f"mdp.{name} has no docstring"
    assert set(mdp._HOME) | set(mdp._ROOMS) == set(mdp.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        mdp.nothing  # noqa: B018


@pytest.mark.parametrize("module", MODULES)
def test_examples_run(module, monkeypatch, tmp_path):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    failed, _ = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert not failed


def test_every_function_has_an_example():
    functions = [name for name in mdp.__all__ if inspect.isfunction(getattr(mdp, name))]
    assert len(functions) >= 15
    assert not [name for name in functions if ">>>" not in inspect.getdoc(getattr(mdp, name))]
