"""Accuracy beside importance, on the front's axis, in Compare, in the report, and the test of importance."""

import dataclasses

import plotly.graph_objects as go
import pytest

from mdp.core.comparison import read_comparison
from mdp.core.paths import SHIPPED
from mdp.core.plan_accuracy import PlanAccuracy, with_plans
from mdp.core.quality import accuracy_check_words, follows_accuracy, importance_doubt, study_words
from mdp.core.study import load_study
from mdp.plot.accuracy_draw import MOVING, draw_accuracy
from mdp.plot.accuracy_front import accuracy_front, accuracy_table
from mdp.plot.compare import compare_info, compare_sentence, compare_table
from mdp.plot.importance_accuracy import draw_importance_test, importance_test, importance_test_table
from mdp.plot.method_lines import methods_figure, methods_table
from mdp.plot.method_lines_draw import draw_methods
from mdp.plot.style import concrete
from mdp.solve import solve
from mdp_widgets.export.figure_export import pictures
from mdp_widgets.export.report import report_html
from mdp_widgets.pages.explorer import Explorer
from mdp_widgets.state.address import address_of, go_to
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.teach.measurement import measurement
from mdp_widgets.views.front_view import FrontView
from mdp_widgets.views.methods_view import MethodsView
from mdp_widgets.views.quality_view import QualityNotice, QualityView
from mdp_widgets.widgets.budget import BudgetBar
from mdp_widgets.widgets.compare import Compare
from mdp_widgets.widgets.plan_facts import proof_fact
from mdp_widgets.workflow.finetune_facts import facts_table, finetune_facts

CHECK = {"rank_correlation": {"0.5": 0.8, "0.25": 0.7}, "worst": 0.7, "plans": 24, "images": 2000,
         "exchange_rates": {"mlp": 0.31}, "behind": 0.012, "as": "repaired"}  # fmt: skip


@pytest.fixture(scope="module")
def bare():
    return dataclasses.replace(load_study("fmnist-vit-cpu"), accuracy={"dense": 0.8715, "images": 10_000})


@pytest.fixture(scope="module")
def study(bare):
    problem, plans = bare.problem, []
    for solver, best in (("exact", 0.83), ("greedy", 0.75)):
        for i, share in enumerate((0.22, 0.33, 0.66)):
            p = solve(problem, share * problem.dense_latency, solver)
            of = (p.choices, p.removed_blocks, p.latency, p.importance)
            plans.append(PlanAccuracy(*of, 2000, 0.2 + 0.1 * i, best + 0.01 * i, solver))
    return dataclasses.replace(bare, accuracy=with_plans(bare, plans))


def with_check(study, **check):
    return dataclasses.replace(study, accuracy={**study.accuracy, "check": {**CHECK, **check}})


def fact(selection, name="accuracy"):
    return next(f for f in BudgetBar(selection).facts if f["name"].startswith(name))


def test_accuracy_stands_beside_importance_with_what_it_is(study, bare):
    s = ExplorerState(study)
    names = [f["name"].partition(",")[0] for f in BudgetBar(s).facts]
    assert names.index("accuracy") == names.index("importance kept") + 1
    s.set_budget("33%")
    told = fact(s)
    assert (told["name"], told["value"], told["band"]) == ("accuracy, repaired", "84.0 %", "82.3–85.5")
    assert told["note"] == "dense 87.2 % on 10,000"
    assert "2,000 test images" in told["title"]
    s.budget = 0.5 * study.problem.dense_latency  # on the way of a drag
    told = fact(s)
    assert (told["value"], told["band"]) == ("≈ 85 %", "estimate") and "estimate" in told["title"]
    assert (fact(ExplorerState(bare))["value"], fact(ExplorerState(bare))["band"]) == ("–", "")


def test_it_says_when_it_measures_and_what_was_found(bare):
    s = ExplorerState(bare)
    bar = BudgetBar(s)
    s.accuracies.measuring = True
    assert any(f["note"] == "measuring…" for f in bar.facts)
    p = s.plan
    s.accuracies.add(PlanAccuracy(p.choices, p.removed_blocks, p.latency, p.importance, 2000, 0.5))
    s.accuracies.measuring = False
    told = next(f for f in bar.facts if f["name"] == "accuracy, as cut")
    assert told["value"] == "50.0 %"
    s.keep_as_a()
    s.set_budget("90%")
    assert "A: 50.0 % as cut" in [f["note"] for f in bar.facts]


def test_the_dense_network_is_not_called_cut(study):
    s = ExplorerState(study)
    s.set_budget("100%")
    assert [f["name"] for f in BudgetBar(s).facts if f["kind"] == "accuracy"] == ["accuracy, dense"]


