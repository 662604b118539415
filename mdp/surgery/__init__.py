"""Surgery: the masked network, the pruned network cut out of the dense one, and files of it."""

from .deploy import deploy
from .extract import Architecture, extract
from .mask import mask
from .onnx import export_onnx
from .plans import extract_plan, find_in, mask_plan
from .put_back import put_back
from .store import load, save

__all__ = [
    "Architecture",
    "deploy",
    "export_onnx",
    "extract",
    "extract_plan",
    "find_in",
    "load",
    "mask",
    "mask_plan",
    "put_back",
    "save",
]
