"""How a budget was kept on a device, round by round (`mdp enforce`): a record, sentences, a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mdp.core.errors import BadFile
from mdp.core.plan import Plan, plan_from_json
from mdp.core.study import StudyRecord
from mdp.core.words import many
from mdp.plot import formats as fmt

from ..theme import ui
from ..theme.markup import html


@dataclass(frozen=True)
class Round:
    """One round, in ms: what was asked for, what the tables predicted, what the whole network took, and what
    the `remeasured` entries that it uses say since they were measured anew."""

    target: float
    predicted: float
    measured: float
    corrected: float
    remeasured: int
    met: bool


@dataclass(frozen=True)
class Story:
    """`chosen` is the round (from 0) whose network was kept; `plan` is None where it does not say it; `pins`
    is what was held fixed, as mdp.core.pins writes it."""

    budget: float
    measured: float
    chosen: int
    rounds: tuple[Round, ...]
    plan: Plan | None
    pins: str = ""


def story_of(facts: Any) -> Story | None:
    """The story in a study's provenance or in a job's result; None where there is none that can be read."""
    try:
        rounds = tuple(
            Round(*(float(s[k]) for k in ("target", "predicted", "measured", "corrected")),
                  int(s["remeasured"]), bool(s["met"]))
            for s in facts["steps"]
        )  # fmt: skip
        chosen = int(facts["round"])
        if not 0 <= chosen < len(rounds):
            return None
        budget, measured = float(facts["budget"]), float(facts["measured"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    return Story(budget, measured, chosen, rounds, _plan(facts), str(facts.get("pins", "")))


def story_of_study(study: StudyRecord | None) -> Story | None:
    """The story that a study carries since its budget was kept."""
    return None if study is None else story_of(study.tables.provenance.get("strict"))


def _plan(facts: Mapping[str, Any]) -> Plan | None:
    try:
        return plan_from_json(facts.get("plan"))
    except (BadFile, KeyError, TypeError):
        return None


def outcome(story: Story) -> str:
    """The end of the story in one sentence."""
    n, below = len(story.rounds), 1 - story.measured / story.budget if story.budget else 0.0
    words = (
        f"The whole network takes {_ms(story.measured)}, measured: within the budget of {_ms(story.budget)}"
    )
    words += f", {fmt.percent(below)} below it" if below >= 0.001 else ""
    held = f" Held fixed: {story.pins.replace(',', ', ')}." if story.pins else ""
    return f"{words}. It took {many(n, 'round')}.{held}"


def story_html(story: Story) -> str:
    """The sentence and the rounds as a table."""
    rows = [
        (
            f"{n + 1}",
            _ms(r.target),
            _ms(r.predicted),
            _ms(r.measured),
            ("✓ met" if r.met else "✕ over") + (", kept" if n == story.chosen else ""),
        )
        for n, r in enumerate(story.rounds)
    ]
    table = ui.table_html(("round", "asked for", "predicted", "measured", "budget"), rows)
    anew = sum(r.remeasured for r in story.rounds)
    note = (
        f"In each round the parts of the network were measured anew, {anew} in all. That corrected the "
        "tables of the study that came of it."
        if anew
        else ""
    )
    return html(
        '<p>{outcome}</p><div class="mdp-scroll">{table}</div><p class="mdp-note">{note}</p>',
        outcome=outcome(story),
        table=table,
        note=note,
    )


def _ms(value: float) -> str:
    # One digit more than elsewhere: who compares with a budget wants to see on which side of it a time is.
    return f"{fmt.number(value, 4)} ms"
