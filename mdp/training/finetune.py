"""Fine-tuning a pruned network, and what came of it: accuracy before and after, latency promised and real."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from ..core.errors import MdpError
from ..core.files import check_writable
from ..core.places import refuse_place
from ..core.plan import plan_to_json
from ..core.progress import Reporter
from ..core.units import milliseconds
from ..datasets import Source
from ..datasets.loader import loader
from ..datasets.unreadable import UNREAD, Unread
from ..latency.device import deployment
from ..latency.runtimes import NAMES
from ..latency.verification import anchor_of_tables, deployment_of, same_device
from ..networks.models import create
from ..networks.weights import refuse_changed
from ..operations.networks import REPAIR_IMAGES
from ..surgery import save
from .distributed import accelerator, agree, sentences
from .evaluation import accuracy, shared
from .image_lesson import announce
from .keeping import Repaired, held_out
from .loop import BEST, best_beside, train
from .optimizers import convolutional, optimizer_of
from .progress_meter import FORWARD, PartOfWork, Work
from .pruned import Pruned
from .recipe import Recipe, augment_of, eased, refuse_faulty
from .recording import CHECKPOINT
from .repairing import FILE, begun_unrepaired, repaired
from .resuming import refuse_another
from .teacher import teacher_of
from .timing import measure

# Evaluating has no gradients to keep: larger batches than training.
TEST_BATCH = 250
# A repair costs about so many forward passes of each of its images: the dense network, and a few sweeps.
REPAIR_COST = 12
# What a run writes into its folder, and takes away when it is over.
FILES = (CHECKPOINT, BEST, FILE, UNREAD, "model.safetensors", "architecture.json")
LATENCIES = ("latency_measured", "latency_measured_dense")


@dataclass(frozen=True)
class Outcome:
    """What came of it. Accuracies are shares of the test images; latencies are in ms, None if not known.

    `accuracy_pruned` is of the network as it was cut, `accuracy_repaired` of what training began with,
    `accuracy_tuned` of the network that is kept: the "trained" one, or the "repaired" one where training made
    it worse on images that were held out (`kept`; "" without training).
    """

    path: str | None
    accuracy_dense: float | None
    accuracy_pruned: float
    accuracy_repaired: float | None
    accuracy_tuned: float | None
    kept: str
    test_images: int
    train_images: int
    epochs: int
    latency_predicted: float | None
    latency_measured: float | None
    latency_measured_dense: float | None
    device: str


@sentences()
def finetune(
    pruned: Pruned,
    source: Source,
    recipe: Recipe,
    folder: Path | None,
    report: Reporter,
    *,
    images: int | None = None,
    repair: bool = True,
    teacher: str | None = None,
) -> Outcome | None:
    """Repair a pruned network, train it on, and save it in `folder` (model.safetensors, architecture.json).

    A run that was cut off is found in `folder/checkpoint.safetensors` and goes on after its last epoch. Every
    number of the outcome is also reported as a metric, as soon as it is known.

    Args:
        recipe: with 0 epochs accuracies are measured, and no latency; the network is saved as it is.
        folder: None, with 0 epochs, saves nothing.
        repair: whether it is repaired first, on a few of the training images; see mdp.reconstruction.
        teacher: a model to learn from, by name; by default the dense network.
        images: training images to use, each class in proportion; all by default.

    Returns:
        the outcome, in the main process; None in the others of `accelerate launch`.

    Raises:
        MdpError: the data does not fit the network, or the folder cannot be written.
        Lost: another process of the run has ended.
        Cancelled: on request.
    """
    if folder is None and recipe.epochs:
        raise MdpError("A training needs a folder to keep what it has reached. Give one (--out).")
    refuse_faulty(recipe)
    accelerate = accelerator(recipe.precision)
    report = report if accelerate.is_main_process else Reporter()
    work = Work(report)
    if folder and accelerate.is_main_process:
        check_writable(folder)  # before an epoch is trained
        refuse_place(*(folder / name for name in FILES))
    ref, network = pruned.ref, pruned.network.requires_grad_(True)
    if recipe.epochs:
        optimizer_of(network, recipe)  # one that cannot be is refused before anything is measured
    dense = _dense(pruned, report)
    repairs = repair and dense is not None and not pruned.trained
    part = source.train.sample(images, recipe.seed) if images else source.train
    others = None
    if repairs and recipe.epochs:
        part, others = held_out(source.train, images, recipe.seed)
    recipe = replace(recipe, batch=min(recipe.batch, max(1, len(part) // accelerate.num_processes)))
    about: dict[str, Any] = {"data": source.description, "images": len(part), "network": pruned.identity}
    if teacher is not None:
        about["teacher"] = teacher
    path, teaching = None, eased(recipe, pruned.cut, convolutional=convolutional(network))
    if folder:
        path = folder / CHECKPOINT
        refuse_another(path, {"recipe": asdict(teaching), "about": about}, repaired=repairs)
    unread = Unread(folder / UNREAD) if folder else Unread.for_now()
    batches = loader(
        part, source, ref, recipe.batch,
        train=True, augment=augment_of(recipe), seed=recipe.seed, unread=unread,
    )  # fmt: skip
    test = shared(loader(source.test, source, ref, TEST_BATCH, unread=unread), accelerate)
    report.message(source.summary)

    guide = dense if teacher is None else teacher_of(teacher, ref)
    agree(accelerate, dense is None, "Not every process finds the weights of the dense network.")
    work.expect((2 if dense else 1) * len(source.test), FORWARD)
    if repairs:
        work.expect(len(source.test) + 2 * len(others or ()), FORWARD)
        of_repair = PartOfWork(work, min(REPAIR_IMAGES, len(part)), REPAIR_COST)
    elif repair:
        report.message(f"Not repaired: {_why_not(pruned)}.")
    announce(work, batches, test, recipe, processes=accelerate.num_processes)
    facts: dict[str, Any] = {"accuracy_dense": None}

    def know(**values: Any) -> None:
        facts.update(values)
        if told := {key: value for key, value in values.items() if value not in (None, "")}:
            report.metric(**told)

    know(latency_predicted=_predicted(pruned), device="", **dict.fromkeys(LATENCIES))
    if accelerate.is_main_process and recipe.epochs:  # it takes the device, which another may have for hours
        know(**_latencies(pruned, dense, report))
    accelerate.wait_for_everyone()  # idle: they would disturb what is measured
    if dense:
        know(accuracy_dense=accuracy(dense, test, accelerate=accelerate, work=work, text="dense accuracy"))
    know(accuracy_pruned=accuracy(network, test, accelerate=accelerate, work=work, text="pruned accuracy"))

    better = None
    if repairs and not (path and begun_unrepaired(path)):
        learn = part.sample(REPAIR_IMAGES, recipe.seed)
        network, done = repaired(
            network, dense, loader(learn, source, ref, TEST_BATCH, unread=unread), accelerate, of_repair,
            seed=recipe.seed, path=folder / FILE if folder else None, about={**about, "seed": recipe.seed},
        )  # fmt: skip
        better = facts["accuracy_pruned"]
        if done:
            about["repaired"] = True
            better = accuracy(network, test, accelerate=accelerate, work=work, text="repaired accuracy")
    know(accuracy_repaired=better)

    tuned, kept, begun = None, "", None
    if others and about.get("repaired"):
        compare = shared(loader(others, source, ref, TEST_BATCH, unread=unread), accelerate)
        begun = Repaired.of(network, accuracy(network, compare, accelerate=accelerate, work=work))
    if recipe.epochs:
        history = train(
            network, batches, test, teaching, report,
            checkpoint_path=path, teacher=guide, accelerate=accelerate, about=about, work=work,
        )  # fmt: skip
        tuned, kept = history.accuracy, "trained"
        if begun:
            now = accuracy(network, compare, accelerate=accelerate, work=work)
            if why := begun.instead(network.to("cpu"), now, len(others)):
                tuned, kept = better, "repaired"
                report.message(why)
        last_is_best = kept == "trained" and tuned >= max(e["accuracy"] for e in history.epochs)
        if accelerate.is_main_process and last_is_best:
            best_beside(path).unlink(missing_ok=True)  # it is the network itself
    know(accuracy_tuned=tuned)
    outcome = Outcome(
        path=str(folder) if folder else None, test_images=len(source.test), train_images=len(part),
        epochs=recipe.epochs, kept=kept, **facts
    ) if accelerate.is_main_process else None  # fmt: skip
    if outcome:
        if folder:
            save(network, folder, _extra(pruned, outcome, recipe, source))
            path.unlink(missing_ok=True)
            (folder / FILE).unlink(missing_ok=True)
        unread.tell(report)
    accelerate.wait_for_everyone()
    return outcome


def _dense(pruned: Pruned, report: Reporter) -> nn.Module | None:
    """The dense network, to compare with and to distil from, if its weights are at hand."""
    ref, study = pruned.ref, pruned.study
    if ref.weights == "none" or ref.new_head:  # neither has learnt these classes
        return None
    try:
        if study:
            refuse_changed(study)
        return create(ref)
    except MdpError as error:
        report.message(f"The dense network is not compared with: {error}")
        return None


def _why_not(pruned: Pruned) -> str:
    if pruned.trained:
        return "this network was repaired or trained on since it was cut"
    return "that takes the dense network, whose weights are not at hand"


def _predicted(pruned: Pruned) -> float | None:
    """Predicted latency in ms, None where it is not known."""
    # Without the study nobody knows at which batch the prediction holds: it is not set beside a measurement.
    # Nor where it was predicted in something that is no time.
    known = pruned.study and pruned.plan and milliseconds(pruned.plan.latency_unit)
    return known * pruned.plan.latency if known else None


def _latencies(pruned: Pruned, dense: nn.Module | None, report: Reporter) -> dict[str, Any]:
    """Measured latency, where the study's kind of device is at hand; {} where it is not."""
    try:
        where = deployment_of(pruned.study) if pruned.study else deployment()
        device = f"{where.device}, batch {where.batch}, {where.dtype}"
        device += f", in {NAMES[where.runtime]}" * (where.runtime != "eager")
        report.message(f"Measuring the pruned network on {device}.")
        dense = dense or create(pruned.ref, load_weights=False)
        reference_ms = anchor_of_tables(pruned.study, where) if pruned.study else None
        times = measure([dense, pruned.network], pruned.ref, where, report, reference_ms)
    except MdpError as error:
        report.message(f"The latency was not measured: {error}")
        return {}
    if pruned.study and not same_device(pruned.study, where):
        report.message("The study's tables are of another device: compare with care.")
    return {"latency_measured_dense": times[0], "latency_measured": times[1], "device": device}


def _extra(pruned: Pruned, outcome: Outcome, recipe: Recipe, source: Source) -> Mapping[str, Any]:
    """What the saved folder says beyond its architecture."""
    facts = {key: value for key, value in asdict(outcome).items() if key != "path"}
    extra: dict[str, Any] = {"finetuned": {**facts, "recipe": asdict(recipe), "data": source.description}}
    if pruned.study:
        extra["study"] = pruned.study.name
    if pruned.plan:
        extra["plan"] = plan_to_json(pruned.plan)
    return extra
