"""What makes measurements and scores worthless, in sentences, and from which number on. No torch.

All thresholds stand here, with their reasons. They are for what nobody should build upon; what is merely
rough is said by the numbers themselves (the band behind a latency, the agreement of two halves).
"""

import math
from collections.abc import Mapping
from typing import Any

from .problem import Problem
from .study import Scores, StudyRecord

# The middle half of an entry's readings spans this share of their median. Shipped tables, on a shared virtual
# machine, have 0.16 to 0.22; beyond a half, the difference between two widths drowns.
SPREAD = 0.5
# How much longer than in its calm the anchor beside the readings took, at worst. Times are scaled by that,
# which held at 0.5 on the shipped tables; from twice the calm time on, half of a number is that correction.
DRIFT = 1.0
# Median relative error of inferred entries, left out one by one, in the worst table. The shipped tables would
# have 0.12 to 0.19; at 0.3, a plan's choice between two neighbouring widths is left to chance.
INFERRED = 0.3
# The 95th percentile of the same errors: at 1, one entry in twenty is off by as much as it is itself.
INFERRED_WORST = 1.0
# Median error of whole sub-networks against their prediction. Shipped studies have 0.02 to 0.06; at a
# quarter, a budget of 40 % may be 50 %.
VERIFIED = 0.25
# Spearman's rank correlation of importance and accuracy among plans of about equal latency. From FOLLOWS on,
# more importance mostly means more accuracy, and choosing by it is worth it. Below UNRELATED, at the 30 plans
# of a band, it cannot be told from no relation at all (5 % level: 0.36), and below 0 importance misleads.
FOLLOWS = 0.6
UNRELATED = 0.3
FAILED = "failed its test"


