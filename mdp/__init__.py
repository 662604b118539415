"""MDP: multi-dimensional structured pruning of vision models under a hard, measured latency budget.

    import mdp, timm

    model = timm.create_model("resnet50", pretrained=True)
    net = mdp.prunable(model)                                            # dims, blocks, what stays whole
    tables = mdp.profile(net, mdp.Deployment("cuda", batch_size=32))     # measured latency
    scores = mdp.score(net, calibration_loader)                          # importance of every unit
    study = mdp.Study(net, tables, scores, name="ResNet-50")
    plan = study.solve("40%")                                            # proven optimal
    pruned = net.extract(plan)                                           # a plain nn.Module

A name is imported when it is first used. Importing this package, loading a study, solving and drawing import
no torch; a test holds it.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import plot, solve
    from .api.files import export_onnx, load, save
    from .api.network import Network, prunable
    from .api.profile import profile
    from .api.repair import repair
    from .api.rotate import rotate
    from .api.score import score
    from .api.study import Study, load_study
    from .api.training import evaluate, finetune
    from .core.deployment import Deployment
    from .core.errors import BadFile, Cancelled, Infeasible, MdpError, Unsupported
    from .core.pins import Pins
    from .core.plan import Plan, load_plan, save_plan
    from .core.problem import Block, Dim, Problem, Term, load_problem, save_problem
    from .core.progress import ConsoleReporter, Reporter
    from .core.study import Scores, Tables, list_studies, save_study
    from .solve.analysis.candidates import Candidates, candidates
    from .tasks.detection import Detection
    from .tasks.task import Task

_HOMES = {
    "api.files": ("export_onnx", "load", "save"),
    "api.network": ("Network", "prunable"),
    "api.profile": ("profile",),
    "api.repair": ("repair",),
    "api.rotate": ("rotate",),
    "api.score": ("score",),
    "api.study": ("Study", "load_study"),
    "api.training": ("evaluate", "finetune"),
    "core.deployment": ("Deployment",),
    "core.errors": ("BadFile", "Cancelled", "Infeasible", "MdpError", "Unsupported"),
    "core.pins": ("Pins",),
    "core.plan": ("Plan", "load_plan", "save_plan"),
    "core.problem": ("Block", "Dim", "Problem", "Term", "load_problem", "save_problem"),
    "core.progress": ("ConsoleReporter", "Reporter"),
    "core.study": ("Scores", "Tables", "list_studies", "save_study"),
    "solve.analysis.candidates": ("Candidates", "candidates"),
    "tasks.detection": ("Detection",),
    "tasks.task": ("Task",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
_ROOMS = ("plot", "solve")

__all__ = [
    "BadFile",
    "Block",
    "Cancelled",
    "Candidates",
    "ConsoleReporter",
    "Deployment",
    "Detection",
    "Dim",
    "Infeasible",
    "MdpError",
    "Network",
    "Pins",
    "Plan",
    "Problem",
    "Reporter",
    "Scores",
    "Study",
    "Tables",
    "Task",
    "Term",
    "Unsupported",
    "candidates",
    "evaluate",
    "export_onnx",
    "finetune",
    "list_studies",
    "load",
    "load_plan",
    "load_problem",
    "load_study",
    "plot",
    "profile",
    "prunable",
    "repair",
    "rotate",
    "save",
    "save_plan",
    "save_problem",
    "save_study",
    "score",
    "solve",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
