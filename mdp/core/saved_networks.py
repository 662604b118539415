"""The pruned networks at hand: which plan each was made with, and what its fine-tuning came to. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import MdpError
from .file_sets import NEXT, current
from .files import read_json
from .paths import network_dirs
from .plan import Plan, plan_from_json


@dataclass(frozen=True)
class Network:
    """A folder with weights and architecture, as its architecture file says of it.

    `finetuned` holds the facts that `mdp finetune` wrote down, {} where it was only pruned.
    """

    folder: Path
    plan: Plan
    finetuned: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def accuracy(self) -> float | None:
        """Share of test images right after fine-tuning; None where it was only pruned."""
        return number(self.finetuned, "accuracy_tuned")

    @property
    def stage(self) -> str:
        """What was done to it: "repaired" where training made it worse and is put aside, else "tuned"."""
        return "repaired" if self.finetuned.get("kept") == "repaired" else "tuned"


def number(facts: Mapping[str, Any], key: str) -> float | None:
    """A number among the facts of a fine-tuning, None where there is none."""
    value = facts.get(key)
    return float(value) if isinstance(value, int | float) else None


def network_files() -> list[Path]:
    """The architecture file of every pruned network at hand."""
    folders = (own for several in network_dirs() for own in sorted(several.glob("*")))
    paths = (current(own, "architecture.json") for own in folders)
    return [path for path in paths if path.is_file()]


def networks_of_study(fingerprint: str) -> list[Network]:
    """Those pruned with the tables and scores of this fingerprint, newest first."""
    found = []
    for path in network_files():
        try:
            extra = read_json(path, "architecture").get("extra") or {}
            plan = plan_from_json(extra["plan"], f"plan in {path}")
            facts = extra.get("finetuned")
            if plan.fingerprint == fingerprint:
                folder = path.parent.parent if path.parent.name == NEXT else path.parent
                one = Network(folder, plan, facts if isinstance(facts, dict) else {})
                found.append((path.stat().st_mtime, one))
        except (MdpError, OSError, AttributeError, KeyError, TypeError):
            continue  # of no plan, damaged, or being written: whoever loads it is told
    return [one for _, one in sorted(found, key=lambda pair: pair[0], reverse=True)]


def networks_of_plan(plan: Plan) -> list[Network]:
    """Those of exactly this plan, newest first."""
    return [
        one
        for one in networks_of_study(plan.fingerprint)
        if (one.plan.choices, one.plan.removed_blocks) == (plan.choices, plan.removed_blocks)
    ]
