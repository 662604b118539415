"""The comparison of methods by accuracy: what it measures first, what it measures once, and its page."""

from types import SimpleNamespace

from benchmarks.accuracy import coarse_first, main, measured
from benchmarks.accuracy_table import complete, page, table, verdict
from mdp.core.files import write_json


def row(method, budget, right, **more):
    about = {"study": "s", "seed": 0, "dense": 0.92, "images": 2000, "calibration": 1000}
    return {**about, "method": method, "budget": budget, "cut": 0.5, "repaired": right, **more}


ROWS = [
    row("exact", 0.5, 0.90), row("greedy", 0.5, 0.902),
    row("exact", 0.25, 0.85), row("greedy", 0.25, 0.86),
    row("exact", 0.15, 0.8),
]  # fmt: skip


def test_a_tie_counts_and_a_loss_is_named():
    assert complete(ROWS) == [0.5, 0.25]
    said = verdict(ROWS)
    assert said.startswith("At 1 of 2 budgets") and "1.00 points behind greedy at 25.0 %" in said
    assert "50.0 → 90.2" in table(ROWS)


def test_a_page_shows_what_was_tried_whole(tmp_path):
    rows = [*ROWS, {k: v for k, v in row("greedy", 0.15, 0).items() if k not in ("cut", "repaired")}]
    assert "| 15.0 % | 80.0 | no plan |" in page(rows)
    assert "1 are not measured whole yet" in page(ROWS) and "± 1.3 points" in page(ROWS)
    write_json(tmp_path / "rows.json", ROWS)
    main(["--out", str(tmp_path / "rows.json"), "--page", str(tmp_path / "page.md")])
    assert (tmp_path / "page.md").read_text() == page(ROWS)


def test_a_plan_that_two_methods_find_is_measured_once():
    study = SimpleNamespace(problem=SimpleNamespace(dense_latency=2.0, dense_importance=4.0))
    plan = SimpleNamespace(choices={"a": 3}, removed_blocks=("b",))
    found = SimpleNamespace(latency=1.0, importance=3.0, cut=0.4, repaired=0.8)
    asked = []
    meter = SimpleNamespace(measure=lambda *plan: asked.append(plan) or found)
    first = measured(study, plan, meter, [])
    again = measured(study, plan, meter, [first])
    assert len(asked) == 1 and "seconds" not in again and again["latency"] == 0.5
    assert {**first, "seconds": 0} == {**again, "seconds": 0}


def test_budgets_come_coarse_first():
    shares = [n / 20 for n in range(3, 19)]
    assert sorted(coarse_first(shares)) == shares and coarse_first(shares)[:2] == [0.15, 0.9]
    assert abs(coarse_first(shares)[2] - 0.5) <= 0.05 and coarse_first([0.4]) == [0.4]
