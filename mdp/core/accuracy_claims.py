"""What a plan's file may say of its network's accuracy: kinds and ranges, as `Known.to_json` writes them."""

from typing import Any

# What was done to a network before it was measured, the most worth knowing first.
STAGES = ("tuned", "repaired", "cut")
KEYS = {"share", "images", "stage", "estimate", "measure", "interval"}
# What the ends of an interval may be off by: they are written with six digits.
ROUNDED = 1e-6
LONGEST = 100  # letters of a measure's name


def wrong_accuracy(value: Any) -> str:
    """What of it cannot be so, in words; "" where nothing is, and for None."""
    if value is None:
        return ""
    if not isinstance(value, dict) or not {"share", "stage"} <= set(value) <= KEYS:
        return "must give share and stage, perhaps images, estimate, measure and interval, and no more"
    if not _is_share(value["share"]):
        return "must give a share from 0 to 1"
    if value["stage"] not in STAGES:
        return f"must give one of these as its stage: {', '.join(STAGES)}"
    images = value.get("images", 0)
    if type(images) is not int or images < 0:
        return "must give a whole number of images"
    measure = value.get("measure", "")
    if type(value.get("estimate", False)) is not bool or type(measure) is not str or len(measure) > LONGEST:
        return "must say true or false of estimate, and name its measure"
    ends = value.get("interval")
    if ends is not None:
        if not isinstance(ends, list) or len(ends) != 2 or not all(map(_is_share, ends)):
            return "must give two shares as its interval"
        if not ends[0] <= value["share"] + ROUNDED or not value["share"] <= ends[1] + ROUNDED:
            return "must give a share within its interval"
    return ""


def _is_share(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1
