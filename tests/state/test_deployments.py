"""Switching between a study's deployments on the page: state, header, address, undo, files."""

import dataclasses

import pytest

from mdp.core.deployments import with_deployments
from mdp.core.study import Tables, load_study, save_study
from mdp.core.study_files import rename_study
from mdp_widgets.state.address import address_of, go_to
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.widgets.header import Header
from mdp_widgets.widgets.limit_facts import limit_rows
from mdp_widgets.workflow.verify import follow, is_about, verifying

from ..synthetic import synthetic_vit


@pytest.fixture
def selection(tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    one = synthetic_vit(3, 96, 3)
    terms = tuple(dataclasses.replace(t, values=3.0 * t.values + 0.01) for t in one.tables.terms)
    facts = {"device": "test laptop", "batch": 1, "dtype": "float32"}
    path = save_study(with_deployments(one, "server", {"laptop": Tables(terms, facts)}))
    state = ExplorerState()
    assert state.open(path)
    state.begin()
    return state


def test_the_header_switches_and_undo_goes_back(selection):
    header = Header(selection)
    dense = selection.study.problem.dense_latency
    assert header.deployments == ["server", "laptop"] and selection.set_limit("laptop", "40%")
    assert {row["name"] for row in limit_rows(selection.study.problem, selection.plan, selection.limits)} >= {
        "laptop", "parameters"
    }  # fmt: skip
    selection.set_budget("60%")
    header._receive(header, {"kind": "deploy", "name": "laptop"}, None)
    study = selection.study
    assert header.deployments == ["laptop", "server"] and header.facts.startswith("test laptop")
    assert selection.budget == pytest.approx(0.6 * study.problem.dense_latency) and selection.plan.optimal
    assert selection.limits == {} and study.problem.dense_latency > 3 * dense
    selection.undo()
    assert selection.study.deployment == "server" and selection.limits
    header._receive(header, {"kind": "deploy", "name": "phone"}, None)
    assert "has no deployment" in selection.error and selection.study.deployment == "server"


def test_the_address_names_the_deployment(selection):
    assert "on=" not in address_of(selection)
    first = address_of(selection)
    assert selection.deploy("laptop") and selection.set_limit("server", "50%")
    address = address_of(selection)
    there = ExplorerState()
    go_to(there, address)
    assert there.study.deployment == "laptop" and there.limits == selection.limits and not there.error
    assert there.plan == dataclasses.replace(selection.plan, seconds=there.plan.seconds)
    go_to(there, first)
    assert there.study.deployment == "server"


def test_jobs_and_files_are_of_the_deployment_shown(selection):
    selection.deploy("laptop")
    asked = verifying(selection.study)
    assert asked.study.endswith("@laptop") and asked.out is None
    checked = dataclasses.replace(load_study(asked.study), verification={"median_error": 0.02})
    save_study(checked, checked.path)
    follow(selection, asked.study)
    assert selection.study.verification == {"median_error": 0.02}
    selection.moved(rename_study(selection.study.path, "Another name"))
    assert selection.study.deployment == "laptop" and selection.study.name == "Another name"
    assert selection.study.problem.dense_latency == checked.problem.dense_latency
    assert not is_about(type("Job", (), {"arguments": ("verify", "x")})(), selection.study)
