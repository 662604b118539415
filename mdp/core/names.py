"""File names made of people's names: two names never share a file."""

import hashlib
import re

# Bytes of a name that stand in front of its hash; file systems take 255.
LONGEST = 100


def readable(name: str) -> str:
    """What of a name may stand in a file name: `DeiT-B · H200` -> `DeiT-B-H200`. Two may come out alike."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "study"


def slug(name: str) -> str:
    """A file name that no other name has: `Mein-Modell` as it is, `Mein Modell` -> `Mein-Modell-8a37e2c1`.

    A name that loses anything on the way to a file name carries a hash of the whole; so does one that looks
    as if it carried one.
    """
    plain = readable(name)
    if plain == name and len(plain) <= LONGEST and not re.search(r"-[0-9a-f]{8}$", plain):
        return plain
    return f"{plain[:LONGEST].rstrip('-.')}-{digest(name)}"


def digest(text: str) -> str:
    """Eight characters that tell one text from another."""
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()[:8]
