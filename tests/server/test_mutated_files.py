"""Thousands of mutated files of every kind, from fixed seeds: a valid object or a sentence, nothing else."""

import copy
import json
import math
import os
import random

import pytest

from mdp.core.errors import MdpError
from mdp.core.plan import check_plan_fits, load_plan, plan_to_json
from mdp.core.problem import load_problem, problem_to_json
from mdp.core.saved_networks import networks_of_study
from mdp.core.scores import read_scores, save_scores
from mdp.core.space import Space, SpaceDim
from mdp.core.study import list_studies, load_study, study_to_json
from mdp.core.tables import load_tables, save_tables
from mdp.jobs import list_jobs, state
from mdp.solve import solve
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.workflow.artifacts import available_scores, tables_label
from mdp_widgets.workflow.job_facts import job_facts

from ..synthetic import synthetic_vit

STUDY = synthetic_vit(blocks=1, embed=48, heads=2)
PLAN = solve(STUDY.problem, 0.6 * STUDY.problem.dense_latency)
FILES = int(os.environ.get("MDP_FUZZ", 25))  # of each kind
NASTY = [
    None, True, False, -1, 0, 1, 2**31, 2**63, 2**64, 10**40, -(10**400), 1e308, -1e308, 5e-324, 1e-310, 0.5,
    "", "x", "1", "ms", "日本", "\ud800", "a\0b", "..", "../../x", "<img src=x onerror=alert(1)>", [], {},
    [[]], [None], {"a": {"b": []}}, [1e308] * 9, "x" * 10_000, [[1]] * 50, "RAW:1e999", "RAW:-1e999",
    "RAW:NaN", "RAW:Infinity", "RAW:1" + "0" * 400, "RAW:" + "[" * 600 + "]" * 600, "RAW:1e-999",
    "RAW:[1,]",
]  # fmt: skip


def places(value, at=()):
    yield at
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*at, key))
    elif isinstance(value, list):
        for i in {0, len(value) // 2, len(value) - 1} & set(range(len(value))):
            yield from places(value[i], (*at, i))


def mutated(good, chance):
    """The bytes of a file in which something is otherwise: a few values, or a few bytes."""
    value = copy.deepcopy(good)
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        at = chance.choice([p for p in places(value) if p] or [()])
        if not at:
            break
        inner = value
        for key in at[:-1]:
            inner = inner[key]
        act = chance.random()
        if act < 0.15 and isinstance(inner, dict):
            inner.pop(at[-1])
        elif act < 0.25 and isinstance(inner, list):
            inner.insert(at[-1], copy.deepcopy(inner[at[-1]]))
        elif act < 0.3 and isinstance(inner, dict):
            inner[chance.choice(["more", "\ud800", "", "name"])] = inner.pop(at[-1])
        elif act < 0.45 and type(inner[at[-1]]) in (int, float) and abs(inner[at[-1]]) < 1e300:
            inner[at[-1]] *= chance.choice([-1, 0.5, 2, 1 + 1e-7, 1e6, 1e300])
        else:
            inner[at[-1]] = copy.deepcopy(chance.choice(NASTY))
    text = json.dumps(value)
    for raw in NASTY:
        if isinstance(raw, str) and raw.startswith("RAW:"):
            text = text.replace(json.dumps(raw), raw[4:])
    data = bytearray(text.encode())
    if chance.random() < 0.2:
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data) or 1)
            data[at : at + chance.choice([0, 1, 20, len(data)])] = chance.randbytes(chance.choice([0, 1, 2]))
    return bytes(data)


def look_at_study(path):
    study = load_study(path)
    assert study.problem.dense_latency > 0 and math.isfinite(study.problem.dense_importance)
    json.dumps(study_to_json(study), allow_nan=False).encode()
    selection = ExplorerState()
    if selection.open(path):
        assert selection.plan.latency <= selection.budget * (1 + 1e-9)
    else:
        assert selection.error.endswith((".", "!"))


def look_at_problem(path):
    problem = load_problem(path)
    if problem.dims:
        assert math.isfinite(sum(problem.evaluate(problem.dense_choices)))
    json.dumps(problem_to_json(problem), allow_nan=False).encode()


