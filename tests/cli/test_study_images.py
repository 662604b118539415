"""Pictures that nobody named are never taken for a network of other ones."""

import dataclasses

import pytest

from mdp.cli import main
from mdp.core.study import load_study, save_study

from ..training.tiny import RESNET, tiny_study

ASKED = (
    "finetune {study} --budget 60% --epochs 0",
    "finetune {study} --budgets 60%",
    "iterate {study} --budget 60% --steps 2 --out {out}",
    "verify {study} --accuracy",
    "solve {study} --budget 60% --candidates 2",
    "repair {study} --budget 60% --out {out}",
)


@pytest.fixture
def made(tmp_path):
    """A study whose network was scored on somebody's own pictures."""
    study = tiny_study(RESNET)
    scores = dataclasses.replace(study.scores, provenance={**study.scores.provenance, "dataset": "flowers"})
    return save_study(dataclasses.replace(study, scores=scores), tmp_path / "own.json")


@pytest.mark.parametrize("words", ASKED)
def test_a_study_scored_on_own_pictures_asks_for_them(words, made, tmp_path, capsys):
    assert load_study(made).scores.provenance["dataset"] == "flowers"
    out = tmp_path / "out"
    assert main(words.format(study=made, out=out).split()) == 2
    said = capsys.readouterr().err
    assert "was scored on 'flowers'" in said and "--data" in said and "Traceback" not in said
    assert not out.exists()
