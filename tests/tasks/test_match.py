"""The task "match": any network with any answers goes the whole way without labels."""

import copy
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

import mdp
from mdp.core.errors import MdpError
from mdp.core.problem import Term
from mdp.core.study import Tables
from mdp.tasks import Match, leaves, task_of
from mdp.tasks.outputs import finite

from .tiny import TwoInTwoOut, pairs


def by_width(net):
    """Made-up tables: every width costs in proportion, and every block something."""
    terms = [Term(d.name, None, (d.name,), np.array(d.options) / d.units) for d in net.space.dims]
    terms += [Term(b.name, b.name, (), np.array(0.1)) for b in net.space.blocks]
    return Tables(tuple(terms), {"device": "synthetic", "batch": 1, "dtype": "float32"})


@pytest.fixture(scope="module")
def whole_way():
    torch.manual_seed(0)
    model = TwoInTwoOut().eval()
    with torch.no_grad():  # some channels do next to nothing, and which is to be found
        model.conv2.weight[::2] *= 0.01
        model.conv2.bias[::2] *= 0.01
    net = mdp.prunable(model, pairs(1)[0], width_step={"channels": 4})
    scores = mdp.score(net, pairs(4), method="measured", progress=False)
    study = mdp.Study(net, by_width(net), scores)
    return model, net, scores, study


def test_a_network_of_two_inputs_and_nested_answers_goes_the_whole_way(whole_way, tmp_path):
    model, net, scores, study = whole_way
    assert scores.provenance["task"] == "match" and scores.provenance["measured"] > 0
    plan = study.solve("60%")
    pruned = net.extract(plan)
    held = pairs(2, seed=9)
    before = mdp.evaluate(pruned, held, dense=model)
    repaired = mdp.repair(pruned, pairs(8, seed=1), progress=False)
    after = mdp.evaluate(repaired, held, dense=model)
    assert repaired.repair_report.repaired and after > before
    assert "agree with the dense network's to" in repaired.repair_report.text
    assert repaired.repair_report.to_json()["task"] == "match"
    tuned = mdp.finetune(repaired, pairs(4, seed=1), held, epochs=3, progress=False)
    last = tuned.history[-1]
    assert last["measure"] == "agreement" and last["epoch"] == 3 and not tuned.training
    assert last["quality"] == pytest.approx(mdp.evaluate(tuned, held))
    assert mdp.evaluate(model, held, dense=model) == 1.0
    mdp.save(tuned, tmp_path)
    again = mdp.load(tmp_path, dense=TwoInTwoOut())
    for a, b in zip(leaves(again(*held[0])), leaves(tuned(*held[0])), strict=True):
        torch.testing.assert_close(a, b)


def test_it_finds_the_channels_that_do_something(whole_way):
    _, net, scores, _ = whole_way
    dim = next(s.dim for s in net.slices if s.tensor == "conv2.weight" and s.axis == 0)
    assert set(scores.order[dim][:8]) == set(range(1, 16, 2))


def test_gradient_scores_need_no_labels_either(whole_way):
    _, net, _, _ = whole_way
    scores = mdp.score(net, pairs(3), method="hessian", progress=False)
    again = mdp.score(net, pairs(3), method="hessian", progress=False)
    assert scores.provenance["images"] == 24 and scores.provenance["task"] == "match"
    assert all(np.array_equal(a[-1], b[-1]) for a, b in zip(scores.shares, again.shares, strict=True))


def test_a_classifier_without_labels_can_be_matched_too():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 10)).eval()
    net = mdp.prunable(model, torch.randn(1, 1, 8, 8))
    images = [torch.randn(8, 1, 8, 8) for _ in range(3)]
    assert mdp.score(net, images, task="match", progress=False).provenance["task"] == "match"
    assert "task" not in mdp.score(net, images, progress=False).provenance


