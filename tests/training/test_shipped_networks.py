"""The fine-tuned networks that come along: of a study that comes along too, and as good as they say."""

import pytest

from mdp import datasets
from mdp.core.files import read_json
from mdp.core.model_ref import model_from_json
from mdp.core.paths import SHIPPED
from mdp.core.plan import plan_from_json
from mdp.core.study import load_study
from mdp.datasets.loader import loader
from mdp.solve import solve
from mdp.surgery import load
from mdp.training.evaluation import accuracy

from .said import ALL, assert_as_said

FOLDERS = sorted((SHIPPED / "networks").glob("*"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_network_is_what_its_file_says(folder):
    card = read_json(folder / "architecture.json", "architecture")
    facts, plan = card["extra"]["finetuned"], plan_from_json(card["extra"]["plan"], "plan")
    study = load_study(card["extra"]["study"])
    assert plan.fingerprint == study.problem.fingerprint, "another study: run `make networks` again"
    assert plan.optimal and plan.importance == solve(study.problem, plan.budget).importance
    assert (card["choices"], tuple(card["removed"])) == (dict(plan.choices), plan.removed_blocks)

    network = load(folder)
    assert sum(p.numel() for p in network.parameters()) == card["parameters"]
    source = datasets.find("fashion-mnist-subset")
    images = loader(source.test, source, model_from_json(card["model"]), 250)
    assert facts["test_images"] == ALL and facts["train_images"] == 20_000
    assert_as_said(accuracy(network, images), facts["accuracy_tuned"], len(source.test))
    assert facts["accuracy_pruned"] < facts["accuracy_tuned"] and facts["latency_measured"] > 0
