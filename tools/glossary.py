"""The glossary as data, for the page: `python -m tools.glossary` writes what the course shows on hover.

The words are those of `docs/glossary.md`; a test holds both together.
"""

import json
import re
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
SOURCE = REPO / "docs" / "glossary.md"
MADE = REPO / "mdp_widgets" / "teach" / "data" / "glossary.json"
ENTRY = re.compile(r"^\*\*(?P<term>[^*]+)\*\*(?P<also>[^\n]*)\n:   (?P<means>.+?)(?=\n\n|\Z)", re.M | re.S)


def entries(text: str) -> dict[str, str]:
    """Term -> what it means, in plain words: links and stars are taken off."""
    found = {}
    for entry in ENTRY.finditer(text):
        means = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(entry["means"].split()))
        # "See …" leads to another page, which a word on hover cannot.
        found[entry["term"]] = re.sub(r" See [^.]*\.$", "", means).replace("*", "").replace("`", "")
    return found


def main() -> None:
    told = entries(SOURCE.read_text(encoding="utf-8"))
    MADE.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
