"""Surgery: the masked network, the pruned network cut out of the dense one, and files of it."""

from .deploy import deploy
from .extract import Architecture, extract
from .mask import mask
from .onnx import export_onnx
from .store import load, save

__all__ = ["Architecture", "deploy", "export_onnx", "extract", "load", "mask", "save"]
