"""MDP: multi-dimensional structured pruning of vision models under a hard, measured latency budget.

Importing this package, loading a study, solving and drawing import no torch; a test holds it.
"""

from .core.errors import BadFile, Cancelled, Infeasible, MdpError, Unsupported
from .core.plan import Plan, load_plan, save_plan
from .core.problem import Block, Dim, Problem, Term, load_problem, save_problem
from .core.study import Study, list_studies, load_study, save_study

__all__ = [
    "BadFile",
    "Block",
    "Cancelled",
    "Dim",
    "Infeasible",
    "MdpError",
    "Plan",
    "Problem",
    "Study",
    "Term",
    "Unsupported",
    "list_studies",
    "load_plan",
    "load_problem",
    "load_study",
    "save_plan",
    "save_problem",
    "save_study",
]