def look_at_plan(path):
    plan = load_plan(path)
    json.dumps(plan_to_json(plan), allow_nan=False).encode()
    check_plan_fits(plan, STUDY.problem)
    assert plan.latency <= plan.budget * (1 + 1e-9)
    assert not plan.optimal or math.isclose(plan.bound, plan.importance, rel_tol=1e-5)


def look_at_tables(path):
    saved = load_tables(path)
    assert tables_label(saved.tables)


def look_at_scores(path):
    read_scores(path)


def look_at_job(path):
    assert job_facts(state(path.parent.name))


def look_at_architecture(path):
    store = pytest.importorskip("mdp.surgery.store")
    store.read_architecture(path.parent)


def kinds(folder):
    """Kind of file -> (its good content, where it lies, what reads it)."""
    space = Space("m", "f", tuple(SpaceDim(d.name, d.kind, d.dense, d.options) for d in STUDY.problem.dims),
                  STUDY.problem.blocks)  # fmt: skip
    user, job = folder / "user", folder / "jobs" / "20260101-000000-finetune-abcdef"

    def read(path):
        return json.loads(path.read_text())

    tables = save_tables(STUDY.tables, STUDY.model, space, user / "tables" / "t.json")
    scores = save_scores(STUDY.scores, STUDY.model, user / "scores" / "s.json")
    about = {"id": job.name, "kind": "finetune", "title": "t", "arguments": ["finetune", "x"],
             "pid": 2**22 + 5, "created": 1.0, "started": 1.7e9, "processes": 2}  # fmt: skip
    network = {"format": "mdp-architecture/1", "model": study_to_json(STUDY)["model"], "family": "vit",
               "choices": dict(PLAN.choices), "removed": [], "parameters": 3,
               "extra": {"plan": plan_to_json(PLAN), "finetuned": {"accuracy_tuned": 0.5}}}  # fmt: skip
    return {
        "study": (study_to_json(STUDY), user / "studies" / "s.json", look_at_study),
        "problem": (problem_to_json(STUDY.problem), folder / "p.json", look_at_problem),
        "plan": (plan_to_json(PLAN), folder / "plan.json", look_at_plan),
        "tables": (read(tables), tables, look_at_tables),
        "scores": (read(scores), scores, look_at_scores),
        "job": (about, job / "job.json", look_at_job),
        "architecture": (network, user / "networks" / "n" / "architecture.json", look_at_architecture),
    }


@pytest.mark.parametrize("kind", ["study", "problem", "plan", "tables", "scores", "job", "architecture"])
def test_a_mutated_file_is_an_object_or_a_sentence(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    good, path, look = kinds(tmp_path)[kind]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(good))
    look(path)  # as it is, it is read
    chance = random.Random(f"seed 20 {kind}")
    for _ in range(FILES):
        path.write_bytes(mutated(good, chance))
        try:
            look(path)
        except MdpError as error:
            assert str(error).endswith((".", "!")) and str(error).isprintable()
        # Lists never fail for one file among others.
        if kind == "study":
            list_studies()
        elif kind == "scores":
            available_scores(STUDY.model.name)
        elif kind == "architecture" and chance.random() < 0.1:
            networks_of_study(PLAN.fingerprint)
        elif kind == "job":
            list_jobs()


def test_mutated_events_of_a_job(tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    good, path, look = kinds(tmp_path)["job"]
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(good))
    event = {"kind": "progress", "done": 1, "total": 2, "text": "t", "seconds_left": 3.0, "time": 1.0}
    chance = random.Random("events")
    for _ in range(FILES):
        lines = [
            mutated({**event, "kind": k}, chance).replace(b"\n", b" ")
            for k in ("progress", "metric", "result")
        ]
        (path.parent / "events.jsonl").write_bytes(b"\n".join(lines))
        (path.parent / "exit").write_bytes(
            chance.choice([b"", b"0", b"-9", b"9" * 5000, b"x", b"-99999999999999"])
        )
        look(path)


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a\\b", "a\0b", "x" * 300, "\ud800", "日本"])
def test_a_job_by_no_name_of_one(name):
    with pytest.raises(MdpError, match="not the id of a job"):
        state(name)
