"""A size that two cores train, on synthetic drives: dense, and plans as cut, repaired and fine-tuned."""

import argparse
import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

import mdp
from mdp.core.files import write_text
from mdp.networks.checkpoints import read_tensors

from .alignment import align
from .body import Body
from .head import Detector
from .pruning import Whole, in_turns, moments, neck_pins, study_of, taken_apart
from .sizes import SIZES, Size
from .state import put_weights
from .training import Drive, drives, judge, train

UNSEEN = 1_000_000  # seeds of drives to judge on begin here
RATE, TUNING_RATE = 8e-4, 4e-4


@dataclass(frozen=True)
class Work:
    """What all steps share; every result is a file below `keep`, and is not made again."""

    size: Size
    learn: list[Drive]
    unseen: list[Drive]
    keep: Path
    half: bool

    def once(self, path: Path, make: Callable[[], Any]) -> Any:
        """What `make` gives, as JSON; from `path` where it was made before."""
        if not path.is_file():
            write_text(path, json.dumps(make()))
        return json.loads(path.read_text())

    def quality(self, detector: Detector, path: Path) -> float:
        """Mean average precision on unseen drives."""
        return self.once(path, lambda: round(judge(detector, self.unseen), 4))

    def train(self, detector: Detector, name: str, epochs: int, rate: float, **how: Any) -> None:
        """Train in place; from the weights under this name where it was done before."""
        path = self.keep / f"{name}.safetensors"
        if not path.is_file():
            state, together = self.keep / f"{name}-run.safetensors", min(4, len(self.learn))
            train(detector, self.learn, epochs=epochs, together=together, rate=rate, keep=state,
                  half=self.half, **how)  # fmt: skip
            put_weights(path, detector)
            state.unlink()
        detector.load_state_dict(read_tensors(path))
        detector.eval()


def rows(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The dense detector's row, then one for each budget and solver."""
    size, keep = SIZES[args.size], args.keep / args.size
    keep.mkdir(parents=True, exist_ok=True)
    learn = drives(0, args.drives, 4, size)
    unseen = drives(UNSEEN, min(200, max(4, args.drives // 5)), 4, size)
    work = Work(size, learn, unseen, keep, args.half)
    detector = _dense(work, args.epochs)
    yield {"network": "dense", "mAP": work.quality(detector, keep / "dense.json")}
    net = taken_apart(detector.body, size, 8)
    seen = moments(detector, learn[: min(args.moments, len(learn))], min(8, len(learn)))
    study = _study(work, detector, net, seen, args.seconds)
    for budget in args.budgets:
        for solver in ("exact", "halp"):
            yield _row(work, detector, net, study, [x for x, _ in seen], budget, solver, args.tune_epochs)


def _dense(work: Work, epochs: int) -> Detector:
    torch.manual_seed(0)
    detector = Detector(work.size, Body(work.size))
    if not any(work.keep.glob("dense*.safetensors")):
        to_image = work.learn[0][0].to_image
        apart = align(detector.head, to_image, work.size.grid, updates=600, rate=2e-3)
        print(f"places are looked for where they are seen, {apart:.2f} nats apart", flush=True)
    work.train(detector, "dense", epochs, RATE)
    return detector


def _study(work: Work, detector: Detector, net: mdp.Network, seen: list, seconds: float) -> mdp.Study:
    path = work.keep / "study.json"
    if not path.is_file():
        tables, scores = study_of(detector, net, seen, seconds)
        mdp.Study(net, tables, scores, name="StreamPETR-like, synthetic drives").save(path)
    return mdp.Study.of(mdp.load_study(path))


def _row(
    work: Work, detector: Detector, net: mdp.Network, study: mdp.Study, images: list, budget: str,
    solver: str, epochs: int,
) -> dict[str, Any]:  # fmt: skip
    """One plan: its latency by the tables and as measured, and its quality in three states."""
    where = work.keep / f"{solver}-{budget.strip('%')}"
    where.mkdir(exist_ok=True)
    try:
        plan = study.solve(budget, solver=solver, pins=neck_pins(net))
    except mdp.Infeasible as none:
        return {"network": f"{solver} {budget}", "none": str(none)}
    cut = net.extract(plan)
    row: dict[str, Any] = {"network": f"{solver} {budget}", "tables": round(plan.latency, 2)}
    row["parameters"] = [sum(p.numel() for p in body.parameters()) for body in (net.model, cut)]
    row["cut"] = work.quality(_with(detector, cut), where / "cut.json")
    if not (where / "repaired").is_dir():
        repaired = mdp.repair(cut, images, dense=net.model, task="match", progress=False)
        mdp.save(repaired, where / "repaired")
    tuned = _with(detector, mdp.load(where / "repaired", dense=net.model))
    row["repaired"] = work.quality(tuned, where / "repaired.json")
    # A guide would begin anew here, and pull at a body that has learned.
    work.train(tuned, f"{where.name}/tuned", epochs, TUNING_RATE, guided=False)
    row["tuned"] = work.quality(tuned, where / "tuned.json")
    row["ms dense, pruned"] = work.once(
        where / "latency.json", lambda: [round(ms, 2) for ms in _latencies(work, detector, net, cut)]
    )
    return row


def _latencies(work: Work, detector: Detector, net: mdp.Network, cut: nn.Module) -> list[float]:
    whole = [Whole(body, detector.head) for body in (net.model, cut)]
    return in_turns(whole, net, work.size, (3, *work.size.image))


def _with(detector: Detector, body: nn.Module) -> Detector:
    """The same detector with another body; both are copies."""
    other = Detector(detector.size, copy.deepcopy(body).requires_grad_(True))
    other.head.load_state_dict(detector.head.state_dict())
    return other.eval()
