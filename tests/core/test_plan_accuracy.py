"""What is known of a plan's accuracy: measured, fine-tuned, estimated between neighbours, or nothing."""

import dataclasses
import json
from pathlib import Path

import pytest

from mdp.core.errors import BadFile
from mdp.core.plan import plan_from_json, plan_to_json
from mdp.core.plan_accuracy import (
    PlanAccuracy,
    known_accuracy,
    measured_plans,
    wilson,
    with_accuracy,
    with_plans,
)
from mdp.core.saved_networks import Network
from mdp.core.study import load_study, study_from_json, study_to_json
from mdp.solve import solve

BUDGETS = (0.2, 0.4, 0.6)


@pytest.fixture(scope="module")
def bare():
    return dataclasses.replace(load_study("fmnist-vit-cpu"), accuracy={"dense": 0.87, "images": 10_000})


@pytest.fixture(scope="module")
def plans(bare):
    return [solve(bare.problem, share * bare.problem.dense_latency) for share in BUDGETS]


def measured(plan, cut, repaired=None, method="exact"):
    return PlanAccuracy(
        plan.choices, plan.removed_blocks, plan.latency, plan.importance, 1000, cut, repaired, method
    )


@pytest.fixture
def study(bare, plans):
    known = [measured(plans[0], 0.3, 0.7), measured(plans[2], 0.8, 0.86)]
    return dataclasses.replace(bare, accuracy=with_plans(bare, known))


def test_nothing_measured_is_nothing_known(bare, plans):
    assert known_accuracy(bare, plans[0], networks=False) is None


def test_measured_stands_in_the_file_and_comes_back(study, plans):
    again = study_from_json(study_to_json(study))
    assert [one.best for one in measured_plans(again)] == [0.7, 0.86]
    known = known_accuracy(again, plans[0], networks=False)
    assert (known.share, known.stage, known.images, known.estimate) == (0.7, "repaired", 1000, False)
    assert known.interval == wilson(0.7, 1000)


def test_between_two_it_is_an_estimate_and_below_the_first_nothing(study, bare, plans):
    known = known_accuracy(study, plans[1], networks=False)
    assert known.estimate and known.interval is None and 0.7 < known.share < 0.86
    lowest = solve(bare.problem, 0.15 * bare.problem.dense_latency)
    assert known_accuracy(study, lowest, networks=False) is None
    high = solve(bare.problem, 0.9 * bare.problem.dense_latency)
    assert 0.86 < known_accuracy(study, high, networks=False).share < 0.87


def test_what_was_measured_since_counts_first_and_replaces(study, plans):
    newer = measured(plans[0], 0.5, 0.4)
    known = known_accuracy(study, plans[0], [newer], networks=False)
    assert (known.share, known.stage) == (0.5, "cut")
    both = dataclasses.replace(study, accuracy=with_plans(study, [newer]))
    assert [one.cut for one in measured_plans(both)] == [0.5, 0.8]


def test_a_network_whose_training_was_put_aside_is_called_repaired(bare, plans):
    said = {"accuracy_tuned": 0.8, "test_images": 1000, "kept": "repaired"}
    network = Network(Path("here"), plans[0], said)
    assert known_accuracy(bare, plans[0], networks=[network]).stage == "repaired"
    trained = Network(Path("here"), plans[0], {**said, "kept": "trained"})
    assert known_accuracy(bare, plans[0], networks=[trained]).stage == "tuned"


def test_another_methods_plans_estimate_nothing(bare, plans):
    other = [measured(plans[0], 0.3, 0.7, "random"), measured(plans[2], 0.8, 0.86, "random")]
    study = dataclasses.replace(bare, accuracy=with_plans(bare, other))
    assert known_accuracy(study, plans[1], networks=False) is None


STRANGE = {"choices": {"x": 1}, "removed": [], "images": 9, "cut": 0.5}


@pytest.mark.parametrize("plans", [3, {}, [None], [3], [{}], [{"choices": [], "removed": []}], [STRANGE]])
def test_damaged_entries_say_nothing(bare, plans):
    study = dataclasses.replace(bare, accuracy={"plans": plans})
    assert measured_plans(study) == ()


@pytest.mark.parametrize("wrong", [{"cut": 1.2}, {"cut": float("nan")}, {"images": 0}, {"repaired": -1}])
def test_what_is_no_share_says_nothing(study, wrong):
    entry = {**study.accuracy["plans"][0], **wrong}
    assert measured_plans(dataclasses.replace(study, accuracy={"plans": [entry]})) == ()


def test_a_plan_file_carries_it_and_files_without_it_stay_what_they_were(study, plans):
    with_it = with_accuracy(study, plans[0], known_accuracy(study, plans[0], networks=False))
    data = plan_to_json(with_it)
    assert data["accuracy"] == {**data["accuracy"], "share": 0.7, "stage": "repaired", "estimate": False}
    assert plan_from_json(data).accuracy == data["accuracy"] and plan_from_json(data) == plans[0]
    without = plan_to_json(plans[0])
    assert "accuracy" not in without and plan_from_json(without).accuracy is None
    assert json.loads(json.dumps(data)) == data


@pytest.mark.parametrize("wrong", [0.7, [], {}, {"share": 2, "stage": "cut"}, {"share": 0.5}])
def test_a_damaged_accuracy_in_a_plan_is_a_sentence(plans, wrong):
    with pytest.raises(BadFile, match="accuracy"):
        plan_from_json({**plan_to_json(plans[0]), "accuracy": wrong})


def test_measured_plans_are_read_from_a_study_once(study, monkeypatch):
    first = measured_plans(study)
    monkeypatch.setattr("mdp.core.plan_accuracy.accuracy_entry", lambda *a: pytest.fail("read again"))
    assert measured_plans(study) is first


def test_a_glance_on_few_images_displaces_nothing(study, plans):
    few, more = (dataclasses.replace(measured(plans[0], 0.5), images=n) for n in (60, 5000))
    for one, kept in ((few, 1000), (more, 5000)):
        told = dataclasses.replace(study, accuracy=with_plans(study, [one], more_images_stay=True))
        assert measured_plans(told)[0].images == kept
    assert with_plans(study, [few])["plans"][0]["images"] == 60  # who notes a quality has the last word
