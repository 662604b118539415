"""What tables say of their making: how many entries, how steady, how well the rest was inferred."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .store import Entry


def summary(details: Mapping[str, Mapping[str, Any]], entries: Iterable[Entry]) -> dict[str, Any]:
    """The part of a provenance that follows from the entries.

    Args:
        details: per table, as the profiler keeps them; one that is the same as another is counted once.
        entries: what was read, failures left out.
    """
    own = [d for d in details.values() if "same_as" not in d]
    inferred = [d for d in own if _inferred(d)]
    errors = [d["inferred_error"] for d in inferred if d["inferred_error"] is not None]
    unknown = sum(d["entries"] - d["measured"] for d in inferred if d["inferred_error"] is None)
    read = list(entries)
    return {
        "entries": sum(d["entries"] for d in own),
        "measured": sum(d["measured"] for d in own),
        "failed": sum(len(d["failed"]) for d in own),
        "spread": round(float(np.median([e.spread for e in read])), 5),
        "repeats": int(np.median([e.repeats for e in read])),
        "drift": round(float(np.max([e.drift for e in read])), 5),
        "inferred_error": round(max(errors, default=0.0), 5) if errors or not unknown else None,
        **({"error_unknown": unknown} if unknown else {}),
    }


def _inferred(details: Mapping[str, Any]) -> bool:
    """Whether anything of a table was: where all was measured, how well it could be told does not matter."""
    return details["measured"] < details["entries"]
