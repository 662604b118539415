"""Scoring importance: `mdp.score`, `mdp score`, step 3 of a new study."""

from dataclasses import dataclass

from .option import option
from .shared import MOST_SEED, Apart, Computing, Images, Model

# What `mdp.importance.METHODS` has, which needs torch; a test holds them together.
METHODS = {
    "auto": "default",
    "measured": "measured",
    "calibrated": "calibrated",
    "taylor": "Taylor",
    "hessian": "Hessian",
    "nvit": "NViT",
    "magnitude": "magnitude",
}


@dataclass(frozen=True, kw_only=True)
class ScoreOptions(Computing, Apart, Images, Model, command="score"):
    """Score the importance of every unit on real images."""

    method: str = option(
        "auto", "which score; magnitude needs no images, auto is calibrated for classifiers", choices=METHODS
    )
    against: str = option("outputs", "what the measured methods compare with", choices=("outputs", "labels"))
    seconds: float | None = option(None, "time limit of the measured methods", least=0)
    images: int = option(1024, "training images to score on", least=1)
    views: int = option(
        1, "crops and mirrorings of each image, where images are few; 1: as evaluated", least=1
    )
    with_test: bool = option(
        False, "score on the test images too, where no accuracy will be measured on them"
    )
    batch: int = option(16, "images per batch: few, so that scores are steady", least=1)
    seed: int = option(0, "which images", least=0, most=MOST_SEED)
    out: str | None = option(None, "where to save the scores", metavar="FILE", absent="the user's folder")
