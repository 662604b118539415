"""What a job's state says to a reader: a small record of texts and numbers, no widgets."""

import time
from dataclasses import dataclass

from mdp.core.progress import duration
from mdp.jobs import JobState

WORDS = {"running": "running", "done": "done", "failed": "failed", "cancelled": "cancelled", "lost": "lost"}
SIGNS = {"running": "◔", "done": "✓", "failed": "✕", "cancelled": "■", "lost": "✕"}


@dataclass(frozen=True)
class JobFacts:
    """`share` is between 0 and 1, or None where nothing is known of the end yet."""

    title: str
    status: str
    sign: str
    share: float | None
    line: str
    messages: tuple[str, ...]
    error: str
    running: bool
    wrong: bool = False  # it is done, and what it made is not to be trusted


def job_facts(state: JobState, now: float | None = None) -> JobFacts:
    """Read a state for a person. `now` is seconds since the epoch (default: the clock)."""
    now = time.time() if now is None else now
    running = state.status == "running"
    wrong = str(state.result.get("wrong", "")) if state.status == "done" else ""
    return JobFacts(
        title=state.title,
        status=WORDS[state.status],
        sign="!" if wrong else SIGNS[state.status],
        share=_share(state),
        line=_running_line(state, now) if running else _ended_line(state, now),
        messages=tuple(m for m in state.messages if not wrong or m not in wrong)[-3:],
        error=state.error or wrong,
        running=running,
        wrong=bool(wrong),
    )


def _share(state: JobState) -> float | None:
    if state.status == "done":
        return 1.0
    if not state.progress or not state.progress["total"]:
        return None
    return min(1.0, max(0.0, state.progress["done"] / state.progress["total"]))


def _running_line(state: JobState, now: float) -> str:
    progress = state.progress
    if progress is None:
        word = "running" if state.messages else "starting"
        return f"{word}, {duration(max(0, now - state.started))} so far"
    parts = [f"{100 * _share(state):.0f} %"] if progress["total"] else []
    if progress["seconds_left"] is not None:
        # The last word is a moment old; the clock went on since.
        left = progress["seconds_left"] - (now - progress.get("time", now))
        parts.append(f"{duration(max(left, 1))} left")
    return " · ".join([*parts, progress["text"]] if progress["text"] else parts)


def _ended_line(state: JobState, now: float) -> str:
    ago = now - state.started
    started = "just now" if ago < 60 else f"{duration(ago)} ago"
    kept = "; what was finished is kept" if state.status in ("cancelled", "failed") else ""
    return f"{WORDS[state.status]}{kept} · started {started}"
