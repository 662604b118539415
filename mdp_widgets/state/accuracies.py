"""What is known of the accuracy of plans, for views that ask at every step of a drag: no file is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from traitlets import Bool, HasTraits, Unicode
from traitlets import Tuple as TupleTrait

from mdp.core.plan import Plan
from mdp.core.plan_accuracy import Known, PlanAccuracy, known_accuracy, with_accuracy
from mdp.core.saved_networks import Network, networks_of_study

if TYPE_CHECKING:
    from .explorer_state import ExplorerState


class Accuracies(HasTraits):
    """Over one ExplorerState.

    Traits:
        since: plans measured since the study was opened, beside what it holds.
        networks: the study's pruned networks at hand, newest first; looked for when a choice is made to stay.
        measuring: whether the plan in view is being measured.
        problem: a sentence about why it could not be measured, "" if all is well.
    """

    since = TupleTrait()
    networks = TupleTrait()
    measuring = Bool(False)
    problem = Unicode("")

    def __init__(self, selection: ExplorerState):
        super().__init__()
        self.selection = selection
        selection.observe(self._on_study, "study")
        selection.observe(lambda _: self.look(), "settled")
        self.look()

    def of(self, plan: Plan | None) -> Known | None:
        """What is known of a plan of the open study."""
        study = self.selection.study
        if study is None or plan is None or plan.fingerprint != study.problem.fingerprint:
            return None
        known = known_accuracy(study, plan, self.since, networks=self.networks)
        # Between optimal plans there are optimal plans; one with pins is not, and less accurate than these.
        return (
            None if known is not None and known.estimate and (self.selection.pins or plan.limits) else known
        )

    def added(self, plan: Plan) -> Plan:
        """The plan with what is known of its accuracy, for a file."""
        study, known = self.selection.study, self.of(plan)
        return plan if study is None or known is None else with_accuracy(study, plan, known)

    def add(self, one: PlanAccuracy) -> None:
        """Keep what was measured of a plan, in place of what was known of it."""
        same = (one.choices, one.removed)
        self.since = (*(old for old in self.since if (old.choices, old.removed) != same), one)

    def _on_study(self, change: Mapping[str, Any]) -> None:
        old, new = change["old"], change["new"]
        if old is None or new is None or old.problem.fingerprint != new.problem.fingerprint:
            self.since, self.problem = (), ""
        self.look()

    def look(self) -> None:
        """Look for the study's networks anew: one may have been made since."""
        study = self.selection.study
        found: tuple[Network, ...] = ()
        if study is not None:
            found = tuple(n for n in networks_of_study(study.problem.fingerprint) if n.accuracy is not None)
        self.networks = found
