"""Whole networks: what a repair brings, that it is never worse, and what it says where it cannot be made."""

import copy
import dataclasses
import gc

import pytest
import torch

import mdp
from mdp.core.errors import BadFile, Cancelled, MdpError
from mdp.core.files import read_json, write_json
from mdp.core.progress import Reporter
from mdp.core.study import ModelRef
from mdp.families import find
from mdp.networks.models import create
from mdp.reconstruction import Setting, repair
from mdp.reconstruction.judge import Worth, no_worse
from mdp.solve import solve
from mdp.surgery import extract, load, save
from mdp.surgery.check import liven
from tests.training.tiny import tiny_study

RESNET = ModelRef("resnet10t", "none", (1, 28, 28), 10, {"channels": [8, 8, 16, 16], "stem_width": 8})
VIT = ModelRef(
    "vit_tiny_patch16_224", "none", (1, 28, 28), 10,
    {"img_size": 28, "patch_size": 7, "embed_dim": 32, "depth": 3, "num_heads": 4},
)  # fmt: skip
MOBILE = ModelRef("test_efficientnet", "none", (3, 64, 64), 10)
SMALL = {"depths": [1, 1, 2, 1], "dims": [8, 8, 16, 16]}
CONVNEXT = ModelRef("convnext_atto", "none", (3, 64, 64), 10, SMALL)
REMOVED = {VIT.name: "blocks.1", CONVNEXT.name: "stages.2.blocks.1"}


def cut(ref, share=0.6, seed=0):
    """(the dense network, taken apart; the pruned one), with one block removed where there are several."""
    model = create(ref)
    liven(model, seed)
    found = find(model.eval(), ref)
    removed = [REMOVED[ref.name]] if ref.name in REMOVED else []
    used = {s.dim for s in found.slices if s.block not in removed}
    widths = {d.name: d.units if len(d.options) == 1 else int(share * d.units) for d in found.space.dims}
    choices = {name: max(1, width) if name in used else None for name, width in widths.items()}
    order = {d.name: range(d.units)[::-1] for d in found.space.dims}
    return found, extract(found, choices, removed, order).eval()


def pictures(ref, images=64, seed=0, batch=16):
    """Batches of blurred noise: what is predictable is what a repair lives on."""
    noise = torch.randn(images, *ref.input_size, generator=torch.Generator().manual_seed(seed))
    blurred = 3 * torch.nn.functional.avg_pool2d(noise, 5, 1, 2)
    return list(blurred.split(batch))


@pytest.fixture(scope="module")
def vit():
    return cut(VIT)


@pytest.mark.parametrize("ref", [RESNET, VIT, MOBILE, CONVNEXT], ids=lambda ref: ref.name)
def test_a_repaired_network_is_nearer_to_the_dense_one(ref):
    found, pruned = cut(ref)
    before = copy.deepcopy(pruned.state_dict())
    network, told = repair(pruned, found.model, pictures(ref), settings=[Setting()])
    assert told.repaired and told.after.divergence < told.before.divergence and not told.skipped, told.text
    assert (told.images, told.held_out) == (48, 16) and told.after.accuracy is None
    assert all(torch.equal(t, before[name]) for name, t in pruned.state_dict().items())
    other = torch.cat(pictures(ref, seed=1))
    with torch.no_grad():
        wanted, was, now = (n(other).log_softmax(1) for n in (found.model, pruned, network))
    kl = torch.nn.functional.kl_div
    apart = [kl(x, wanted, reduction="batchmean", log_target=True) for x in (was, now)]
    assert apart[1] < 0.8 * apart[0]
    assert network.architecture == pruned.architecture and not network.training


def test_the_same_images_and_seed_give_the_same_network(vit):
    found, pruned = vit
    first, second = (repair(pruned, found.model, pictures(VIT), settings=[Setting()]) for _ in range(2))
    assert all(torch.equal(t, second[0].state_dict()[name]) for name, t in first[0].state_dict().items())
    assert first[1].to_json() == second[1].to_json()


def test_a_network_that_was_not_cut_has_nothing_to_gain(vit):
    found, _ = vit
    whole = extract(found, {d.name: d.units for d in found.space.dims})
    network, told = repair(whole, found.model, pictures(VIT), settings=[Setting()])
    assert told.after.divergence <= told.before.divergence <= 1e-9
    with torch.no_grad():
        image = pictures(VIT)[0]
        torch.testing.assert_close(network(image), found.model(image), atol=1e-3, rtol=1e-3)


