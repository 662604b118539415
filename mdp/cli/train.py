"""`python -m mdp train DEMO`: train a network that comes with the project, from scratch."""

import argparse
import dataclasses
from pathlib import Path

from ..core import processes
from ..networks.models import DEMOS, demo_path
from . import reporter
from .model_args import SKIP_BAD


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help=f"one of {', '.join(DEMOS)}")
    parser.add_argument("--data", default="fashion-mnist", help="data set (default: fashion-mnist)")
    parser.add_argument("--skip-bad", action="store_true", help=SKIP_BAD)
    parser.add_argument(
        "--epochs", type=int, help="passes over the training images in every stage (default: the recipe's)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="CPU threads (default: all that this process may use)")
    parser.add_argument(
        "--out", type=Path, help="folder for checkpoint and card (default: the project's own)"
    )


def run(args: argparse.Namespace) -> None:
    import torch

    from ..latency.device import threads_here
    from ..training.demo import STAGES, train_demo

    if args.threads is not None:
        torch.set_num_threads(threads_here(args.threads))
    stages = [
        dataclasses.replace(
            stage,
            recipe=dataclasses.replace(
                stage.recipe, seed=args.seed, epochs=args.epochs or stage.recipe.epochs
            ),
        )
        for stage in STAGES.get(args.model, ())
    ]
    report = reporter(args)
    path = train_demo(
        args.model,
        args.data,
        stages,
        args.out or demo_path(args.model).parent,
        report,
        skip_bad=args.skip_bad,
    )
    if processes.rank():  # the first process says it
        return
    print(path)
    if hasattr(report, "result"):
        report.result(path=str(path))
