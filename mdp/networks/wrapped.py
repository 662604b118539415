"""Where the weights are in what a training script saved: tensors by name, in wrappers of any depth."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

# Where training scripts keep weights, and their moving average; of several, the first is taken.
PLAIN = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "module",
    "net",
    "network",
    "weights",
    "params",
)
AVERAGED = ("state_dict_ema", "model_ema", "ema_state_dict", "ema_model", "ema", "params_ema")
KNOWN = (*PLAIN, *AVERAGED)
# Words in names of what is no network, though it may hold tensors by name.
NO_NETWORK = ("optim", "sched", "scaler", "rng", "criterion", "config", "callbacks", "loops")
# Wrappers within wrappers that are opened.
DEEPEST = 6
LONGEST = 60  # letters of a name in a sentence


@dataclass(frozen=True)
class Place:
    """Weights and the names of the wrappers that they are in, the outermost first; none for a bare list."""

    path: tuple[str, ...]
    weights: Mapping[str, Any]

    @property
    def averaged(self) -> bool:
        """Whether it is a moving average of the weights."""
        return any(name in AVERAGED for name in self.path)

    @property
    def entry(self) -> str:
        """Its names as one, `checkpoint.model`: printable, and of a length that a line can take."""
        return ".".join(_shown(name) for name in self.path)


def places_of(whole: Mapping[Any, Any]) -> list[Place]:
    """All weights, those under known names in their order, which is that of preference.

    Other names are looked into only where neither a known one nor the mapping itself holds any.
    """
    return list(_Search().below(whole, ()))


def alike(first: Place, second: Place) -> bool:
    """Whether nothing but names that say nothing tells two places apart."""
    pairs = zip((*first.path, ""), (*second.path, ""), strict=False)
    return next((a not in KNOWN for a, b in pairs if a != b), True)


def _shown(name: str) -> str:
    text = name if name.isprintable() else ascii(name)[1:-1]
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


class _Search:
    """Opens every wrapper once: one that holds itself, or a thousand times the same, ends too."""

    def __init__(self) -> None:
        self._weights: dict[int, bool] = {}
        self._opened: set[int] = set()

    def below(self, value: Any, path: tuple[str, ...]) -> Iterator[Place]:
        if not isinstance(value, Mapping) or len(path) > DEEPEST:
            return
        found = False
        if path and self._holds_weights(value):
            yield Place(path, value)
            return
        if id(value) in self._opened:
            return
        self._opened.add(id(value))
        for name in KNOWN:
            if name in value:
                for place in self.below(value[name], (*path, name)):
                    found = True
                    yield place
        if found:
            return
        if self._holds_weights(value):
            yield Place(path, value)
            return
        for name, inner in value.items():
            if isinstance(name, str) and not any(word in name.lower() for word in NO_NETWORK):
                yield from self.below(inner, (*path, name))

    def _holds_weights(self, value: Mapping[Any, Any]) -> bool:
        if id(value) not in self._weights:
            self._weights[id(value)] = all(isinstance(name, str) for name in value) and any(
                isinstance(v, torch.Tensor) and v.ndim for v in value.values()
            )
        return self._weights[id(value)]
