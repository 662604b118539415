"""Numbers as people read them: `12.4 ms`, `93.1 %`, `−58 %`, `1.24 M`."""

from ..core.resources import budgeted as budgeted  # what a figure asks this module for


def number(value: float, digits: int = 3) -> str:
    """Three significant digits, no exponent: 12.4, 0.0831, 1,240."""
    if value == 0:
        return "0"
    size = abs(float(f"{value:.{digits}g}"))
    if size >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    places = digits - 1
    while size < 1 and places < 9:
        size, places = size * 10, places + 1
    while size >= 10 and places > 0:
        size, places = size / 10, places - 1
    return f"{value:.{places}f}"


def ms(value: float, unit: str = "ms") -> str:
    """A latency with its unit, or what else a study budgets: `12.4 ms`, `11.2 M params`, `25 MB`."""
    if budgeted(unit) == "latency":
        return f"{number(value)} {unit}"
    many = count(value)
    return many + ("B" if many[-1:].isalpha() else " B") if unit == "bytes" else f"{many} {unit}"


def measured_in(unit: str) -> str:
    """The title of an axis or column in this unit: `latency, ms`, `weight memory, bytes`, or `parameters`."""
    what = budgeted(unit)
    return f"{what}, {unit}" if what == "latency" or unit == "bytes" else what


def percent(share: float, places: int = 1) -> str:
    """A share of one as `93.1 %`."""
    return f"{100 * share:.{places}f} %"


def change(share: float) -> str:
    """A share of dense as the change from it: 0.42 -> `−58 %`."""
    value = round(100 * (share - 1))
    if value == -100 and share > 0:
        return f"−{100 * (1 - max(share, 0.001)):.1f} %"  # something is left: `−99.6 %`
    return f"−{-value} %" if value < 0 else f"+{value} %" if value else "±0 %"


def count(value: float) -> str:
    """A large count with its prefix: `1.24 M`, `703 k`."""
    for size, prefix in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return number(value / size) + prefix
    return f"{value:,.0f}"