def test_a_repair_that_is_worse_is_not_kept(vit, monkeypatch):
    found, pruned = vit

    def spoil(network, *_):
        network.head.weight.mul_(-100)
        return {}

    monkeypatch.setattr("mdp.reconstruction.choose.sweep", spoil)
    monkeypatch.setattr("mdp.reconstruction.choose.with_head", lambda *_: None)
    network, told = repair(pruned, found.model, pictures(VIT))
    assert not told.repaired and told.after == told.before and "which is kept" in told.text
    assert all(torch.equal(t, pruned.state_dict()[name]) for name, t in network.state_dict().items())

    def no_number(network, *_):
        torch.nn.init.constant_(network.head.bias, float("nan"))
        return {}

    monkeypatch.setattr("mdp.reconstruction.choose.sweep", no_number)
    assert not repair(pruned, found.model, pictures(VIT))[1].repaired


def test_labels_judge_but_do_not_teach(vit):
    found, pruned = vit
    images = pictures(VIT)
    with torch.no_grad():
        right = [(x, found.model(x).argmax(1)) for x in images]
    network, told = repair(pruned, found.model, right, settings=[Setting()])
    assert told.after.accuracy == told.after.agreement >= told.before.accuracy
    plain, _ = repair(pruned, found.model, images, settings=[Setting()])
    assert all(torch.equal(t, plain.state_dict()[name]) for name, t in network.state_dict().items())
    # A dense network that is right on nothing: nothing is lost by following it, and nothing fails.
    wrong = [(x, (y + 1) % 10) for x, y in right]
    told = repair(pruned, found.model, wrong, settings=[Setting()])[1]
    assert told.after.accuracy >= told.before.accuracy


@pytest.mark.parametrize(
    "batches, sentence",
    [
        ([], "none were given"),
        ([torch.zeros(3, 1, 28, 28)], "3 were given"),
        ([torch.zeros(32, 1, 30, 30)], "takes images of 1 x 28 x 28"),
        ([torch.zeros(32, 3, 28, 28)], "these are 3 x 28 x 28"),
        ([torch.full((32, 1, 28, 28), float("nan"))], "no numbers"),
        ([torch.zeros(32, 1, 28, 28, dtype=torch.uint8)], "whole numbers"),
        ([[1, 2]], "as a tensor"),
        (torch.zeros(32, 1, 28, 28), "Give batches"),
        (None, "Give batches"),
    ],
)
def test_images_that_cannot_be_used_are_a_sentence(vit, batches, sentence):
    found, pruned = vit
    with pytest.raises(MdpError, match=sentence):
        repair(pruned, found.model, batches)


def test_images_that_are_all_alike_do_no_harm(vit):
    """Gram matrices of rank one."""
    found, pruned = vit
    _, told = repair(pruned, found.model, [torch.zeros(32, 1, 28, 28)])
    assert told.after.divergence <= told.before.divergence


def test_dense_networks_that_cannot_teach_are_a_sentence(vit):
    found, pruned = vit
    broken = copy.deepcopy(found.model)
    torch.nn.init.constant_(broken.head.bias, float("nan"))
    with pytest.raises(MdpError, match="no numbers"):
        repair(pruned, broken, pictures(VIT))
    with pytest.raises(MdpError):
        repair(pruned, create(RESNET), pictures(VIT))
    with pytest.raises(MdpError, match="Only a pruned network can be repaired"):
        repair(found.model, found.model, pictures(VIT))


def test_what_cannot_be_meant_is_a_sentence(vit):
    _, pruned = vit
    other = create(dataclasses.replace(VIT, classes=7))
    for wrong, said in (
        ({"images": -1}, "images -1 cannot be used"),
        ({"images": "x"}, "images x cannot be used"),
        ({"seed": "a"}, "seed a cannot be used"),
        ({"device": "<b>"}, "device"),
        ({"dense": other}, "tells 7 classes, and the pruned one 10"),
    ):
        with pytest.raises(MdpError, match=said):
            mdp.repair(pruned, pictures(VIT), **{"dense": vit[0].model, "progress": False, **wrong})


def test_a_matrix_that_memory_would_not_hold_is_left_out_and_named(vit, monkeypatch):
    found, pruned = vit
    monkeypatch.setattr("mdp.reconstruction.plan.MATRICES", 1e7)
    _, told = repair(pruned, found.model, pictures(VIT), settings=[Setting()])
    assert any("more than is free" in why for why in told.skipped.values())
    assert "Left as they are" in told.text
    monkeypatch.setattr("mdp.reconstruction.choose.room", lambda: 1e3)
    with pytest.raises(MdpError, match="more memory than is free"):
        repair(pruned, found.model, pictures(VIT))


