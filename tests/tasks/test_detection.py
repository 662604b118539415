"""Detectors: their loss, divergence and mean average precision, and the way from dense to fine-tuned."""

import json

import numpy as np
import pytest
import torch

import mdp
from mdp.cli import main
from mdp.core.errors import MdpError
from mdp.tasks.boxes import mean_average_precision

from .test_match import by_width
from .tiny import SIDE, fcos, squares

SIZE = (3, SIDE, SIDE)


@pytest.fixture(scope="module")
def dense():
    task = mdp.Detection(fcos(), SIZE)
    net = mdp.prunable(task.body, torch.randn(1, *SIZE))
    return task, net


def test_a_detector_goes_the_whole_way(dense):
    task, net = dense
    batches = squares(4)
    scores = mdp.score(net, batches, method="calibrated", task=task, progress=False)
    assert scores.provenance["task"] == "detection" and scores.provenance["against"] == "outputs"
    plan = mdp.Study(net, by_width(net), scores).solve("60%")
    pruned = net.extract(plan)
    assert sorted(pruned(batches[0][0])) == ["bbox_ctrness", "bbox_regression", "cls_logits"]
    repaired = mdp.repair(pruned, batches, task=task, progress=False)
    assert repaired.repair_report.after.divergence <= repaired.repair_report.before.divergence
    rule = {"task": task, "teacher": task.body, "distill": 0.5, "epochs": 2, "progress": False}
    boxes = task.detect(repaired, batches[0][0])
    assert len(boxes) == 4 and boxes[0]["boxes"].shape[1] == 4
    try:
        import pycocotools  # noqa: F401
    except ImportError:
        with pytest.raises(MdpError, match="pip install"):
            mdp.evaluate(repaired, batches, task=task)
        return
    tuned = mdp.finetune(repaired, batches, batches, **rule)
    assert tuned.history[-1]["measure"] == "mAP" and 0 <= tuned.history[-1]["quality"] <= 1


def test_scores_against_labels_measure_the_detectors_own_loss(dense):
    task, net = dense
    scores = mdp.score(net, squares(3), method="calibrated", against="labels", task=task, progress=False)
    assert scores.provenance["against"] == "labels"
    with pytest.raises(MdpError, match="no targets"):
        mdp.score(net, [images for images, _ in squares(3)], task=task, progress=False)


@pytest.mark.parametrize("kind", ["ssd", "retinanet"])
def test_loss_anchors_and_boxes_are_torchvisions_own(kind):
    from torchvision.models import get_model
    from torchvision.models.detection import RetinaNet
    from torchvision.models.detection.anchor_utils import AnchorGenerator

    from .tiny import Backbone

    torch.manual_seed(0)
    if kind == "ssd":
        whole = get_model("ssdlite320_mobilenet_v3_large", weights=None, weights_backbone=None, num_classes=3)
        whole.transform.min_size, whole.transform.max_size, whole.transform.fixed_size = (96,), 96, (96, 96)
        size = (3, 96, 96)
    else:
        whole = RetinaNet(Backbone(), 2, anchor_generator=AnchorGenerator(((16,),), ((0.5, 1.0, 2.0),)))
        whole.transform.min_size, whole.transform.max_size, size = (SIDE,), SIDE, SIZE
    whole.eval()
    task = mdp.Detection(whole, size)
    images = torch.rand(2, *size)
    boxes = torch.tensor([[10.0, 12.0, 40.0, 44.0]])
    labels = torch.tensor([1])
    targets = [{"boxes": boxes, "labels": labels}, {"boxes": boxes[:0], "labels": labels[:0]}]
    usual = whole.transform.image_mean, whole.transform.image_std
    mean, std = (torch.tensor(numbers)[:, None, None] for numbers in usual)
    normal = (images - mean) / std
    with torch.no_grad():
        expected, found = whole(list(images)), task.detect(task.body, normal)
        for a, b in zip(expected, found, strict=True):
            torch.testing.assert_close(a["boxes"], b["boxes"])
            torch.testing.assert_close(a["scores"], b["scores"])
        for part in whole.modules():  # the loss alone is that of training; norms stay as they are
            part.training = part is whole
        losses = whole(list(images), [{k: v.clone() for k, v in t.items()} for t in targets])
        torch.testing.assert_close(sum(losses.values()), task.loss(task.body(normal), targets))


def test_divergence_grows_with_what_is_changed(dense):
    task, _ = dense
    with torch.no_grad():
        answer = task.body(squares(1)[0][0])
        reference = task.reference([answer])
        assert float(reference.divergence(0, answer)) == pytest.approx(0, abs=1e-6)
        far = [float(reference.divergence(0, {k: v + s for k, v in answer.items()})) for s in (0.1, 0.5, 2.0)]
    assert 0 < far[0] < far[1] < far[2]


