"""Going on with a run that was cut off, and what is said and kept where one goes wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..core.errors import MdpError
from ..core.progress import Reporter
from . import checkpoint


def resume(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    wanted: dict[str, Any],
    good: str,
    report: Reporter,
    *,
    ema: nn.Module | None = None,
    scaler: Any = None,
) -> dict[str, Any]:
    """Load a run that was cut off, if it is the wanted one; returns its state.

    `good` is what its epochs are compared by. It may go on in another number of processes, which is said.
    Raises MdpError if it is another run.
    """
    state = checkpoint.read_state(path)
    _refuse_another(path, state, wanted)
    if any(good not in entry for entry in state["history"]):
        raise _another(path)
    former = checkpoint.load(path, model, optimizer, ema=ema, scaler=scaler)
    report.message(f"Going on after epoch {len(state['history'])} of {wanted['recipe']['epochs']}.")
    if former:
        report.message("An earlier version began this run: positions and class tokens decay no more.")
    if (was := state.get("scale") or wanted["scale"]) != wanted["scale"]:
        report.message(
            f"It began in {_scale(was)}, and goes on in {_scale(wanted['scale'])}: another number of images "
            "makes one update now."
        )
    state["scale"] = wanted["scale"]
    for entry in state["history"]:
        report.metric(**entry)
    return state


def refuse_another(path: Path, wanted: Mapping[str, Any], *, repaired: bool) -> None:
    """Refuse a run that was cut off and is another one, before anything is measured for it.

    `repaired`: whether the wanted one is, if it can be, which is known later. Raises MdpError.
    """
    if path.is_file():
        state = checkpoint.read_state(path)
        about = dict(state.get("about") or {})
        if repaired:
            about.pop("repaired", None)
        _refuse_another(path, {**state, "about": about}, wanted)


def _refuse_another(path: Path, state: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """It names what differs of the recipe: that is what people change."""
    was, now = dict(state["recipe"]), wanted["recipe"]
    changed = [f"{key} {was.get(key)!r:.30}, now {now[key]!r:.30}" for key in now if was.get(key) != now[key]]
    if changed or was.keys() != now.keys() or state.get("about") != wanted["about"]:
        raise _another(path, f" ({'; '.join(changed[:3])})" if changed else "")


def _another(path: Path, differs: str = "") -> MdpError:
    return MdpError(
        f"{path} is of another run: its recipe, data or network differ{differs}. Go on with those, remove "
        "the file to start afresh, or choose another folder."
    )


def finite(model: nn.Module) -> bool:
    """Whether every weight and statistic is a number."""
    return all(bool(t.isfinite().all()) for t in model.state_dict().values() if t.is_floating_point())


def diverged(epoch: int, path: Path, at: str = "at its end") -> MdpError:
    """What is said where numbers run away in `epoch` (from 0); `path` holds the epochs before it.

    Args:
        at: where in the epoch, in words.
    """
    kept = f" in another folder; {path} keeps the state after epoch {epoch}" if epoch else ""
    return MdpError(
        f"The loss is no longer a number in epoch {epoch + 1}, {at}: the learning rate is too high. "
        f"Try a tenth{kept}."
    )


def _scale(scale: Mapping[str, int]) -> str:
    return f"{scale['processes']} process(es), {scale['accumulate']} batch(es) an update"
