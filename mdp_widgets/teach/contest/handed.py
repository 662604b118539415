"""The network that a pupil handed in, as `LiveAccuracy` measures it where long work is allowed."""

from traitlets import Any, Bool, HasTraits, Int, Unicode

from mdp.core.plan import Plan
from mdp.core.study import StudyRecord
from mdp.solve import Pins

from ...state.explorer_state import ExplorerState
from ...state.live_accuracy import LiveAccuracy


class Handed(HasTraits):
    """What LiveAccuracy follows, of one plan; its answers go where all views look, `selection.accuracies`.

    Traits:
        study, plan: the open study, and what was handed in, or None.
        settled: counts what was handed in.
        pins, can_undo, can_redo: as LiveAccuracy asks: somebody has moved something, and nothing is pinned.
        status: a sentence about why nothing is measured any more.
    """

    study = Any(None, allow_none=True)
    plan = Any(None, allow_none=True)
    settled = Int(0)
    pins = Any(Pins())
    can_undo = Bool(True)
    can_redo = Bool(False)
    status = Unicode("")

    def __init__(self, selection: ExplorerState, study: StudyRecord):
        super().__init__(study=study)
        self.accuracies = selection.accuracies
        self.live = LiveAccuracy(self)

    def measure(self, plan: Plan) -> None:
        """Have a plan measured, if that is allowed and possible here."""
        self.plan = plan
        self.settled += 1
