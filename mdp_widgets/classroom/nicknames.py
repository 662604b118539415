"""Nicknames: what a pupil may be called on everybody's screen."""

import unicodedata
from collections.abc import Collection

from .refused import Refused

# Characters; so many fit on a scoreboard.
LONGEST = 24
# Letters by their class, and yet nothing is seen of them.
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Joiners that Persian, Hindi and emoji need; all other invisible signs (Cf) may turn text around.
JOINERS = frozenset("\u200c\u200d")
# Accents of which nothing is seen: a joiner of letters, and what chooses between two pictures of one sign.
UNSEEN = frozenset("\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f") | frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Accents on one letter; more of them run into the lines above and below.
MOST_ACCENTS = 3


def clean(nickname: object) -> str:
    """The nickname as it is shown: one line, at most `LONGEST` characters. Markup is plain text.

    >>> clean("  Ada   Lovelace ")
    'Ada Lovelace'

    Raises:
        Refused: no text, nothing that can be seen, or signs that hide or turn text.
    """
    if not isinstance(nickname, str):
        raise Refused("A nickname is a text. Type one.")
    if len(nickname) > 1000:
        raise Refused(f"This nickname is too long. Choose one of at most {LONGEST} characters.")
    if _hides(nickname.strip()):
        raise Refused("This nickname has signs that cannot be seen or that turn text around. Use letters.")
    name = unicodedata.normalize("NFC", " ".join(nickname.split()))
    name = name[:LONGEST].rstrip().rstrip("".join(JOINERS))
    if not any(_seen(c) for c in name):
        raise Refused("A nickname needs a letter, a digit or a picture that can be seen. Type one.")
    return name


def _hides(text: str) -> bool:
    accents = 0
    for c in text:
        kind = unicodedata.category(c)
        accents = accents + 1 if kind in ("Mn", "Me") else 0
        if (kind in HIDDEN and c not in JOINERS) or accents > MOST_ACCENTS:
            return True
    return False


def _seen(c: str) -> bool:
    return unicodedata.category(c)[0] in "LNSP" and c not in BLANK


def same_as(name: str) -> str:
    """What two nicknames have in common that people would mix up: signs that are not seen make no other."""
    seen = "".join(" " if c in BLANK else c for c in name if c not in JOINERS | UNSEEN)
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    return " ".join(plain.split())


def unique(name: str, taken: Collection[str]) -> str:
    """The name, or the first of `name 2`, `name 3`, … that nobody has.

    >>> unique("Ada", {"ada", "ada 2"})
    'Ada 3'
    """
    number, found = 1, name
    while same_as(found) in taken:
        number += 1
        tail = f" {number}"
        found = name[: LONGEST - len(tail)].rstrip() + tail
    return found


def told_of(typed: str, name: str) -> str:
    """What is said to a pupil who typed a nickname and got `name`; "" where it is the same.

    >>> told_of("Ada", "Ada 2")
    'Somebody is called Ada already, so you are Ada 2.'
    """
    asked = clean(typed)
    if name != asked:
        return f"Somebody is called {asked} already, so you are {name}."
    same = unicodedata.normalize("NFC", " ".join(typed.split())) == name
    return "" if same else f"Here you are called {name}."