def test_it_stops_within_a_layer(vit):
    found, pruned = vit
    asked = []

    def stop():
        asked.append(1)
        return len(asked) > 40

    with pytest.raises(Cancelled):
        repair(pruned, found.model, pictures(VIT), Reporter(stop))
    assert len(asked) == 41 and not pruned.norm._forward_pre_hooks and not found.model.norm._forward_pre_hooks


def test_a_network_without_a_layer_to_repair_stays_as_it_is(vit, monkeypatch):
    from mdp.reconstruction import layers

    found, pruned = vit
    monkeypatch.setattr(layers, "_unfit", lambda *_: "of no known kind")
    told = repair(pruned, found.model, pictures(VIT))[1]
    assert not told.repaired and "no layer that could be" in told.text and "of no known kind" in told.text


def test_a_saved_network_says_which_units_it_has(vit, tmp_path):
    found, pruned = vit
    kept = pruned.architecture.kept
    assert kept["embedding"] == tuple(range(32 - 19, 32)) and "blocks.1.mlp" not in kept
    save(pruned, tmp_path)
    again = load(tmp_path, found.model)
    assert again.architecture == pruned.architecture
    ours, theirs = (repair(n, found.model, pictures(VIT), settings=[Setting()])[0] for n in (pruned, again))
    assert all(torch.equal(t, theirs.state_dict()[name]) for name, t in ours.state_dict().items())

    data = read_json(tmp_path / "architecture.json")
    for bad in ([1, 2], list(range(19))[::-1], [*range(18), 99], "all"):
        write_json(tmp_path / "architecture.json", {**data, "kept": {**data["kept"], "embedding": bad}})
        with pytest.raises(BadFile, match="kept does not name the 19 units"):
            load(tmp_path, found.model)
    del data["kept"]  # as earlier versions wrote it
    write_json(tmp_path / "architecture.json", data)
    old = load(tmp_path, found.model)
    assert old.architecture == dataclasses.replace(pruned.architecture, kept=None)
    with pytest.raises(MdpError, match="an earlier version saved it"):
        repair(old, found.model, pictures(VIT))


def test_the_front_door_finds_the_dense_network_while_it_is_there(tmp_path):
    model = create(RESNET)
    net = mdp.prunable(model, input_size=(1, 28, 28))
    study = tiny_study(RESNET)
    plan = solve(study.problem, 0.7 * study.problem.dense_latency)
    plan = dataclasses.replace(plan, order=study.scores.order)
    pruned = net.extract(plan)
    network = mdp.repair(pruned, pictures(RESNET), progress=False)
    assert network.repair_report.held_out == 16 and network is not pruned
    mdp.save(network, tmp_path)
    del net, model
    gc.collect()
    with pytest.raises(MdpError, match="dense=model"):
        mdp.repair(pruned, pictures(RESNET), progress=False)
    with pytest.raises(MdpError, match="Only a pruned network"):
        mdp.repair(torch.nn.Linear(2, 2), pictures(RESNET), progress=False)


def test_other_processes_get_the_weights_of_the_first(vit, monkeypatch):
    """The first one's are sent as they are; here, the others' turn into what it says."""
    from mdp.training import repairing

    found, pruned = vit
    sent = copy.deepcopy(pruned).state_dict()
    coming = iter([t + 1 for t in sent.values()])

    class Second:
        num_processes, is_main_process, device = 2, False, "cpu"

    def say(values):
        values[0] = True

    monkeypatch.setattr(repairing, "broadcast_object_list", say)
    monkeypatch.setattr(repairing, "broadcast", lambda tensor: next(coming))
    network, done = repairing.repaired(copy.deepcopy(pruned), found.model, [], Second, Reporter())
    assert done and all(torch.equal(t, sent[name] + 1) for name, t in network.state_dict().items())


@pytest.mark.parametrize(
    ("divergence", "accuracy", "kept"),
    [
        (0.5, 0.86, True),  # nearer, and right by luck a little less often
        (0.5, 0.80, False),  # nearer, and right less often beyond chance
        (1.5, 0.86, False),
        (1.5, 0.95, True),
        (float("inf"), 0.95, False),
        (0.5, None, True),
        (1.5, None, False),
    ],
)
def test_one_image_by_luck_decides_nothing(divergence, accuracy, kept):
    before = Worth(1.0, 0.9, None if accuracy is None else 0.87)
    assert no_worse(Worth(divergence, 0.9, accuracy), before, 250) is kept
