"""Training the demo networks from scratch: their recipes, and the card that says what came out."""

import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from .. import datasets
from ..core.errors import MdpError
from ..core.files import check_writable, write_json
from ..core.paths import data_dir
from ..core.progress import Reporter
from ..datasets.checking import checked_source
from ..datasets.loader import loader
from ..networks import models
from ..networks.checkpoints import write_tensors
from ..networks.models import ModelRef
from ..reconstruction.rotation import fits
from .distributed import accelerator
from .loop import TrainingHistory, train
from .recipe import Recipe
from .rotating import turned


@dataclass(frozen=True)
class Stage:
    """One run of the training loop; a later stage starts from the weights of the one before.

    `teacher`: a demo network that is distilled from.
    """

    recipe: Recipe
    teacher: str | None = None


STAGES: dict[str, tuple[Stage, ...]] = {
    "fmnist_resnet": (
        Stage(Recipe(epochs=6, optimizer="sgd", rate=0.15, decay=5e-4, clip=0.0, distill=0.0)),
    ),
    "cifar_resnet20": (
        Stage(
            Recipe(
                epochs=12, optimizer="sgd", rate=0.2, decay=5e-4, warmup=0.2, smoothing=0.0, clip=0.0,
                distill=0.0,
            )  # one cycle (Smith 2018); about 40 minutes on one quiet core
        ),
    ),
    "cifar_vit": (
        Stage(
            Recipe(epochs=12, rate=1.5e-3, warmup=0.1, distill=0.5), teacher="cifar_resnet20"
        ),  # 16 patches a picture: an hour on one core, where 64 take four
    ),
    "fmnist_vit": (
        Stage(Recipe(epochs=10, rate=1.5e-3, distill=0.0)),
        Stage(Recipe(epochs=3, rate=8e-4, warmup=0.05, distill=0.7), teacher="fmnist_resnet"),
    ),
}  # fmt: skip


def train_demo(
    name: str, data: str, stages: Sequence[Stage], folder: Path, report: Reporter, *, skip_bad: bool = False
) -> Path:
    """Train a demo network; write `NAME.safetensors` and its card `NAME.json`, return the first.

    An unfinished run is kept in the user's folder of runs; the same call goes on with it.

    Raises:
        MdpError: it is no demo network, or its teacher is not trained yet.
    """
    if name not in models.DEMOS:
        raise MdpError(f"{name!r} is not a demo network; there are {', '.join(models.DEMOS)}.")
    accelerate = accelerator()
    if accelerate.is_main_process:
        check_writable(folder)
    source = datasets.find(data)
    report.message(source.summary)
    wanted = models.DEMOS[name].class_names
    if wanted and source.classes != wanted:
        raise MdpError(
            f"{name} tells {', '.join(wanted)} apart, and this data has other classes. Give the folder of "
            "its pictures (--data FOLDER, with one folder of images per class below train and test)."
        )
    source = checked_source(source, report, skip_bad=skip_bad)
    ref = models.resolve(name, "none")
    torch.manual_seed(stages[0].recipe.seed)
    model, histories = _fast_layout(models.create(ref)), []
    unfinished = [data_dir() / "user" / "runs" / f"{name}-{i + 1}.safetensors" for i in range(len(stages))]
    for stage, path in zip(stages, unfinished, strict=True):
        recipe = stage.recipe
        history = train(
            model,
            loader(source.train, source, ref, recipe.batch, train=True, seed=recipe.seed),
            loader(source.test, source, ref, 500),
            recipe,
            report,
            checkpoint_path=path,
            teacher=_fast_layout(models.create(models.resolve(stage.teacher))) if stage.teacher else None,
            about={"model": name, "data": source.description, "teacher": stage.teacher},
            accelerate=accelerate,
        )
        histories.append(history)
    if not fits(model):  # a transformer: the same in a basis in which it can be cut
        model = turned(model.cpu(), ref, source, report)
    path = folder / f"{name}.safetensors"
    if accelerate.is_main_process:
        state = {key: value.contiguous().clone() for key, value in model.state_dict().items()}
        write_tensors(path, state)
        write_json(path.with_suffix(".json"), card(ref, source, stages, histories), indent=1)
        for old in unfinished:
            old.unlink(missing_ok=True)
    return path


def card(
    ref: ModelRef, source: datasets.Source, stages: Sequence[Stage], histories: Sequence[TrainingHistory]
) -> dict[str, Any]:
    """What a reader of a checkpoint must know."""
    demo = models.DEMOS[ref.name]
    return {
        "name": ref.name,
        "architecture": demo.base,
        "arguments": {**demo.arguments, "in_chans": ref.input_size[0], "num_classes": ref.classes},
        "full_stem": demo.full_stem,
        **({"plain_stem": True} if demo.plain_stem else {}),
        "input_size": list(ref.input_size),
        "mean": list(demo.mean),
        "std": list(demo.std),
        "dataset": source.name,
        "accuracy": histories[-1].accuracy,
        "test_images": len(source.test),
        "train_images": len(source.train),
        "stages": [
            {**asdict(stage), "history": history.epochs}
            for stage, history in zip(stages, histories, strict=True)
        ],
        **({"rotated": "mdp rotate: units sorted, the same function"} if demo.base.startswith("vit") else {}),
        "augmentation": "mirror, shift by up to 8 %",
        "data": demo.trained_on,
        "licence": "MIT, as the project",
        "command": f"python -m mdp train {ref.name}" + " --data FOLDER" * bool(demo.class_names),
        "made_with": {
            "torch": torch.__version__,
            "machine": platform.machine(),
            "device": "cuda" if torch.cuda.is_available() else "cpu",
        },
        "created": time.strftime("%Y-%m-%d"),
    }


def _fast_layout(model: torch.nn.Module) -> torch.nn.Module:
    """Convolutions run faster with channels last (on a CPU here: 110 s instead of 146 s an epoch)."""
    has_convolutions = sum(isinstance(m, torch.nn.Conv2d) for m in model.modules()) > 1
    return model.to(memory_format=torch.channels_last) if has_convolutions else model
