"""What a launcher runs in each of several processes, for test_processes.py: `several.py FOLDER WORDS...`.

The command line as it is, with few test images and short measurements. Every process notes in
FOLDER/RANK.json what it was a part of.
"""

import dataclasses
import os
import sys
import time
from pathlib import Path

import torch

from mdp.cli import main
from mdp.core import processes
from mdp.core.files import write_json
from mdp.datasets import fashion
from mdp.training import evaluation, finetune, image_lesson, loop, timing

TEST_IMAGES = 701  # neither the batches nor the processes divide it


def prepare(folder: Path) -> None:
    """Notes of this process, kept in its file as they come."""
    whole = fashion.subset()
    few = dataclasses.replace(whole, test=whole.test.sample(TEST_IMAGES))
    fashion.subset = lambda: few
    timing.SECONDS, timing.VISIT_MS = 0.01, 1.0
    notes = {"processes": 0, "evaluated": [], "measured": 0, "seen": [], "statistics": [], "autocast": []}

    def note(**values):
        notes.update(values)
        write_json(folder / f"{processes.rank()}.json", notes)  # whole: a test reads it meanwhile

    accuracy, measure = evaluation.accuracy, timing.measure
    average, step = loop.average_statistics, image_lesson.loss_of_batch

    def noted_accuracy(model, batches, *, accelerate, **more):
        mine = sum(len(labels) for _, labels in evaluation.shared(batches, accelerate))
        said = accuracy(model, batches, accelerate=accelerate, **more)
        notes["evaluated"].append([mine, said])
        note(processes=torch.distributed.get_world_size() if processes.joined() else 1)
        return said

    def noted_measure(*asked):
        note(measured=notes["measured"] + 1)
        return measure(*asked)

    def noted_average(model, accelerate):
        average(model, accelerate)
        norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        note(statistics=[*notes["statistics"], [float(m.running_mean.double().sum()) for m in norms]])
        if stop := os.environ.get("STOP"):
            stop_at(stop, len(notes["statistics"]))

    def noted_loss(model, teacher, images, labels, recipe, *more):
        loss = step(model, teacher, images, labels, recipe, *more)
        notes["seen"].append(labels.tolist())
        notes["autocast"].append(torch.is_autocast_enabled("cpu"))
        return loss

    finetune.accuracy = image_lesson.accuracy = noted_accuracy
    finetune.measure, loop.average_statistics = noted_measure, noted_average
    image_lesson.loss_of_batch = noted_loss


def stop_at(stop: str, epoch: int) -> None:
    """STOP is KIND:RANK:EPOCH, the kind error, cancel or wait."""
    from mdp.core.errors import Cancelled, MdpError

    kind, rank, when = stop.split(":")
    if (int(rank), int(when)) != (processes.rank(), epoch):
        return
    if kind == "wait":  # for ever, and the others for this one
        time.sleep(3600)
    raise {"error": MdpError("The disk is full."), "cancel": Cancelled("Stopped on request.")}[kind]


if __name__ == "__main__":
    prepare(Path(sys.argv[1]))
    code = main(sys.argv[2:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
