"""Figures of studies and plans, as `plotly.graph_objects.Figure`. No torch.

Each is a pair, as in optuna.visualization: a pure function from data to a small record (`front_info`), and
the drawing of that record (`draw_front`). The functions here put the two together:

>>> import mdp
>>> study = mdp.load_study("fmnist-vit-cpu")
>>> mdp.plot.pareto_front(study, study.solve("40%")).layout.yaxis.title.text
'importance kept, %'
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .public import importance_curve, latency_surface, methods, pareto_front, survivors

__all__ = ["importance_curve", "latency_surface", "methods", "pareto_front", "survivors"]


def __getattr__(name: str) -> Any:
    # plotly takes a quarter of a second to import: those who only solve need not wait for it.
    if name in __all__:
        return getattr(importlib.import_module(".public", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
