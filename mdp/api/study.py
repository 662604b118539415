"""`Study(net, tables, scores)`: what is known of a network, and the plans that can be made of it."""

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ..core.deployments import deployed, deployments, usual_name, with_deployments
from ..core.errors import MdpError
from ..core.noted_quality import noted
from ..core.pins import Pins, pins_of
from ..core.plan import Plan, budget_and_limits, check_plan, parse_budget
from ..core.plan_accuracy import known_accuracy, with_accuracy
from ..core.resources import ACTIVATIONS, MACS, MEMORY, PARAMETERS, amount, limits_of
from ..core.study import Scores, StudyRecord, Tables, build_study, counted_tables
from ..core.study import load_study as load_record
from ..core.study import save_study as save_record
from ..core.turned import turned
from ..networks.prunable import PrunableNetwork
from ..operations import SolveOptions
from ..solve import Alternative, Candidates, Front
from ..solve import candidates as solve_candidates
from ..solve import front as solve_front
from ..solve import solve as solve_problem
from ..solve import what_if as solve_what_if

PinsLike = Pins | Mapping[str, Any] | str | None


class Study(StudyRecord):
    """One network with its measured latency tables and its importance scores, joined into a program.

    Args:
        net: from `prunable`.
        tables: from `profile`, of this network.
        scores: from `score`, of this network.
        name: for people; by default the network's.
        deployments: tables of other runtimes or devices by name, over the same widths; `deployment` is what
            that of `tables` is called. Latency of each of these is one more limit, and `on` switches.
        budget_in: in the place of tables, "parameters", "macs" or "weight_memory": budgets are of these.

    Raises:
        MdpError: tables or scores are of another network.

    >>> import mdp
    >>> study = mdp.load_study("fmnist-vit-cpu")
    >>> plan = study.solve("40%", pins={"blocks.2": "keep"})
    >>> plan.is_optimal, "blocks.2" in plan.removed_blocks
    (True, False)
    """

    def __init__(self, net: Any = None, tables: Any = None, scores: Any = None, **fields: Any):
        if isinstance(net, PrunableNetwork):
            if budget_in := fields.pop("budget_in", None):
                if tables is not None:
                    raise MdpError("Give Study tables or budget_in: a budget is of latency or of counts.")
                tables = counted_tables(net.space, budget_in)
            others, own = fields.pop("deployments", None) or {}, fields.pop("deployment", "")
            if not (isinstance(tables, Tables) and isinstance(scores, Scores)):
                raise MdpError(
                    "Give Study(net, tables, scores): tables from mdp.profile, scores from mdp.score."
                )
            name = str(fields.pop("name", "") or net.ref.name)
            built = build_study(name, net.ref, net.space, tables, scores, **fields)
            if others:
                built = with_deployments(built, own or usual_name(tables, tuple(others)), others)
            fields = {f.name: getattr(built, f.name) for f in dataclasses.fields(StudyRecord)}
        elif net is not None:
            raise MdpError("A study is made of a network from mdp.prunable, its tables and its scores.")
        else:  # a record's own fields, as dataclasses.replace gives them
            fields = {"tables": tables, "scores": scores, **fields}
        super().__init__(**fields)

    @classmethod
    def of(cls, record: StudyRecord) -> "Study":
        """Make a study of a record as it was read from a file."""
        return cls(**{f.name: getattr(record, f.name) for f in dataclasses.fields(StudyRecord)})

    def solve(
        self,
        budget: str | float | None = SolveOptions.budget,
        *,
        pins: PinsLike = None,
        solver: str = SolveOptions.solver,
        time_limit: float | None = SolveOptions.time_limit,
        parameters: str | float | None = SolveOptions.parameters,
        macs: str | float | None = SolveOptions.macs,
        weight_memory: str | float | None = SolveOptions.weight_memory,
        activation_memory: str | float | None = SolveOptions.activation_memory,
        limits: Mapping[str, str | float] | None = None,
    ) -> Plan:
        """Find the plan with the most importance within a budget.

        Its `accuracy` is what the study itself has measured, or estimates. `mdp solve` and the page know
        networks that were fine-tuned from exactly this plan, too.

        Args:
            budget: in the study's unit (`12.5` ms, `"12M"` parameters), or as a share of dense: `"40%"`. By
                default only the limits hold: that of what the study budgets is the budget then, and where
                there is none, the dense network's latency.
            pins: what is held fixed: `{"blocks.2": "keep", "blocks.3": "remove", "embedding": 96,
                "blocks.0.mlp": (64, 128)}`.
            solver: who solves it; those after mindtpy-fp are rivals. A name in `mdp.solve.SOLVERS`.
            time_limit: seconds, by default 60 (mindtpy 300); inf for none.
            parameters: most parameters: an amount (12M, 1.2G) or a share of dense (50%).
            macs: most multiply-adds of one input: an amount (12M, 1.2G) or a share of dense (50%).
            weight_memory: most memory of the weights: 25MB, 24MiB or a share of dense (50%).
            activation_memory: most memory of activations at once: 12MB, 12MiB or a share of dense (60%).
            limits: of other resources that the study's problem knows, by name.

        Raises:
            Infeasible: nothing meets the budget and all limits; it says which contradict each other.
            MdpError: a budget or a limit that is no number, or pins that this study does not have.
        """
        asked = _asked(parameters, macs, weight_memory, activation_memory, limits)
        at, most = budget_and_limits(self.problem, budget, asked)
        held = pins_of(pins, self.problem)
        plan = solve_problem(self.problem, at, solver, pins=held, time_limit=time_limit, most=most)
        known = known_accuracy(self, plan, networks=False)
        if known is not None and not (
            known.estimate and (pins or plan.limits)
        ):  # with pins it is none of those beside it
            plan = with_accuracy(self, plan, known)
        return self._with_order(plan)

    @property
    def deployments(self) -> tuple[str, ...]:
        """Names of the deployments whose tables are held together, that of the budget first; () of one."""
        return deployments(self)

    def on(self, deployment: str) -> "Study":
        """The study with its budget in the latency of another of its deployments.

        Raises:
            MdpError: it has none of this name.
        """
        return Study.of(deployed(self, deployment))

    def candidates(
        self,
        budget: str | float,
        count: int = 16,
        gap: float = 0.02,
        *,
        pins: PinsLike = None,
        time_limit: float | None = None,
        limits: Mapping[str, str | float] | None = None,
    ) -> Candidates:
        """Different plans within a budget, all nearly as important as the best: a pool to measure.

        See `mdp.candidates`, which says when two plans differ and how complete the list is. `limits` are of
        other resources: `{"parameters": "50%"}`.

        >>> import mdp
        >>> found = mdp.load_study("fmnist-resnet-cpu").candidates("50%", count=3)
        >>> [plan.importance >= 0.98 * found.plans[0].importance for plan in found.plans]
        [True, True, True]
        """
        found = solve_candidates(
            self.problem,
            parse_budget(budget, self.problem),
            count,
            gap,
            pins=pins_of(pins, self.problem),
            time_limit=time_limit,
            most=limits_of(self.problem, limits or {}),
        )
        return dataclasses.replace(found, plans=tuple(self._with_order(plan) for plan in found.plans))

    def front(
        self,
        budgets: int | Sequence[str | float] = 100,
        *,
        over: str = "",
        pins: PinsLike = None,
        parameters: str | float | None = SolveOptions.parameters,
        macs: str | float | None = SolveOptions.macs,
        weight_memory: str | float | None = SolveOptions.weight_memory,
        activation_memory: str | float | None = SolveOptions.activation_memory,
        limits: Mapping[str, str | float] | None = None,
    ) -> Front:
        """Find the best plan at each budget, or at that many from the fastest plan to dense.

        Limits beside latency are those of `solve`: the front while they hold. `over="parameters"` is the
        front over another resource, in its unit, with `limits={"latency": "40%"}` for the latency.

        >>> import mdp
        >>> front = mdp.load_study("fmnist-vit-cpu").front(["30%", "60%"])
        >>> [point.plan.is_optimal for point in front.points]
        [True, True]
        """
        problem = turned(self.problem, over) if over else self.problem
        at: int | list[float]
        if isinstance(budgets, int) and not isinstance(budgets, bool) and budgets > 0:
            at = budgets
        elif isinstance(budgets, Iterable) and not isinstance(budgets, str):
            at = [parse_budget(b, problem) for b in budgets]
        else:
            how = 'a list, ["30%", "60%"], or how many, 1 or more'
            raise MdpError(f"Give budgets as {how}, not {budgets!r}.")
        most = limits_of(problem, _asked(parameters, macs, weight_memory, activation_memory, limits))
        return solve_front(problem, at, pins=pins_of(pins, problem), most=most)

    def what_if(
        self, plan: Plan, *, pins: PinsLike = None, time_limit: float | None = None
    ) -> tuple[Alternative, ...]:
        """Say what each decision of a plan is worth: the best plan if it were the other way.

        `time_limit` is of all together, in seconds, 60 by default; what is not proven by then is not `known`.
        """
        check_plan(plan)
        held = pins_of(pins, self.problem)
        return tuple(solve_what_if(self.problem, plan, pins=held, time_limit=time_limit))

    def with_quality(
        self,
        plans: Sequence[tuple[Plan, float, float | None]] = (),
        *,
        dense: float | None = None,
        inputs: int = 1,
        measure: str = "",
    ) -> "Study":
        """Note what was measured of plans, for figures, the explorer and the report; returns another study.

        Args:
            plans: (plan, quality as cut, quality repaired or None), between 0 and 1, as `mdp.evaluate` says.
            dense: the dense network's.
            inputs: how many they were measured on.
            measure: the name of the quality, by default that of the scores' task: accuracy, mAP, agreement.

        Raises:
            MdpError: a plan is of another study, or a quality is not between 0 and 1.

        >>> import mdp
        >>> study = mdp.load_study("fmnist-resnet-cpu")
        >>> noted = study.with_quality([(study.solve("50%"), 0.31, 0.38)], dense=0.42, measure="mAP")
        >>> noted.solve("50%").accuracy["measure"], noted.solve("50%").accuracy["share"]
        ('mAP', 0.38)
        """
        accuracy = noted(self, plans, dense, inputs, measure)
        return Study.of(dataclasses.replace(self, accuracy=accuracy))

    def save(self, path: str | os.PathLike | None = None) -> Path:
        """Write the study as JSON (default: among the user's studies, where the explorer lists it)."""
        return save_record(self, path)

    def explore(self) -> Any:
        """Open the explorer of this study, as a widget for a notebook cell."""
        import importlib

        # By name: the widgets stand on this package, not the other way round.
        return importlib.import_module("mdp_widgets").Explorer(self)

    def _with_order(self, plan: Plan) -> Plan:
        return dataclasses.replace(plan, order=self.scores.order)

    def _repr_html_(self) -> str:
        facts = {
            "network": self.model.name,
            "dense": amount(self.problem.dense_latency, self.problem.latency_unit),
            "device": self.tables.provenance.get("device", ""),
            "dims": len(self.problem.dims),
            "blocks": len(self.problem.blocks),
        }
        rows = "".join(f"<tr><th>{escape(k)}</th><td>{escape(str(v))}</td></tr>" for k, v in facts.items())
        return f"<b>{escape(self.name)}</b><table>{rows}</table>"


def _asked(
    parameters: Any, macs: Any, weight_memory: Any, activation_memory: Any, limits: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The limits beside the budget, by resource, as they were given."""
    named = {
        PARAMETERS: parameters,
        MACS: macs,
        MEMORY: weight_memory,
        ACTIVATIONS: activation_memory,
    }
    return {**named, **(limits or {})}


def load_study(path: str | os.PathLike) -> Study:
    """Read a study from a path, or by the name of one in the study folders.

    Raises:
        BadFile: it is missing or damaged; the text says where.

    >>> import mdp
    >>> mdp.load_study("fmnist-vit-cpu").model.name
    'fmnist_vit'
    """
    return Study.of(load_record(path))