def test_a_plan_of_other_weights_says_in_words_what_it_is(study):
    (first, *rest) = study.accuracy["plans"]
    plans = [{**first, "method": "other rates"}, *rest]
    front = accuracy_front(dataclasses.replace(study, accuracy={**study.accuracy, "plans": plans}))
    said = "best for importance weighed otherwise"
    assert said in front.others["other rates"][0].text and said in str(accuracy_table(front))
    assert "other rates" not in str(draw_accuracy(front)) + str(accuracy_table(front))


def test_a_drag_reads_no_file(study, monkeypatch):
    s = ExplorerState(study)
    bar, view = BudgetBar(s), FrontView(s)
    view.selection.axis = "accuracy"
    reads = []
    monkeypatch.setattr("mdp.core.saved_networks.read_json", lambda *a: reads.append(a))
    s.budget = 0.44 * study.problem.dense_latency
    assert not reads and any(f["value"].startswith("≈") for f in bar.facts)


def test_the_axis_switches_and_is_kept_in_the_address(study, bare):
    s = ExplorerState(study)
    view = FrontView(s)
    assert view.axes["importance"].value and view.plot.still[0]["name"] == "front"
    view.axes["accuracy"].value = True
    assert s.axis == "accuracy" and not view.axes["importance"].value
    assert "axis=accuracy" in address_of(s) and "axis" not in address_of(ExplorerState(study))
    still = {t["name"]: t for t in view.plot.still}
    assert len(still["optimal plans, measured"]["x"]) == len(still["greedy"]["x"]) == 3
    assert still["dense"]["y"] == [87.15] and "removed" in still["greedy"]["text"][0]
    assert [t["name"] for t in view.plot.spec["data"]] == ["cross-hair", "labels", "A", "chosen"]
    assert "accuracy" in view.plot.spec["layout"]["yaxis"]["title"]["text"]
    view.axes["accuracy"].value = False  # one of them is always on
    assert view.axes["accuracy"].value
    view.axes["importance"].value = True
    assert view.plot.still[0]["name"] == "front" and s.axis == "importance"
    go_to(s, "axis=accuracy")
    assert view.in_accuracy
    s.study = bare
    assert view.axes["accuracy"].disabled is not view._anything()


def test_a_click_on_a_measured_plan_chooses_its_budget(study):
    s = ExplorerState(study)
    view = FrontView(s)
    s.axis = "accuracy"
    at = view.plot.still[0]["x"][1]
    view._click({"name": "optimal plans, measured", "x": at, "at": [at, 80]})
    assert s.plan.latency == pytest.approx(at) and not s.accuracies.of(s.plan).estimate


def test_a_click_on_a_method_that_knows_no_latency_chooses_its_own(study):
    """Torch-Pruning is asked for a share of multiply-adds: its latency may even be beyond dense."""
    s = ExplorerState(load_study("efficientnet-lite0-cpu"))
    view = MethodsView(s)
    view.buttons["cut"].value = True
    dense = view.comparison.dense_measured
    for one in view.comparison.of("torch-pruning", "cut"):
        view._click({"x": one.latency, "y": 100 * one.cut})
        assert s.budget / s.study.problem.dense_latency == pytest.approx(min(1.0, one.latency / dense))
    one = view.comparison.of("halp", "cut")[-1]
    view._click({"x": one.latency, "y": 100 * one.cut})
    assert s.budget / s.study.problem.dense_latency == pytest.approx(one.budget)


def test_the_figures_are_plotlys_and_tables(study):
    plan = solve(study.problem, 0.33 * study.problem.dense_latency)
    known = ExplorerState(study).accuracies.of(plan)
    info = accuracy_front(study, plan, known)
    spec = draw_accuracy(info)
    go.Figure(concrete(spec))
    assert spec["data"][-MOVING:][-1]["y"] == [84.0]
    columns, rows = accuracy_table(info)
    assert len(rows) == 3 + 3 + 1 + len(info.tuned) and len(columns) == len(rows[0])
    test = importance_test(with_check(study))
    drawn = draw_importance_test(test)
    go.Figure(concrete(drawn))
    assert len(importance_test_table(test)[1]) == 6
    draw_accuracy(accuracy_front(dataclasses.replace(study, accuracy=None)))


def test_compare_report_and_pictures_carry_it(study):
    s = ExplorerState(study)
    compare = Compare(s)
    s.set_budget("33%")
    s.keep_as_a()
    s.set_budget("66%")
    assert "accuracy 85.0 % repaired, A 84.0 % repaired" in compare.sentence
    assert compare.table["rows"][-2][0] == "accuracy" and compare.table["rows"][-1][0] == "the whole network"
    a, b = s.reference.plan, s.plan
    assert "accuracy" not in compare_sentence(compare_info(study, a, b))
    assert len(compare_table(compare_info(study, a, b))[1]) == len(compare.table["rows"]) - 1
    html = report_html(study, b, a=a)
    assert "accuracy, repaired, 83.4–86.5, 2,000 test images, dense 87.2 % on 10,000 images" in html
    assert "Accuracy, as measured" in html and "choices" not in html
    assert "accuracy" in [p.name for p in pictures(s)]
    without = ExplorerState(dataclasses.replace(study, accuracy=None))
    assert "accuracy" not in [p.name for p in pictures(without)]


