import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from mdp.core.errors import BadFile, MdpError
from mdp.core.space import Space, SpaceDim
from mdp.core.tables import fit_space, how_timed, list_tables, load_tables, save_tables
from mdp.latency import profile

from .conftest import FakeTimer, linear_key


@pytest.fixture
def saved(found, store, tmp_path):
    tables = profile(found, store=store, timer=FakeTimer(linear_key))
    return save_tables(tables, found.ref, found.space, tmp_path / "toy.json")


def test_tables_survive_a_file(found, store, saved):
    tables = profile(found, store=store, timer=FakeTimer(linear_key))
    again = load_tables(saved, model="toy", device="a made-up CPU", batch=4, dtype="float32")
    assert again.model == found.ref
    when = {"created"}  # `saved` was made in another second
    assert {k: v for k, v in again.tables.provenance.items() if k not in when} == {
        k: v for k, v in tables.provenance.items() if k not in when
    }
    assert again.tables.details == tables.details
    for a, b in zip(tables.terms, again.tables.terms, strict=True):
        assert (a.name, a.block, a.dims) == (b.name, b.block, b.dims)
        np.testing.assert_array_equal(a.values, b.values)


@pytest.mark.parametrize(
    "asked",
    [{"model": "other"}, {"device": "a GPU"}, {"batch": 8}, {"dtype": "bfloat16"}, {"input_size": (1, 9, 9)},
     {"classes": 1000}],
)  # fmt: skip
def test_tables_of_something_else_are_refused(saved, asked):
    what = next(iter(asked)).replace("_", " ")
    with pytest.raises(MdpError, match=f"were measured for {what}"):
        load_tables(saved, **asked)


def test_damaged_tables_are_refused(saved, tmp_path):
    text = saved.read_text()
    for name, bad in {
        "cut": text[: len(text) // 2],
        "nan": text.replace(": [[", ": [[NaN, ", 1),
        "other": json.dumps({"format": "mdp-plan/1"}),
        "model": text.replace('"input_size"', '"output_size"', 1),
        "batch": text.replace('"batch": 4', '"batch": "many"', 1),
    }.items():
        path = tmp_path / f"{name}.json"
        path.write_text(bad)
        with pytest.raises(BadFile):
            load_tables(path)


def test_other_width_steps_fit_and_another_model_does_not(found, saved):
    tables = load_tables(saved)
    finer = tuple(SpaceDim(d.name, d.kind, 128, tuple(range(8, 129, 8))) for d in found.space.dims)
    assert fit_space(Space("toy", "toys", finer, found.space.blocks), tables).dims == found.space.dims
    wider = tuple(SpaceDim(d.name, d.kind, 256, (128, 256)) for d in found.space.dims)
    for dims in (wider, finer[:2]):
        with pytest.raises(MdpError, match="another model"):
            fit_space(Space("toy", "toys", dims, found.space.blocks), tables)


def test_saved_tables_are_listed_newest_first_without_damaged_ones(found, store, tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path / "data"))
    assert list_tables() == []
    path = save_tables(profile(found, store=store, timer=FakeTimer(linear_key)), found.ref, found.space)
    (path.parent / "bad.json").write_text("{")
    assert [t.path for t in list_tables("toy")] == [path]
    assert list_tables("another") == []


def test_tables_timed_in_another_way_are_kept_beside_the_usual_ones(found, store, tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path / "data"))
    usual = profile(found, store=store, timer=FakeTimer(linear_key))
    compiled = dataclasses.replace(usual, provenance={**usual.provenance, "launch": "compiled graph"})
    first, *others = usual.terms
    split = dataclasses.replace(usual, terms=(dataclasses.replace(first, name="blocks.0.qk"), *others))
    assert [how_timed(t) for t in (usual, compiled, split)] == [(), ("compiled",), ("attention split",)]
    assert len({save_tables(t, found.ref, found.space) for t in (usual, compiled, split)}) == 3


def test_looking_at_tables_imports_no_torch():
    code = "import sys, mdp.core.tables; sys.exit('torch' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
