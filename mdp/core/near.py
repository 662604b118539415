"""What somebody may have meant by a name that nothing has."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, names: Iterable[str], most: int = 2, before: str = "") -> str:
    """` Did you mean A or B?`, to follow a sentence; "" where nothing is near. `before` precedes a name."""
    near = [before + n for n in get_close_matches(name, list(dict.fromkeys(names)), most)]
    listed = " or ".join([", ".join(near[:-1]), near[-1]] if near[1:] else near)
    return f" Did you mean {listed}?" if near else ""
