"""How to get a dense model again, as studies, tables, scores and architectures say it in JSON. No torch."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Weights that somebody holds in memory: this process has them, a file does not say where to get them.
MEMORY = "memory"


@dataclass(frozen=True)
class ModelRef:
    """How to get the dense model again; `mdp.networks.models.create` builds it.

    Attributes:
        name: a demo network (`fmnist_resnet`, `fmnist_vit`) or a timm architecture.
        weights: "demo" (shipped with the project), "pretrained" (timm's), "none" (random), "memory" (held by
            whoever made the study), or the path of a safetensors checkpoint.
        input_size: (channels, height, width) of one image.
        classes: width of the classifier.
        arguments: keyword arguments for timm.create_model, beyond the name.
        new_head: whether the classifier is a new one, untrained, instead of that of the weights.
    """

    name: str
    weights: str
    input_size: tuple[int, int, int]
    classes: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    new_head: bool = False


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
    return data


def model_from_json(data: Any) -> ModelRef:
    """Check and build a ModelRef. Raises ValueError, naming the entry that is wrong.

    Whether timm knows the name, and takes the arguments, is for `mdp.networks.models.create` to say.
    """
    if not isinstance(data, Mapping):
        raise ValueError("the model, which must be an object")
    names = {f.name for f in dataclasses.fields(ModelRef)}
    if odd := (set(data) - names) | (names - set(data) - {"arguments", "new_head"}):
        raise ValueError(f"the model's {min(odd)}, which is unexpected or missing")
    size = data["input_size"]
    for key, right in (
        ("name", isinstance(data["name"], str)),
        ("weights", isinstance(data["weights"], str)),
        ("input_size", isinstance(size, list) and len(size) == 3 and all(_is_count(n, 1) for n in size)),
        ("classes", _is_count(data["classes"], 0)),
        ("arguments", isinstance(data.get("arguments", {}), Mapping)),
        ("new_head", isinstance(data.get("new_head", False), bool)),
    ):
        if not right:
            raise ValueError(f"the model's {key}")
    return ModelRef(**{**data, "input_size": tuple(size)})


def _is_count(value: Any, least: int) -> bool:
    return type(value) is int and least <= value < 2**31
