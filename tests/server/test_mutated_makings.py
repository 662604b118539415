"""The same attack on what is made elsewhere or in several steps: recipes, kits and times of other devices,
scores with measured blocks, plans and studies with accuracy, checkpoints."""

import contextlib
import copy
import csv
import dataclasses
import io
import json
import math
import random
from types import SimpleNamespace

import numpy as np
import pytest

from mdp.cli.import_tables import _with_options
from mdp.core.deployments import with_deployments
from mdp.core.errors import MdpError
from mdp.core.plan import check_plan_fits, load_plan, plan_to_json
from mdp.core.plan_accuracy import known_accuracy, measured_plans, with_accuracy
from mdp.core.quality import accuracy_check_words, study_words
from mdp.core.scores import read_scores, save_scores
from mdp.core.space import Space, SpaceDim
from mdp.core.study import Tables, build_study, load_study, save_study, study_to_json
from mdp.latency.grid import survey
from mdp.latency.kit import Kit, _to_json, entries_to_time, load_kit
from mdp.latency.times_files import read_times
from mdp.latency.verification import deployment_of
from mdp.latency.whole_networks import even_networks, whole_network
from mdp.operations import argv
from mdp.solve import solve
from mdp.training.recipe import recipe_of, recipe_to_json
from mdp_widgets.pages.explorer import Explorer
from mdp_widgets.views.quality_view import QualityView
from mdp_widgets.workflow import budget_panel, verify_panel
from mdp_widgets.workflow.measure_here import measuring_here

from ..latency.conftest import found as made_up
from ..latency.conftest import linear_key
from .test_mutated_files import FILES, NASTY, PLAN, STUDY, mutated

FOUND = made_up.__wrapped__ if hasattr(made_up, "__wrapped__") else made_up._get_wrapped_function()


def refused_or(act):
    """What `act` makes, or None where it refuses in a sentence."""
    try:
        return act()
    except MdpError as error:
        assert str(error).isprintable() and 10 < len(str(error)) < 3000
        return None


def rounds(name, good, path):
    """Mutated versions of a JSON file, written to `path` one after the other."""
    chance = random.Random(f"makings {name}")
    for _ in range(FILES):
        path.write_bytes(mutated(good, chance))
        yield chance


def test_recipes(tmp_path):
    path = tmp_path / "r.json"
    good = recipe_to_json(recipe_of("imagenet-vit"))
    path.write_text(json.dumps(good))
    assert recipe_to_json(recipe_of(str(path))) == good
    for _ in rounds("recipe", good, path):
        recipe = refused_or(lambda: recipe_of(str(path)))
        if recipe is not None:
            numbers = [v for v in recipe_to_json(recipe).values() if type(v) in (int, float)]
            assert all(map(math.isfinite, numbers)) and recipe.rate > 0 and recipe.batch >= 1


@pytest.fixture(scope="module")
def kit():
    """(kit, the rows of its results) of the made-up network of the latency tests."""
    found = FOUND()
    surfaces, _ = survey(found.segments, {d.name: d.options for d in found.space.dims})
    keys = entries_to_time(surfaces, 60)
    items = [{"id": f"part-{i}", "kind": "part", "key": key} for i, key in enumerate(keys)]
    rows = [[f"part-{i}", linear_key(key)] for i, key in enumerate(keys)]
    for n, (choices, removed) in enumerate(even_networks(found)):
        item = {"id": f"network-{n}", "kind": "network", "key": whole_network(found, choices, removed).key}
        items.append({**item, "choices": choices, "removed": list(removed)})
        running = [s for s in found.segments if s.block not in removed]
        rows.append(
            [f"network-{n}", sum(linear_key(s.at(*(choices[d] for d in s.dims)).key) for s in running)]
        )
    options = {d.name: d.options for d in found.space.dims}
    return Kit(found.ref, 1, options, {}, items, "abc"), rows


def imported(kit, path):
    """As `mdp import-tables` does it."""
    from mdp.latency.import_tables import import_times

    file, found = read_times(path), FOUND()
    found.space = _with_options(found.space, kit.options) if kit else found.space
    tables = import_times(found, file, kit=kit, device="a board")
    for term in tables.terms:
        assert np.isfinite(term.values).all() and (np.asarray(term.values) >= 0).all()
    json.dumps(tables.provenance, allow_nan=False).encode()


def test_kits(tmp_path, kit):
    path, results, (whole, rows) = tmp_path / "kit.json", tmp_path / "r.csv", kit
    results.write_text("# unit: ms\nid,value\n" + "".join(f"{name},{ms}\n" for name, ms in rows))
    good = json.loads(json.dumps(_to_json(whole)))
    path.write_text(json.dumps(good))
    imported(load_kit(path), results)
    for _ in rounds("kit", good, path):
        made = refused_or(lambda: load_kit(path))
        if made is not None:
            refused_or(lambda: imported(made, results))  # noqa: B023


