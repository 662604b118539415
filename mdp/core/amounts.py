"""Amounts as people write and read them: `12M`, `1.2G`, `25MB`, `24MiB`, `30ms`, `50%` of dense."""

import math
import re

from .unit_names import milliseconds

# The suffixes of a count; of bytes with B, and with iB in steps of 1024.
SCALES = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "t": 1e12}
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-zµ% ]*)", re.IGNORECASE)
# The nouns that may follow an amount, by the unit that they belong to.
_NOUNS = {"params": ("parameters", "params", "param"), "macs": ("macs", "mac")}


def parsed(text: str | float, unit: str, dense: float) -> float | None:
    """An amount in `unit` from what was typed; None where that is no finite number, or of another unit.

    >>> parsed("1.2G", "MACs", 4e9), parsed("40%", "ms", 20.0), parsed("0.5 s", "ms", 20.0)
    (1200000000.0, 8.0, 500.0)
    """
    match = _NUMBER.fullmatch(str(text).strip())
    scale = _scale(match[2], unit, dense) if match else None
    value = float("nan") if match is None or scale is None else float(match[1]) * scale
    return value if math.isfinite(value) else None


def example(unit: str) -> str:
    """An amount in a unit, for a sentence that says how to write one."""
    return "30" if milliseconds(unit) else "25MB" if unit == "bytes" else "12M"


def _scale(suffix: str, unit: str, dense: float) -> float | None:
    """How much one of a suffix is in the unit; None for a suffix that fits none."""
    word = "".join(suffix.lower().split())
    if word == "%":
        return dense / 100
    if time := milliseconds(unit):
        own = milliseconds(word) if word else time
        return None if own is None else own / time
    if unit == "bytes":
        if word.endswith("ib"):
            power = "kmgt".find(word[:-2]) + 1 if len(word) == 3 else 0
            return 1024.0**power if power else None
        word = word.removesuffix("bytes").removesuffix("b") if word != "b" else ""
        return SCALES.get(word) if word != "b" else None
    for noun in _NOUNS.get(unit.lower(), (unit.lower(),)):
        if word.endswith(noun):
            word = word.removesuffix(noun)
            break
    return SCALES.get(word)


def amount(value: float, unit: str) -> str:
    """A quantity as it is read: `11.2 M params`, `25 MB`, `12.4 ms`."""
    if milliseconds(unit):
        return f"{value:.4g} {unit}"
    power = min(max(math.floor(math.log10(abs(value)) / 3), 0), 4) if value else 0
    number = f"{value / 1000**power:.4g}"
    if unit == "bytes":
        return f"{number} {('', 'k', 'M', 'G', 'T')[power]}B"
    letter = ("", "k", "M", "G", "T")[power]
    return f"{number} {letter} {unit}" if letter else f"{number} {unit}"
