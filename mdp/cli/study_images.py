"""The images that a command works on with a study: those that it names, and never others unasked."""

from ..core.errors import MdpError
from ..core.study import StudyRecord
from ..datasets import NAMES, Source, find
from ..operations.shared import FASHION


def images_of(study: StudyRecord | None, data: str) -> Source:
    """The data set or folder `data`, which is Fashion-MNIST where nothing was said.

    Raises MdpError where there is no such folder, or none was named and `check_named` asks for one.
    """
    check_named(study, data)
    return find(data)


def check_named(study: StudyRecord | None, data: str) -> None:
    """Look at no picture yet.

    Raises:
        MdpError: the study was scored on a folder's pictures and none were given: a network that tells
            flowers apart is not repaired, trained or judged on clothes.
    """
    scored = study.scores.provenance.get("dataset") if study else None
    if data == FASHION and scored and scored not in NAMES:
        raise MdpError(
            f"The study {study.name!r} was scored on {scored!r}, and Fashion-MNIST, which is taken where no "
            "images are given, says nothing of its network. Give --data: a folder that holds one folder of "
            "images per class."
        )
