"""The records behind the figures: what they say, not how it looks."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

from mdp.core.errors import MdpError
from mdp.core.plan import make_plan
from mdp.core.problem import Block, Dim, Term, load_problem
from mdp.plot.curve import curve_info, curve_table, draw_curve
from mdp.plot.front import draw_front, front_info, front_label, front_table
from mdp.plot.labels import dim_label, label_of, short_names, stage_name, stages
from mdp.plot.style import concrete
from mdp.plot.surface import surface_info, surface_table, terms_of
from mdp.plot.surface_draw import draw_surface
from mdp.plot.survivor_rows import survivors_info, survivors_json, survivors_table
from mdp.plot.why import as_it_is, why_info, why_sentences
from mdp.solve import Pins, fastest, front, solve, what_if

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference"


@pytest.fixture(scope="module")
def plan(vit):
    return solve(vit.problem, 0.3 * vit.problem.dense_latency)


@pytest.fixture(scope="module")
def without_block(vit):
    """A plan that is not optimal but has a removed block."""
    return make_plan(
        vit.problem,
        vit.problem.dense_latency,
        vit.problem.dense_choices,
        ["blocks.2"],
        solver="by hand",
        seconds=0.0,
    )


def test_front_is_increasing_and_marks_the_chosen_plan(vit, plan):
    info = front_info(vit, front(vit.problem, 10), plan)
    assert list(info.latency) == sorted(info.latency) and list(info.importance) == sorted(info.importance)
    assert info.importance[-1] == pytest.approx(1.0) and all(info.proven)
    assert info.chosen == (plan.latency, plan.importance / vit.problem.dense_importance, True)
    assert len(front_table(info)[1]) == 10
    assert "proven" in front_label(info)
    spec = draw_front(info)
    assert [t["name"] for t in spec["data"]] == ["front", "supported", "cross-hair", "labels", "A", "chosen"]
    assert spec["data"][0]["customdata"] == list(range(10))


def test_front_without_points_draws(vit):
    assert draw_front(front_info(vit, None, None))["data"]


def test_curve_ends_at_one_and_is_cut_where_the_plan_cuts(vit, plan):
    dim = next(d for d, k in plan.choices.items() if k and k < vit.problem.dim[d].dense)
    info = curve_info(vit, dim, plan)
    assert info.share[-1] == pytest.approx(1.0)
    assert info.kept == plan.choices[dim]
    assert info.at_cut == info.share[info.units.index(info.kept)]
    assert [int(r[0]) for r in curve_table(info)[1]] == list(info.options)
    (line,) = (t for t in draw_curve(info)["data"] if t["name"] == "cut line")
    assert line["x"] == [info.kept, info.kept]


def test_curve_of_a_dim_that_is_gone_has_no_cut(vit, without_block):
    info = curve_info(vit, "blocks.2.mlp", without_block)
    assert info.kept is None and info.at_cut is None and info.share[-1] == pytest.approx(1.0)
    assert not any(t["x"] for t in draw_curve(info)["data"] if t["name"].startswith("cut"))


@pytest.mark.parametrize("dim", ["embed", "blocks.1.heads", "blocks.1.qk"])
def test_surface_of_three_dims_is_a_slice_at_the_chosen_widths(vit, plan, dim):
    term = next(t for t in vit.problem.latency if t.name == "blocks.1.qk")
    info = surface_info(vit.problem, term, plan, dim)
    assert dim in info.dims and len(info.dims) == 2
    assert info.values.shape == tuple(len(w) for w in info.widths)
    assert info.values[info.chosen] == info.price == vit.problem.entry(term, plan.choices)
    assert info.dense == term.values.max()
    left = [d for d in term.dims if d not in info.dims]
    assert [d for d, _ in info.held] == [dim_label(vit.problem, d) for d in left]
    assert len(surface_table(info)[1]) == len(info.widths[0])


def test_surface_of_a_removed_block_marks_only_dense(vit, without_block):
    term = terms_of(vit.problem, "blocks.2", "blocks.2.mlp")[0]
    assert "blocks.2.mlp" in term.dims
    info = surface_info(vit.problem, term, without_block, "blocks.2.mlp")
    assert info.chosen is None and info.price is None
    assert [t.get("name") for t in draw_surface(info)["data"]] == ["latency", "dense"]


def test_survivors_count_units_and_time(vit, without_block):
    info = survivors_info(vit, without_block, Pins(blocks={"blocks.1": True}, dims={"blocks.0.qk": (8, 64)}))
    (group,) = info.groups
    assert group.name == "embedding" and [b.dim for b in group.bars] == ["embed"]
    assert [r.removed for r in group.rows] == [False, False, True, False]
    assert [r.pinned for r in group.rows] == [False, True, False, False]
    assert info.columns == ("heads", "Q/K", "V", "MLP")
    fixed = sum(
        vit.problem.entry(t, vit.problem.dense_choices) for t in vit.problem.latency if t.block is None
    )
    assert sum(r.latency for r in group.rows) + fixed == pytest.approx(without_block.latency)
    heads, qk, *_ = group.rows[0].bars
    assert heads.units == (True, True, True) and qk.pinned and not qk.units
    assert all(b.kept == 0 for b in group.rows[2].bars) and group.rows[2].latency == 0
    table = survivors_table(info)
    assert ["blocks.2", "removed"] == table[1][3][:2]


def test_survivors_are_the_best_units_in_dense_order(vit, plan):
    info = survivors_info(vit, plan)
    for row in info.groups[0].rows:
        heads = row.bars[0]
        best = set(vit.scores.order[heads.dim][: heads.kept].tolist())
        assert {i for i, kept in enumerate(heads.units) if kept} == best


@pytest.mark.parametrize(
    ("dim", "kind", "block", "label"),
    [
        ("blocks.3.heads", "heads", "blocks.3", "heads"),
        ("blocks.3.heads", "heads", "blocks.3.attn", "heads"),
        ("blocks.3.1.qk", "qk", "blocks.3", "Q/K 1"),
        ("blocks.3.1.mlp", "mlp", "blocks.3.mlp", "MLP 1"),
        ("embedding", "embedding", None, "embedding"),
        ("layer1.0.conv1", "channels", "layer1.0", "conv1"),
    ],
)
def test_labels_of_dims(dim, kind, block, label):
    assert label_of(dim, kind, block) == label


def test_stages_of_a_resnet(resnet):
    assert [(s, len(b)) for s, b in stages(resnet.problem)] == [
        (["conv1"], 0),
        (["layer1"], 2),
        (["layer2"], 2),
    ]
    info = survivors_info(resnet, solve(resnet.problem, resnet.problem.dense_latency))
    assert [g.name for g in info.groups] == ["stem", "layer1", "layer2"]
    assert info.columns == ("conv1", "conv2")
    assert [r.label for g in info.groups for r in g.rows] == ["1.0", "1.1", "2.0", "2.1"]
    names = ("conv1", "layer1", "layer2.0.conv2")
    assert [dim_label(resnet.problem, d) for d in names] == ["conv1 (stem)", "layer1 (shared)", "conv2"]


def test_a_width_after_the_last_stage_is_the_heads(resnet):
    problem = resnet.problem
    head = Dim("conv_head", "channels", (8, 16))
    more = dataclasses.replace(
        problem,
        dims=(*problem.dims, head),
        latency=(*problem.latency, Term("head", None, ("conv_head",), np.array([1.0, 2.0]))),
    )
    assert stages(more)[-1] == (["conv_head"], [])
    assert stage_name(more, *stages(more)[-1]) == "head" and stage_name(more, *stages(more)[0]) == "stem"


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference instances are not here")
@pytest.mark.parametrize(
    ("name", "depth"), [("resnet50-step4", [3, 4, 6, 3]), ("resnet101-step0", [3, 4, 23, 3])]
)
def test_stages_of_the_authors_resnets(name, depth):
    problem = load_problem(REFERENCE / f"{name}.json")
    assert [len(blocks) for _, blocks in stages(problem)] == [0, *depth]


def test_short_names_stay_apart():
    swin = short_names(["layers.0.blocks.0.attn", "layers.1.blocks.0.mlp"])
    assert list(swin.values()) == ["0.0.attn", "1.0.mlp"]
    assert short_names(["blocks.0", "blocks.10"]) == {"blocks.0": "0", "blocks.10": "10"}
    assert short_names(["stem", "body"]) == {"stem": "stem", "body": "body"}
    assert short_names([]) == {}
    assert list(short_names(["a1", "a11"]).values()) == ["1", "11"]


def test_why_compares_with_the_opposite_decision(vit, plan):
    block = "blocks.3"
    info = why_info(vit, plan, Pins(), block, f"{block}.mlp")
    without = solve(vit.problem, plan.budget, pins=Pins(blocks={block: False}))
    assert info.block_counterfactual.decision == "removed"
    loss = (plan.importance - without.importance) / vit.problem.dense_importance
    assert info.block_counterfactual.loss == pytest.approx(loss) and loss > 0
    first, second = why_sentences(info)
    assert first.startswith("blocks.3 is kept and takes") and "without it loses" in first
    assert second.startswith("MLP: ")
    others = {int(o.decision): o.loss for o in info.dim_counterfactuals}
    assert info.kept not in others
    best = min(o for o in others.values() if o is not None)
    found = next(a for a in what_if(vit.problem, plan) if a.name == f"{block}.mlp")
    assert best == pytest.approx(-found.importance_change / vit.problem.dense_importance, abs=1e-9)


def test_why_of_a_removed_block_prices_it_as_it_would_be_kept(vit):
    plan = solve(vit.problem, 0.06 * vit.problem.dense_latency)
    block = plan.removed_blocks[0]
    info = why_info(vit, plan, Pins(), block, f"{block}.mlp")
    back = solve(vit.problem, plan.budget, pins=Pins(blocks={block: True}))
    terms = [t for t in vit.problem.latency if t.block == block]
    assert info.price == 0
    assert info.block_counterfactual.price == pytest.approx(
        sum(vit.problem.entry(t, back.choices) for t in terms)
    )
    first, second = why_sentences(info)
    assert first.startswith(f"{block} is removed: kept, it would take") and "loses" in first
    assert second == "MLP: gone with the block."


def test_why_claims_nothing_that_is_not_proven_in_time(vit, plan):
    def late(*asked, **how):
        return dataclasses.replace(solve(*asked, **how), optimal=False)

    def never(*asked, **how):
        raise MdpError("No plan was found in 1 s.")

    for solver in (late, never):
        info = why_info(vit, plan, Pins(), "blocks.3", "blocks.3.mlp", solver)
        block, dim = why_sentences(info)
        assert re.fullmatch(r"blocks\.3 is kept and takes [\d.]+ ms\.", block)
        assert re.fullmatch(r"MLP: .* kept\.", dim)
        gone = dataclasses.replace(plan, removed_blocks=("blocks.3",))
        assert why_sentences(why_info(vit, gone, Pins(), "blocks.3", "", solver)) == ["blocks.3 is removed."]


def test_why_says_what_cannot_be_otherwise(vit, plan):
    problem = vit.problem
    fixed = dataclasses.replace(
        vit, problem=dataclasses.replace(problem, blocks=(Block("blocks.0", False), *problem.blocks[1:]))
    )
    sentences = why_sentences(why_info(fixed, plan, Pins(), "blocks.0", "embed"))
    assert sentences[0].startswith("blocks.0 cannot be removed; it takes ")
    assert sentences[1].startswith("embedding (shared): ") and " kept" in sentences[1]
    tight = solve(problem, fastest(problem).latency)
    info = why_info(vit, tight, Pins(), "blocks.1", "blocks.1.mlp")
    assert why_sentences(info)[0] == "blocks.1 is removed: no plan that keeps it meets the budget."
    moving = as_it_is(vit, plan, Pins(), "blocks.1", "blocks.1.mlp")
    assert moving.block_counterfactual is None and moving.dim_counterfactuals == ()


def test_why_prices_a_pin(vit, plan):
    pins = Pins(blocks={"blocks.3": False})
    pinned = solve(vit.problem, plan.budget, pins=pins)
    info = why_info(vit, pinned, pins, "blocks.3", "blocks.3.mlp")
    sentences = why_sentences(info)
    assert sentences[0].startswith("blocks.3 is removed because you pinned it, which loses ")
    wide = Pins(dims={"blocks.3.mlp": (vit.problem.dim["blocks.3.mlp"].dense,) * 2})
    info = why_info(vit, solve(vit.problem, plan.budget, pins=wide), wide, "blocks.3", "blocks.3.mlp")
    assert "because you pinned it" in why_sentences(info)[1]


@pytest.mark.parametrize("dark", [False, True])
def test_every_drawing_is_a_figure_for_plotly_too(vit, resnet, plan, dark):
    specs = [
        draw_front(front_info(vit, front(vit.problem, 5), plan, plan)),
        draw_curve(curve_info(vit, "embed", plan)),
    ]
    for term in vit.problem.latency[:4]:
        info = surface_info(vit.problem, term, plan, term.dims[0])
        specs += [draw_surface(info), draw_surface(info, solid=len(info.dims) == 2)]
    for spec in specs:
        go.Figure(concrete(spec, dark=dark))  # plotly checks names and values


def test_the_drawing_gets_the_whole_record(vit, plan):
    info = survivors_info(vit, plan, Pins(blocks={"blocks.1": True}), plan)
    assert survivors_json(info) == dataclasses.asdict(info)
