"""Scores taken anew on a partly pruned network, and the command that prunes in steps with them."""

import json

import numpy as np
import pytest
import torch

from mdp.cli import main
from mdp.core.errors import Cancelled, MdpError
from mdp.core.plan import load_plan, make_plan
from mdp.core.progress import Reporter
from mdp.core.study import build_study, load_study, save_study
from mdp.families import find
from mdp.importance import rescored, score
from mdp.networks.models import create
from mdp.solve import iterate, solve
from mdp.surgery import extract, extract_plan, find_in, mask_plan, put_back

from ..training.tiny import RESNET, STEPS, VIT, tiny_study


@pytest.fixture(scope="module")
def batches():
    torch.manual_seed(0)
    return [(torch.randn(8, 1, 28, 28), torch.randint(0, 10, (8,))) for _ in range(2)]


@pytest.fixture(scope="module", params=[RESNET, VIT], ids=["resnet", "vit"])
def study(request):
    return tiny_study(request.param)


def test_what_is_pruned_scores_zero_and_stands_last(study, batches):
    plan = solve(study.problem, 0.4 * study.problem.dense_latency)
    assert plan.removed_blocks or any(k != study.problem.dim[d].dense for d, k in plan.choices.items())
    new = rescored(study, plan, batches)
    shares = {dim: 0 for dim in plan.choices} | {
        d: sum(v for _, _, e, v in new.scores.shares if e == d) for _, _, d, _ in new.scores.shares
    }
    for dim, kept in plan.choices.items():
        old, order = study.scores.order[dim], new.scores.order[dim]
        assert sorted(order) == list(range(len(old)))
        if kept is not None:
            assert set(order[:kept]) == set(old[:kept]), "the same units stay"
            assert np.all(np.asarray(shares[dim])[old[kept:]] == 0)
    gone = set(plan.removed_blocks)
    assert not any(block in gone for _, block, _, _ in new.scores.shares)
    assert new.problem.dims == study.problem.dims and new.problem.blocks == study.problem.blocks


def test_the_units_kept_at_the_end_are_among_those_of_every_step(study, batches):
    studies = [study]

    def rescore(plan):
        studies.append(rescored(studies[-1], plan, batches))
        return studies[-1].problem

    plans = iterate(study.problem, 0.4 * study.problem.dense_latency, rescore, steps=3)
    assert len(studies) == 3
    for a, before, b, after in zip(plans[:-1], studies[:-1], plans[1:], studies[1:], strict=True):
        assert set(a.removed_blocks) <= set(b.removed_blocks)
        for dim, kept in b.choices.items():
            if kept is not None:
                assert set(after.scores.order[dim][:kept]) <= set(before.scores.order[dim][: a.choices[dim]])
    image = torch.randn(2, 1, 28, 28)
    with torch.no_grad():
        pruned, masked = (make(studies[-1], plans[-1]).eval()(image) for make in (extract_plan, mask_plan))
    assert torch.allclose(pruned, masked, atol=1e-5)


def test_a_plan_of_another_study_is_refused_and_cancel_is_heard(study, batches):
    other = tiny_study(VIT if study.model is RESNET else RESNET)
    with pytest.raises(MdpError):
        rescored(study, solve(other.problem, other.problem.dense_latency), batches)
    plan = solve(study.problem, study.problem.dense_latency)
    with pytest.raises(Cancelled):
        rescored(study, plan, batches, Reporter(lambda: True))


def test_the_command_leaves_a_study_and_a_plan_that_fit(tmp_path, capsys):
    made = save_study(tiny_study(RESNET), tmp_path / "tiny.json")
    out = tmp_path / "iterated.json"
    arguments = f"iterate {made} --budget 60% --steps 2 --images 16 --batch 8 --device cpu --out {out} --json"
    assert main(arguments.split()) == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said["steps"]) == 2 and said["latency"] <= said["budget"]
    study, plan = load_study(out), load_plan(tmp_path / "iterated.plan.json")
    assert study.scores.provenance["after"] == {"step": 1, "of": 2, "latency": said["steps"][0]}
    extract_plan(study, plan)


@pytest.mark.parametrize(
    "wrong", ["--images 0", "--steps 0", "--budget x", "--schedule curly", "--budget 0.1%"]
)
def test_bad_input_is_a_sentence(wrong, tmp_path, capsys):
    made = save_study(tiny_study(RESNET), tmp_path / "tiny.json")
    assert main(["iterate", str(made), "--budget", "60%", *wrong.split(), "--out", str(tmp_path / "o")]) == 2
    assert not (tmp_path / "o").exists()
    assert "Traceback" not in capsys.readouterr().err


