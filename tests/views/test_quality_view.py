"""Red and in words on the page; and a study that cannot be drawn does not take the page down."""

import dataclasses
import json

import pytest

from mdp.core.measurements import timed
from mdp.core.study import load_study, save_study
from mdp.operations import argv
from mdp.plot.compare import compare_info, compare_sentence, compare_table
from mdp.plot.front import draw_front, front_info, front_label
from mdp_widgets.export.report import report_html
from mdp_widgets.pages import explorer as page
from mdp_widgets.pages.explorer import Explorer
from mdp_widgets.pages.inspector import Inspector
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.teach.opening import sentence
from mdp_widgets.views.quality_view import QualityNotice, QualityView, measuring_again
from mdp_widgets.widgets.budget import BudgetBar, plan_facts
from mdp_widgets.widgets.header import scored_on, study_facts
from mdp_widgets.workflow.artifacts import scores_label

BAD = {"entries": 100, "measured": 20, "inferred_error": 3.0, "kind": "cpu", "threads": 2, "launch": "eager"}


@pytest.fixture
def trained(vit):
    model = dataclasses.replace(vit.model, weights="demo", arguments={})
    return dataclasses.replace(vit, model=model)


def with_tables(study, **facts):
    tables = dataclasses.replace(study.tables, provenance={**study.tables.provenance, **facts})
    return dataclasses.replace(study, tables=tables)


def test_tables_that_are_not_to_be_trusted_are_red_and_measure_again_stands_beside(trained):
    selection = ExplorerState(with_tables(trained, **BAD))
    notice = QualityNotice(selection)
    assert "mdp-warning" in notice.words.value and "300 % off" in notice.words.value
    assert notice.again.layout.display is None and notice.again.description == "Measure again"
    fact = BudgetBar(selection).facts[0]
    assert (fact["kind"], fact["band"]) == ("wrong", "unreliable")
    assert BudgetBar(selection).facts[-1]["kind"] != "proven"  # no green tick over worthless tables
    assert "Measure again" in fact["title"]
    selection.study = trained
    assert notice.layout.display == "none"


def test_the_button_measures_the_same_again(trained):
    words = argv(measuring_again(with_tables(trained, **BAD)))
    assert words[:4] == ["profile", trained.model.name, "--weights", "demo"]
    assert words[words.index("--device") + 1] == "cpu" and words[words.index("--threads") + 1] == "2"
    assert "--again" in words


def test_untrained_importance_is_doubted_wherever_it_is_shown(vit):
    selection = ExplorerState(vit)  # the synthetic study is of untrained weights
    plan, a = selection.plan, selection.plan
    assert "untrained weights" in study_facts(vit)
    by_name = {f["name"]: f for f in plan_facts(vit, plan)}
    assert by_name["importance kept"]["note"] == "untrained weights"
    assert by_name["importance kept"]["kind"] == "wrong"
    assert by_name["best possible"]["kind"] != "proven"  # no green tick
    assert "untrained weights" in by_name["best possible"]["note"]
    selection.set_budget("80%")
    info = compare_info(vit, a, selection.plan)
    assert "untrained weights: says nothing" in compare_sentence(info)
    assert "untrained weights" in compare_table(info)[0][-1]
    front = front_info(vit, selection.front, plan)
    assert "untrained weights" in front_label(front)
    assert "untrained weights" in json.dumps(draw_front(front)["layout"])
    html = report_html(vit, plan)
    assert "importance kept (untrained weights: says nothing)" in html
    assert QualityNotice(selection).again.layout.display == "none"  # no measuring mends it
    assert "untrained weights" in sentence(selection).value


def test_proven_says_of_what(trained):
    fact = plan_facts(trained, ExplorerState(trained).plan)[-1]
    assert fact["value"] == "✓ proven" and "under these tables and pins" in fact["title"]
    assert "under these tables and pins" in report_html(trained, ExplorerState(trained).plan)


def test_a_measurement_replaces_not_verified(trained):
    study = dataclasses.replace(trained, verification=None)
    selection = ExplorerState(study)
    plan = selection.plan
    assert plan_facts(study, plan)[0]["band"] == "± ?"
    from mdp.core.plan import plan_to_json

    story = {
        "budget": 99.0,
        "measured": 1.1 * plan.latency,
        "steps": [],
        "round": 0,
        "plan": plan_to_json(plan),
    }
    kept = with_tables(study, strict=story)
    (one,) = timed(kept)
    fact = plan_facts(kept, plan, timed(kept))[0]
    assert one.is_of(plan) and fact["band"].startswith("measured ") and "keeping a budget" in fact["title"]
    assert "not verified" not in report_html(kept, plan)
    selection.set_budget("90%")
    assert plan_facts(kept, selection.plan, timed(kept))[0]["band"] == "±9.1 % on 1"


