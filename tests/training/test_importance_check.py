"""Importance tested on accuracy: what is said where it is right, where wrong, and where nothing can be."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from mdp.core.errors import Cancelled, MdpError
from mdp.core.plan_accuracy import PlanAccuracy
from mdp.core.progress import Reporter
from mdp.training.importance_check import check_importance

FAST = ("greedy", "uniform")


class Meter:
    """Accuracy from importance by a rule, where the real one cuts and measures networks."""

    images, dense, calibration = 1000, 0.9, None

    def __init__(self, study, rule):
        self.study, self.rule, self.measured = study, rule, 0

    def measure_plan(self, plan, report):
        self.measured += 1
        share = plan.importance / self.study.problem.dense_importance
        return PlanAccuracy(
            plan.choices, plan.removed_blocks, plan.latency, plan.importance, self.images, self.rule(share)
        )


def check(study, rule, **more):
    meter = Meter(study, rule)
    return check_importance(meter, shares=(0.6, 0.4), plans=6, solvers=FAST, **more), meter


def test_right_importance_ranks_right_and_wrong_importance_wrong(vit):
    right, _ = check(vit, lambda share: 0.9 * share)
    assert right["rank_correlation"] == {"0.6": 1.0, "0.4": 1.0} and right["worst"] == 1.0
    assert right["behind"] == 0 and right["as"] == "cut"
    assert all(rate == pytest.approx(0.9, abs=1e-3) for rate in right["exchange_rates"].values())
    assert {"embedding", "heads", "qk", "v", "mlp", "block"} == set(right["exchange_rates"])
    wrong, _ = check(vit, lambda share: 0.9 * (1 - share))
    assert wrong["worst"] == -1.0 and wrong["behind"] > 0


def test_what_was_measured_is_kept_at_once_and_not_measured_again(vit):
    kept = []
    first, meter = check(vit, lambda share: share, keep=kept.append)
    assert len(kept) == meter.measured == first["plans"]
    again, meter = check(vit, lambda share: share, known=[replace(one, images=5000) for one in kept])
    assert meter.measured == 0 and again["rank_correlation"] == first["rank_correlation"]


def test_cancel_keeps_what_was_measured(vit):
    kept = []
    with pytest.raises(Cancelled):
        check(vit, lambda share: share, keep=kept.append, report=Reporter(lambda: len(kept) >= 3))
    assert len(kept) == 3


def test_a_band_without_plans_is_left_out_before_anything_is_measured(vit):
    meter = Meter(vit, lambda share: share)
    said = []
    report = Reporter()
    report.message = said.append
    alone = check_importance(meter, shares=(0.6,), plans=6, solvers=FAST)
    result = check_importance(meter, shares=(0.6, 1.5), plans=6, solvers=FAST, report=report)
    assert result["rank_correlation"] == alone["rank_correlation"] and result["plans"] == alone["plans"]
    assert said == ["Just below 150 % of dense lie 0 plans, too few to rank; it is left out."]


def test_nothing_to_rank_is_a_sentence(vit):
    alike, _ = check(vit, lambda share: 0.5)  # accuracy tells no plan from another
    assert alike["rank_correlation"] == {} and alike["worst"] is None and alike["alike"] == ["0.6", "0.4"]
    meter = SimpleNamespace(study=vit, images=1000, dense=0.9, calibration=None)
    with pytest.raises(MdpError, match="plans enough to rank"):
        check_importance(meter, shares=(1e-6,), plans=6, solvers=FAST)
