"""Measured importance: the tables lose what the networks lose; it stops and goes on; bad input."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import mdp
from mdp.core.errors import Cancelled, MdpError
from mdp.core.progress import Reporter
from mdp.core.scores import read_scores, save_scores
from mdp.families import find
from mdp.importance import score
from mdp.importance.measured import campaign
from mdp.importance.measured.curves import Rate, fitted, joined
from mdp.importance.measured.decisions import by_macs
from mdp.importance.measured.evaluate import Evaluator
from mdp.networks.models import create
from mdp.solve import solve
from mdp.surgery import mask

from ..training.tiny import RESNET, VIT


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def batches():
    torch.manual_seed(0)
    return [(torch.randn(6, 1, 28, 28), torch.randint(0, 10, (6,))) for _ in range(2)]


@pytest.fixture(scope="module", params=[RESNET, VIT], ids=["resnet", "vit"])
def found(request):
    torch.manual_seed(1)
    model = create(request.param)
    with torch.no_grad():  # sharper answers than those of untrained weights
        model.get_classifier().weight.mul_(20)
    return find(model, request.param)


def divergence(found, model, batches):
    with torch.no_grad():
        dense, pruned = (torch.cat([m(x) for x, _ in batches]).log_softmax(1) for m in (found.model, model))
    return float(F.kl_div(pruned, dense, reduction="batchmean", log_target=True))


def test_every_shortcut_gives_what_the_masked_network_gives(found, batches):
    order = {d.name: np.random.default_rng(0).permutation(d.units) for d in found.space.dims}
    evaluator = Evaluator(found, batches, order)
    assert len(evaluator.links) > 3
    full = {d.name: d.units for d in found.space.dims}
    starts = set()
    for d in found.space.dims:
        if len(d.options) > 1:
            decision = ("dim", d.name, d.options[0])
            masked = mask(found, {**full, d.name: d.options[0]}, (), order)
            assert evaluator.loss(decision) == pytest.approx(divergence(found, masked, batches), abs=1e-4)
            starts.add(evaluator.entry_of(decision))
    for b in found.space.blocks:
        masked = mask(found, full, (b.name,), order)
        expected = pytest.approx(divergence(found, masked, batches), abs=1e-4)
        assert evaluator.loss(("block", b.name, 0)) == expected
    assert len(starts) > 1, "not every forward begins at the image"


class Branch(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1, self.conv2 = (torch.nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2))
        self.bn1, self.bn2 = torch.nn.BatchNorm2d(width), torch.nn.BatchNorm2d(width)

    def forward(self, x):
        return F.relu(x + self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


class Own(torch.nn.Module):
    """What people write: blocks in a sequence, functions between layers."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = torch.nn.Conv2d(1, 8, 3, stride=4, bias=False), torch.nn.BatchNorm2d(8)
        self.layers = torch.nn.Sequential(*(Branch(8) for _ in range(3)))
        self.linear = torch.nn.Linear(8, 10)

    def forward(self, x):
        x = self.layers(F.relu(self.bn1(self.conv1(x))))
        return 9 * self.linear(x.mean((2, 3)))


@pytest.mark.parametrize("mend", [False, True], ids=["as cut", "repaired"])
def test_a_network_that_is_cut_as_a_graph_is_not_entered_at_its_blocks(batches, mend):
    """Its graph calls layers, never a block: a block that should stand in for what ran before would not be
    asked, and the layers before it would be given nothing."""
    torch.manual_seed(2)
    found = mdp.prunable(Own().eval(), torch.randn(2, 1, 28, 28), width_step={"channels": 2})
    order = {d.name: np.random.default_rng(1).permutation(d.units) for d in found.space.dims}
    evaluator, whole = (Evaluator(found, batches, order, mend=mend) for _ in range(2))
    whole.links = ()
    if mend:
        whole._mender._links = ()
    full = {d.name: d.units for d in found.space.dims}
    dims = [("dim", d.name, d.options[0]) for d in found.space.dims]
    for what, name, kept in [*dims, *(("block", b.name, 0) for b in found.space.blocks)]:
        lost = evaluator.loss((what, name, kept))
        assert lost == pytest.approx(whole.loss((what, name, kept)), rel=0.02, abs=1e-4)
        masked = mask(found, {**full, name: kept} if kept else full, () if kept else (name,), order)
        if not mend:
            assert lost == pytest.approx(divergence(found, masked, batches), abs=1e-4)


