"""What options were called before their names changed is still accepted, and hidden from help."""

import argparse

import pytest

from mdp import cli
from mdp.cli import profile
from mdp.latency.runtimes import chosen
from mdp.operations import OPERATIONS, add_options


def parsed(command, words):
    parser = argparse.ArgumentParser()
    add_options(parser, OPERATIONS[command])
    return parser, parser.parse_args(words)


@pytest.mark.parametrize("command", ["check", "inspect", "profile", "score"])
@pytest.mark.parametrize("option", ["--split-blocks", "--halves"])
def test_split_blocks_by_either_name(command, option):
    parser, args = parsed(command, ["test_vit", option])
    assert args.split_blocks
    assert "--halves" not in parser.format_help() and "--split-blocks" in parser.format_help()
    assert not parsed(command, ["test_vit"])[1].split_blocks


def test_width_steps_by_either_name_and_by_both():
    parser, args = parsed("profile", ["test_vit", "--bundle", "mlp=96", "--width-step=heads=2"])
    assert profile.width_step(args.width_step) == {"mlp": 96, "heads": 2}
    assert "--bundle" not in parser.format_help() and "--width-step" in parser.format_help()


def test_compiled_is_a_runtime_and_still_an_option():
    parser, args = parsed("profile", ["test_vit", "--compiled"])
    assert chosen(args.runtime, args.compiled) == "compiled"
    assert "--compiled" not in parser.format_help() and "--runtime" in parser.format_help()


@pytest.mark.parametrize("words", [["verify", "S", "--strict", "40%"], ["enforce", "S", "40%"]])
def test_a_budget_is_enforced_by_either_command(words, monkeypatch):
    from mdp.cli import enforce, verify  # both before either is changed: one takes it from the other

    asked = []
    for module in (enforce, verify):
        monkeypatch.setattr(module, "enforce_budget", lambda args, budget: asked.append(budget))
    assert cli.main([*words, "--pins", "a=removed", "--name", "N", "--out", "O"]) == 0
    assert asked == ["40%"]
    assert "--strict" not in parsed("verify", ["S"])[0].format_help()


def test_the_state_is_found_by_the_name_that_it_had():
    import mdp_widgets
    from mdp_widgets import Selection

    assert Selection is mdp_widgets.ExplorerState and "Selection" not in mdp_widgets.__all__
