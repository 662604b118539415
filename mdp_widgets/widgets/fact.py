"""One fact of the budget bar, as it is read: name, value, note; and the one about accuracy."""

from mdp.core.plan_accuracy import Known
from mdp.core.quality_name import quality_name
from mdp.core.study import StudyRecord
from mdp.plot.accuracy_words import (
    accuracy_sentence,
    accuracy_value,
    dense_accuracy,
    dense_images,
    dense_text,
    interval_text,
    short_stage,
)


def fact(
    name: str, value: str, note: str = "", kind: str = "", title: str = "", band: str = ""
) -> dict[str, str]:
    return {"name": name, "value": value, "note": note, "kind": kind, "title": title, "band": band}


def accuracy_fact(
    study: StudyRecord, known: Known | None, measuring: bool = False, problem: str = ""
) -> dict[str, str]:
    """What is known of the plan's accuracy: what it is of, its interval, and the dense network's."""
    dense, measure = dense_accuracy(study), quality_name(study)
    against = dense_text(study, "")  # the title says of what
    if measuring:
        note = "measuring…"
    elif known is None:
        note = f"not measured · {against}" if against else "not measured"
    else:
        note = against
    return fact(
        # What it is of stands in the name: notes give way to plan A's values.
        f"{measure}, {short_stage(known)}" if known else measure,
        accuracy_value(known),
        note,
        "accuracy" if known else "accuracy unknown",
        " ".join(filter(None, (accuracy_sentence(known, dense, measure, dense_images(study)), problem))),
        "" if known is None else "estimate" if known.estimate else interval_text(known),
    )


def with_stage(a: dict[str, str]) -> dict[str, str]:
    """A's accuracy may be of another kind than B's: it says which."""
    _, _, stage = a["name"].partition(", ")
    return {**a, "value": f"{a['value']} {stage}"} if a["kind"].startswith("accuracy") and stage else a
