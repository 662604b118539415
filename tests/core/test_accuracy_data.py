"""Plans measured on one data set do not stand beside those measured on another."""

import dataclasses

import pytest

from mdp.core.accuracy_data import kept_for
from mdp.core.errors import MdpError
from mdp.core.plan_accuracy import PlanAccuracy, measured_plans, with_plans
from mdp.core.study import load_study, save_study
from mdp.solve import solve


@pytest.fixture(scope="module")
def bare():
    about = {"dense": 0.87, "images": 10_000, "dataset": "fashion-mnist"}
    return dataclasses.replace(load_study("fmnist-vit-cpu"), accuracy=about)


def with_one(study, share, dataset="fashion-mnist"):
    plan = solve(study.problem, share * study.problem.dense_latency)
    what = plan.choices, plan.removed_blocks, plan.latency, plan.importance
    told = with_plans(study, [PlanAccuracy(*what, 100, share)])
    return dataclasses.replace(study, accuracy={**told, "dataset": dataset})


def test_the_same_data_joins_and_so_does_data_of_no_name(bare):
    study = with_one(bare, 0.4)
    assert kept_for(study, "fashion-mnist") is study
    unnamed = dataclasses.replace(study, accuracy={"plans": study.accuracy["plans"]})
    assert kept_for(unnamed, "folder") is unnamed


def test_other_data_is_refused_in_place_and_begins_anew_elsewhere(bare, tmp_path):
    path = save_study(with_one(bare, 0.4), tmp_path / "study.json")
    study = load_study(path)
    for out in (None, path):
        with pytest.raises(MdpError, match="measured on fashion-mnist, and these images are folder"):
            kept_for(study, "folder", out)
    assert kept_for(study, "folder", tmp_path / "other.json").accuracy is None
    assert kept_for(bare, "folder").accuracy is None  # there is nothing to mix: the dense network alone


def test_a_run_that_was_cut_off_goes_on_in_its_file(bare, tmp_path):
    study, out = with_one(bare, 0.4), tmp_path / "out.json"
    save_study(with_one(bare, 0.6), out)
    assert [one.best for one in measured_plans(kept_for(study, "fashion-mnist", out))] == [0.4, 0.6]
    save_study(with_one(bare, 0.6, "folder"), out)
    assert [one.best for one in measured_plans(kept_for(study, "fashion-mnist", out))] == [0.4]
    assert [one.best for one in measured_plans(kept_for(study, "folder", out))] == [0.6]
    out.write_text("{}")
    assert kept_for(study, "fashion-mnist", out) is study