def test_a_repair_that_begins_in_the_middle_is_that_of_the_whole(found, batches):
    """Layers before the first that differs are left alone: what they put out is what they are to."""
    order = {d.name: np.arange(d.units) for d in found.space.dims}
    short, long = (Evaluator(found, batches, order, mend=True) for _ in range(2))
    long.links = long._mender._links = ()
    plain = Evaluator(found, batches[1:], order)
    dims = [("dim", d.name, d.options[0]) for d in found.space.dims if len(d.options) > 1]
    blocks = [("block", b.name, 0) for b in found.space.blocks]
    for decision in (dims[len(dims) // 2], blocks[1]):
        assert short.loss(decision) == pytest.approx(long.loss(decision), rel=0.02, abs=1e-4)
        assert short.loss(decision) <= plain.loss(decision) + 1e-6


def test_the_terms_lose_what_was_measured(found, batches):
    scores = score(found, batches, "measured")
    problem = by_macs(found.space, scores)
    full, dense = problem.dense_choices, problem.dense_importance
    assert dense > 0 and scores.provenance["method"] == "measured"
    evaluator = Evaluator(found, batches, scores.order)
    for d in found.space.dims:
        kept = [dense - problem.evaluate({**full, d.name: k})[1] for k in d.options]
        assert (np.diff(kept) <= 1e-9).all(), "wider never loses more"
    for b in found.space.blocks:
        lost = dense - problem.evaluate(full, (b.name,))[1]
        assert lost == pytest.approx(max(0, evaluator.loss(("block", b.name, 0))), abs=1e-6)
    assert all((values >= 0).all() for _, _, _, values in scores.shares)


def test_solvers_agree_on_measured_terms(found, batches):
    problem = by_macs(found.space, score(found, batches, "calibrated"))
    for part in (0.7, 0.4):
        plans = [solve(problem, part * problem.dense_latency, s) for s in ("exact", "milp")]
        assert plans[0].importance == pytest.approx(plans[1].importance, rel=1e-6)


def test_constants_of_blocks_survive_a_file(found, batches, tmp_path):
    scores = score(found, batches, "calibrated")
    path = save_scores(scores, found.ref, tmp_path / "s.json")
    again = read_scores(path).scores
    assert again.blocks == dict(scores.blocks) and again.blocks
    before, after = (by_macs(found.space, s).dense_importance for s in (scores, again))
    assert after == pytest.approx(before, rel=1e-4)
    data = json.loads(path.read_text())
    del data["blocks"]  # as written before there were any
    path.write_text(json.dumps(data))
    assert read_scores(path).scores.blocks == {}
    path.write_text(json.dumps({**data, "blocks": {"blocks.0": "much"}}))
    with pytest.raises(MdpError, match="damaged"):
        read_scores(path)


def test_stopped_it_goes_on_from_there(found, batches, folder, monkeypatch):
    measured = []
    real = Evaluator.loss

    def noted(self, decision):
        loss = real(self, decision)
        measured.append(decision)
        return loss

    monkeypatch.setattr(Evaluator, "loss", noted)
    with pytest.raises(Cancelled):
        score(found, batches, "measured", Reporter(lambda: len(measured) >= 3))
    first = list(measured)
    kept = list((folder / "user" / "scores" / "measuring").glob("*.json"))
    assert len(kept) == 1 and len(first) == 3
    scores = score(found, batches, "measured")
    assert len(set(measured)) == len(measured), "nothing is measured twice"
    assert not kept[0].exists()
    whole = score(found, batches, "measured")
    assert all(np.array_equal(a[3], b[3]) for a, b in zip(scores.shares, whole.shares, strict=True))


def test_a_damaged_file_of_what_was_measured_is_measured_anew(found, batches, folder):
    with pytest.raises(Cancelled):
        score(found, batches, "measured", Reporter(iter([False] * 12 + [True] * 99).__next__))
    for path in (folder / "user" / "scores" / "measuring").glob("*.json"):
        path.write_text("{")
    score(found, batches, "calibrated")


def test_a_time_limit_still_gives_a_whole_table(found, batches, monkeypatch):
    monkeypatch.setattr(campaign.Campaign, "_round", lambda self, wanted, after: False)
    scores = score(found, batches, "measured", seconds=60)
    assert scores.provenance["stopped_after"] == 60 and scores.provenance["measured"] == 0
    assert {dim for _, _, dim, _ in scores.shares} == {d.name for d in found.space.dims}
    assert by_macs(found.space, scores).dense_importance > 0


def test_images_alone_do_and_labels_can_be_asked_for(found, batches):
    alone = [images for images, _ in batches]
    assert score(found, alone, "calibrated").provenance["against"] == "outputs"
    with torch.no_grad():
        right = [(x, found.model(x).argmax(1)) for x in alone]
    assert score(found, right, "calibrated", against="labels").provenance["measured_accuracy"] == 1
    with pytest.raises(MdpError, match="no labels"):
        score(found, alone, "calibrated", against="labels")
    with pytest.raises(MdpError, match="no labels"):
        score(found, alone, "hessian")
    wrong = [(x, (y + 1) % 10) for x, y in right]
    with pytest.raises(MdpError, match="right on none"):
        score(found, wrong, "calibrated", against="labels")
    with pytest.raises(MdpError, match="10 classes"):
        score(found, [(x, y + 10) for x, y in right], "taylor")


def test_bad_input_is_a_sentence(found, batches):
    with pytest.raises(MdpError, match="no images"):
        score(found, (), "measured")
    with pytest.raises(MdpError, match="too few"):
        score(found, [torch.randn(3, 1, 28, 28)], "measured")
    with pytest.raises(MdpError, match="1 x 28 x 28"):
        score(found, [torch.randn(9, 3, 32, 32)], "measured")
    with pytest.raises(MdpError, match="outputs or labels"):
        score(found, batches, "measured", against="luck")
    with pytest.raises(MdpError, match="time"):
        score(found, batches, "measured", seconds=0)
    broken = find(create(found.ref), found.ref)
    with torch.no_grad():
        broken.model.get_classifier().bias[0] = float("nan")
    with pytest.raises(MdpError, match="not finite"):
        score(broken, batches, "measured")


def test_a_handful_of_images_is_scored_by_gradients_unless_asked(found, batches):
    few = [(x[:3], y[:3]) for x, y in batches]
    assert score(found, few).provenance["method"] in ("taylor", "hessian")
    assert score(found, batches).provenance["method"] == "calibrated"


def test_curves_join_what_was_measured_along_the_score():
    options, removed = (1, 2, 3, 4), np.array([6.0, 3.0, 1.0, 0.0])
    assert joined(options, removed, {}).tolist() == removed.tolist()
    assert joined(options, removed, {1: 12.0}).tolist() == [12.0, 6.0, 2.0, 0.0]
    noisy = joined(options, removed, {1: 4.0, 2: 5.0, 3: -1.0})
    assert noisy.tolist() == [4.5, 4.5, 0.0, 0.0]
    flat = joined(options, np.zeros(4), {1: 3.0})
    assert flat.tolist() == [3.0, 2.0, 1.0, 0.0]


def test_rates_follow_a_power_and_stay_within_reason():
    assert fitted([1.0, 4.0], [2.0, 8.0]) == Rate(2.0, 1.0)
    assert fitted([1.0, 2.0], [1.0, 4.0]) == Rate(1.0, 2.0)
    assert fitted([1.0, 1.1], [1.0, 100.0]).power == 3.0
    assert fitted([0.0], [0.0]) is None
