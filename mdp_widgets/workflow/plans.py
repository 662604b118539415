"""The current plan as files that a job can read, and where its network goes."""

import json
from pathlib import Path

from mdp import jobs
from mdp.core.errors import MdpError
from mdp.core.names import digest, readable
from mdp.core.paths import data_dir
from mdp.core.plan import save_plan
from mdp.core.study import save_study


def plan_name(selection) -> str:
    """What files about the current plan are called where somebody downloads them: `fmnist_vit-12.4ms`."""
    plan = selection.plan
    return readable(f"{selection.study.name[:80]}-{plan.budget:.4g}{plan.latency_unit}")


def plan_stem(selection) -> str:
    """A file name for the current plan, which no other plan has: `fmnist_vit-12.4ms-3fa2b1c9`."""
    plan = selection.plan
    kept = [plan.fingerprint, selection.study.name, dict(plan.choices), list(plan.removed_blocks)]
    return f"{plan_name(selection)}-{digest(json.dumps(kept, sort_keys=True))}"


def plan_files(selection) -> tuple[str, str]:
    """(study, plan) as paths, saved where they are not yet.

    Raises:
        MdpError: no study is open, or a file cannot be written.
    """
    study = selection.study
    if study is None or selection.plan is None:
        raise MdpError("Open a study and choose a budget first.")
    jobs.refuse_visitors()
    path = study.path or save_study(study)
    plan = data_dir() / "user" / "plans" / f"{plan_stem(selection)}.json"
    save_plan(selection.accuracies.added(selection.plan), plan)
    return str(Path(path).resolve()), str(plan.resolve())


def network_folder(selection, suffix: str = "") -> Path:
    """Where the pruned network of the current plan goes; `suffix` tells several of them apart."""
    # The same plan goes to the same folder, so that an interrupted fine-tuning is found again and goes on.
    return (data_dir() / "user" / "networks" / f"{plan_stem(selection)}{suffix}").resolve()