def odd_text(text, chance):
    """A text file in which a few words or bytes are otherwise."""
    lines = text.split("\n")
    for _ in range(chance.choice([1, 1, 2, 4])):
        i = chance.randrange(len(lines))
        act, odd = chance.random(), str(chance.choice(NASTY)).removeprefix("RAW:")
        words = lines[i].split(",")
        if act < 0.2:
            lines.insert(i, lines[chance.randrange(len(lines))])
        elif act < 0.3 and len(lines) > 1:
            del lines[i]
        elif act < 0.7:
            words[chance.randrange(len(words))] = odd
            lines[i] = ",".join(words)
        else:
            at = chance.randrange(len(lines[i]) + 1)
            lines[i] = (
                lines[i][:at]
                + chance.choice(['"', "\0", "\r", ",", "#", "\t", "{", "é", odd])
                + lines[i][at:]
            )
    data = bytearray("\n".join(lines).encode(errors="surrogatepass"))
    if chance.random() < 0.2 and data:
        at = chance.randrange(len(data))
        data[at : at + chance.choice([0, 1, 50])] = chance.randbytes(2)
    return bytes(data)


@pytest.mark.parametrize("kind", ["csv", "yaml", "json"])
def test_times_of_another_device(tmp_path, kit, kind):
    whole, rows = kit
    path, chance = tmp_path / f"r.{kind}", random.Random(f"times {kind}")
    if kind == "csv":
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(
            [
                ["id", "value", "spread", "repeats", "anchor", "failure"],
                *([*r, 0.01, 5, 0.1, ""] for r in rows),
            ]
        )
        good = "# device: a board\n# unit: ms\n# kit: abc\n" + out.getvalue()
    elif kind == "yaml":
        good = "".join(f"{name}: {{mean: {ms}, count: 3}}\n" for name, ms in rows)
    else:
        good = {name: ({"mean": ms, "count": 3} if i % 2 else ms) for i, (name, ms) in enumerate(rows)}
    path.write_text(good if isinstance(good, str) else json.dumps(good))
    imported(whole, path)
    for _ in range(FILES):
        path.write_bytes(odd_text(good, chance) if isinstance(good, str) else mutated(good, chance))
        refused_or(lambda: imported(whole, path))


def test_scores_with_measured_blocks(tmp_path):
    worth = {b.name: 0.5 for b in STUDY.problem.blocks}
    scores = dataclasses.replace(STUDY.scores, blocks=worth)
    path = save_scores(scores, STUDY.model, tmp_path / "s.json")
    space = Space(STUDY.model.name, "vit", tuple(
        SpaceDim(d.name, d.kind, d.dense, d.options) for d in STUDY.problem.dims), STUDY.problem.blocks
    )  # fmt: skip
    good = json.loads(path.read_text())

    def built():
        made = build_study("s", STUDY.model, space, STUDY.tables, read_scores(path).scores)
        json.dumps(study_to_json(made), allow_nan=False).encode()
        assert math.isfinite(made.problem.dense_importance)
        return made

    built()
    for _ in rounds("scores", good, path):
        refused_or(built)


ACCURACY = {
    "dense": 0.9, "dataset": "fashion-mnist", "images": 2000,
    "plans": [{"choices": dict(PLAN.choices), "removed": list(PLAN.removed_blocks), "images": 2000,
               "cut": 0.5, "repaired": 0.8, "method": "exact"}],
    "check": {"plans": 12, "as": "repaired", "images": 2000, "dense": 0.9, "rank_correlation": {"0.5": 0.9},
              "alike": {"0.4": 3}, "behind": 0.01, "exchange_rates": {"mlp": 0.5}},
}  # fmt: skip


def test_plans_with_accuracy(tmp_path):
    study = dataclasses.replace(STUDY, accuracy=ACCURACY)
    plan, path = with_accuracy(study, PLAN), tmp_path / "p.json"
    assert plan.accuracy["share"] == 0.8

    def read():
        found = load_plan(path)
        check_plan_fits(found, STUDY.problem)
        json.dumps(plan_to_json(found), allow_nan=False).encode()

    for _ in rounds("plan", json.loads(json.dumps(plan_to_json(plan))), path):
        refused_or(read)