def test_training_goes_on_where_it_was_cut_off(whole_way, tmp_path):
    model, net, _, study = whole_way
    pruned = net.extract(study.solve("60%"))
    how = {"teacher": model, "progress": False, "task": "match"}
    straight = mdp.finetune(pruned, pairs(2), pairs(1), epochs=3, **how)
    path = tmp_path / "cut.safetensors"

    class Stop(mdp.Reporter):
        def metric(self, **values):
            if values["epoch"] == 2:
                raise mdp.Cancelled("enough")

    with pytest.raises(mdp.Cancelled):
        stopping = {**how, "progress": Stop()}
        mdp.finetune(pruned, pairs(2), pairs(1), epochs=3, checkpoint=path, **stopping)
    resumed = mdp.finetune(pruned, pairs(2), pairs(1), epochs=3, checkpoint=path, **how)
    assert [e["epoch"] for e in resumed.history] == [1, 2, 3] and not path.exists()
    for a, b in zip(resumed.parameters(), straight.parameters(), strict=True):
        torch.testing.assert_close(a, b)


@dataclass
class Answer:
    first: torch.Tensor
    none: None
    rest: dict


def test_answers_of_any_kind_are_lists_of_tensors():
    x = torch.zeros(2, 3)
    assert len(leaves(Answer(x, None, {"a": [x, 4], "b": (Answer(x, None, {}),)}))) == 3
    assert not finite({"a": torch.tensor([float("nan")]), "b": torch.tensor([1])})


def test_divergence_is_in_units_of_what_varies_and_the_same_for_any_scale():
    torch.manual_seed(0)
    dense = torch.randn(64, 4)
    ours = dense + 0.1 * torch.randn(64, 4)
    for scale, shift in ((1, 0), (1000, 5e4)):
        reference = Match().reference([(scale * dense + shift,)])
        assert float(reference.divergence(0, (scale * ours + shift,))) == pytest.approx(0.005, rel=0.4)
        assert reference.agreement([(scale * ours + shift,)]) == pytest.approx(0.99, abs=0.004)
    constant = Match().reference([torch.ones(4, 2)])
    same = torch.ones(4, 2)
    assert float(constant.divergence(0, same)) == 0 and constant.agreement([same]) == 1
    counts = Match().reference([torch.tensor([1, 2, 3, 4])])
    assert counts.agreement([torch.tensor([1, 2, 0, 4])]) == 0.75


@pytest.mark.parametrize(
    ("batches", "said"),
    [
        ([torch.randn(8, 3, 8, 8)] * 3, "1 parts|1 inputs"),
        ([(torch.randn(8, 3, 8, 8), torch.randn(7, 5))], "different lengths"),
        ([(torch.randn(8, 3, 8, 9), torch.randn(8, 5))], "3 x 8 x 9, and TwoInTwoOut takes 3 x 8 x 8"),
        ([(torch.randn(8, 3, 8, 8), "x")], "str"),
        ([(torch.full((8, 3, 8, 8), float("nan")), torch.randn(8, 5))], "no numbers"),
        (torch.randn(8, 3, 8, 8), "Give batches"),
        ([(1, 2, 3, 4)], "4 parts"),
        ([], "No inputs are too few"),
    ],
)
def test_bad_batches_are_refused_in_a_sentence(whole_way, batches, said):
    _, net, _, _ = whole_way
    with pytest.raises(MdpError, match=said):
        mdp.score(net, batches, method="measured", progress=False)


def test_what_is_missing_is_said(whole_way):
    model, net, _, study = whole_way
    pruned = net.extract(study.solve("60%"))
    with pytest.raises(MdpError, match=r"no task 'boxes'.*classification.*match"):
        mdp.score(net, pairs(2), task="boxes", progress=False)
    with pytest.raises(MdpError, match="Only a pruned network"):
        mdp.evaluate(copy.deepcopy(model), pairs(1), task="match")
    with pytest.raises(MdpError, match="16 or more"):
        mdp.repair(pruned, pairs(1), progress=False)
    with pytest.raises(MdpError, match="no batches"):
        mdp.finetune(pruned, [], pairs(1), teacher=model, progress=False)
    assert task_of(None, net.ref).name == "match"
