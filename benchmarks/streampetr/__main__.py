"""`python -m benchmarks.streampetr --latency | --train`: MDP on a detector of StreamPETR's kind.

--latency: the full size (ResNet-50, six cameras of 256 x 704): latency tables of the body on one thread,
coarse, the head's time beside them, the plan at the latency that the paper's 45 % means (1.18 times as fast
as a whole), and both networks measured end to end, in turns. Weights are random: latency knows none.

--train: the small size on synthetic drives (scenes.py): trained, pruned at several shares of the whole
latency by the exact solver and by HALP, repaired and fine-tuned; nuScenes' mean average precision on drives
that nothing was trained on.

Every measurement and every network is kept, and a run that was cut off goes on from there.
"""

import argparse
import copy
import json
from pathlib import Path
from typing import Any

import torch

import mdp
from mdp.networks.checkpoints import read_tensors

from .body import Body
from .head import Detector
from .pruning import FixedHead, Whole, in_turns, moments, neck_pins, study_of, taken_apart, with_head
from .sizes import FULL, SIZES
from .training import drives, judge, torch_save, train

PAPER = 31.7 / 37.3  # frames a second, dense and MDP-45 %: what is left of the latency as a whole


def main(argv: list[str] | None = None) -> None:
    first = __doc__.split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streampetr", description=first)
    parser.add_argument("--latency", action="store_true", help="the full size: tables and end to end")
    parser.add_argument("--train", action="store_true", help="the small size, trained on synthetic drives")
    parser.add_argument("--size", default="small", choices=sorted(SIZES), help="with --train")
    parser.add_argument("--keep", type=Path, default=Path("build/streampetr"), help="what was done so far")
    parser.add_argument("--seconds", type=float, default=600, help="for each long step")
    parser.add_argument("--options", type=int, default=4, help="widths of every dim, with --latency")
    parser.add_argument("--drives", type=int, default=160, help="to train on")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--budgets", nargs="*", default=["85%", "70%"])
    args = parser.parse_args(argv)
    args.keep.mkdir(parents=True, exist_ok=True)
    if args.latency:
        print(json.dumps(latency(args), indent=1))
    if args.train:
        print(json.dumps(trained(args), indent=1))


def latency(args: argparse.Namespace) -> dict[str, Any]:
    """Full size: what the tables say, and what is measured."""
    torch.manual_seed(0)
    size = FULL
    detector = Detector(size, Body(size)).eval()
    net = taken_apart(detector.body, size, args.options)
    where = mdp.Deployment("cpu", batch_size=size.cameras, threads=1)
    tables = mdp.profile(net, where, seconds=args.seconds)
    rows, columns = (n // 16 for n in size.image)
    head_ms = in_turns([FixedHead(detector.head)], net, size, (size.width, rows, columns))[0]
    scores = mdp.score(net, method="magnitude", progress=False)
    study = mdp.Study(net, with_head(tables, head_ms), scores, name="StreamPETR-like R50, latency alone")
    study.save(args.keep / "full.json")
    dense = study.problem.dense_latency
    plan = study.solve(PAPER * dense, pins=neck_pins(net))
    pruned = net.extract(plan)
    inputs = (3, *size.image)
    times = in_turns([Whole(detector.body, detector.head), Whole(pruned, detector.head)], net, size, inputs)
    return {
        "dense by its tables": round(dense, 1),
        "of it the head": round(head_ms, 1),
        "plan": round(plan.latency, 1),
        "measured dense": round(times[0], 1),
        "measured pruned": round(times[1], 1),
        "times as fast": round(times[0] / times[1], 3),
        "parameters of the body": [sum(p.numel() for p in b.parameters()) for b in (detector.body, pruned)],
        "blocks removed": len(plan.removed_blocks),
    }


def trained(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Small size: one row for the dense detector and one for each budget and solver."""
    size = SIZES[args.size]
    torch.manual_seed(0)
    detector = Detector(size, Body(size))
    learn, unseen = drives(0, args.drives, 4, size), drives(1_000_000, max(4, args.drives // 5), 4, size)
    path = args.keep / f"{args.size}-dense.safetensors"
    how = {"together": min(4, args.drives), "rate": 8e-4, "seconds": args.seconds}
    if not path.is_file():
        train(detector, learn, epochs=args.epochs, **how)
        torch_save(detector, path)
    detector.load_state_dict(read_tensors(path))
    detector.eval()
    found: list[dict[str, Any]] = [{"network": "dense", "mAP": round(judge(detector, unseen), 4)}]
    print(json.dumps(found[0]), flush=True)
    net = taken_apart(detector.body, size, 8)
    seen = moments(detector, learn[: min(48, len(learn))], min(8, len(learn)))
    tables, scores = study_of(detector, net, seen, args.seconds)
    study = mdp.Study(net, tables, scores, name=f"StreamPETR-like, {args.size}, synthetic")
    images = [x for x, _ in seen]
    for budget in args.budgets:
        for solver in ("exact", "halp"):
            plan = study.solve(budget, solver=solver, pins=neck_pins(net) if solver == "exact" else None)
            cut = net.extract(plan)
            repaired = mdp.repair(cut, images, dense=net.model, task="match", progress=False)
            row: dict[str, Any] = {"network": f"{solver} {budget}", "tables": round(plan.latency, 2)}
            for name, body in (("cut", cut), ("repaired", repaired)):
                row[name] = round(judge(_with(detector, body), unseen), 4)
            tuned = _with(detector, repaired)
            train(tuned, learn, epochs=max(1, args.epochs // 4), **{**how, "rate": 4e-4})
            row["tuned"] = round(judge(tuned, unseen), 4)
            bodies = [Whole(b, detector.head) for b in (net.model, cut)]
            row["ms dense, pruned"] = [round(ms, 2) for ms in in_turns(bodies, net, size, (3, *size.image))]
            found.append(row)
            print(json.dumps(row), flush=True)
    return found


def _with(detector: Detector, body: torch.nn.Module) -> Detector:
    """The same detector with another body; both are copies."""
    other = Detector(detector.size, copy.deepcopy(body).requires_grad_(True))
    other.head.load_state_dict(detector.head.state_dict())
    return other.eval()


if __name__ == "__main__":
    main()
