"""Words of the glossary in a text, with what they mean on hover and on focus."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ..theme.markup import Markup, html, joined

FILE = Path(__file__).with_name("data") / "glossary.json"


@cache
def glossary() -> Mapping[str, str]:
    """Term -> meaning, as `docs/glossary.md` says it (`python -m tools.glossary`)."""
    return json.loads(FILE.read_text(encoding="utf-8"))


@cache
def _pattern() -> re.Pattern[str]:
    terms = sorted(glossary(), key=len, reverse=True)
    return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, terms))})(s?)(?!\w)", re.I)


def with_terms(text: str) -> Markup:
    """The text as HTML, the first place of each term with its meaning; all else is escaped."""
    by_word = {term.lower(): means for term, means in glossary().items()}
    parts, end, seen = [], 0, set()
    for found in _pattern().finditer(text):
        term = found[1].lower()
        if term in seen:
            continue
        seen.add(term)
        parts.append(text[end : found.start()])
        parts.append(
            html(
                '<span class="mdp-term" tabindex="0" data-means="{means}">{word}</span>',
                means=by_word[term],
                word=found[0],
            )
        )
        end = found.end()
    return joined([*parts, text[end:]])