def test_studies_with_all_that_is_measured(tmp_path, monkeypatch):
    """Opened in the whole page, with every part that shows what was measured."""
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    strict = {"budget": 1.0, "measured": 0.9, "round": 0, "pins": "", "plan": plan_to_json(PLAN), "steps": [
        {"target": 1.0, "predicted": 1.0, "measured": 0.9, "corrected": 0.9, "remeasured": 3,
         "met": True}]}  # fmt: skip
    tables = dataclasses.replace(STUDY.tables, provenance={**STUDY.tables.provenance, "strict": strict})
    verification = {"median_error": 0.02, "worst_error": 0.1, "bias": 0.0, "tau": 0.9, "subnetworks": 30,
                    "device": "x", "same_device": True,
                    "dense": {"measured": 1.0, "predicted": 1.0, "spread": 0.0},
                    "points": [{"predicted": 1.0, "measured": 1.0, "spread": 0.0, "share": 0.5,
                                "choices": dict(PLAN.choices),
                                "removed": list(PLAN.removed_blocks)}]}  # fmt: skip
    whole = dataclasses.replace(STUDY, accuracy=ACCURACY, tables=tables, verification=verification)
    path = save_study(whole, tmp_path / "user" / "studies" / "s.json")
    good, page = json.loads(path.read_text()), Explorer(path)
    assert page.selection.study.name == STUDY.name
    page.selection.show_axis("accuracy")
    for button in page.front_view.buttons.values():
        button.value = True
    parts = QualityView(page.selection), verify_panel(page.selection), budget_panel(page.selection)
    assert all(parts)
    measured = {key: good[key] for key in ("accuracy", "verification")} | {"strict": strict}
    chance = random.Random("makings study")
    for _ in range(FILES):
        odd = copy.deepcopy(good)
        try:
            part = json.loads(mutated(measured, chance))
            odd["latency"]["provenance"]["strict"] = part.pop("strict", None)
            path.write_text(json.dumps({**odd, **part}), encoding="utf-8", errors="surrogatepass")
        except (ValueError, AttributeError, TypeError):
            continue
        study = refused_or(lambda: load_study(path))
        if study is None:
            continue
        plans = measured_plans(study)
        assert all(0 <= one.best <= 1 for one in plans)
        known = known_accuracy(study, PLAN)
        assert known is None or 0 <= known.share <= 1
        study_words(study), accuracy_check_words(study)
        opened = page.selection.open(path)
        assert opened or "cannot be drawn" not in page.selection.error, page.selection.error


FACTS = {"device": "test cpu", "kind": "cpu", "batch": 1, "dtype": "int8", "launch": "onnxruntime",
         "threads": 1, "memory_format": "contiguous", "software": "x"}  # fmt: skip
ODD_FACTS = [*NASTY, "int8", "int4", "INT8", "onnxruntime", "eager", "openvino", "imported", ["int8"], 0, 1e9]


def test_deployments_in_int8(tmp_path):
    terms = tuple(dataclasses.replace(t, values=0.4 * t.values) for t in STUDY.tables.terms)
    study = with_deployments(STUDY, "server", {"small": Tables(terms, FACTS)})
    path = save_study(study, tmp_path / "s.json")
    good, chance = json.loads(path.read_text()), random.Random("makings int8")

    def look(name):
        read = load_study(name)
        json.dumps(study_to_json(read), allow_nan=False).encode()
        refused_or(lambda: argv(measuring_here(read)))
        refused_or(lambda: deployment_of(read))
        most = {name: 0.8 * read.problem.dense_use(name) for name in list(read.problem.resource)[-1:]}
        refused_or(lambda: solve(read.problem, 0.7 * read.problem.dense_latency, most=most, time_limit=5))

    look(f"{path}@small")
    for _ in range(FILES):
        odd = copy.deepcopy(good)
        facts = odd["deployments"]["others"][0]["latency"]["provenance"], odd["latency"]["provenance"]
        chance.choice(facts)[chance.choice(list(FACTS))] = copy.deepcopy(chance.choice(ODD_FACTS))
        if chance.random() < 0.4:
            with contextlib.suppress(ValueError):
                odd["deployments"] = json.loads(mutated(odd["deployments"], chance))
        path.write_text(json.dumps(odd), encoding="utf-8", errors="surrogatepass")
        for name in (path, f"{path}@small"):
            refused_or(lambda: look(name))  # noqa: B023


def test_checkpoints(tmp_path):
    torch = pytest.importorskip("torch")
    from mdp.networks.convert import read_any

    weights = {f"module.layer.{i}.weight": torch.ones(2, 2) for i in range(3)}
    odd = [None, 1, "x", [], {}, (), torch.ones(()), torch.zeros(0), torch.ones(2, 2).to_sparse(),
           torch.ones(2, dtype=torch.complex64), torch.empty(2, device="meta"), float("nan"),
           {"a": {}}]  # fmt: skip
    chance, path = random.Random("makings pth"), tmp_path / "c.pth"
    for _ in range(FILES):
        whole = {"epoch": 3, "state_dict": dict(weights), "ema": dict(weights), "optimizer": {"state": {}}}
        for _ in range(chance.choice([0, 1, 2])):
            where = chance.choice(
                [whole, whole["state_dict"] if isinstance(whole.get("state_dict"), dict) else whole]
            )
            where[chance.choice([*where, 5, "", "module.", "x" * 300, "\ud800"])] = chance.choice(odd)
        torch.save(whole, path)
        if chance.random() < 0.5:
            data = bytearray(path.read_bytes())
            for _ in range(chance.randint(1, 5)):
                at = chance.randrange(len(data))
                data[at : at + chance.choice([0, 1, 30, len(data)])] = chance.randbytes(
                    chance.choice([0, 1, 2])
                )
            path.write_bytes(bytes(data))
        read = refused_or(lambda: read_any(path, averaged=chance.random() < 0.3))
        if read is not None:
            assert all(
                isinstance(name, str) and tensor.is_contiguous() for name, tensor in read.tensors.items()
            )


def test_a_made_up_network_is_there():
    assert isinstance(FOUND(), SimpleNamespace)
