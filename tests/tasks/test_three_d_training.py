"""What helps the detector of StreamPETR's kind to learn: a guide, aligned encodings, a kept state."""

import pytest
import torch

from benchmarks.streampetr.alignment import align, attention, looked_at
from benchmarks.streampetr.body import Body
from benchmarks.streampetr.guide import Guide, seen
from benchmarks.streampetr.head import Detector, Head
from benchmarks.streampetr.scenes import projections
from benchmarks.streampetr.sizes import TINY
from benchmarks.streampetr.state import State, put_weights
from benchmarks.streampetr.training import drives, train
from mdp.networks.checkpoints import read_tensors

GRID = (2, 4)


@pytest.fixture(scope="module")
def to_image():
    return torch.from_numpy(projections(TINY.image, TINY.cameras)).float()


def fresh():
    torch.manual_seed(0)
    return Detector(TINY, Body(TINY))


def test_the_guide_is_told_the_nearer_of_two_in_its_place_and_how_far_it_is(to_image):
    boxes = torch.zeros(3, 9)
    boxes[:, :3] = torch.tensor([[21.0, 0.1, 1.5], [11.0, 0.1, 1.5], [-9.0, 0, 1.5]])
    boxes[:, 3:6] = 1
    found = seen(to_image[None], [(torch.tensor([0, 1, 2]), boxes)], GRID, TINY.image)
    assert (found.kinds >= 0).sum() == 2  # the farther one ahead is hidden; the third is in the other camera
    ahead, behind = found.kinds[0].amax((1, 2)).tolist()
    assert (ahead, behind) == (1, 2)
    camera, row, column = (found.kinds[0] == 1).nonzero()[0].tolist()
    along, down, log_depth = found.places[0, camera, row, column].tolist()
    assert log_depth == pytest.approx(torch.tensor(10.0).log())  # the camera stands 1 m ahead
    u, v, depth, _ = (to_image[0] @ torch.tensor([11.0, 0.1, 1.5, 1])).tolist()
    assert (column + along) * 16 == pytest.approx(u / depth) and (row + down) * 16 == pytest.approx(v / depth)


def test_the_guide_asks_least_of_right_answers(to_image):
    guide, boxes = Guide(TINY), torch.ones(1, 9) * torch.tensor([11.0, 0, 1.5, 1, 1, 1, 0, 0, 0])
    truth = [(torch.tensor([1]), boxes)]
    wanted = seen(to_image[None], truth, GRID, TINY.image)

    class Right(torch.nn.Module):
        def forward(self, _):
            there = wanted.kinds[0] >= 0
            scores = torch.full((TINY.cameras, *GRID, TINY.classes), -9.0)
            scores[there, 1] = 9.0
            return torch.cat([scores, wanted.places[0]], 3).movedim(3, 1)

    features = torch.zeros(1, TINY.cameras, TINY.width, *GRID)
    wrong = guide.loss(features, to_image[None], truth)
    guide.answers = Right()
    assert float(guide.loss(features, to_image[None], truth)) < 0.01 < float(wrong.detach())
    assert (
        float(guide.loss(features, to_image[None], [(truth[0][0][:0], boxes[:0])])) > 0.1
    )  # says what is not


def test_a_point_is_looked_for_where_it_is_seen(to_image):
    points = torch.tensor([[11.0, 0, 1.6], [0.0, 20, 1.6]])
    ahead, aside = looked_at(points, to_image, GRID, TINY.image)
    assert float(ahead.sum()) == pytest.approx(1, abs=1e-5)
    middle = ahead.unflatten(0, (TINY.cameras, *GRID))[0]
    assert float(middle[:, 1:3].sum()) > 0.8  # the horizon and the middle lie between two places
    assert float(aside.sum()) == 0  # no camera of two looks there


def test_aligned_encodings_find_points_they_never_saw(to_image):
    torch.manual_seed(0)
    head = Head(TINY)
    points = (2 * torch.rand(1, 200, 3) - 1) * head.reach
    wanted = looked_at(points[0], to_image, GRID, TINY.image)
    there = wanted.sum(1) > 0

    def right() -> float:
        with torch.no_grad():
            tokens, tokens_at = head.tokens(torch.randn(1, TINY.cameras, TINY.width, *GRID), to_image[None])
            found = attention(head.layers[0], 2 * head.at(points), tokens + tokens_at).exp().mean(0)
        return float((found * wanted)[there].sum(1).mean())

    before = right()
    align(head, to_image, GRID, updates=150, rate=3e-3)
    assert right() > 1.5 * before


def test_a_run_that_was_cut_off_ends_as_if_it_had_not_been(tmp_path, monkeypatch):
    world, how = drives(0, 4, 2, TINY), {"epochs": 3, "together": 2, "rate": 1e-3}
    whole = fresh()
    assert train(whole, world, say=lambda _: None, **how) == 12

    class CutOff(Exception): ...

    put = State.put

    def cut(self, path, epochs):
        put(self, path, epochs)
        if epochs == 2:
            raise CutOff

    monkeypatch.setattr(State, "put", cut)
    kept = tmp_path / "training.safetensors"
    with pytest.raises(CutOff):
        train(fresh(), world, keep=kept, say=lambda _: None, **how)
    monkeypatch.setattr(State, "put", put)
    goes_on, said = Detector(TINY, Body(TINY)), []
    assert train(goes_on, world, keep=kept, say=said.append, **how) == 12
    assert len(said) == 1
    for name, weights in whole.state_dict().items():
        torch.testing.assert_close(goes_on.state_dict()[name], weights, atol=0, rtol=0, msg=name)
    put_weights(tmp_path / "weights.safetensors", goes_on)
    assert read_tensors(tmp_path / "weights.safetensors").keys() == goes_on.state_dict().keys()
