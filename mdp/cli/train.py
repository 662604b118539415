"""`python -m mdp train DEMO`: train a network that comes with the project, from scratch."""

import argparse
import dataclasses
from pathlib import Path

from ..core import processes
from ..networks.models import demo_path
from . import reporter


def run(args: argparse.Namespace) -> None:
    import torch

    from ..core.cores import threads_here
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
        Path(args.out) if args.out else demo_path(args.model).parent,
        report,
        skip_bad=args.skip_bad,
    )
    if processes.rank():  # the first process says it
        return
    print(path)
    if hasattr(report, "result"):
        report.result(path=str(path))
