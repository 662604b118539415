"""Attention split and torch.compile in step 2: what they ask for, where they do not apply, what they cost."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest

from mdp.core.study import ModelRef
from mdp.core.tables import SavedTables
from mdp.operations import ProfileOptions
from mdp_widgets.workflow.form import form, values_of
from mdp_widgets.workflow.study_draft import StudyDraft
from mdp_widgets.workflow.timing_options import SPLIT, Switches, difference

from ..synthetic import synthetic_vit

USUAL = {"attention": "fused", "runtime": "eager"}


def asked(switches):
    return values_of(ProfileOptions, switches.parts)


@pytest.fixture
def draft():
    return StudyDraft()


@pytest.fixture
def switches(draft):
    return Switches(draft, form(ProfileOptions, "device")["device"])


def test_each_is_said_and_asked_for(switches):
    assert asked(switches) == USUAL and switches.title() == ""
    assert "as it runs" in switches.notes["attention"].value
    switches.parts["attention"].value, switches.parts["runtime"].value = "split", "compiled"
    assert asked(switches) == {"attention": "split", "runtime": "compiled"}
    assert switches.title() == ", compiled, attention split"
    assert (
        "as in the paper" in switches.notes["attention"].value
        and "seconds each" in switches.notes["runtime"].value
    )


@pytest.mark.parametrize(
    ("model", "off"),
    [("fmnist_resnet", True), ("tf_efficientnet_lite0", True), ("convnext_tiny", True), ("resnet50", True),
     ("deit_small_patch16_224", False), ("vit_small_patch14_dinov2", False), ("something_new", False)],
)  # fmt: skip
def test_a_network_without_attention_has_none_to_split(switches, draft, model, off):
    switches.parts["attention"].value = "split"
    draft.model = model
    assert switches.parts["attention"].disabled == off == (asked(switches) == USUAL)
    assert ("has no attention" in switches.notes["attention"].value) == off
    draft.model = "fmnist_vit"
    assert not switches.parts["attention"].disabled


def test_what_looking_at_a_model_found_counts_more_than_its_name(switches, draft):
    draft.model = "something_new"
    draft.family = "convnext"
    assert switches.parts["attention"].disabled


def test_nothing_is_compiled_on_an_apple_gpu(switches):
    switches.parts["runtime"].value = "compiled"
    switches._device.value = "mps"
    assert (
        switches.parts["runtime"].disabled
        and asked(switches) == USUAL
        and "CUDA GPU only" in switches.notes["runtime"].value
    )


def test_the_numbers_in_words_are_the_measured_ones():
    measured = Path(__file__).parents[2] / "docs" / "measurements" / "latency-models.json"
    rows = json.loads(measured.read_text())
    models = next(row["models"] for row in rows if "ViT" in row["study"])
    split, ours = (next(m for name, m in models.items() if name.startswith(k)) for k in ("(b')", "(c)"))
    errors = [m[key] for m in (split, ours) for key in ("median_error", "worst_error")]
    assert re.findall(r"[0-9.]+(?= %)", SPLIT) == [f"{100 * error:.1f}" for error in errors]


def saved(study, factor, cut, **provenance):
    terms = tuple(
        dataclasses.replace(t, name=t.name.replace(".qk", cut), values=factor * np.asarray(t.values))
        for t in study.problem.latency
    )
    facts = {**study.tables.provenance, "batch": 32, **provenance}
    options = {d.name: d.options for d in study.problem.dims}
    model = ModelRef("x", "none", (1, 28, 28), 10)
    return SavedTables(dataclasses.replace(study.tables, terms=terms, provenance=facts), model, options)


def test_tables_measured_both_ways_are_compared():
    study = synthetic_vit(2)
    fused, split = saved(study, 1, ".attention"), saved(study, 2, ".qk")
    said = difference([split, fused])
    numbers = re.findall(r"([0-9.]+) ms", said)
    dense, fused_dense, half, fused_half = map(float, numbers)
    assert fused_dense == pytest.approx(study.problem.dense_latency, rel=0.01) and half < dense
    assert (dense, half) == pytest.approx((2 * fused_dense, 2 * fused_half), rel=0.02)
    assert difference([split, saved(study, 1, ".attention", batch=1)]) == ""
    assert difference([fused]) == difference([split]) == difference([]) == ""