def table_faults(provenance: Mapping[str, Any], details: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """What makes latency tables worthless, worst first; () where nothing does, or nothing is said."""
    found = []
    inferred = _number(provenance.get("measured")) < _number(provenance.get("entries"))
    parts = [d for d in (details or {}).values() if isinstance(d, Mapping)]
    some = [d for d in parts if not _number(d.get("measured")) >= _number(d.get("entries"))]
    worst = max((w for d in some if (w := _number(d.get("inferred_worst"))) == w), default=math.nan)
    error = _number(provenance.get("inferred_error"))
    if (some or inferred) and worst > INFERRED_WORST:
        found.append(
            f"inferred entries are up to {_percent(worst)} off (left out one by one, 95th percentile)"
        )
    if inferred and error > INFERRED:
        found.append(f"inferred entries are {_percent(error)} off at the median of the worst table")
    spread = _number(provenance.get("spread"))
    if spread > SPREAD:
        found.append(f"the readings of one entry spread by {_percent(spread)}")
    drift = _number(provenance.get("drift"))
    if drift > DRIFT:
        found.append(f"the machine took {1 + drift:.2f} times its calm time at worst")
    return tuple(found)


def tables_words(provenance: Mapping[str, Any], details: Mapping[str, Any] | None = None) -> str:
    """The faults of tables as one sentence that says what to do; "" without any."""
    faults = table_faults(provenance, details)
    if not faults:
        return ""
    how = "mdp profile … --again --seconds 600"
    if provenance.get("launch") == "imported":
        how = "the kit's script with larger --repeats, its results.csv removed"
    return (
        f"These latency tables are not to be trusted: {'; '.join(faults)}. Measure again on a quiet machine, "
        f"or for longer ({how})."
    )


def verification_words(verification: Mapping[str, Any] | None) -> str:
    """A sentence if whole networks contradict the tables; "" if not, or where none was measured."""
    error = _number((verification or {}).get("median_error"))
    if not error > VERIFIED:
        return ""
    return (
        f"Whole networks contradict the tables: the prediction is {_percent(error)} off at the median. "
        "Measure again (mdp profile … --again), then verify once more."
    )


def study_words(study: StudyRecord) -> tuple[str, ...]:
    """Everything that is wrong with a study, a sentence each."""
    p = study.tables
    told = (
        tables_words(p.provenance, p.details),
        verification_words(study.verification),
        failed_words(study) or importance_words(importance_doubt(study)),
    )
    return tuple(filter(None, told))


def accuracy_check(study: StudyRecord) -> Mapping[str, Any]:
    """What `mdp verify --accuracy` found, {} where it did not run."""
    found = (study.accuracy or {}).get("check")
    return found if isinstance(found, Mapping) else {}


def correlations(check: Mapping[str, Any]) -> dict[float, float]:
    """Latency band (share of dense) -> rank correlation of importance and accuracy, as far as told."""
    told = check.get("rank_correlation")
    found = {}
    for band, value in told.items() if isinstance(told, Mapping) else ():
        try:
            at, rank = float(band), _number(value)
        except (TypeError, ValueError):
            continue
        if 0 < at <= 1.5 and -1 <= rank <= 1:
            found[at] = rank
    return dict(sorted(found.items()))


def follows_accuracy(check: Mapping[str, Any]) -> bool | None:
    """Whether importance follows accuracy: True, False, or None for in between or not tested."""
    found = correlations(check).values()
    if not found or UNRELATED <= min(found) < FOLLOWS:
        return None
    return min(found) >= FOLLOWS


def accuracy_check_words(study: StudyRecord) -> str:
    """What the test of importance came to, in a sentence or two; "" where it did not run."""
    check = accuracy_check(study)
    found = correlations(check)
    if not found:
        return ""
    worst = min(found, key=lambda band: found[band])
    plans = _number(check.get("plans"))
    many = f" ({plans:.0f} plans)" if plans == plans else ""
    rank = f"{found[worst]:.2f}".replace("-", "−")
    among = f"among plans of equal latency{many}, the rank correlation is"
    if len(found) > 1:
        rank += f" in the worst band, {_percent(worst)} of dense"
    text = {
        True: f"Importance follows accuracy: {among} {rank}",
        None: f"Importance follows accuracy only roughly: {among} {rank}",
        False: f"Importance does not follow accuracy: {among} {rank}",
    }[follows_accuracy(check)]
    behind = _number(check.get("behind"))
    if behind == behind:
        lost = f"{100 * behind:.1f} points behind" if behind >= 0.0005 else "not behind"
        text += f". The optimum is {lost} the most accurate plan seen"
    return f"{text}."


def failed_words(study: StudyRecord) -> str:
    """A sentence if the test of importance failed; "" where it did not, or did not run."""
    if follows_accuracy(accuracy_check(study)) is not False:
        return ""
    return f"{accuracy_check_words(study)} “Importance kept” says nothing here: choose by measured accuracy."


def importance_doubt(source: StudyRecord | Problem) -> str:
    """Why importance means nothing, in a few words to stand beside it; "" where it may mean something."""
    problem = source.problem if isinstance(source, StudyRecord) else source
    if problem.importance and not any(t.values.any() for t in problem.importance):
        return "all scores are zero"
    facts = problem.provenance.get("importance")
    weights = facts.get("weights") if isinstance(facts, Mapping) else None
    if isinstance(source, StudyRecord):
        told = source.scores.provenance.get("weights")
        # Scores say themselves what they are of; the study's reference is asked where they are silent.
        weights = told if isinstance(told, str) else source.model.weights
    if weights == "none":
        return "untrained weights"
    failed = isinstance(source, StudyRecord) and follows_accuracy(accuracy_check(source)) is False
    return FAILED if failed else ""


def scores_doubt(scores: Scores) -> str:
    """As `importance_doubt`, for scores on their own."""
    if not any(values.any() for _, _, _, values in scores.shares):
        return "all scores are zero"
    return "untrained weights" if scores.provenance.get("weights") == "none" else ""


def beside(doubt: str) -> str:
    """` (untrained weights: says nothing)`, to stand behind an importance; "" without a doubt."""
    return f" ({doubt}: says nothing)" if doubt else ""


def importance_words(doubt: str) -> str:
    """A doubt as a sentence; "" without one."""
    if not doubt:
        return ""
    why = {
        "untrained weights": "The importance is that of untrained weights",
        "all scores are zero": "All scores are zero",
        FAILED: "Among plans of equal latency, importance does not follow accuracy",
    }[doubt]
    return f"{why}: “importance kept” says nothing about accuracy, and only the latencies are real."


def _number(value: Any) -> float:
    """A finite number, else NaN, which is on no side of any threshold."""
    right = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf
    return float(value) if right else math.nan


def _percent(share: float) -> str:
    return f"{100 * share:,.0f} %"
