"""Which widths a dim offers: width steps, of a number of units that suits hardware and keeps tables small."""

from collections.abc import Mapping, Sequence

from ..core.errors import MdpError
from ..core.near import did_you_mean
from ..core.space import SpaceDim, width_options

# Offer at most this many widths, in width steps of a multiple of `GRAIN` units where that is possible.
WIDTHS = {"embedding": 12, "mlp": 16, "channels": 8, "qk": 8, "v": 8, "heads": 32, "groups": 16}
# Heads and groups are large already; everything else is pruned in multiples that vector units like.
GRAIN = {"heads": 1, "groups": 1}
# Narrower dims are pruned in steps of four, for they would have little choice otherwise.
SLIM = {"qk": 32, "v": 32}


def default_width_step(kind: str, units: int) -> int:
    """The smallest divisor of `units` that is a multiple of the kind's grain and offers few enough widths."""
    most, grain = WIDTHS.get(kind, 8), GRAIN.get(kind, 4 if units < SLIM.get(kind, 64) else 8)
    divisors = (b for b in range(grain, units + 1, grain) if units % b == 0 and units // b <= most)
    # A width without such a divisor (a prime, say) still gets steps of the grain; the first one is short.
    return next(divisors, grain * max(1, -(-units // (most * grain))))


def space_dim(name: str, kind: str, units: int, width_step: Mapping[str, int] | None) -> SpaceDim:
    """A dim with the widths that `width_step` asks for by name or by kind, else the default ones.

    Raises:
        MdpError: a width step that is no whole number of at least 1.
    """
    asked = width_step or {}
    step = asked.get(name, asked.get(kind))
    if step is None:
        step = default_width_step(kind, units)
    if type(step) is not int or step < 1:
        raise MdpError(f"The width step of {name} is {step!r}; give a whole number of units, 1 or more.")
    return SpaceDim(name, kind, units, width_options(units, step))


def check_width_steps(width_step: Mapping[str, int] | None, dims: Sequence[SpaceDim]) -> None:
    """Raises MdpError for a step of no kind of dim and of none of these dims: it would be passed over."""
    known = [*WIDTHS, *(d.kind for d in dims), *(d.name for d in dims)]
    for name in width_step or ():
        if name not in known:
            kinds = ", ".join(dict.fromkeys(d.kind for d in dims))
            raise MdpError(
                f"A width step is given for {name!r}, which is no dim and no kind of dim here."
                f"{did_you_mean(name, known)} The kinds here are {kinds or 'none'}."
            )
