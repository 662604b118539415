"""The units that a budget may be in: a fixed list, so that no file brings words of its own. No torch."""

from .errors import BadFile

# How many milliseconds one of each is; the micro sign has two code points. The one list of units of time.
MILLISECONDS = {
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1.0),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1e3),
    **dict.fromkeys(("us", "\u00b5s", "\u03bcs", "usec", "microsecond", "microseconds"), 1e-3),
    **dict.fromkeys(("ns", "nsec", "nanosecond", "nanoseconds"), 1e-6),
}

# What else a problem may budget.
_COUNTED = ("macs", "flops", "flop", "ops", "params", "parameters", "bytes", "b", "bits", "cycles", "units")
_SCALED = ("macs", "flops", "ops", "params", "b", "bytes", "bits", "ib")
_ENERGY = ("j", "mj", "uj", "\u00b5j", "nj", "kj", "w", "mw", "wh", "mwh", "kwh", "%", "$")
OTHERS = {*_COUNTED, *(scale + unit for scale in "kmgt" for unit in _SCALED), *_ENERGY}


def milliseconds(unit: str) -> float | None:
    """How many milliseconds one of this unit is; None if it is no unit of time that is known."""
    return MILLISECONDS.get(_plain(unit))


def check_unit(unit: str, source: str, what: str = "latency") -> str:
    """The unit as it is, if it is one that is known.

    Raises:
        BadFile: it is none; `source` names the file.
    """
    if milliseconds(unit) is None and _plain(unit) not in OTHERS:
        raise BadFile(
            f"The {source} gives {what[:40]} in {unit[:40]!r}, which is no unit of time that is known here. "
            "Give it in ms, s, us or ns; a problem file may also count MACs, FLOPs, parameters, bytes or "
            "joules."
        )
    return unit


def _plain(unit: str) -> str:
    return unit.strip().lower().replace("\u03bc", "\u00b5")
