"""Whether a dense network picks channels by the same numbers as the one that was pruned."""

from typing import Any

from ..core.errors import BadFile


def refuse_other_picks(said: Any, given: Any, what: str) -> None:
    """Raise BadFile where a permutation, table of indices or bound is another one.

    Args:
        said: what holds positions -> their hash (`Architecture.fixed`), of the pruned network; None in files
            of earlier versions.
        given: the same of the dense network.
        what: the dense network, as a sentence begins with it.
    """
    if not isinstance(said or {}, dict):
        raise BadFile(f"{what} cannot be checked: fixed, in its file, must be an object.")
    given = given or {}
    other = next(
        (place for place, digest in (said or {}).items() if given.get(place, digest) != digest), None
    )
    if other is not None:
        raise BadFile(
            f"{what} is another one than was pruned: the channels that {other} picks by number (a "
            "permutation, a table, a bound) are others here. Give the module with the same numbers: its "
            "buffers, or the seed that they were drawn with."
        )
