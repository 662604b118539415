"""The real command line with its real arguments, and quick work of the right shape behind it."""

import dataclasses
import importlib
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mdp import cli
from mdp.core.paths import data_dir
from mdp.core.pins import pins_from_text
from mdp.core.plan import plan_to_json
from mdp.core.space import Space, SpaceDim
from mdp.core.study import ModelRef, load_study, save_study
from mdp.core.tables import save_tables
from mdp.solve import solve
from tests.synthetic import synthetic_vit


def instead(run):
    """Replace the `run` of the command of that name; its arguments stay the real ones."""
    importlib.import_module(f"mdp.cli.{run.__name__}").run = run
    return run


@instead
def inspect(args):
    if args.model == "unknown_net":
        raise cli.MdpError("There is no model unknown_net; near names: resnet50.")
    kind = {"kind": "heads", "dims": 2, "units": [6, 6], "options": [6, 6], "steps": [1]}
    report = {"model": args.model, "family": "vit", "weights": args.weights, "parameters": 1.2e6, "macs": 2e7,
              "dims": [kind], "blocks": 2, "removable": 2,
              "skipped": [{"name": "head", "reason": "its outputs are <the classes>"}]}  # fmt: skip
    cli.reporter(args).result(report=report)


@instead
def profile(args):
    report, study = cli.reporter(args), synthetic_vit(2)
    for i in range(20):
        time.sleep(0.02)
        report.step(i + 1, 20, "conv3x3")
    dims = tuple(SpaceDim(d.name, d.kind, d.dense, d.options) for d in study.problem.dims)
    space = Space(args.model, "vit", dims, study.problem.blocks)
    provenance = {"device": "test device", "batch": args.batch, "dtype": args.dtype, "entries": 1234}
    tables = dataclasses.replace(study.tables, provenance=provenance)
    report.result(path=str(save_tables(tables, ModelRef(args.model, "demo", (1, 28, 28), 10), space)))


@instead
def score(args):
    path = data_dir() / "user" / "scores" / f"{args.model}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    provenance = {"method": "hessian", "images": args.images, "dataset": "Fashion-MNIST"}
    path.write_text(json.dumps({"model": {"name": args.model}, "provenance": provenance}))
    cli.reporter(args).result(path=str(path))


@instead
def build(args):
    assert Path(args.tables).is_file() and Path(args.scores).is_file()
    study = dataclasses.replace(synthetic_vit(2), name=args.name)
    cli.reporter(args).result(path=str(save_study(study)))


@instead
def finetune(args):
    report = cli.reporter(args)
    for epoch in range(args.epochs):
        report.metric(epoch=epoch + 0.5, loss=1.0 / (epoch + 1))
        report.metric(epoch=epoch + 1, loss=0.9 / (epoch + 1), accuracy=0.8, seconds=1.0)
        report.step(epoch + 1, args.epochs)
    report.result(
        path=str(args.out), accuracy_dense=0.9, accuracy_pruned=0.5, accuracy_repaired=0.7,
        accuracy_tuned=0.88, kept="trained",
        latency_predicted=10.0, latency_measured=10.5, latency_measured_dense=21.0, device="test device",
    )  # fmt: skip


@instead
def extract(args):
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    plan = json.loads(Path(args.plan).read_text())
    (folder / "architecture.json").write_text(json.dumps({"extra": {"plan": plan}}))
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "checkpoint.safetensors").write_bytes(b"a run's own file")
    cli.reporter(args).result(path=str(folder))


@instead
def export(args):
    Path(args.onnx).write_bytes(b"onnx")
    cli.reporter(args).result(path=args.onnx)


@instead
def enforce(args):
    """Two rounds, told as the command does; the last entry of the first table is 1 % slower afterwards."""
    study, report = load_study(args.study), cli.reporter(args)
    budget, (first, *others) = float(args.budget), study.problem.latency
    values = np.array(first.values)
    values.flat[-1] *= 1.01
    problem = dataclasses.replace(study.problem, latency=(dataclasses.replace(first, values=values), *others))
    plan = solve(problem, 0.9 * budget, pins=pins_from_text(args.pins, problem))
    report.step(0.5, 1.0, "round 1")
    steps = [
        {"target": t, "predicted": t, "measured": 1.05 * t, "corrected": t, "remeasured": 7, "met": met,
         "importance": plan.importance, "sentence": "x"}
        for t, met in ((budget, False), (0.9 * budget, True))
    ]  # fmt: skip
    story = {"budget": budget, "measured": 0.945 * budget, "round": 1, "steps": steps,
             "plan": plan_to_json(plan), "pins": args.pins}  # fmt: skip
    tables = dataclasses.replace(
        study.tables, terms=problem.latency, provenance={**study.tables.provenance, "strict": story}
    )
    kept = dataclasses.replace(study, name=args.name, problem=problem, tables=tables)
    report.result(**story, path=str(save_study(kept, args.out)))


@instead
def verify(args):
    """What stands in the study afterwards: a test of the tables, or (--accuracy) one of importance."""
    study, report = load_study(args.study), cli.reporter(args)
    report.step(0.5, 1.0, "one of two")
    tested = {"verification": {"median_error": 0.03, "worst_error": 0.1, "subnetworks": args.subnetworks}}
    if args.accuracy:
        tested = {"accuracy": {"dense": 0.9, "dataset": args.data}}
    save_study(dataclasses.replace(study, **tested), args.out or study.path)
    report.result(median_error=0.03)


if __name__ == "__main__":
    sys.exit(cli.main())
