"""The study: tables and scores joined, written, read, and refused when damaged."""

import dataclasses
import json

import numpy as np
import pytest

from mdp.core.errors import BadFile, MdpError
from mdp.core.problem import Block, Term
from mdp.core.space import Product, Skipped, Space, SpaceDim, width_options
from mdp.core.study import (
    ModelRef,
    Scores,
    Tables,
    build_study,
    find_study,
    list_studies,
    load_study,
    save_study,
    slug,
    study_to_json,
)
from mdp.core.study_files import delete_study

from ..synthetic import synthetic_vit


@pytest.fixture
def parts():
    space = Space(
        model="handmade",
        family="none",
        dims=(SpaceDim("stem", "channels", 4, (2, 4)), SpaceDim("a", "channels", 3, (1, 2, 3))),
        blocks=(Block("one"),),
        counts={"parameters": (Product(None, 9, ("stem",)), Product("one", 9, ("stem", "a"))), "macs": ()},
        skipped=(Skipped("head", "the classifier keeps its classes"),),
    )
    tables = Tables(
        (
            Term("stem", None, ("stem",), np.array([1.0, 2.0])),
            Term("one", "one", ("stem", "a"), np.arange(6.0).reshape(2, 3)),
        ),
        {"device": "none, written by hand", "batch": 1, "dtype": "float32"},
    )
    scores = Scores(
        {"stem": np.array([3, 0, 1, 2]), "a": np.array([2, 1, 0])},
        (("stem", None, "stem", np.array([0.1, 0.2, 0.3, 10])), ("one.a", "one", "a", np.array([1.0, 2, 4]))),
        {"method": "by hand", "images": 0},
    )
    model = ModelRef("handmade", "none", (1, 4, 4), 10)
    return "Hand made · study", model, space, tables, scores


def test_importance_is_the_summed_score_of_the_top_units(parts):
    study = build_study(*parts)
    stem, a = study.problem.importance
    np.testing.assert_allclose(stem.values, [10.1, 10.6])
    np.testing.assert_allclose(a.values, [4, 6, 7])


def test_counts_follow_the_plan(parts):
    study = build_study(*parts)
    assert study.count("parameters") == 9 * 4 + 9 * 4 * 3
    assert study.count("parameters", {"stem": 2, "a": 1}) == 9 * 2 + 9 * 2
    assert study.count("parameters", {"stem": 2, "a": None}, ["one"]) == 9 * 2


def test_round_trip(parts, tmp_path):
    study = build_study(*parts)
    path = save_study(study, tmp_path / "s.json")
    again = load_study(path)
    assert study_to_json(again) == study_to_json(study)
    assert again.problem.fingerprint == study.problem.fingerprint
    assert again.path == path


def test_studies_are_found_by_name_and_damaged_ones_are_listed_as_such(parts, tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    study = build_study(*parts)
    path = save_study(study)
    assert load_study(slug(study.name)).name == study.name
    assert load_study(study.name).path == path
    (path.parent / "cut.json").write_text(path.read_text()[:400])
    listed = {s["name"]: s for s in list_studies()}
    assert listed[study.name]["device"] == "none, written by hand"
    assert "cut off" in listed["cut"]["error"]
    (path.parent / "cut.json").write_text(path.read_text())  # repaired: it is read again
    assert not any("error" in s for s in list_studies())


def test_tables_and_scores_of_another_model_are_refused(parts):
    name, model, space, tables, scores = parts
    stranger = Tables((Term("x", None, ("elsewhere",), np.array([1.0])),), tables.provenance)
    with pytest.raises(MdpError, match="no dim 'elsewhere'"):
        build_study(name, model, space, stranger, scores)
    partial = Scores({"stem": scores.order["stem"]}, scores.shares[:1], {})
    with pytest.raises(MdpError, match="leave out dim 'a'"):
        build_study(name, model, space, tables, partial)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda d: d.pop("model"), "model"),
        (lambda d: d.update(format="mdp-study/9"), "mdp-study/9"),
        (lambda d: d["importance"]["order"].update(a=[0, 0, 1]), "order of dim 'a'"),
        (lambda d: d["importance"]["shares"][1].update(dim="stem"), "share 'one.a'"),
        (lambda d: d["importance"]["shares"][1].update(values="x"), "damaged"),
        (lambda d: d["counts"]["parameters"][0].__setitem__(2, ["q"]), "count of parameters"),
        (lambda d: d["latency"]["provenance"].pop("batch"), "batch"),
        (lambda d: d["problem"]["latency"][1].update(values=[[1, 2], [3, 4]]), "shape"),
        (lambda d: d.update(problem=None), "problem in the study"),
    ],
)
def test_damage_is_a_sentence(parts, tmp_path, change, word):
    data = study_to_json(build_study(*parts))
    change(data)
    path = tmp_path / "s.json"
    path.write_text(json.dumps(data))
    with pytest.raises(BadFile, match=word):
        load_study(path)


def test_a_study_cut_in_half(parts, tmp_path):
    path = save_study(build_study(*parts), tmp_path / "s.json")
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    with pytest.raises(BadFile, match="cut off"):
        load_study(path)


def test_no_permission_is_a_sentence_and_leaves_nothing(parts, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MdpError, match="could not be written"):
        save_study(build_study(*parts), tmp_path / "file" / "s.json")


@pytest.mark.parametrize(
    ("units", "width_step", "options"),
    [(8, 3, (2, 5, 8)), (4, 1, (1, 2, 3, 4)), (4, 9, (4,)), (4, 0, (1, 2, 3, 4))],
)
def test_width_steps_and_their_options(units, width_step, options):
    assert width_options(units, width_step) == options


def test_a_study_is_one_line_in_a_notebook():
    study = load_study("fmnist-vit-cpu")
    for text in (repr(study), repr(study.problem)):
        assert study.name in text and "\n" not in text and len(text) < 200
    assert "median error" in repr(study)


@pytest.mark.parametrize("name", ["q" * 300, "a\0b"])
def test_a_name_that_no_file_can_have_is_no_study(name):
    assert find_study(name) is None
    with pytest.raises(MdpError):
        load_study(name)
    with pytest.raises(MdpError, match="There is no study"):
        delete_study(name)


def test_a_name_that_is_not_there_says_where_names_are_listed():
    with pytest.raises(BadFile, match="There is no study 'nope' here: mdp studies lists"):
        load_study("nope")
    with pytest.raises(BadFile, match=r"There is no study at .*nope\.json"):
        load_study("folder/nope.json")


def test_a_study_is_found_by_its_name_with_hyphens_where_one_alone_has_it(tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    study = synthetic_vit(2)
    save_study(dataclasses.replace(study, name="My little ViT", path=None))
    assert load_study("My-little-ViT").name == "My little ViT"
    save_study(dataclasses.replace(study, name="My-little ViT", path=None))
    with pytest.raises(BadFile, match="Did you mean"):
        load_study("My-little-ViT")
    assert load_study("My little ViT").name == "My little ViT"
