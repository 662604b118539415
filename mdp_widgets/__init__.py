"""Panels and views of the explorer. Each works alone in a notebook cell; those of one state are linked.

    from mdp_widgets import BudgetBar, open_study
    BudgetBar(open_study("fmnist-vit-cpu"))

notebooks/examples.ipynb shows every one. A name is imported when it is first used; none needs torch.
"""

import importlib
from typing import Any

_WHERE = {
    "BlockPanel": "views.standalone",
    "BudgetBar": "widgets.budget",
    "Compare": "widgets.compare",
    "Explorer": "pages.explorer",
    "FrontPanel": "views.standalone",
    "Header": "widgets.header",
    "Inspector": "pages.inspector",
    "JobView": "workflow",
    "PlanBar": "widgets.plan_bar",
    "Plot": "widgets.plot",
    "ExplorerState": "state.explorer_state",
    "StudyMenu": "widgets.study_menu",
    "SurvivorsPanel": "views.standalone",
    "budget_panel": "workflow",
    "finetune_panel": "workflow",
    "job_panel": "workflow",
    "model_panel": "workflow",
    "open_study": "teach",
    "profile_panel": "workflow",
    "score_panel": "workflow",
    "study_panel": "workflow",
    "takeaway_panel": "workflow",
    "verify_panel": "workflow",
}
__all__ = list(_WHERE)


def __getattr__(name: str) -> Any:
    name = "ExplorerState" if name == "Selection" else name  # deprecated: what notebooks called it before
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