def test_mean_average_precision_by_hand():
    pytest.importorskip("pycocotools")
    truth = [{"boxes": torch.tensor([[0.0, 0, 10, 10], [20, 20, 40, 40]]), "labels": torch.tensor([1, 2])}]
    right = [{**truth[0], "scores": torch.tensor([0.9, 0.8])}]
    assert mean_average_precision(right, truth, (64, 64)) == pytest.approx({"mAP": 1, "mAP50": 1})
    half = [{k: v[:1] for k, v in right[0].items()}]
    assert mean_average_precision(half, truth, (64, 64))["mAP"] == pytest.approx(0.5)
    none = [{k: v[:0] for k, v in right[0].items()}]
    assert mean_average_precision(none, truth, (64, 64))["mAP"] == 0
    with pytest.raises(MdpError, match="no boxes to find"):
        mean_average_precision(right, [{k: v[:0] for k, v in truth[0].items()}], (64, 64))


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ([{"boxes": torch.zeros(1, 4), "labels": torch.tensor([0])}] * 4, "no area"),
        ([{"boxes": torch.zeros(1, 3), "labels": torch.tensor([0])}] * 4, r"\(n, 4\)"),
        ([{}] * 4, "targets of a detector"),
        (torch.zeros(4), "targets of a detector"),
    ],
)
def test_bad_boxes_are_refused(dense, targets, said):
    task, net = dense
    with pytest.raises(MdpError, match=said):
        mdp.score(net, [(squares(1)[0][0], targets)] * 2, method="hessian", task=task, progress=False)


BOX = torch.tensor([[1.0, 2, 30, 40]])


@pytest.mark.parametrize(
    ("boxes", "labels", "said"),
    [
        (BOX, torch.tensor([-1]), "label -1.* knows 0 to 1"),  # the last class, or no object, to torchvision
        (BOX, torch.tensor([2]), "label 2.* knows 0 to 1"),
        (BOX, torch.tensor([1.0]), "int64, not float32"),
        (BOX, torch.tensor([[1]]), r"\(n,\)"),
        (BOX, torch.tensor(1), r"\(n,\)"),
        (BOX.tolist(), [1], r"\(n, 4\)"),
        (None, None, r"\(n, 4\)"),
        (BOX * torch.inf, torch.tensor([1]), "no numbers"),
    ],
)
def test_boxes_that_a_loss_would_trip_over_or_take_for_others(dense, boxes, labels, said):
    task, _ = dense
    with pytest.raises(MdpError, match=said):
        task.loss(task.body(torch.zeros(1, *SIZE)), [{"boxes": boxes, "labels": labels}])


def test_images_of_another_size_have_no_boxes(dense):
    task, _ = dense
    with pytest.raises(MdpError, match=r"this task is of \(3, 64, 64\)"):
        task.detect(task.body, torch.zeros(1, 3, 32, 32))


def test_other_detectors_and_sizes_are_refused():
    with pytest.raises(MdpError, match="none of torchvision's one-stage detectors"):
        mdp.Detection(torch.nn.Linear(2, 2), SIZE)
    with pytest.raises(MdpError, match="does not take images"):
        mdp.Detection(fcos(), (1, SIDE, SIDE))
    with pytest.raises(MdpError, match="channels, height, width"):
        mdp.Detection(fcos(), (SIDE, SIDE))
    for size in (5, None, ("a", SIDE, SIDE), (3, SIDE, 64.5)):
        with pytest.raises(MdpError, match="channels, height, width"):
            mdp.Detection(fcos(), size)


def test_folders_of_classes_are_nothing_to_a_named_detector(tmp_path, capsys):
    from mdp.networks.models import resolve
    from mdp.tasks import task_of

    name = "torchvision/ssdlite320_mobilenet_v3_large"
    assert task_of(None, resolve(name)).name == "match"
    assert main(["score", name, "--data", "fashion-mnist"]) != 0
    assert "answers with boxes" in capsys.readouterr().err
    with pytest.raises(MdpError, match="cannot build"):  # nothing is downloaded, whoever asks
        resolve(name, arguments={"weights": "DEFAULT"})


def test_a_named_detector_is_checked(capsys):
    assert main(["check", "torchvision/ssdlite320_mobilenet_v3_large", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["max_abs_difference"] < 1e-4 and len(row["dims"]) > 30
    assert row["parameters_after"] < row["parameters_before"]
    assert np.isfinite(row["max_abs_difference"])
