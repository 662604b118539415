"""How to get a dense model again, as studies, tables, scores and architectures say it in JSON. No torch."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Weights that somebody holds in memory: this process has them, a file does not say where to get them.
MEMORY = "memory"
# Weights that a network has as its factory makes it.
FACTORY = "factory"
# What the inputs of a network may hold, beside images.
INPUT_TYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8", "bool")


@dataclass(frozen=True)
class ModelRef:
    """How to get the dense model again; `mdp.networks.models.create` builds it.

    Attributes:
        name: a demo network (`fmnist_resnet`, `fmnist_vit`), a timm architecture, or `torchvision/NAME`.
        weights: "demo" (shipped with the project), "pretrained" (timm's), "none" (random), "memory" (held by
            whoever made the study), "factory" (as its factory makes it), or the path of a safetensors
            checkpoint.
        input_size: (channels, height, width) of one image; of a network that takes something else, the shape
            of its first input without the batch.
        classes: width of the classifier, 0 if the network answers with something else.
        arguments: keyword arguments for timm.create_model, beyond the name.
        new_head: whether the classifier is a new one, untrained, instead of that of the weights.
        inputs: (dtype, shape without the batch) of every input, where they are not one image of floats.
        factory: the function that makes a network of one's own, `package.module:function` or
            `FILE.py:function`. A note: it runs only where the user names it (`mdp.networks.factories`).
    """

    name: str
    weights: str
    input_size: tuple[int, ...]
    classes: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    new_head: bool = False
    inputs: tuple[tuple[str, tuple[int, ...]], ...] = ()
    factory: str = ""


def built_as(ref: ModelRef) -> str:
    """How a model is built beside its name, for names of files that must not be taken for each other's."""
    size = "x".join(map(str, ref.input_size))
    said = json.dumps(dict(ref.arguments), sort_keys=True, default=str)
    arguments = [f"args {hashlib.sha256(said.encode()).hexdigest()[:8]}"] if ref.arguments else []
    return " ".join([size, f"{ref.classes} classes", *["new head"] * ref.new_head, *arguments])


def model_to_json(ref: ModelRef) -> dict[str, Any]:
    """What `model_from_json` reads."""
    data = {**dataclasses.asdict(ref), "input_size": list(ref.input_size)}
    if not ref.new_head:  # the usual; files from before it do not say it
        del data["new_head"]
    if not ref.inputs:
        del data["inputs"]
    if not ref.factory:
        del data["factory"]
    return data


def model_from_json(data: Any) -> ModelRef:
    """Check and build a ModelRef. Raises ValueError, naming the entry that is wrong.

    Whether timm knows the name, and takes the arguments, is for `mdp.networks.models.create` to say.
    """
    if not isinstance(data, Mapping):
        raise ValueError("the model, which must be an object")
    names = {f.name for f in dataclasses.fields(ModelRef)}
    if odd := (set(data) - names) | (names - set(data) - {"arguments", "new_head", "inputs", "factory"}):
        raise ValueError(f"the model's {min(odd)}, which is unexpected or missing")
    size = data["input_size"]
    for key, right in (
        ("name", isinstance(data["name"], str)),
        ("weights", isinstance(data["weights"], str)),
        ("input_size", _is_shape(size) and bool(size)),
        ("classes", _is_count(data["classes"], 0)),
        ("arguments", isinstance(data.get("arguments", {}), Mapping)),
        ("new_head", isinstance(data.get("new_head", False), bool)),
        ("inputs", _are_inputs(data.get("inputs", []))),
        ("factory", _is_line(data.get("factory", ""))),
    ):
        if not right:
            raise ValueError(f"the model's {key}")
    inputs = tuple((kind, tuple(shape)) for kind, shape in data.get("inputs", []))
    return ModelRef(**{**data, "input_size": tuple(size), "inputs": inputs})


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 1000 and (value.isprintable() or not value)


def _is_shape(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) <= 6 and all(_is_count(n, 1) for n in value)


def _are_inputs(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(entry, list | tuple)
        and len(entry) == 2
        and entry[0] in INPUT_TYPES
        and _is_shape(entry[1])
        for entry in value
    )


def _is_count(value: Any, least: int) -> bool:
    return type(value) is int and least <= value < 2**31
