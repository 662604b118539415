"""The detector of StreamPETR's kind, its synthetic world, and nuScenes' measure."""

import numpy as np
import pytest
import torch

import mdp
from benchmarks.streampetr.body import Body
from benchmarks.streampetr.denoising import told
from benchmarks.streampetr.geometry import moved, rays
from benchmarks.streampetr.head import Detector
from benchmarks.streampetr.loss import code_of, loss, loss_told
from benchmarks.streampetr.metric import Boxes, mean_average_precision
from benchmarks.streampetr.pruning import ThroughHead, Whole, moments, neck_pins, taken_apart
from benchmarks.streampetr.scenes import sequence
from benchmarks.streampetr.sizes import TINY
from benchmarks.streampetr.training import batch, drives, judge, step, train

from .test_match import by_width


@pytest.fixture(scope="module")
def world():
    return drives(0, 4, 2, TINY)


@pytest.fixture(scope="module")
def detector():
    torch.manual_seed(0)
    return Detector(TINY, Body(TINY)).eval()


def test_a_drive_is_the_same_for_a_seed_and_boxes_stand_where_they_are_drawn():
    one, again = (sequence(5, 3, (64, 176), 6, 25.6) for _ in range(2))
    assert all(torch.equal(a.images, b.images) for a, b in zip(one, again, strict=True))
    ahead = torch.tensor([20.0, 0, 1.6, 1])
    u, v, depth, _ = (one[0].to_image[0] @ ahead).tolist()
    assert (u / depth, v / depth, depth) == pytest.approx((88, 32, 19))  # the camera stands 1 m ahead
    for frame in one:
        extents = frame.boxes[:, 3:6]
        assert (extents > 0.5).all() and (extents < 9).all() and (frame.boxes[:, :2].abs() < 25.6).all()
    assert not torch.equal(one[1].motion, torch.eye(4))


def test_what_stands_still_stays_where_it_is_from_frame_to_frame():
    for seed in range(20):
        before, now = sequence(seed, 2, (32, 64), 1, 25.6)
        still = [
            (a[:3], b[:3])
            for a in before.boxes
            for b in now.boxes
            if torch.equal(a[3:6], b[3:6]) and float(a[7:].norm()) == 0
        ]
        for a, b in still:
            torch.testing.assert_close(moved(a[None, None], now.motion[None])[0, 0], b, atol=1e-4, rtol=0)


def test_a_ray_goes_through_its_pixel(world):
    to_image = world[0][0].to_image[None]
    points = rays(to_image, (2, 4), TINY.image, 3, 30.0)
    seen = torch.cat([points, torch.ones(*points.shape[:-1], 1)], -1)
    flat = torch.einsum("bnij,bnhwdj->bnhwdi", to_image, seen)
    pixel = (flat[..., :2] / flat[..., 2:3])[0, 1, 1, 2, 2]
    torch.testing.assert_close(pixel, torch.tensor([2.5 * 16, 1.5 * 16]), atol=1e-2, rtol=0)


def test_nuscenes_measure_by_hand():
    truth = [Boxes(np.array([0, 0]), np.array([[0.0, 0], [10, 0]]))]

    def found(*centres, kind=0):
        scores = np.linspace(0.9, 0.5, len(centres))
        return [Boxes(np.full(len(centres), kind), np.array(centres, dtype=float), scores)]

    assert mean_average_precision(found((0, 0), (10, 0)), truth, 3) == pytest.approx(1)
    # 0.7 m away: found at three of the four thresholds
    assert mean_average_precision(found((0.7, 0), (10.7, 0)), truth, 3) == pytest.approx(0.75)
    assert mean_average_precision(found((0, 0), (0.1, 0)), truth, 3) < 0.5  # an object is found once
    assert mean_average_precision(found((0, 0), kind=1), truth, 3) == 0


