"""Panels for long work. Each is a function of the state that gives a widget, alone in a cell or in a page.

    from mdp_widgets.workflow import finetune_panel
    finetune_panel(selection)

No panel imports torch: what needs it runs as a job, in a process that outlives the page (mdp.jobs).
"""

from .finetune import finetune_panel
from .job_view import JobView, job_panel
from .keep_budget import budget_panel
from .model import model_panel
from .new_study import study_panel
from .profile import profile_panel
from .score import score_panel
from .study_draft import StudyDraft
from .takeaway import takeaway_panel
from .verify import verify_panel

__all__ = [
    "JobView",
    "StudyDraft",
    "budget_panel",
    "finetune_panel",
    "job_panel",
    "model_panel",
    "profile_panel",
    "score_panel",
    "study_panel",
    "takeaway_panel",
    "verify_panel",
]
