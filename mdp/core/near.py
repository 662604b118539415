"""What somebody may have meant by a name that nothing has."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, names: Iterable[str], most: int = 2, before: str = "") -> str:
    """` Did you mean A or B?`, to end a sentence with; "" where nothing comes near. `before` goes before each name."""
    near = [before + n for n in get_close_matches(name, list(names), most)]
    return f" Did you mean {' or '.join(near)}?" if near else ""
