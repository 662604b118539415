"""What nobody should build upon is said in words, wherever its numbers are shown."""

import dataclasses
import json

import numpy as np
import pytest

from mdp.cli import main
from mdp.core import quality
from mdp.core.problem import save_problem
from mdp.core.quality import importance_doubt, study_words, table_faults, tables_words, verification_words
from mdp.core.study import Scores, build_study, load_study, save_study

from .test_study import parts  # noqa: F401

GOOD = {"entries": 100, "measured": 40, "spread": 0.2, "drift": 0.5, "inferred_error": 0.05}
DETAIL = {"entries": 10, "measured": 4, "inferred_error": 0.05, "inferred_worst": 0.3, "spread": 0.2}


def test_ordinary_tables_have_no_faults():
    assert table_faults(GOOD, {"a": DETAIL}) == ()
    assert table_faults({}, {}) == () == table_faults({"spread": None, "drift": "much", "entries": []})
    for name in ("fmnist-vit-cpu", "fmnist-resnet-cpu", "efficientnet-lite0-cpu"):
        assert study_words(load_study(name)) == ()


@pytest.mark.parametrize(
    ("facts", "detail", "words"),
    [
        ({}, {"inferred_worst": 25.45}, "up to 2,545 % off"),
        ({"inferred_error": 0.4}, {}, "40 % off at the median"),
        ({"spread": 0.9}, {}, "spread by 90 %"),
        ({"drift": 3.0}, {}, "4.00 times its calm time"),
    ],
)
def test_worthless_tables_are_called_so_and_what_to_do(facts, detail, words):
    said = tables_words(GOOD | facts, {"a": DETAIL | detail})
    assert words in said and "Measure again" in said and "not to be trusted" in said


def test_an_error_of_inference_counts_only_where_something_is_inferred():
    whole = {"entries": 100, "measured": 100, "inferred_error": 9.0}
    assert table_faults(whole, {"a": {"entries": 10, "measured": 10, "inferred_worst": 9.0}}) == ()


def test_whole_networks_that_contradict_the_tables():
    assert verification_words({"median_error": quality.VERIFIED}) == "" == verification_words(None)
    assert "contradict the tables: the prediction is 60 % off" in verification_words({"median_error": 0.6})


@pytest.fixture
def study(parts):  # noqa: F811
    return build_study(*parts)


def zero(parts):  # noqa: F811
    title, model, space, tables, scores = parts
    shares = tuple((n, b, d, np.zeros(len(v))) for n, b, d, v in scores.shares)
    trained = dataclasses.replace(model, weights="demo")
    return build_study(title, trained, space, tables, Scores(scores.order, shares, scores.provenance))


def test_importance_of_untrained_weights_or_of_nothing(parts, study):  # noqa: F811
    assert importance_doubt(study) == "untrained weights"
    assert importance_doubt(zero(parts)) == importance_doubt(zero(parts).problem) == "all scores are zero"
    trained = dataclasses.replace(study, model=dataclasses.replace(study.model, weights="demo"))
    assert importance_doubt(trained) == ""
    told = dataclasses.replace(study.scores, provenance={"method": "x", "weights": "none"})
    assert importance_doubt(dataclasses.replace(trained, scores=told)) == "untrained weights"


@pytest.mark.parametrize("kind", ["untrained weights", "all scores are zero"])
def test_the_command_line_says_it_beside_every_importance(parts, study, tmp_path, capsys, kind):  # noqa: F811
    path = str(save_study(study if kind == "untrained weights" else zero(parts), tmp_path / "s.json"))
    assert main(["solve", path, "--budget", "60%"]) == 0
    line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("importance"))
    assert f"({kind}: says nothing)" in line
    assert main(["front", path, "--budgets", "3"]) == 0
    assert all(f"({kind}: says nothing)" in x for x in capsys.readouterr().out.splitlines())
    assert main(["solve", path, "--budget", "60%", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["importance_doubt"] == kind


def test_the_command_line_says_what_is_proven(study, tmp_path, capsys):
    save_problem(dataclasses.replace(study.problem, provenance={}), tmp_path / "p.json")
    assert main(["solve", str(tmp_path / "p.json"), "--budget", "60%"]) == 0
    out = capsys.readouterr().out
    assert "proven optimal under these tables and pins" in out and "says nothing" not in out


def test_imported_tables_are_measured_again_where_they_come_from():
    said = tables_words(GOOD | {"drift": 9.0, "launch": "imported"}, {"a": DETAIL})
    assert "the kit's script" in said and "mdp profile" not in said


def test_how_well_a_table_could_be_inferred_that_was_measured_throughout_matters_to_nobody():
    from mdp.latency.store import Entry
    from mdp.latency.summary import summary

    facts = {"failed": [], "inferred_worst": 0.0}
    some = {"entries": 10, "measured": 4, "inferred_error": 0.05, **facts}
    whole = {"entries": 8, "measured": 8, "inferred_error": 9.0, **facts}
    assert summary({"a": some, "b": whole}, [Entry(1.0, 0.1, 4, 3)])["inferred_error"] == 0.05
    assert summary({"b": whole}, [Entry(1.0, 0.1, 4, 3)])["inferred_error"] == 0.0


def test_an_error_that_is_not_known_is_not_called_none(study):
    from mdp.core.study import interpolation_note
    from mdp.latency.store import Entry
    from mdp.latency.summary import summary

    some = {"entries": 10, "measured": 4, "inferred_error": 0.05, "failed": []}
    few = {"entries": 6, "measured": 2, "inferred_error": None, "failed": []}
    read = [Entry(1.0, 0.1, 4, 3)]
    both, alone = summary({"a": some, "b": few}, read), summary({"b": few}, read)
    assert (both["inferred_error"], both["error_unknown"]) == (0.05, 4)
    assert (alone["inferred_error"], alone["error_unknown"]) == (None, 4)
    assert table_faults(alone, {"b": few}) == ()

    def note(facts):
        return interpolation_note(dataclasses.replace(study.tables, provenance=facts))

    assert note(both).endswith(
        "Of 4 of them the error is not known: too few entries of their tables were measured."
    )
    assert note(alone).endswith("How well is not known: too few were measured.") and "%" not in note(alone)
    assert "not known" not in note(summary({"a": some}, read))
