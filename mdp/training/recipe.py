"""How to train: a `Recipe`, and the named ones that come along as files. No torch.

A recipe is a flat JSON object; `mdp/training/recipes/` holds those with names. Any of its values may be
changed from the command line, from Python (`dataclasses.replace`) or in a copy of the file.
"""

import math
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import BadFile, MdpError
from ..core.files import read_json
from ..operations.shared import MOST_SEED
from .augment_words import wrong_augment

if TYPE_CHECKING:
    from ..datasets.augment import Augment

FOLDER = Path(__file__).parent / "recipes"
GENTLEST = 0.1  # of a recipe's rate, however little was cut
SCHEDULES = ("cosine", "linear")
PRECISIONS = ("", "no", "bf16", "fp16")
DISTILLATIONS = ("soft", "hard")


@dataclass(frozen=True)
class Recipe:
    """How to train. The learning rate warms up linearly and then falls to zero.

    Attributes:
        batch: images per step and process.
        optimizer: a name that timm's `create_optimizer_v2` knows: adamw, sgd (Nesterov's), lamb, …
        rate: the highest learning rate.
        convolutional: the highest learning rate of a network whose weights are mostly convolutions', which
            bears a higher one than a transformer; 0: `rate`.
        gentle: share of a network that has to be cut for the whole rate; where less was cut the rate is lower
            in proportion, for there is less to learn again and more to lose; 0: always the whole rate.
        decay: weight decay; norms, biases, other vectors, positions and class tokens have none.
        layer_decay: factor of the learning rate from each layer to the one below it; 1: none.
        schedule: "cosine" or "linear".
        warmup: share of all steps.
        smoothing: label smoothing.
        augment: "none"; "shift", mirrored and shifted by up to 8 %; "crop", a random resized crop, mirrored;
            or timm's words for RandAugment, AutoAugment or AugMix, such as rand-m9-mstd0.5-inc1, after such a
            crop.
        crop: the smallest share of an image's area that a random crop takes.
        erase: probability that a random box of an image is erased.
        mixup, cutmix: alpha of each; 0: none.
        drop_path: stochastic depth of the last block; it rises to this from 0 at the first.
        distill: weight of the teacher's answer in the loss, 0 to 1, where there is a teacher.
        distillation: "soft", the teacher's probabilities (Hinton et al. 2015, arXiv 1503.02531), or "hard",
            the class that it says (Touvron et al. 2021, arXiv 2012.12877).
        temperature: softens teacher and student alike, where distillation is soft.
        features: weight of the difference between what teacher and student see as alike (losses.py); 0: none.
        ema: decay of the moving average of weights that is kept and measured; 0: none.
        clip: largest norm of the gradient; 0: no limit.
        precision: "bf16", "fp16", "no", or "" as the launcher says.
        channels_last: convolutions' memory format; faster on most devices.
        compile: run the network through torch.compile.
    """

    epochs: int
    batch: int = 128
    optimizer: str = "adamw"
    rate: float = 1e-3
    convolutional: float = 0.0
    gentle: float = 0.0
    momentum: float = 0.9
    decay: float = 0.05
    layer_decay: float = 1.0
    schedule: str = "cosine"
    warmup: float = 0.1
    smoothing: float = 0.1
    augment: str = "shift"
    crop: float = 0.35
    erase: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    drop_path: float = 0.0
    distill: float = 0.5
    distillation: str = "soft"
    temperature: float = 2.0
    features: float = 0.0
    ema: float = 0.0
    clip: float = 1.0
    precision: str = ""
    channels_last: bool = False
    compile: bool = False
    seed: int = 0


def recipe_names() -> tuple[str, ...]:
    """The named recipes.

    >>> recipe_names()
    ('imagenet-cnn', 'imagenet-vit', 'quick', 'thorough')
    """
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def recipe_of(name: str, **changed: Any) -> Recipe:
    """The recipe of this name, or in a JSON file of this path, with some values changed (None: as it is).

    Raises:
        MdpError: there is no such recipe.
        BadFile: a key that recipes do not have, or a value that cannot be one; the text says which.

    >>> recipe_of("quick", epochs=1).epochs
    1
    """
    path = FOLDER / f"{name}.json" if name in recipe_names() else Path(name)
    if not os.path.isfile(path):
        known = ", ".join(recipe_names())
        raise MdpError(f"There is no recipe {name!r}. Choose one of {known}, or give a JSON file's path.")
    recipe = recipe_from_json(read_json(path, "recipe"), f"recipe {path}")
    return replace(recipe, **{key: value for key, value in changed.items() if value is not None})


