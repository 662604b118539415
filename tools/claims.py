"""The paper's claims, for the course: `python -m tools.claims` takes what docs/measurements/methods.md says.

An entry of `mdp_widgets/teach/data/claims.json` that names a `row` of that page's last table gets its figures
and its verdict from there; the others are written by hand. A test holds both together.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mdp_widgets.teach.claims import FILE

PAGE = Path(__file__).resolve().parents[1] / "docs" / "measurements" / "methods.md"
# How a verdict of the table begins -> that of the course.
VERDICTS = {
    "not reproduced everywhere": "partly reproduced",
    "not reproduced": "not reproduced",
    "reproduced in part": "partly reproduced",
    "reproduced": "reproduced",
    "the relation: reproduced in part": "partly reproduced",
    "the relation: reproduced": "partly reproduced",
    "the relation: not reproduced": "not reproduced",
    "not measured yet": "not testable here",
    "not testable here": "not testable here",
}


def rows(page: str) -> dict[str, tuple[str, str]]:
    """Claim -> (what was found here, verdict), from the table of the paper's claims."""
    table = page.partition("## The paper's claims")[2]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return {claim: (here, verdict) for claim, here, verdict in cells[1:]}


def refreshed(entries: Sequence[Mapping[str, Any]], page: str) -> list[dict[str, Any]]:
    """The entries, with what the page says now where they name one of its rows."""
    told, found = rows(page), []
    for entry in entries:
        row = entry.get("row")
        found.append({**entry, **(_of_row(*told[row]) if row else {})})
    return found


def _of_row(here: str, verdict: str) -> dict[str, str]:
    words = next(words for start, words in VERDICTS.items() if verdict.startswith(start))
    rest = verdict.partition(": ")[2]
    short = re.sub(r"Fashion-MNIST (.+?) · CPU · batch 32", r"The \1", here)
    short = re.sub(r" · CPU · batch \d+", "", short)
    short = short[:1] + short[1:].replace("; The ", "; the ")
    said = "" if here == "–" else f"{short}. "
    return {"verdict": words, "measured": f"{said}{_sentence(rest)}".strip()}


def _sentence(words: str) -> str:
    """`clearly ahead at 2 …` as a sentence of its own; "" stays "".

    >>> _sentence("reproduced: ahead at 2")
    'Ahead at 2.'
    """
    text = re.sub(r"^(not )?reproduced( in part)?: ", "", words)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def main() -> None:
    data = json.loads(FILE.read_text(encoding="utf-8"))
    data["claims"] = refreshed(data["claims"], PAGE.read_text(encoding="utf-8"))
    FILE.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(FILE)


if __name__ == "__main__":
    main()
