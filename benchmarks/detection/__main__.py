"""`python -m benchmarks.detection --data FOLDER`: mean average precision and latency, before and after.

FOLDER is BCCD (https://github.com/Shenggan/BCCD_Dataset, MIT) as it is published. A small FCOS is trained
on its split "train", profiled on one thread, scored on training pictures, and for every budget solved, cut,
repaired and fine-tuned; mAP is COCO's, on the split "test", which nothing else looks at. Every step is kept
in --keep, and a run that was cut off goes on from there. Latency is that of backbone, neck and heads as
deployed, batch 1; non-maximum suppression is not in it.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

import mdp
from mdp.core.scores_json import scores_from_json, scores_to_json
from mdp.networks.checkpoints import read_tensors, write_tensors

from .model import CLASSES, SIZE, detector, pixels
from .voc import Pictures

HERE = Path(__file__).parent
TO_SCORE, TO_REPAIR = 48, 160


def main(argv: list[str] | None = None) -> None:
    first = __doc__.split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=first)
    parser.add_argument("--data", type=Path, required=True, help="the folder of BCCD")
    parser.add_argument("--keep", type=Path, default=Path("build/detection"), help="what was done so far")
    parser.add_argument("--budgets", nargs="*", default=["70%", "50%"])
    parser.add_argument("--solvers", nargs="*", default=["exact", "halp"])
    parser.add_argument("--to-profile", type=float, default=150, help="seconds")
    parser.add_argument("--to-score", type=float, default=300, help="seconds")
    parser.add_argument("--only", choices=("dense", "study", "plans"), help="one step alone")
    args = parser.parse_args(argv)
    args.keep.mkdir(parents=True, exist_ok=True)
    task = mdp.Detection(detector(), (3, *SIZE))
    read = {"folder": args.data, "classes": CLASSES, "size": SIZE, "batch": 8, **pixels()}
    train, val, test = (Pictures(split=s, mirrored=s == "train", **read) for s in ("train", "val", "test"))
    still = Pictures(split="train", **read)
    dense = _dense(task, train, val, args.keep)
    print("dense", json.dumps(_of(task, dense, test, args.keep / "dense.json")), flush=True)
    if args.only == "dense":
        return
    net = mdp.prunable(dense, torch.zeros(1, 3, *SIZE))
    study = _study(net, task, still, args)
    print(f"study {study.problem.dense_latency:.1f} ms dense by its tables, {len(study.problem.dims)} dims")
    if args.only == "study":
        return
    asked = [(budget, solver) for budget in args.budgets for solver in args.solvers]
    rows = [_untrained(net, study, task, (still, test), *one, args.keep) for one in asked]
    for row in rows:  # what takes longest comes last
        row["tuned"] = _tuned(net, task, (train, val, test), _folder(args.keep, row["budget"], row["solver"]))
        print(json.dumps(row), flush=True)
    print(json.dumps(rows, indent=1))


def _dense(task: mdp.Detection, train: Pictures, val: Pictures, keep: Path) -> nn.Module:
    """The trained body; from `keep` where it was trained before."""
    path, body = keep / "dense.safetensors", task.body
    if not path.is_file():
        tuned = mdp.finetune(
            body, train, val, task=task, recipe=str(HERE / "dense.json"),
            checkpoint=keep / "dense-run.safetensors",
        )  # fmt: skip
        write_tensors(path, {k: v.contiguous() for k, v in tuned.state_dict().items()}, {})
        (keep / "dense-history.json").write_text(json.dumps(tuned.history, indent=1))
    body.load_state_dict(read_tensors(path))
    return body.eval()


def _study(net: Any, task: mdp.Detection, still: Pictures, args: argparse.Namespace) -> mdp.Study:
    """Tables and scores, joined."""
    where = mdp.Deployment("cpu", batch_size=1, threads=1)
    tables = mdp.profile(net, where, seconds=args.to_profile)
    path = args.keep / "scores.json"
    if not path.is_file():
        few = list(still)[: TO_SCORE // still.batch]
        scores = mdp.score(net, few, method="measured", seconds=args.to_score, task=task)
        path.write_text(json.dumps(scores_to_json(scores)))
    return mdp.Study(net, tables, scores_from_json(json.loads(path.read_text())), name="FCOS-Lite0")


def _folder(keep: Path, budget: str, solver: str) -> Path:
    where = keep / f"{solver}-{budget.strip('%')}"
    where.mkdir(exist_ok=True)
    return where


def _untrained(
    net: Any, study: mdp.Study, task: mdp.Detection, pictures: tuple, budget: str, solver: str, keep: Path
) -> dict[str, Any]:
    """One budget, by one solver: as cut, repaired, and its latency beside the dense network's."""
    still, test = pictures
    where = _folder(keep, budget, solver)
    plan = study.solve(budget, solver=solver)
    share = plan.latency / study.problem.dense_latency
    row: dict[str, Any] = {"budget": budget, "solver": solver, "predicted": round(share, 3)}
    pruned = net.extract(plan)
    row["parameters"] = sum(p.numel() for p in pruned.parameters())
    row["cut"] = _of(task, pruned, test, where / "cut.json")
    if not (where / "repaired").is_dir():
        mdp.save(mdp.repair(pruned, still, task=task, images=TO_REPAIR, dense=net.model), where / "repaired")
    repaired = mdp.load(where / "repaired", dense=net.model)
    row["repaired"] = _of(task, repaired, test, where / "repaired.json")
    row["latency"] = _latency(net, pruned, where / "latency.json")
    print(json.dumps(row), flush=True)
    return row


def _tuned(net: Any, task: mdp.Detection, pictures: tuple, where: Path) -> dict[str, float]:
    """mAP of the repaired network, trained on beside the dense one."""
    train, val, test = pictures
    path = where / "tuned"
    if not path.is_dir():
        repaired = mdp.load(where / "repaired", dense=net.model)
        tuned = mdp.finetune(
            repaired, train, val, task=task, teacher=net.model, recipe=str(HERE / "tune.json"),
            checkpoint=where / "run.safetensors",
        )  # fmt: skip
        mdp.save(tuned, path)
    return _of(task, mdp.load(path, dense=net.model), test, where / "tuned.json")


def _of(task: mdp.Detection, network: nn.Module, test: Pictures, path: Path) -> dict[str, float]:
    """mAP on the test pictures, kept once measured."""
    if not path.is_file():
        found = {name: round(value, 4) for name, value in task.measures(network, test).items()}
        path.write_text(json.dumps(found))
    return json.loads(path.read_text())


def _latency(net: Any, pruned: nn.Module, path: Path) -> list[float]:
    """[dense, pruned] in ms, timed in turns as deployed, one thread."""
    from mdp.core.progress import Reporter
    from mdp.latency.device import deployment
    from mdp.training.timing import measure

    if not path.is_file():
        where = deployment("cpu", batch=1, threads=1)
        times = measure([net.model, pruned], net.ref, where, Reporter())
        path.write_text(json.dumps([round(ms, 2) for ms in times]))
    return json.loads(path.read_text())


if __name__ == "__main__":
    main()
