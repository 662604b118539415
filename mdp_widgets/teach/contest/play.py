"""One round with sliders: bars while one prunes, and what the network is worth when it is handed in."""

from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from mdp.core.plan import Plan, make_plan, within
from mdp.core.plan_accuracy import Known, known_accuracy
from mdp.plot import formats as fmt
from mdp.plot.compare import compare_info, compare_table

from ...state.explorer_state import ExplorerState
from ...theme.markup import html
from .bench import Bench
from .handed import Handed
from .rounds import Round, parameters_of
from .worth import facts, missing, points, whole

HEAD = (
    "",
    "yours",
    "the solver's",
    "yours, {unit}",
    "the solver's, {unit}",
    "change, {unit}",
    "importance, points",
)


class Play:
    """`.widget` is the round; `.bench` its controls."""

    def __init__(self, selection: ExplorerState, round_: Round, step: int, study: str, handed: Handed):
        self.selection, self.round, self.handed = selection, round_, handed
        self.record, self._name = selection.study, study
        self._plan: Plan | None = None
        self._shown: Plan | None = None
        self._count = 0
        self.bench = Bench(self.record, study, f"contest-{round_.number}", step, self._price, self._hand)
        problem = self.record.problem
        self._price(problem.dense_choices, ())
        self.widget = widgets.VBox([widgets.HTML(self._head()), self.bench])
        self.widget.add_class("mdp-round")
        selection.accuracies.observe(self._learn, ["since", "measuring", "problem"])

    def _head(self) -> str:
        r, problem = self.round, self.record.problem
        limit = ""
        if r.parameters is not None:
            limit = f" and {fmt.percent(r.parameters, 0)} of the parameters"
        lacks = missing(self.record)
        return html(
            '<h3 class="mdp-round-title">Round {n}: {title}</h3><p class="mdp-ask">Prune “{name}” by hand, '
            "within {ms} ({share} of dense){limit}. Keep what you think matters; importance and accuracy are "
            "told when you hand it in. {lacks}</p>",
            n=r.number,
            title="one budget" if r.parameters is None else "two budgets",
            name=self.record.name,
            ms=fmt.ms(r.budget, problem.latency_unit),
            share=fmt.percent(r.share, 0),
            limit=limit,
            lacks=lacks,
        )

    def _price(self, choices: Mapping[str, int], removed: tuple[str, ...]) -> None:
        record, r = self.record, self.round
        problem = record.problem
        self._plan = plan = make_plan(problem, None, choices, removed, solver="by hand", seconds=0.0)
        share, unit = plan.latency / problem.dense_latency, problem.latency_unit
        bars = [
            {
                "name": "Latency",
                "text": f"{fmt.ms(plan.latency, unit)}, budget {fmt.ms(r.budget, unit)}",
                "share": share,
                "limit": r.share,
                "over": not within(plan.latency, r.budget),
            }
        ]
        used = None if r.parameters is None else parameters_of(record, choices, removed)
        if used is not None:
            bars.append(
                {
                    "name": "Parameters",
                    "text": f"{fmt.percent(used)} of dense, limit {fmt.percent(r.parameters, 0)}",
                    "share": used,
                    "limit": r.parameters,
                    "over": not within(used, r.parameters),
                }
            )
        self.bench.bars = bars

    def _hand(self, fresh: bool) -> None:
        if self._plan is None or any(bar["over"] for bar in self.bench.bars):
            return
        self._shown = self._plan
        self._tell(fresh)
        if fresh:
            self.handed.measure(self._shown)

    def _learn(self, _change: Any = None) -> None:
        if self._shown is not None:
            self._tell(False)

    def _tell(self, fresh: bool) -> None:
        record, r, mine, answer = self.record, self.round, self._shown, self.round.answer
        used = [
            parameters_of(record, whole(record, p.choices), p.removed_blocks)
            if r.parameters is not None
            else None
            for p in (mine, answer.plan)
        ]
        mine_known, its_known = self._known(mine), self._known(answer.plan)
        pairs = zip(
            facts(record, mine, mine_known, used[0]),
            facts(record, answer.plan, its_known, used[1]),
            strict=True,
        )
        rows = compare_table(compare_info(record, mine, answer.plan, mine_known, its_known))[1]
        score = points(mine.importance, answer.plan.importance)
        self._count += 1
        self.bench.result = {
            "n": self._count,
            "fresh": fresh,
            "points": score,
            "words": _words(score, mine, answer.plan),
            "facts": [[a[0], a[1], b[1]] for a, b in pairs],
            "note": self._note(mine),
            "columns": [text.format(unit=record.problem.latency_unit) for text in HEAD],
            "rows": rows,
            "value": {
                "study": self._name,
                "choices": {d: k for d, k in mine.choices.items() if k is not None},
                "removed": list(mine.removed_blocks),
                "budget": r.share,
            },
        }

    def _note(self, mine: Plan) -> str:
        answer, total = self.round.answer, self.record.problem.dense_importance or 1.0
        words = []
        if self.selection.accuracies.measuring and self.handed.plan is mine:
            words.append("Your network is being cut, repaired and measured.")
        if answer.proven:
            within_it = "within both budgets" if self.round.parameters is not None else "within the budget"
            words.append(f"The solver's plan is proven: no plan {within_it} keeps more importance.")
        else:
            words.append(
                f"No plan within the limits keeps more than {fmt.percent(answer.bound / total)} of the "
                "importance: that much is proven."
            )
        words.append(self._apart(mine))
        return " ".join(filter(None, words))

    def _apart(self, mine: Plan) -> str:
        """How far apart the two are in accuracy, where both were measured: importance is only an estimate."""
        one, other = self._known(mine), self._known(self.round.answer.plan)
        if one is None or other is None or one.estimate or other.estimate:
            return ""
        gap = 100 * (other.share - one.share)
        return (
            f"Importance is an estimate. Measured, the solver's network is {abs(gap):.1f} points "
            f"{'more' if gap >= 0 else 'less'} accurate than yours."
        )

    def _known(self, plan: Plan) -> Known | None:
        """As cut or repaired, of both: a fine-tuned network of the solver's plan would be no fair answer.

        Between measured plans of latency alone lies no plan of two limits.
        """
        known = known_accuracy(self.record, plan, self.selection.accuracies.since, networks=())
        return None if known is not None and known.estimate and plan.limits else known


def _words(score: int, mine: Plan, answer: Plan) -> str:
    if mine.choices == answer.choices and mine.removed_blocks == answer.removed_blocks:
        return "100 points: you found the solver's plan."
    if mine.importance > answer.importance * (1 + 1e-9):
        return "100 points: yours is better than what the solver found within two limits."
    return f"{score} of 100 points: your network keeps {score} % of what the solver's keeps."