@pytest.mark.parametrize(
    ("ranks", "follows"),
    [({"0.5": 0.6, "0.25": 0.9}, True), ({"0.5": 0.59, "0.25": 0.9}, None), ({"0.5": 0.29}, False),
     ({"0.5": -0.4, "0.25": 0.9}, False), ({}, None), ({"x": 1, "0.5": "y"}, None),
     ({"0.5": float("nan")}, None),
     ({"0.5": 7}, None), ([1], None)],
)  # fmt: skip
def test_the_test_of_importance_has_three_ends(study, ranks, follows):
    found = with_check(study, rank_correlation=ranks)
    assert follows_accuracy(found.accuracy["check"]) is follows
    words = accuracy_check_words(found)
    some = isinstance(ranks, dict) and any(isinstance(v, float) and abs(v) <= 1 for v in ranks.values())
    assert bool(words) == some and (not some or "1.2 points behind" in words)
    assert bool(importance_doubt(found)) == (follows is False)
    assert any("does not follow" in w for w in study_words(found)) == (follows is False)


def test_a_study_that_fails_it_is_red_wherever_importance_stands(study):
    s = ExplorerState(with_check(study, rank_correlation={"0.5": -0.25}))
    notice = QualityNotice(s)
    assert "mdp-warning" in notice.words.value and "−0.25" in notice.words.value
    assert notice.again.layout.display == "none"  # no measuring of latency mends it
    told = fact(s, "importance kept")
    assert (told["kind"], told["note"]) == ("wrong", "failed its test") and "−0.25" in told["title"]
    assert fact(s, "best possible")["kind"] != "proven"
    view = QualityView(s)
    assert "mdp-warning" in view.importance.value and "0.31" in view.rates.value
    s.study = with_check(study)
    assert notice.layout.display == "none" and fact(s, "importance kept")["kind"] == ""
    assert "follows accuracy" in view.importance.value and "mdp-warning" not in view.importance.value
    s.study = study
    assert "was not tested" in view.importance.value and view.rates.value == ""


def test_the_lesson_sets_proof_and_measurement_side_by_side(study, bare):
    shown = measurement(ExplorerState(study))
    assert "Proven" in shown.proven.value and "estimate" in shown.measured.value
    names = [t["name"] for t in shown.plot.spec["data"]]
    assert names[:3] == [
        "importance kept, proven",
        "accuracy as cut, measured",
        "accuracy repaired, measured",
    ]
    shown.share.value = 33
    assert "84.0 %" in shown.measured.value
    assert "mdp measure" in str(measurement(ExplorerState(bare)).words[-1].value)


def test_the_page_opens_on_a_study_whose_plans_were_measured(study, vit, tmp_path):
    from mdp.core.study import save_study

    save_study(vit)
    save_study(dataclasses.replace(study, name="zz measured"))
    assert Explorer().selection.study.name == "zz measured"


def test_every_accuracy_of_the_dense_network_says_of_how_many_images_it_is(study, bare):
    """Other images give another figure: the header's and that of Methods are seldom of the same."""
    said = ExplorerState(study)
    note, title = (fact(said)[what] for what in ("note", "title"))
    assert (
        note.endswith("dense 87.2 % on 10,000") and "The dense network has 87.2 % on 10,000 images" in title
    )
    drawn = {trace.get("name"): trace for trace in draw_accuracy(accuracy_front(study))["data"]}
    assert "on 10,000 images" in drawn["dense"]["text"][0]
    compared = read_comparison(SHIPPED / "comparisons" / "cifar-vit-cpu.json")
    info = methods_figure(load_study("cifar-vit-cpu"), compared)
    assert "64.1 % of 2,000 images" in info.dense.text and "2,000" in methods_table(info)[0][2]
    assert "2,000 test images" in draw_methods(info)["layout"]["yaxis"]["title"]["text"]
    assert "of 10,000 test images" in facts_table(finetune_facts(None, study, said.plan))


def test_measured_plans_of_an_untested_study_are_not_called_other(study, bare):
    assert list(importance_test(study).bands) == ["measured plans"]
    assert "measured plans" not in importance_test(with_check(study)).bands


@pytest.mark.parametrize(
    ("gap", "seconds", "value", "note"),
    [(0.3415, 7.4, "within 34 %", "not proven in 7.4 s"), (0.00021, 0.26, "within 0.021 %", "in 260 ms")],
)
def test_what_is_not_proven_fits_its_place(study, gap, seconds, value, note):
    plan = ExplorerState(study).plan
    plan = dataclasses.replace(plan, optimal=False, bound=plan.importance / (1 - gap), seconds=seconds)
    told = proof_fact(plan)
    assert told["value"] == value and told["note"].endswith(note)
