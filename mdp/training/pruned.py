"""What is fine-tuned or repaired: a pruned network with the study and the plan that it came from."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from ..core.errors import MdpError
from ..core.plan import Plan, plan_from_json
from ..core.study import ModelRef, StudyRecord, load_study
from ..networks.models import create
from ..surgery import load
from ..surgery.plans import extract_plan, kept_of_plan
from ..surgery.store import read_architecture


@dataclass(frozen=True)
class Pruned:
    """What is fine-tuned: a pruned network, and the study and plan that it came from, where known."""

    network: nn.Module
    ref: ModelRef
    study: StudyRecord | None = None
    plan: Plan | None = None
    trained: bool = False  # on, or repaired, since it was cut

    @property
    def cut(self) -> float:
        """The share of the latency that is gone; of the parameters, where the study is not known."""
        if self.study and self.plan:
            return 1 - self.plan.latency / self.study.problem.dense_latency
        both = (self.network, create(self.ref, load_weights=False))
        left, whole = (sum(p.numel() for p in network.parameters()) for network in both)
        return 1 - left / whole

    @property
    def identity(self) -> dict[str, Any]:
        """What tells this pruned network from another one of the same model."""
        architecture = self.network.architecture
        return {
            "model": architecture.model.name,
            "choices": dict(architecture.choices),
            "removed": list(architecture.removed),
            "plan": self.plan.fingerprint if self.plan else None,
        }


def of_plan(study: StudyRecord, plan: Plan) -> Pruned:
    """The pruned network of a plan. Raises MdpError if the plan is of another study."""
    return Pruned(extract_plan(study, plan), study.model, study, plan)


def of_folder(folder: Path) -> Pruned:
    """A network that `mdp extract` or an earlier fine-tuning saved.

    Its study, if it is still at hand, says where latency was measured. Raises BadFile for a damaged folder.
    """
    network = load(folder)
    extra = read_architecture(folder).get("extra") or {}
    plan = plan_from_json(extra["plan"], f"plan in {folder}") if extra.get("plan") else None
    try:
        study = load_study(extra["study"]) if extra.get("study") else None
    except MdpError:
        study = None
    if study and plan and network.architecture.kept is None:
        kept = kept_of_plan(study, plan) if plan.fingerprint == study.problem.fingerprint else None
        network.architecture = replace(network.architecture, kept=kept)
    done = extra.get("finetuned") or {}
    trained = bool(extra.get("repair")) or done.get("accuracy_repaired") is not None or done.get("epochs", 0)
    return Pruned(network, network.architecture.model, study, plan, bool(trained))