def test_it_learns_and_what_is_remembered_matters(world, detector):
    again = Detector(TINY, Body(TINY))
    again.load_state_dict(detector.state_dict())
    with torch.no_grad():
        before, memory = step(again.eval(), world, 0, again.head.nothing(4))
    assert memory.queries.shape == (4, TINY.memory, TINY.width)
    assert (memory.ages[:, : TINY.propagated] == 0.5).all()
    assert train(again, world, epochs=6, together=4, rate=3e-3, say=lambda _: None) == 12
    with torch.no_grad():
        after, memory = step(again.eval(), world, 0, again.head.nothing(4))
        images, to_image, motion, _ = batch([d[1] for d in world])
        with_past = again(images, to_image, memory, motion)[0]
        without = again(images, to_image, again.head.nothing(4), motion)[0]
    assert float(after) < float(before) and not torch.allclose(with_past, without)
    assert 0 <= judge(again, world) <= 1


def test_the_loss_is_least_where_boxes_are_right(world):
    truth = [(f.kinds, f.boxes) for f in (d[0] for d in world[:2])]
    most = max(len(k) for k, _ in truth)
    kinds, codes = torch.full((1, 2, most + 1, 3), -6.0), torch.zeros(1, 2, most + 1, 10)
    for i, (kind, boxes) in enumerate(truth):
        codes[0, i, : len(kind)] = code_of(boxes)
        kinds[0, i, torch.arange(len(kind)), kind] = 6.0
    right = float(loss(kinds, codes, truth))
    assert right < 0.01 < float(loss(kinds, codes + 0.5, truth)) < float(loss(-kinds, codes + 0.5, truth))


def test_what_some_queries_are_told_reaches_no_other(world, detector):
    images, to_image, motion, truth = batch([d[0] for d in world])
    memory, own = detector.head.nothing(4), TINY.learned + TINY.propagated
    near = told(truth, detector.head.reach, torch.Generator().manual_seed(1))
    assert near.points.shape[1] == 4 * max(len(k) for k, _ in truth)
    for i, (_, boxes) in enumerate(truth):
        of = near.objects[i] >= 0
        aside = near.points[i, of] - boxes[near.objects[i, of], :3]
        assert of.sum() == 4 * len(boxes) and (aside[:, :2].abs() <= 3).all()
    with torch.no_grad():
        without = detector(images, to_image, memory, motion)
        kinds, codes, after = detector(images, to_image, memory, motion, near)
    torch.testing.assert_close(codes[:, :, :own], without[1], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(kinds[:, :, :own], without[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(after.queries, without[2].queries, atol=1e-5, rtol=1e-4)
    # Right answers of the told ones cost less than wrong ones, and places without an object nothing.
    shape = near.objects.shape
    right = torch.full((1, *shape, 3), -6.0), torch.zeros(1, *shape, 10)
    for i, (kind, boxes) in enumerate(truth):
        at = (near.objects[i] >= 0).nonzero()[:, 0]
        right[0][0, i, at, kind[near.objects[i, at]]] = 6.0
        right[1][0, i, at] = code_of(boxes)[near.objects[i, at]]
    assert float(loss_told(*right, truth, near.objects)) < 0.01
    assert float(loss_told(right[0], right[1] + 0.5, truth, near.objects)) > 1


def test_its_body_is_pruned_and_the_neck_follows(world, detector):
    net = taken_apart(detector.body, TINY, 4)
    of_stage = {s.dim for s in net.slices if s.tensor == "coarse.weight" and s.axis == 1}
    assert of_stage & {s.dim for s in net.slices if s.tensor.startswith("backbone.layer4")}
    pins = neck_pins(net)
    assert list(pins.values()) == [TINY.width]
    seen = moments(detector, world, 4)
    task = ThroughHead(detector.head)
    scores = mdp.score(net, seen, method="hessian", task=task, progress=False)
    assert scores.provenance["task"] == "3-D detection"
    plan = mdp.Study(net, by_width(net), scores).solve("60%", pins=pins)
    pruned = net.extract(plan)
    frame = batch([d[0] for d in world])
    inside = Detector(TINY, pruned).eval()
    assert inside(*frame[:2], inside.head.nothing(4), frame[2])[0].shape == (2, 4, 10, 3)
    whole = Whole(pruned, detector.head)
    assert whole(torch.zeros(TINY.cameras, 3, *TINY.image))[0].shape == (1, 10, 3)
