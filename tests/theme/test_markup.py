"""Markup in every string that a file brings: no page, report or export takes it for its own."""

import dataclasses
import json
from html.parser import HTMLParser

import ipywidgets
import pytest

import mdp
from mdp.core.plan import plan_to_json
from mdp.core.study import load_study, save_study, study_to_json
from mdp.jobs import JobState
from mdp.solve import solve
from mdp_widgets import teach, workflow
from mdp_widgets.export.figure_export import picture_html, pictures
from mdp_widgets.export.report import report_html
from mdp_widgets.pages.explorer import Explorer
from mdp_widgets.pages.inspector import Inspector
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.theme.markup import Markup, html, joined
from mdp_widgets.workflow import job_view
from mdp_widgets.workflow.model import report_html as inspect_html

from ..synthetic import synthetic_vit

MARK = "\"'><img src=x onerror=alert(1)></script><b>&amp;"
# What is no text for people: read from a fixed list.
FIXED = {"format", "latency_unit", "weights"}


def marked(value, key="", keep=()):
    """The same JSON with markup in every string, and in those keys that are names."""
    if isinstance(value, str):
        return value if key in FIXED | set(keep) else value + MARK
    if isinstance(value, list):
        return [marked(v, key, keep) for v in value]
    if isinstance(value, dict):
        named = key in ("order", "details")
        return {k + MARK if named else k: marked(v, k, keep) for k, v in value.items()}
    return value


class Tags(HTMLParser):
    """The tags that are there, and whether one has an attribute that no page of ours has."""

    def __init__(self, text):
        super().__init__()
        self.found, self.odd = set(), False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        self.odd |= any(name.startswith("on") for name, _ in attrs)


def is_clean(text):
    tags = Tags(str(text))
    return not tags.odd and "img" not in tags.found and MARK not in str(text)


def shown():
    """The HTML of every widget that there is."""
    every = ipywidgets.widgets.widget._instances
    return [w.value for w in list(every.values()) if isinstance(w, ipywidgets.HTML)]


@pytest.fixture(params=[(), ("kind",)], ids=["every", "known kinds"])
def study(request):
    data = json.loads(json.dumps(study_to_json(synthetic_vit(2, embed=96, heads=2))))
    facts = {"device": "d", "threads": "t", "created": "c", "launch": "compiled", "torch": "x", "cpu": "y"}
    data["latency"]["provenance"].update(facts)
    data["importance"]["provenance"].update(dataset="x", created="c", images=3, agreement={"embed": 0.1})
    data["skipped"] = [["head", "why"]]
    data["accuracy"] = {"dense": 0.5, "dataset": "x"}
    data["verification"] = {"median_error": 0.3, "worst_error": 0.5, "subnetworks": 3, "device": "x"}
    path = save_study(synthetic_vit(2, embed=96, heads=2))
    path.write_text(json.dumps(marked(data, keep=request.param)), encoding="utf-8")
    found = load_study(path)
    assert MARK in found.name and all(MARK in d.name for d in found.problem.dims)
    return found


def test_html_escapes_what_is_no_html():
    assert html("<b>{a}</b>{b}", a="<x>", b=Markup("<i>")) == "<b>&lt;x&gt;</b><i>"
    assert joined(["<", html("<b>{a}</b>", a="{a}")], "|") == "&lt;|<b>{a}</b>"
    assert html('<p title="{a}">', a='"') == '<p title="&#34;">'


def test_no_page_takes_markup_of_a_study_for_its_own(study, monkeypatch):
    before = {id(v) for v in shown()}
    progress = {"done": 1, "total": 2, "text": MARK, "seconds_left": 3}
    metrics, result = ({"epoch": 1, "loss": 0.1},), {"path": MARK, "wrong": MARK}
    state = JobState("20260101-000000-finetune-a", "t" + MARK, "finetune", "failed", 0.0, progress, metrics,
                     (MARK,), result, "error" + MARK, ("finetune", MARK))  # fmt: skip
    monkeypatch.setattr(job_view.jobs, "list_jobs", lambda kind=None: [state])
    monkeypatch.setattr(job_view.jobs, "state", lambda job: state)
    for page in (Explorer(study), Inspector(study)):
        selection = page.selection
        for block in study.problem.blocks:
            selection.look_at(block=block.name)
        selection.keep_as_a()
        selection.go(0.5 * study.problem.dense_latency, selection.pins)
        selection.open(MARK)
    for lesson in (
        teach.choices,
        teach.importance,
        teach.linear,
        teach.program,
        teach.removal,
        teach.cutting,
        teach.sensitivity,
        teach.measurement,
    ):
        lesson(teach.open_study(study))
    course = teach.Course(study)
    for number in range(1, len(course.titles) + 1):
        course.go_to(number)
        page = course.pages[number]
        if hasattr(page, "prediction"):
            page.prediction.answer(None)
            page.check.answer(MARK)
    for number in (1, 2, 3):
        course.pages[7].choice.value = number
    for name in workflow.__all__:
        if name.endswith("_panel"):
            getattr(workflow, name)(selection)
    seen = shown()
    assert len(seen) > len(before) and all(is_clean(value) for value in seen)


def test_no_report_or_export_does(study):
    plan = solve(study.problem, 0.5 * study.problem.dense_latency)
    odd = dataclasses.replace(plan, note=MARK, solver=MARK, problem=MARK)
    selection = ExplorerState()
    assert selection.open(study.path)
    selection.keep_as_a()
    selection.go(0.4 * study.problem.dense_latency, selection.pins)
    made = [odd._repr_html_(), mdp.load_study(study.path)._repr_html_(), report_html(study, plan, None, odd)]
    for picture in pictures(selection):
        made += [picture.svg, picture_html(picture).partition("<body")[2]]
    dims = [{"kind": MARK, "dims": MARK, "units": [1, 3], "options": [1, 3]}]
    said = {"model": MARK, "family": MARK, "dims": dims, "blocks": MARK, "removable": MARK, "data": MARK}
    made.append(inspect_html({**said, "skipped": [{"name": MARK, "reason": MARK}]}))
    for text in made:
        body = text.split("<script")[0]  # what is inside is JSON, looked at below
        assert is_clean(body)
        assert "</script><b>" not in text
    assert plan_to_json(odd)["note"] == MARK
