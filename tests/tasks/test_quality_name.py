"""What is shown of a study whose task is no classification: its own measure, and no interval of shares."""

import dataclasses

import pytest

import mdp
from mdp.core.errors import MdpError
from mdp.core.plan_accuracy import known_accuracy
from mdp.core.quality_name import OF_TASK, quality_name
from mdp.plot.accuracy_draw import draw_accuracy
from mdp.plot.accuracy_front import accuracy_front, accuracy_label, accuracy_table
from mdp.plot.accuracy_words import accuracy_sentence
from mdp.tasks import Classification, Match
from mdp.tasks.detection import Detection
from mdp_widgets.widgets.fact import accuracy_fact


@pytest.fixture(scope="module")
def detector():
    """A shipped study, as if it were a detector's."""
    study = mdp.load_study("fmnist-resnet-cpu")
    scores = dataclasses.replace(study.scores, provenance={**study.scores.provenance, "task": "detection"})
    bare = mdp.Study.of(dataclasses.replace(study, scores=scores, accuracy=None))
    return bare.with_quality([(bare.solve("50%"), 0.31, 0.38)], dense=0.42, inputs=72)


def test_tasks_and_names_belong_together():
    assert {t.name: t.quality for t in (Match, Detection)}.items() <= OF_TASK.items()
    assert OF_TASK[Classification.name] == "accuracy"


def test_a_detectors_plans_have_map_everywhere(detector):
    assert quality_name(detector) == "mAP"
    plan = detector.solve("50%")
    known = known_accuracy(detector, plan)
    assert known.interval is None and plan.accuracy["measure"] == "mAP"
    assert accuracy_sentence(known, 0.42) == (
        "mAP 38.0 %, measured on 72 test images (repaired, not trained). The dense network has 42.0 %."
    )
    info = accuracy_front(detector, plan, known)
    assert draw_accuracy(info)["layout"]["yaxis"]["title"]["text"] == "mAP, %"
    assert "mAP" in accuracy_label(info) and accuracy_table(info)[0][2] == "mAP"
    assert "accuracy" not in str(info.optimal[0].text)
    shown = accuracy_fact(detector, known)
    assert shown["name"] == "mAP, repaired" and shown["band"] == ""


def test_it_is_kept_in_the_file(detector, tmp_path):
    again = mdp.load_study(detector.save(tmp_path / "study.json"))
    assert quality_name(again) == "mAP" and again.solve("50%").accuracy["share"] == 0.38


def test_a_classifiers_study_says_accuracy_as_it_always_did():
    study = mdp.load_study("fmnist-resnet-cpu")
    assert quality_name(study) == "accuracy"
    assert "measure" not in study.solve("50%").accuracy


def test_what_is_no_quality_is_refused(detector):
    plan = detector.solve("50%")
    with pytest.raises(MdpError, match="between 0 and 1"):
        detector.with_quality([(plan, 31.0, None)])
    with pytest.raises(MdpError):
        mdp.load_study("fmnist-vit-cpu").with_quality([(plan, 0.3, None)])
