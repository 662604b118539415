"""What is being made into a study: model, weights, data, then tables and scores. Plain traits, no torch."""

from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from traitlets import HasTraits, Int, Tuple, Unicode, observe

from mdp.core.errors import MdpError
from mdp.families import FAMILIES
from mdp.jobs import JobState, refuse_visitors
from mdp.networks.models import SHIPPED_MODELS
from mdp.operations.shared import FASHION

NO_FILE = "?"  # the weights while a checkpoint is wanted and none is named
_of: WeakKeyDictionary = WeakKeyDictionary()


class StudyDraft(HasTraits):
    """Shared by the steps of the flow model -> profile -> score -> study.

    Traits:
        model: a demo network or a timm architecture.
        weights: demo, pretrained, none, or the path of a .safetensors checkpoint.
        data: fashion-mnist, or a folder of images in class folders.
        options: (classifier, image size, channels, arguments) as typed in `ModelOptions`; "": its own.
        family: the model's family as far as it is known (by looking at the model, or by its name), else "".
        wrong: what of all this cannot be used, in a sentence, as far as `model_card` was asked; else "".
        fresh: counts up whenever tables or scores of the model were made.
    """

    model = Unicode("fmnist_vit")
    weights = Unicode("demo")
    data = Unicode(FASHION)
    options = Tuple(("", "", "", ""))
    family = Unicode("vit")
    wrong = Unicode("")
    fresh = Int(0)

    @classmethod
    def of(cls, selection) -> "StudyDraft":
        """The one that all panels of a selection share."""
        return _of.setdefault(selection, cls())

    @observe("model")
    def _by_name(self, change) -> None:
        self.family = next((name for name in FAMILIES if name in change["new"]), "")

    def naming(self) -> dict[str, Any]:
        """The options that name the model, as those of `mdp.operations.shared.Model`.

        Raises:
            MdpError: no name, a checkpoint that is not there, or options that make no sense.
        """
        from .model_options import built_as  # which sets this draft's options

        model = {"model": checked_model(self.model), "weights": checked_weights(self.model, self.weights)}
        return model | built_as(self.options, self.data)

    def check(self) -> None:
        """Raise MdpError, for a later step, while step 1 is not right."""
        if self.wrong:
            raise MdpError("Put step 1 right first.")

    def is_about(self, state: JobState) -> bool:
        """Whether an earlier job is worth showing again: one that runs, or one about this model."""
        return state.status == "running" or state.arguments[1:2] == (self.model,)

    def measured(self, state: JobState | None) -> None:
        """Tell the later steps that a job has made something."""
        # A run that was stopped may have saved its coarse tables.
        if state is not None and (state.status == "done" or (state.status != "running" and state.result)):
            self.fresh += 1


def checked_model(name: str) -> str:
    name = name.strip()
    if not name or name.startswith("-") or any(c.isspace() for c in name):
        raise MdpError("Name a model: a demo network, or a timm name such as deit_small_patch16_224.")
    return name


def checked_weights(model: str, weights: str) -> str:
    weights = weights.strip()
    if model in SHIPPED_MODELS and weights in ("demo", ""):
        return "demo"
    if weights in ("pretrained", "none"):
        return weights
    if weights in ("", "demo"):
        raise MdpError(f"{model} is no demo network: choose pretrained weights, a checkpoint or none.")
    if weights == NO_FILE:
        raise MdpError("Name the file: the whole path of a .safetensors checkpoint.")
    path = Path(weights).expanduser()
    if path.suffix != ".safetensors":
        raise MdpError(
            f"{path.name} is not a .safetensors file. Other formats can hide programs; convert it."
        )
    refuse_visitors()  # strangers do not ask what is on this machine
    if not path.is_file():
        raise MdpError(f"There is no file {path}. Give the whole path of a .safetensors checkpoint.")
    return str(path.resolve())


def checked_data(data: str) -> str:
    """`fashion-mnist`, or the absolute path of a folder that exists."""
    data = data.strip()
    if data == FASHION:
        return FASHION
    if not data:
        raise MdpError("Name the images: a folder that holds a folder of images per class.")
    refuse_visitors()
    folder = Path(data).expanduser()
    if not folder.is_dir():
        raise MdpError(f"There is no folder {folder}. Give one that holds a folder of images per class.")
    return str(folder.resolve())
