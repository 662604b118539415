"""Tables against whole networks: `mdp verify`, `mdp enforce`, "Keep the budget on this device"."""

from dataclasses import dataclass

from .option import option, required
from .shared import DEVICES, FASHION, MOST_SEED, PINS, Limited, Made

STUDY = "a study file or the name of a study"
TEST = "with --accuracy"  # a section of the command's help
FEWEST_PLANS = 4  # fewer say nothing about a rank correlation


@dataclass(frozen=True, kw_only=True)
class VerifyOptions(Made, command="verify"):
    """Compare predicted with measured latency on whole random sub-networks."""

    study: str = required(STUDY, positional=True)
    subnetworks: int = option(30, "how many", least=1, label="Networks")
    seed: int = option(1, "which sub-networks", least=0, most=MOST_SEED)
    seconds: float = option(120.0, "about how long to measure", above=0)
    again: bool = option(False, "measure once more what was measured before")
    out: str | None = option(None, "save the study there (verified: default in its place)", metavar="FILE")
    json: bool = option(False, "print one JSON object")
    accuracy: bool = option(
        False,
        "test the importance instead: measure the accuracy of plans of equal latency, cut and repaired",
        section=TEST,
    )
    data: str = option(FASHION, "data set, or folder of class folders", section=TEST)
    budgets: str = option("50%,40%,25%", "with commas", section=TEST)
    plans: int = option(12, "plans of equal latency a budget", least=FEWEST_PLANS, section=TEST)
    images: int = option(2000, "test images to measure on", least=1, label="Test images", section=TEST)
    device: str = option("auto", "where to compute", choices=DEVICES, closed=False, section=TEST)
    # What `mdp enforce` was called before it became a command.
    strict: str | None = option(None, "a budget to enforce", metavar="BUDGET", hidden=True)
    pins: str = option("", PINS, hidden=True)
    name: str | None = option(None, "of the saved study", hidden=True)


@dataclass(frozen=True, kw_only=True)
class EnforceOptions(Made, Limited, command="enforce"):
    """Measure, correct the tables and solve again until a budget is met."""

    study: str = required(STUDY, positional=True)
    budget: str = required(
        "the latency to meet: 40% of dense, or a number in the study's unit", positional=True
    )
    pins: str = option("", PINS)
    out: str | None = option(None, "save the study with its corrected tables, and the plan", metavar="FILE")
    name: str | None = option(None, "with --out: the name of the saved study")
    json: bool = option(False, "print one JSON object")
