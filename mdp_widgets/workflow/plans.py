"""The current plan as files that a job can read, and where its network goes."""

from pathlib import Path

from mdp.core.errors import MdpError
from mdp.core.paths import data_dir
from mdp.core.plan import save_plan
from mdp.core.study import save_study, slug


def plan_name(selection) -> str:
    """A file name for the current plan: `fmnist_vit-12.4ms`."""
    plan = selection.plan
    return slug(f"{selection.study.name}-{plan.budget:.4g}{plan.latency_unit}")


def plan_files(selection) -> tuple[str, str]:
    """(study, plan) as paths, saved where they are not yet.

    Raises:
        MdpError: no study is open, or a file cannot be written.
    """
    study = selection.study
    if study is None or selection.plan is None:
        raise MdpError("Open a study and choose a budget first.")
    path = study.path or save_study(study)
    plan = data_dir() / "user" / "plans" / f"{plan_name(selection)}.json"
    save_plan(selection.accuracies.added(selection.plan), plan)
    return str(Path(path).resolve()), str(plan.resolve())


def network_folder(selection, suffix: str = "") -> Path:
    """Where the pruned network of the current plan goes; `suffix` tells several of them apart."""
    # The same plan goes to the same folder, so that an interrupted fine-tuning is found again and goes on.
    return (data_dir() / "user" / "networks" / f"{plan_name(selection)}{suffix}").resolve()
