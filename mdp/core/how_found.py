"""How a network was taken apart, read from the names of its blocks and latency terms. No torch."""

from collections.abc import Iterable
from typing import Any


def how_found(blocks: Iterable[str], terms: Iterable[str]) -> dict[str, Any]:
    """The arguments of `find` that give blocks, and latency terms, of these names."""
    split = any(name.startswith("blocks.") and name.endswith(".qk") for name in terms)
    return {"split_blocks": has_split_blocks(blocks), "attention": "split" if split else "fused"}


def has_split_blocks(blocks: Iterable[str]) -> bool:
    """Whether blocks of these names come from `find(..., split_blocks=True)`."""
    return any(name.startswith("blocks.") and name.endswith((".attn", ".mlp")) for name in blocks)
