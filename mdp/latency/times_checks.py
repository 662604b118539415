"""What no time of a network or of a part of it can be, whatever the device: another unit, or a bad moment."""

from collections.abc import Mapping, Sequence

from ..core.errors import BadFile, MdpError
from .times_files import Row

# No device runs a network of images in less: a part takes a launch, and no chip does more in a ms (MACs).
NETWORK_MS, PART_MS, MACS_A_MS = 0.02, 0.001, 3e11
# What a kit's scripts time is a call: a microsecond at least.
CALL_MS = 0.001
# The sum of the parts over the whole: further off, they are in different units (a thousandfold) or of other
# things. Calls of a session make the parts of a tiny network several times the whole.
RATIO = (1 / 30, 30.0)


def refuse_too_short(rows: Sequence[Row], factor: float, source: str) -> None:
    """A slow board's seconds would pass for a fast one's milliseconds, but for its smallest parts."""
    shortest = min((row.value * factor for row in rows if not row.failure), default=CALL_MS)
    if shortest < CALL_MS:
        raise MdpError(
            f"In {source} the shortest time is {1e6 * shortest:.3g} ns, and no device is called in so "
            "little: the times are in another unit. Say which: --unit s, ms, us or ns."
        )


def refuse_too_long(parts: Mapping[str, Row], factor: float, whole: float, source: str) -> None:
    """`whole`: ms of the slowest network that was timed, 0 without one. No part takes many times that."""
    for row in parts.values():
        if whole and not row.failure and row.value * factor > RATIO[1] * whole:
            raise BadFile(
                f"In {source}, {row.where}, one part takes {row.value * factor:.3g} ms, and the slowest "
                f"whole network {whole:.3g} ms. Measure it again: take out its line, start the kit's script."
            )


def refuse_too_fast(network: float, parts: int, macs: float, source: str) -> None:
    """`network`: ms of the largest network, or of the sum of its parts; `macs`: of the dense one."""
    if network < max(NETWORK_MS, PART_MS * parts, macs / MACS_A_MS):
        raise BadFile(
            f"In {source} the largest network takes {network:.3g} ms, which no device does: the "
            "times are in another unit. Say which: --unit s, ms, us or ns."
        )