def recipe_from_json(data: Any, where: str = "recipe") -> Recipe:
    """Check and build a recipe from parsed JSON. Raises BadFile, saying which entry is wrong."""
    if not isinstance(data, dict):
        raise BadFile(f"The {where} is not an object of names and values.")
    kinds = {field.name: field.type for field in fields(Recipe)}
    for key, value in data.items():
        if key not in kinds:
            known = ", ".join(kinds)
            raise BadFile(f"The {where} has an unknown key {key!r:.60}. A recipe may hold: {known}.")
        kind = kinds[key]
        number = type(value) in (int, float)
        fits = number and math.isfinite(value) if kind is float else type(value) is kind
        if not fits:
            named = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}[kind]
            raise BadFile(f"In the {where}, {key!r} must be {named}, not {value!r:.60}.")
    if "epochs" not in data:
        raise BadFile(f"The {where} does not say how many epochs to train.")
    recipe = Recipe(**{k: float(v) if kinds[k] is float else v for k, v in data.items()})
    wrong = faults(recipe)
    if wrong:
        raise BadFile(f"In the {where}, {wrong}.")
    return recipe


def faults(recipe: Recipe) -> str:
    """What cannot be in a recipe, in words; "" where all can. Of an optimiser that is not everyday's, timm is
    asked."""
    for key, low, high in _BOUNDS:
        value = getattr(recipe, key)
        if not low <= value <= high:
            return f"{key!r} must lie between {_short(low)} and {_short(high)}, not at {_short(value)}"
    if not recipe.rate > 0:
        return f"'rate' must be above 0, not {recipe.rate:g}"
    for key, allowed in _CHOICES:
        if getattr(recipe, key) not in allowed:
            words = ", ".join(repr(a) for a in allowed)
            return f"{key!r} must be one of {words}, not {getattr(recipe, key)!r:.60}"
    return wrong_augment(recipe.augment) or _wrong_optimizer(recipe)


def _short(value: float) -> str:
    """A whole number with all its digits: 1,000,001 is not 1e+06."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


def _wrong_optimizer(recipe: Recipe) -> str:
    if recipe.optimizer == "adamw":  # what most recipes say is read without torch
        return ""
    from .optimizers import wrong_optimizer

    return wrong_optimizer(recipe)


def refuse_faulty(recipe: Recipe) -> None:
    """Raises MdpError for a recipe with a value that cannot be."""
    if wrong := faults(recipe):
        raise MdpError(f"This recipe cannot be run: {wrong}.")


def eased(recipe: Recipe, cut: float, *, convolutional: bool = False) -> Recipe:
    """The recipe with its rate for a network of which the share `cut` is gone; see `Recipe.gentle`.

    >>> eased(Recipe(3, rate=0.002, gentle=0.7), cut=0.35).rate
    0.001
    >>> eased(Recipe(3, rate=0.002, convolutional=0.004), cut=0.35, convolutional=True).rate
    0.004
    """
    rate = recipe.convolutional if convolutional and recipe.convolutional else recipe.rate
    if recipe.gentle:
        rate *= max(GENTLEST, min(1.0, cut / recipe.gentle))
    return replace(recipe, rate=rate)


def recipe_to_json(recipe: Recipe) -> dict[str, Any]:
    """The flat JSON object of a recipe; `recipe_from_json` reads it."""
    return asdict(recipe)


def augment_of(recipe: Recipe) -> "Augment":
    """How its training images are varied, as `mdp.datasets.loader.loader` takes it."""
    from ..datasets.augment import Augment

    return Augment(recipe.augment, recipe.crop, recipe.erase, recipe.seed)


_BOUNDS = (
    ("epochs", 0, 1e6),
    ("batch", 1, 1e6),
    ("rate", 0, 1000),
    ("convolutional", 0, 1000),
    ("gentle", 0, 1),
    ("momentum", 0, 0.9999),
    ("decay", 0, 10),
    ("layer_decay", 0.01, 1),
    ("warmup", 0, 1),
    ("smoothing", 0, 0.99),
    ("crop", 0.01, 1),
    ("erase", 0, 1),
    ("mixup", 0, 100),
    ("cutmix", 0, 100),
    ("drop_path", 0, 0.9),
    ("distill", 0, 1),
    ("temperature", 0.01, 100),
    ("features", 0, 1e4),
    ("ema", 0, 0.999999),
    ("clip", 0, 1e6),
    ("seed", 0, MOST_SEED),
)
_CHOICES = (("schedule", SCHEDULES), ("precision", PRECISIONS), ("distillation", DISTILLATIONS))
