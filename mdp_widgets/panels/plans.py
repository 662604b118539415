"""The current plan as files that a job can read."""

from pathlib import Path
from typing import Any

from mdp.errors import MdpError
from mdp.files import read_json
from mdp.paths import data_dir
from mdp.plan import Plan, save_plan
from mdp.study import save_study, slug

from ..measured import network_files


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
    save_plan(selection.plan, plan)
    return str(Path(path).resolve()), str(plan.resolve())


def network_folder(selection, what: str = "") -> Path:
    """Where the pruned network of the current plan goes; `what` tells several of them apart."""
    # The same plan goes to the same folder, so that an interrupted fine-tuning is found again and goes on.
    return (data_dir() / "user" / "networks" / f"{plan_name(selection)}{what}").resolve()


def networks_at_hand(plan: Plan | None) -> list[Path]:
    """Folders of finished networks of exactly this plan, newest first (fine-tuned ones among them)."""
    if plan is None:
        return []
    newest = sorted(network_files(), key=lambda path: path.stat().st_mtime, reverse=True)
    return [path.parent for path in newest if _is_of(path, plan)]


def finetuned_before(plan: Plan | None) -> tuple[str, dict[str, Any]]:
    """Name and facts of the newest fine-tuned network of exactly this plan; "" and none if there is none."""
    for folder in networks_at_hand(plan):
        facts = read_json(folder / "architecture.json", "architecture")["extra"].get("finetuned")
        if isinstance(facts, dict) and facts.get("accuracy_tuned") is not None:
            return folder.name, facts
    return "", {}


def _is_of(path: Path, plan: Plan) -> bool:
    try:
        made = read_json(path, "architecture").get("extra", {}).get("plan", {})
        return made["fingerprint"] == plan.fingerprint and (
            made["choices"] == dict(plan.choices) and made["removed_blocks"] == list(plan.removed_blocks)
        )
    except (MdpError, AttributeError, KeyError, TypeError):
        return False
