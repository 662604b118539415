"""All that a run of training needs to go on: weights, the optimiser's moments, and epochs done."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from mdp.networks.checkpoints import read_tensors, write_tensors

OF_ADAM = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class State:
    """What is kept of a run, in one file of tensors.

    Attributes:
        parameters: those that are trained, in the optimiser's order.
    """

    detector: nn.Module
    guide: nn.Module | None
    optimizer: torch.optim.Optimizer
    parameters: Sequence[nn.Parameter]

    def put(self, path: Path, epochs: int) -> None:
        """Write all; `epochs` are done."""
        moments = {
            f"adam.{i}.{name}": self.optimizer.state[p][name]
            for i, p in enumerate(self.parameters)
            for name in OF_ADAM
            if name in self.optimizer.state[p]
        }
        of_networks = {f"{k}.{n}": t for k, net in self._networks() for n, t in net.state_dict().items()}
        everything = {**of_networks, **moments, "epochs": torch.tensor(epochs)}
        write_tensors(path, {name: _plain(t) for name, t in everything.items()}, {})

    def take(self, path: Path) -> int:
        """Read what `put` wrote. The epochs done."""
        found = read_tensors(path)
        for kind, net in self._networks():
            net.load_state_dict({n[len(kind) + 1 :]: t for n, t in found.items() if n.startswith(f"{kind}.")})
        for i, p in enumerate(self.parameters):
            kept = {n: found[f"adam.{i}.{n}"] for n in OF_ADAM if f"adam.{i}.{n}" in found}
            # The optimiser wants its moments laid out as the weights are.
            self.optimizer.state[p] = {
                n: torch.empty_like(p).copy_(t) if t.dim() else t for n, t in kept.items()
            }
        return int(found["epochs"])

    def _networks(self) -> tuple[tuple[str, nn.Module], ...]:
        both = ("detector", self.detector), ("guide", self.guide)
        return tuple((name, net) for name, net in both if net is not None)


def put_weights(path: Path, detector: nn.Module) -> None:
    """The weights of body and head alone."""
    write_tensors(path, {name: _plain(t) for name, t in detector.state_dict().items()}, {})


def _plain(tensor: Tensor) -> Tensor:
    return tensor.detach().contiguous().clone()
