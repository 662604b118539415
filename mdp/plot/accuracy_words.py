"""What is known of a plan's accuracy, in words: never a number without what it is of."""

from ..core.plan_accuracy import IN_WORDS, Known
from ..core.quality_name import ACCURACY
from ..core.saved_networks import number
from ..core.study import StudyRecord
from .formats import percent

NONE = "–"
# Plans that are called otherwise for people than in files; the others are called as their solver.
PLANS = {
    "exact": "optimal plan",
    "other rates": "best for importance weighed otherwise",
    "pinned": "optimal with pins",
}
SHORT = {"tuned": "fine-tuned", "repaired": "repaired", "cut": "as cut"}


def plan_name(method: str) -> str:
    """Which plan it is, by how it was found: `optimal plan`, `greedy`, `heads alone cut`."""
    return PLANS.get(method, f"{method} cut" if method.endswith(" alone") else method)


def dense_accuracy(study: StudyRecord) -> float | None:
    """Share of test images that the dense network gets right; None where nobody measured it."""
    dense = number(study.accuracy or {}, "dense")
    return dense if dense is not None and 0 <= dense <= 1 else None


def dense_images(study: StudyRecord) -> int:
    """On how many test images the dense network was measured; 0 where that is not known."""
    return int(number(study.accuracy or {}, "images") or 0)


def dense_text(study: StudyRecord, unit: str = " images") -> str:
    """`dense 63.8 % on 10,000 images`; "" where nobody measured it. Other data give another figure."""
    dense, images = dense_accuracy(study), dense_images(study)
    if dense is None:
        return ""
    return f"dense {percent(dense)}" + (f" on {images:,}{unit}" if images else "")


def named(measure: str) -> str:
    """The name of a quality at the start of a sentence: `Accuracy`, but `mAP`."""
    return measure[:1].upper() + measure[1:] if measure.islower() else measure


def accuracy_value(known: Known | None) -> str:
    """`83.4 %`, `≈ 83 %` for an estimate, `–` where nothing is known."""
    if known is None:
        return NONE
    return f"≈ {percent(known.share, 0)}" if known.estimate else percent(known.share)


def interval_text(known: Known) -> str:
    """`82.6–84.1`, in percent; "" for an estimate, or where the number of images is not known."""
    return "–".join(f"{100 * end:.1f}" for end in known.interval) if known.interval else ""


def short_stage(known: Known) -> str:
    """`repaired`; `dense` where nothing is cut."""
    return "dense" if known.whole else SHORT[known.stage]


def stage_text(known: Known) -> str:
    """`repaired`, or `repaired, estimate`."""
    return f"{short_stage(known)}, estimate" if known.estimate else short_stage(known)


def accuracy_short(known: Known | None) -> str:
    """`83.4 % repaired`, `≈ 83 % repaired, estimate`, `not measured`: one cell of a table."""
    return "not measured" if known is None else f"{accuracy_value(known)} {stage_text(known)}"


def accuracy_sentence(
    known: Known | None, dense: float | None, measure: str = ACCURACY, dense_on: int = 0
) -> str:
    """The whole story for a hover or a screen reader. `measure`: the study's, where nothing is known;
    `dense_on`: how many images the dense network's is of, where that is another number."""
    other = dense_on if known is None or known.images != dense_on else 0
    more = f" on {dense_on:,} images" if other else ""
    against = "" if dense is None else f" The dense network has {percent(dense)}{more}."
    if known is None:
        return f"The {measure} of this plan was not measured.{against}"
    if known.estimate:
        return (
            f"{named(known.measure)} about {percent(known.share, 0)}, an estimate between measured plans "
            f"beside this one ({IN_WORDS[known.stage]}).{against}"
        )
    on = f" on {known.images:,} test images" if known.images else ""
    if known.whole:
        return f"{named(known.measure)} {percent(known.share)}, measured{on}: this is the dense network."
    ends = f", 95 % interval {interval_text(known)} %" if known.interval else ""
    said = f"{named(known.measure)} {percent(known.share)}, measured{on}{ends}"
    return f"{said} ({IN_WORDS[known.stage]}).{against}"
