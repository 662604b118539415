"""The accuracy that a study keeps is that on one data set; what is measured on another does not join it."""

import dataclasses
import os
from pathlib import Path

from .errors import BadFile, MdpError
from .plan_accuracy import measured_plans, with_plans
from .study import StudyRecord, load_study


def kept_for(study: StudyRecord, dataset: str, out: str | os.PathLike | None = None) -> StudyRecord:
    """The study as plans measured on `dataset` may be kept in it, or in the file `out`.

    What stands in `out` already, of the same problem and data, stays: a run that was cut off goes on there.

    Raises:
        MdpError: the plans of the study were measured on other data, and would be mixed with these.
    """
    if not _is_on(study, dataset):
        if measured_plans(study) and (out is None or _is_file_of(study, out)):
            raise MdpError(
                f"The accuracy of plans in this study was measured on {(study.accuracy or {})['dataset']}, "
                f"and these images are {dataset}: side by side they would be taken for the same. Give --out "
                "with another file, to keep there what is measured on these images alone."
            )
        study = dataclasses.replace(study, accuracy=None)
    before = None if out is None else _at(out)
    fits = before is not None and before.problem.fingerprint == study.problem.fingerprint
    if before is None or not fits or not _is_on(before, dataset):
        return study
    said = {**(before.accuracy or {}), **(study.accuracy or {})}
    return dataclasses.replace(
        study, accuracy={**said, **with_plans(study, measured_plans(before), more_images_stay=True)}
    )


def _is_on(study: StudyRecord, dataset: str) -> bool:
    """Whether the accuracy in a study is of this data, as far as it says."""
    return (study.accuracy or {}).get("dataset", dataset) == dataset


def _is_file_of(study: StudyRecord, out: str | os.PathLike) -> bool:
    return study.path is not None and Path(out).resolve() == Path(study.path).resolve()


def _at(out: str | os.PathLike) -> StudyRecord | None:
    if not os.path.isfile(out):
        return None
    try:
        return load_study(str(out))
    except BadFile:
        return None  # it is replaced
