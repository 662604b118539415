"""Measuring the accuracy of plans: `mdp measure`, once or as a service for the page."""

from dataclasses import dataclass

from .option import option, required
from .shared import MOST_SEED, Made

# The page waits for an answer; two thousand images tell 1.5 points apart.
SERVED_IMAGES = 2000
# Repairing takes time in proportion to its images, and most of a plan's time.
SERVED_CALIBRATION = 256


@dataclass(frozen=True, kw_only=True)
class MeasureOptions(Made, command="measure"):
    """Measure the accuracy of a study's plans before any training."""

    study: str = required("a study file, or the name of a study", positional=True)
    budget: str | None = option(None, "measure the best plan for it: in ms (12.5) or a share of dense (40%)")
    budgets: str | None = option(
        None, "several, with commas: 15%,25%,40%; plain numbers are percent of dense"
    )
    plan: str | None = option(None, "measure the plan in this file")
    data: str | None = option(
        None, "data set, or folder of class folders", absent="what it was scored on", label="Images"
    )
    images: int | None = option(None, "test images", least=1, absent=f"all; {SERVED_IMAGES} with --serve")
    calibration: int | None = option(
        None, "training images to repair with; 0 measures as cut", least=0, metavar="N"
    )
    seed: int = option(0, "which training images", least=0, most=MOST_SEED)
    save: bool = option(False, "keep what was measured in the study")
    out: str | None = option(None, "save the study there, not in its place", metavar="FILE")
    json: bool = option(False, "print one JSON object a plan")
    serve: bool = option(False, "answer requests, one JSON object a line, until the input ends")
