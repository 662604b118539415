"""Networks to keep: safetensors with the JSON that rebuilds them, and ONNX."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import MdpError

if TYPE_CHECKING:
    from torch import nn


def save(network: "nn.Module", folder: str | os.PathLike, extra: Mapping[str, Any] | None = None) -> Path:
    """Write a pruned network, fine-tuned or not, into a folder: model.safetensors and architecture.json.

    Args:
        network: from `net.extract`, `finetune` or `load`.
        extra: plain JSON for the reader of architecture.json, such as an accuracy.

    Raises:
        MdpError: the network is no pruned one, or the folder cannot be written.

    >>> import tempfile, mdp
    >>> network = mdp.load("data/networks/fmnist-vit-40")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = mdp.save(network, folder, extra={"made": "today"})
    ...     sorted(file.name for file in path.iterdir())
    ['architecture.json', 'model.safetensors']
    """
    from ..surgery import save as write

    return write(network, folder, extra)


def load(folder: str | os.PathLike, dense: "nn.Module | None" = None) -> "nn.Module":
    """Rebuild a saved network, in eval mode. Nothing is downloaded, and no code out of a file is run.

    Args:
        dense: the dense network, where it is one of your own that timm cannot make by name; its weights are
            not used.

    Raises:
        BadFile: a file is missing, damaged, or not of this network.
        Unsupported: this version does not know the architecture's family.

    >>> import mdp
    >>> mdp.load("data/networks/fmnist-resnet-40").training
    False
    """
    from ..surgery import load as read

    return read(folder, dense)


def export_onnx(
    network: "nn.Module", path: str | os.PathLike, input_size: Sequence[int] | None = None
) -> Path:
    """Write a network as ONNX, for any batch size; weights are inside the file. Returns the path.

    ONNX knows tensors alone: a number in the network's answer is left out, with a warning that says so.

    Args:
        input_size: (channels, height, width); by default that of a pruned network.

    Raises:
        MdpError: the input size is not known, or torch cannot express the network in ONNX.

    >>> import tempfile, mdp
    >>> network = mdp.load("data/networks/fmnist-vit-15")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mdp.export_onnx(network, f"{folder}/net.onnx").name
    'net.onnx'
    """
    from ..surgery import export_onnx as write

    architecture = getattr(network, "architecture", None)
    size = input_size or (architecture.model.input_size if architecture else None)
    if size is None:
        raise MdpError("Give export_onnx(network, path, input_size=(channels, height, width)).")
    return write(network, path, size, () if input_size or architecture is None else architecture.model.inputs)