def test_two_score_files_are_told_apart_by_checkpoint_and_date():
    facts = {"method": "taylor", "images": 8, "dataset": "D", "created": "2026-11-21T15:00:20Z"}
    model = {"weights": "/a/model.safetensors"}
    labels = {
        scores_label(facts, model, 0.0),
        scores_label({**facts, "weights_hash": "a" * 16}, model, 0.0),
        scores_label({**facts, "weights_hash": "b" * 16}, model, 0.0),
        scores_label({**facts, "created": "2026-11-22T15:00:20Z"}, model, 0.0),
        scores_label(facts, {"weights": "none"}, 0.0),
    }
    assert len(labels) == 5 and sum("model.safetensors" in label for label in labels) == 4
    assert "untrained weights" in scores_label(facts, {"weights": "none"}, 0.0)
    assert scores_label({"method": "m", "created": None}, {}, 0.0)  # files of before say less


# A study that cannot be drawn


@pytest.fixture
def two(vit, tmp_path, monkeypatch):
    """Two studies at hand; the first cannot be drawn by the front."""
    folder = tmp_path / "user" / "studies"
    for name in ("a-odd", "b-fine"):
        save_study(dataclasses.replace(vit, name=name), folder / f"{name}.json")
    monkeypatch.setattr("mdp.core.study.study_dirs", lambda: [folder])
    from mdp_widgets.views import front_view

    right = front_view.front_info

    def fails(study, *args, **kwargs):
        if study.name == "a-odd":
            raise ZeroDivisionError("float division by zero")
        return right(study, *args, **kwargs)

    monkeypatch.setattr(front_view, "front_info", fails)
    return folder


def test_the_next_study_opens_and_the_page_says_which_failed_and_why(two):
    s = Explorer().selection
    assert s.study.name == "b-fine" and s.plan is not None
    assert "a-odd cannot be drawn (ZeroDivisionError: float division by zero)" in s.status
    assert "b-fine is shown instead" in s.status and s.error == ""


def test_a_study_that_is_picked_and_cannot_be_drawn_leaves_what_was_open(two):
    shown = Explorer("b-fine")
    s = shown.selection
    s.set_budget("70%")
    budget = s.budget
    assert not s.open("a-odd")
    assert (s.study.name, s.budget) == ("b-fine", budget)
    assert "a-odd cannot be drawn" in s.error and "a-odd" in shown.notice.value
    s.set_budget("60%")
    assert s.error == "" and s.plan.latency <= s.budget


def test_where_none_can_be_drawn_the_page_still_stands(two):
    (two / "b-fine.json").unlink()
    s = Explorer().selection
    assert s.study is None and "a-odd cannot be drawn" in s.status


@pytest.mark.parametrize("make", [Explorer, Inspector])
def test_a_study_that_cannot_be_read_is_named_and_the_next_one_opens(two, make):
    data = json.loads((two / "a-odd.json").read_text())
    data["problem"]["latency_unit"] = "parsecs"
    (two / "a-odd.json").write_text(json.dumps(data))
    s = make().selection
    assert s.study.name == "b-fine" and "a-odd" in s.status and "parsecs" in s.status


def test_a_part_that_cannot_be_made_is_a_sentence():
    def breaks():
        raise KeyError("x")

    assert "could not be opened" in page.guarded(breaks)().value


def test_shipped_studies_have_nothing_red():
    notice = QualityNotice(ExplorerState(load_study("fmnist-resnet-cpu")))
    assert notice.layout.display == "none"


def test_an_untested_study_names_the_button_where_one_stands_below_and_the_command_elsewhere(
    trained, monkeypatch
):
    selection = ExplorerState(dataclasses.replace(trained, verification=None, accuracy=None))

    def told(**how):
        view = QualityView(selection, **how)
        return view.tables.value + view.importance.value

    assert "mdp verify" not in told(buttons=True) and "below" in told(buttons=True)
    assert "mdp verify" in told()
    monkeypatch.setenv("MDP_LONG_WORK", "off")
    assert "mdp verify" in told(buttons=True)


def test_the_header_says_what_importance_was_taken_on():
    assert "on 200 images of imagenet" in study_facts(load_study("efficientnet-lite0-cpu"))
    assert scored_on({"images": 3}) == " on 3 images" and scored_on({}) == ""
