"""The process in which MindtPy runs: `python -m mdp.solve.reference.mindtpy_worker TASK ANSWER`.

It has a process of its own because MindtPy captures the output of the whole process, and because only a
process can be stopped at any moment. TASK is JSON: problem, budget, strategy, time_limit. ANSWER is written
as JSON: status, solvers, raw choices, removed blocks, or error.
"""

import math
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from ...core.files import read_json, write_json
from ...core.problem import Problem, problem_from_json
from ..milp.model import merge_tables


def main(task_path: str, answer_path: str) -> None:
    task = read_json(task_path, "task")
    problem = problem_from_json(task["problem"])
    with tempfile.TemporaryDirectory() as folder:
        try:
            mip, nlp = find_mip(), find_nlp(Path(folder))
            answer = {"mip": mip, "nlp": nlp} | solve(
                problem, task["budget"], task["strategy"], mip, task["time_limit"]
            )
        except Exception as error:  # what MindtPy or its solvers throw is for its authors: its kind will do
            answer = {"error": type(error).__name__}
    write_json(answer_path, answer)


def find_mip() -> str:
    """GLPK or CBC where they are installed, as the authors had it, else HiGHS."""
    for name, program in (("glpk", "glpsol"), ("cbc", "cbc")):
        if shutil.which(program):
            return name
    return "appsi_highs"


def find_nlp(folder: Path) -> str:
    """Ipopt where it is installed, else ripopt, which speaks the same language, under the name of ipopt.

    MindtPy takes Ipopt by its executable's name only, so a link of that name is put on the path.
    """
    if shutil.which("ipopt"):
        return "ipopt"
    import pyomo_ripopt

    program = Path(pyomo_ripopt.__file__).parent / "bin" / "ripopt"
    (folder / "ipopt").symlink_to(program)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
    return "ripopt"


def build(problem: Problem, budget: float):
    """The paper's program: a one-hot w per dim, k per removable block; products as they stand.

    max sum_b k_b sum_i w_b^i I_b^i   subject to   sum_b k_b latency_b(w) <= budget
    """
    import pyomo.environ as pyo

    m = pyo.ConcreteModel()
    size = {d.name: len(d.options) for d in problem.dims}
    m.w = pyo.Var([(d, i) for d in size for i in range(size[d])], domain=pyo.Binary, initialize=0)
    m.k = pyo.Var([b.name for b in problem.blocks if b.removable], domain=pyo.Binary, initialize=1)
    for d in size:
        m.w[d, size[d] - 1] = 1  # the dense network, as the authors start
    m.one_hot = pyo.Constraint(list(size), rule=lambda m, d: sum(m.w[d, i] for i in range(size[d])) == 1)
    sums = [], []
    for (block, scope), tables in merge_tables(problem).items():
        for total, values in zip(sums, tables, strict=True):
            inner = _weighted(m, scope, values)
            if not (type(inner) is float and inner == 0.0):
                total.append(m.k[block] * inner if block in m.k else inner)
    # Scaled to a dense network of 1: solvers' tolerances are absolute.
    latency = max(abs(problem.dense_latency), 1e-12)
    importance = max(abs(problem.dense_importance), 1e-12)
    m.latency = pyo.Constraint(expr=(sum(sums[0]) + 0 * _any(m)) / latency <= budget / latency)
    m.importance = pyo.Objective(expr=(sum(sums[1]) + 0 * _any(m)) / importance, sense=pyo.maximize)
    return m


def _weighted(m, scope: tuple[str, ...], values):
    """sum over options of values x w x w x ..., nested as w x (sum of w x ...)."""
    if not scope:
        return float(values)
    parts = [(m.w[scope[0], i], _weighted(m, scope[1:], v)) for i, v in enumerate(values)]
    return sum((w * v for w, v in parts if not (type(v) is float and v == 0.0)), start=0.0)


def _any(m):
    return next(iter([*m.w.values(), *m.k.values()]), 0.0)


def solve(problem: Problem, budget: float, strategy: str, mip: str, time_limit: float) -> dict:
    """Run MindtPy; returns its status and what it left in the variables, rounded to a choice per dim."""
    # MindtPy would import these on the way: loading code is not solving time.
    import pyomo.contrib.pynumero.interfaces.external_grey_box  # noqa: F401
    import pyomo.environ as pyo
    import scipy.stats  # noqa: F401

    m = build(problem, budget)
    options = {"init_strategy": "FP"} if strategy == "OA" else {}
    start = time.perf_counter()
    result = pyo.SolverFactory("mindtpy").solve(
        m, strategy=strategy, mip_solver=mip, nlp_solver="ipopt", time_limit=time_limit, tee=False, **options
    )
    seconds = time.perf_counter() - start
    status = result.solver.termination_condition if result is not None else None
    choices, fraction = {}, 0.0
    for dim in problem.dims:
        shares = [_value(m.w[dim.name, i]) for i in range(len(dim.options))]
        best = max(range(len(shares)), key=lambda i: shares[i])
        fraction = max(fraction, abs(1 - shares[best]))
        choices[dim.name] = dim.options[best]
    kept = {b.name: _value(m.k[b.name]) for b in problem.blocks if b.removable}
    fraction = max([fraction, *(min(abs(v), abs(1 - v)) for v in kept.values())])
    return {
        "status": str(status),
        "choices": choices,
        "fraction": fraction,
        "seconds": seconds,
        "removed": [name for name, v in kept.items() if v < 0.5],
    }


def _value(variable) -> float:
    value = variable.value
    return 0.0 if value is None or not math.isfinite(value) else float(value)


if __name__ == "__main__":
    main(*sys.argv[1:3])
