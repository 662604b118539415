"""`python -m benchmarks.streampetr --latency | --train`: MDP on a detector of StreamPETR's kind.

--latency: the full size (ResNet-50, six cameras of 256 x 704): latency tables of the body on one thread,
coarse, the head's time beside them, the plan at the latency that the paper's 45 % means (1.18 times as fast
as a whole), and both networks measured end to end, in turns. Weights are random: latency knows none.

--train: the small size on synthetic drives (small.py, scenes.py): trained, pruned at several shares of the
whole latency by the exact solver and by HALP, repaired and fine-tuned; nuScenes' mean average precision on
drives that nothing was trained on.

Of --train every epoch, every measurement and every network is kept, and a run that was cut off goes on.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch

import mdp

from .body import Body
from .head import Detector
from .pruning import FixedHead, Whole, in_turns, neck_pins, taken_apart, with_head
from .sizes import FULL, SIZES
from .small import rows

PAPER = 31.7 / 37.3  # frames a second, dense and MDP-45 %: what is left of the latency as a whole


def main(argv: list[str] | None = None) -> None:
    first = __doc__.split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streampetr", description=first)
    parser.add_argument("--latency", action="store_true", help="the full size: tables and end to end")
    parser.add_argument("--train", action="store_true", help="the small size, trained on synthetic drives")
    parser.add_argument("--size", default="small", choices=sorted(SIZES), help="with --train")
    parser.add_argument("--keep", type=Path, default=Path("build/streampetr"), help="what was done so far")
    parser.add_argument("--seconds", type=float, default=150, help="to profile, and to score with --train")
    parser.add_argument("--options", type=int, default=4, help="widths of every dim, with --latency")
    parser.add_argument("--drives", type=int, default=1500, help="to train on (40 ms each to draw)")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--tune-epochs", type=int, default=1, help="to fine-tune every plan")
    parser.add_argument("--moments", type=int, default=48, help="drives to score and to repair with")
    parser.add_argument("--half", action="store_true", help="train the body in bfloat16: where a CPU has it")
    parser.add_argument("--budgets", nargs="*", default=["85%", "70%"])
    args = parser.parse_args(argv)
    args.keep.mkdir(parents=True, exist_ok=True)
    if args.latency:
        print(json.dumps(latency(args), indent=1))
    if args.train:
        for row in rows(args):
            print(json.dumps(row), flush=True)


def latency(args: argparse.Namespace) -> dict[str, Any]:
    """Full size: what the tables say, and what is measured."""
    torch.manual_seed(0)
    size = FULL
    detector = Detector(size, Body(size)).eval()
    net = taken_apart(detector.body, size, args.options)
    where = mdp.Deployment("cpu", batch_size=size.cameras, threads=1)
    tables = mdp.profile(net, where, seconds=args.seconds)
    head_ms = in_turns([FixedHead(detector.head)], net, size, (size.width, *size.grid))[0]
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


if __name__ == "__main__":
    main()
