"""Panels and views of the explorer. Each works alone in a notebook cell; those of one Selection are linked.

    from mdp_widgets import BudgetBar, open_study
    BudgetBar(open_study("fmnist-vit-cpu"))

notebooks/examples.ipynb shows every one. A name is imported when it is first used; none needs torch.
"""

import importlib
from typing import Any

_WHERE = {
    "BlockPanel": "views",
    "BudgetBar": "budget",
    "Compare": "compare",
    "Explorer": "explorer",
    "FrontPanel": "views",
    "Header": "header",
    "Inspector": "inspector",
    "JobView": "panels",
    "PlanBar": "plan_bar",
    "Plot": "plot",
    "Selection": "state",
    "SurvivorsPanel": "views",
    "budget_panel": "panels",
    "finetune_panel": "panels",
    "job_panel": "panels",
    "model_panel": "panels",
    "open_study": "lessons",
    "profile_panel": "panels",
    "score_panel": "panels",
    "study_panel": "panels",
    "takeaway_panel": "panels",
}
__all__ = list(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
