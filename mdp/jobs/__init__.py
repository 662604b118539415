"""Long work in a process of its own, which outlives the page that started it.

A job is a folder under data/jobs: `job.json` (what runs), `events.jsonl` (what it says, one object a line),
`log.txt` (its output), `exit` (its exit status), `cancelled` (somebody asked to stop it). Any number of pages
may watch; none is needed. A job runs `python -m mdp COMMAND`, so what the page does, a terminal can do:
`python -m mdp COMMAND ... --job FOLDER` makes a job of a command typed there, and the pages find it.
"""

from .cleanup import prune
from .folders import job_ids
from .in_use import refuse_while_used
from .launch import cancel, introduce, refusal, refuse_visitors, start
from .process import note_exit
from .reading import JobState, list_jobs, output, state
from .reporter import JobReporter

__all__ = [
    "JobReporter",
    "JobState",
    "cancel",
    "introduce",
    "job_ids",
    "list_jobs",
    "note_exit",
    "output",
    "prune",
    "refusal",
    "refuse_visitors",
    "refuse_while_used",
    "start",
    "state",
]