def test_measured_losses_stay_and_only_units_are_ranked_anew(batches):
    study = tiny_study(VIT)
    found = find(create(VIT), VIT, width_step=STEPS)
    scores = score(found, batches, "calibrated")
    study = build_study(study.name, study.model, found.space, study.tables, scores)
    plan = solve(study.problem, 0.5 * study.problem.dense_latency)
    new = rescored(study, plan, batches)
    assert new.scores.provenance["method"] == "calibrated" and new.scores.blocks == scores.blocks
    for old, now in zip(study.problem.importance, new.problem.importance, strict=True):
        assert (old.name, old.block, old.dims) == (now.name, now.block, now.dims)
        assert np.allclose(old.values, now.values)


def changed(network):
    """Another network of the same shapes, as a repair or a training leaves it."""
    torch.manual_seed(1)
    with torch.no_grad():
        for tensor in (*network.parameters(), *network.buffers()):
            if tensor.is_floating_point():
                tensor.add_(0.05 * torch.rand(tensor.shape))
    return network.eval()


def test_weights_that_changed_since_the_cut_are_put_back_where_they_came_from(study):
    plan, found = solve(study.problem, 0.4 * study.problem.dense_latency), find_in(study)
    order = study.scores.order
    removed = plan.removed_blocks or (next(b.name for b in found.space.blocks if b.removable),)
    pruned = changed(extract(found, plan.choices, removed, order))
    masked = put_back(found, pruned, plan.choices, removed, order).eval()
    image = torch.randn(2, 1, 28, 28)
    with torch.no_grad():
        ours, theirs = masked(image), pruned(image)
    assert torch.allclose(ours, theirs, atol=1e-5 * float(theirs.abs().max()))
    other = solve(study.problem, 0.6 * study.problem.dense_latency)
    with pytest.raises(MdpError, match="does not fit this plan"):
        put_back(found, pruned, other.choices, removed, order)


@pytest.mark.parametrize("ref", [RESNET, VIT], ids=["resnet", "vit"])
def test_losses_are_measured_anew_on_a_network_that_was_repaired(ref, batches):
    study, found = tiny_study(ref), find(create(ref), ref, width_step=STEPS)
    scores = score(found, batches, "calibrated")
    study = build_study(study.name, study.model, found.space, study.tables, scores)
    plan = solve(study.problem, 0.5 * study.problem.dense_latency)
    new = rescored(study, plan, batches, network=changed(extract_plan(study, plan)))
    assert new.scores.provenance["method"] == "calibrated"
    kept = new.problem.evaluate(plan.choices, plan.removed_blocks)[1]
    assert kept == pytest.approx(new.problem.dense_importance)  # all that is left is there
    again = solve(new.problem, plan.latency)
    assert set(plan.removed_blocks) <= set(again.removed_blocks) and again.importance == pytest.approx(kept)


def test_losses_are_measured_on_a_transformer_whose_stream_was_narrowed_before(batches):
    """Its norms know which channels are kept; narrower ones have to know it of what they keep."""
    study, found = tiny_study(VIT), find(create(VIT), VIT, width_step=STEPS)
    scores = score(found, batches, "calibrated")
    study = build_study(study.name, study.model, found.space, study.tables, scores)
    choices = {**study.problem.dense_choices, "embedding": 16}
    latency, _ = study.problem.evaluate(choices)
    plan = make_plan(
        study.problem, latency, choices, (), solver="exact", seconds=0.0, bound=None, optimal=False
    )
    new = rescored(study, plan, batches, network=changed(extract_plan(study, plan)))
    assert new.problem.evaluate(choices)[1] == pytest.approx(new.problem.dense_importance)


def test_iterating_repairs_in_between_and_says_so(tmp_path, capsys):
    made = save_study(tiny_study(RESNET), tmp_path / "tiny.json")
    words = f"iterate {made} --budget 40% --steps 2 --images 64 --batch 32 --out {tmp_path}/"
    assert main(f"{words}a.json".split()) == 0
    assert "held-out images" in (said := capsys.readouterr().err) or "Not repaired" in said
    assert main(f"{words}b.json --no-repair".split()) == 0
    assert "held-out" not in capsys.readouterr().err
