"""The paper's claims as records: what was claimed, what was measured here, and where one can see it.

They stand in `data/claims.json`, one entry a claim. Those with a row in the table of
docs/measurements/methods.md are made from it (`python -m tools.claims`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mdp.core.errors import BadFile

FILE = Path(__file__).with_name("data") / "claims.json"
VERDICTS = ("reproduced", "partly reproduced", "not reproduced", "not testable here")


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes:
        claim, source: what is claimed, and where.
        verdict: one of VERDICTS.
        measured: what was measured here, in a sentence with its figures.
        command: what measured it; "" where nothing could be.
        page: the page of docs/ that the figures stand on.
        row: its row in the table of methods, "" for a claim that is in none.
        step: the step of the course with the control that shows it, else 0; `opens` the view of the explorer
            that does, as its address says it, else ""; `control` says what to do there.
    """

    claim: str
    source: str
    verdict: str
    measured: str
    command: str
    page: str
    row: str
    step: int
    opens: str
    control: str


@cache
def claims() -> tuple[Claim, ...]:
    """All records, in their order. Raises BadFile where the file is damaged."""
    try:
        return tuple(_read(entry) for entry in json.loads(FILE.read_text(encoding="utf-8"))["claims"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(f"The claims ({FILE.name}) are damaged: {type(error).__name__} at {error}.") from None


def _read(entry: Mapping[str, Any]) -> Claim:
    found = Claim(**entry)
    if found.verdict not in VERDICTS:
        raise ValueError(f"the verdict {found.verdict!r}")
    return found
