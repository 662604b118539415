"""Scoring whole networks: every dim, shares per block, agreement, cancelling, files."""

import json

import numpy as np
import pytest
import torch

from mdp.core.errors import BadFile, Cancelled, MdpError
from mdp.core.progress import Reporter
from mdp.families import find
from mdp.importance import default_method, list_scores, load_scores, save_scores, score
from mdp.networks.models import create

from ..training.tiny import RESNET, VIT


@pytest.fixture(scope="module")
def batches():
    torch.manual_seed(0)
    return [(torch.randn(8, 1, 28, 28), torch.randint(0, 10, (8,))) for _ in range(4)]


@pytest.fixture(scope="module", params=[RESNET, VIT], ids=["resnet", "vit"])
def found(request):
    return find(create(request.param), request.param)


@pytest.mark.parametrize("method", ["taylor", "hessian", "magnitude"])
def test_every_dim_is_scored_and_the_model_is_left_alone(found, batches, method):
    before = {name: tensor.clone() for name, tensor in found.model.state_dict().items()}
    scores = score(found, batches, method)
    units = {d.name: d.units for d in found.space.dims}
    assert {dim: len(order) for dim, order in scores.order.items()} == units
    for name, block, dim, values in scores.shares:
        assert values.shape == (units[dim],) and np.isfinite(values).all() and (values >= 0).all(), name
        assert block is None or block in {b.name for b in found.space.blocks}
    for dim, order in scores.order.items():
        total = sum(values for _, _, d, values in scores.shares if d == dim)
        assert (np.diff(total[order]) <= 1e-9 * total.max()).all()
    after = found.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(p.grad is None and p.requires_grad for p in found.model.parameters())


def test_same_images_same_scores_and_halves_are_compared(found, batches):
    one, two = (score(found, batches) for _ in range(2))
    assert one.provenance["method"] == default_method(found)
    assert all(np.array_equal(one.order[dim], two.order[dim]) for dim in one.order)
    assert one.provenance["images"] == 32
    assert all(-1 <= value <= 1 for value in one.provenance["agreement"].values())
    same = score(found, [batches[0], batches[0]])  # both halves are the same images
    assert all(value == pytest.approx(1) for value in same.provenance["agreement"].values())


def test_the_embedding_has_a_share_in_every_block(batches):
    found = find(create(VIT), VIT)
    blocks = {block for _, block, dim, _ in score(found, batches).shares if dim == "embedding"}
    assert blocks == {None, "blocks.0", "blocks.1"}


def test_cancel_stops_after_the_batch_at_hand(found, batches):
    asked = iter([False, False, True, True])
    with pytest.raises(Cancelled):
        score(found, batches, report=Reporter(lambda: next(asked)))
    assert all(p.grad is None for p in found.model.parameters())


def test_bad_input_is_a_sentence(found):
    with pytest.raises(MdpError, match="no score 'best'"):
        score(found, (), "best")
    with pytest.raises(MdpError, match="no images"):
        score(found, ())


def test_a_network_that_is_not_sound_is_refused(batches):
    found = find(create(RESNET), RESNET)
    with torch.no_grad():
        found.model.fc.weight[0, 0] = float("nan")
    with pytest.raises(MdpError, match="not finite"):
        score(found, batches)


def test_scores_survive_a_file(found, batches, tmp_path):
    scores = score(found, batches, provenance={"dataset": "random"})
    path = save_scores(scores, found.ref)
    assert [saved.path for saved in list_scores(found.ref.name)] == [path]
    again = load_scores(path, model=found.ref.name)
    assert all(np.array_equal(scores.order[dim], again.order[dim]) for dim in scores.order)
    for (*part, values), (*part2, values2) in zip(scores.shares, again.shares, strict=True):
        assert part == part2 and np.allclose(values, values2, rtol=1e-5)
    with pytest.raises(MdpError, match="not of resnet50"):
        load_scores(path, model="resnet50")

    data = json.loads(path.read_text())
    for damage in (
        lambda d: d["shares"][0]["values"].pop(),
        lambda d: d["order"][d["shares"][0]["dim"]].__setitem__(0, 1),
        lambda d: d.pop("model"),
        lambda d: d.update(format="other"),
    ):
        copy = json.loads(json.dumps(data))
        damage(copy)
        bad = tmp_path / "bad.json"
        bad.write_text(json.dumps(copy))
        with pytest.raises(BadFile):
            load_scores(bad)
    path.unlink()
