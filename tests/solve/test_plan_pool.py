"""Plans of equal latency, to test importance on."""

import pytest

from mdp.core.errors import Infeasible
from mdp.solve.analysis.plan_pool import BAND, kind_of, plan_of_one_kind, plans_in_band, reweighted

FAST = ("greedy", "uniform")


def test_plans_are_distinct_within_the_band_and_the_first_is_the_optimum(vit):
    budget = 0.5 * vit.problem.dense_latency
    plans = plans_in_band(vit.problem, budget, 10, FAST)
    assert len(plans) == 10 and plans[0].optimal and plans[0].solver == "exact"
    assert len({(tuple(p.choices.items()), p.removed_blocks) for p in plans}) == 10
    assert all(budget - BAND * vit.problem.dense_latency <= p.latency <= budget * (1 + 1e-9) for p in plans)
    # Priced on the true importance, whatever they were found with.
    assert all(p.importance <= plans[0].importance for p in plans)
    assert all(p.importance == vit.problem.evaluate(p.choices, p.removed_blocks)[1] for p in plans)


def test_the_same_seed_gives_the_same_plans(resnet):
    budget = 0.4 * resnet.problem.dense_latency
    one, two, other = (
        [p.choices for p in plans_in_band(resnet.problem, budget, 8, FAST, seed)] for seed in (1, 1, 2)
    )
    assert one == two and one != other


def test_a_budget_that_nothing_meets(vit):
    with pytest.raises(Infeasible):
        plans_in_band(vit.problem, 1e-6, 4, FAST)


def test_one_kind_alone_loses_what_was_asked(vit):
    problem = vit.problem
    for kind in ("embedding", "heads", "qk", "v", "mlp"):
        plan = plan_of_one_kind(problem, kind, 0.02)
        assert plan.importance < problem.dense_importance and not plan.removed_blocks
        assert {d.kind for d in problem.dims if plan.choices[d.name] < d.dense} == {kind}
    gone = plan_of_one_kind(problem, "block", 0.02)
    assert len(gone.removed_blocks) == 1
    # A kind that has less to give gives all of it; one that has nothing, no plan.
    assert plan_of_one_kind(problem, "heads", 1.0).choices["blocks.0.heads"] == 1
    assert plan_of_one_kind(problem, "channels", 0.02) is None


def test_weights_are_of_a_kind_alone(vit):
    heavier = reweighted(vit.problem, {"mlp": 3.0}, [1.0] * len(vit.problem.importance))
    for before, after in zip(vit.problem.importance, heavier.importance, strict=True):
        factor = 3.0 if kind_of(vit.problem, before) == "mlp" else 1.0
        assert (after.values == before.values * factor).all()
