"""The plot that teaches why: predicted over measured latency of the same networks, a panel a study."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, LEFT, TOP, GAP, FOOT = 300, 240, 48, 56, 26, 74
# First word of a model -> (colour, mark): told apart by shape as well. Colours after Okabe and Ito (2008).
STYLES = {
    "(a)": ("#a14e00", "triangle"),
    "(b)": ("#0072b2", "square"),
    "(b')": ("#8a4a77", "diamond"),
    "(c)": ("#000000", "circle"),
}


def models_svg(rows: Sequence[dict]) -> str:
    """The rows that `benchmarks.latency` writes: each has `study`, `measured`, and `predicted` by model."""
    names = list(dict.fromkeys(name for row in rows for name in row["predicted"]))
    ratios = [
        p / m
        for row in rows
        for its in row["predicted"].values()
        for p, m in zip(its, row["measured"], strict=True)
    ]
    low, high = min(0.5, *ratios), max(1.2, *ratios)
    low, high = 0.1 * int(10 * low), 0.1 * (int(10 * high) + 1)
    width = LEFT + len(rows) * (WIDTH + GAP)
    height = TOP + HEIGHT + FOOT + 18 * ((len(names) + 1) // 2)
    label = "Predicted over measured latency of whole networks, by latency model"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="system-ui, sans-serif" font-size="12" '
        f'role="img" aria-label="{label}">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        _text(LEFT, 20, "Predicted ÷ measured latency of whole pruned networks", weight=600),
    ]
    for i, row in enumerate(rows):
        out += _panel(row, LEFT + i * (WIDTH + GAP), low, high, numbers=i == 0)
    for n, name in enumerate(names):
        x, y = LEFT + (n % 2) * 320, TOP + HEIGHT + FOOT - 8 + 18 * (n // 2)
        out += [_mark(x + 6, y - 4, name), _text(x + 18, y, name)]
    return "\n".join([*out, "</svg>", ""])


def _panel(row: dict, x0: float, low: float, high: float, numbers: bool) -> list[str]:
    most = 1.05 * max(row["measured"])

    def y_of(ratio: float) -> float:
        return TOP + HEIGHT * (high - ratio) / (high - low)

    out = [_text(x0, TOP - 10, row["study"])]
    for tenth in range(round(10 * low), round(10 * high) + 1):
        if tenth % 2 and tenth != 10:
            continue
        y, strong = y_of(tenth / 10), tenth == 10
        out.append(_line(x0, y, x0 + WIDTH, y, "#333" if strong else "#ddd", 1.5 if strong else 1))
        if numbers:
            out.append(_text(x0 - 8, y + 4, f"{tenth / 10:.1f}", "end"))
    step = _nice(most / 4)
    for k in range(int(most / step) + 1):
        x = x0 + WIDTH * k * step / most
        out += [_line(x, TOP + HEIGHT, x, TOP + HEIGHT + 4, "#333", 1)]
        out += [_text(x, TOP + HEIGHT + 18, f"{k * step:g}", "middle")]
    out.append(_text(x0 + WIDTH / 2, TOP + HEIGHT + 36, "measured, ms", "middle"))
    for name, predicted in row["predicted"].items():
        for p, m in zip(predicted, row["measured"], strict=True):
            out.append(_mark(x0 + WIDTH * m / most, y_of(p / m), name))
    return out


def _mark(x: float, y: float, name: str) -> str:
    colour, kind = STYLES[name.split()[0]]
    if kind == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'
    corners = {
        "triangle": ((0, -5), (4.5, 3.5), (-4.5, 3.5)),
        "square": ((-3.5, -3.5), (3.5, -3.5), (3.5, 3.5), (-3.5, 3.5)),
        "diamond": ((0, -5), (5, 0), (0, 5), (-5, 0)),
    }[kind]
    path = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return f'<polygon points="{path}" fill="#fff" stroke="{colour}" stroke-width="1.5"/>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", weight: int = 400) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="#222">'
        f"{escape(text)}</text>"
    )


def _nice(step: float) -> float:
    """The next of 1, 2, 5, 10, ... at or above."""
    power = 1.0
    while power > step:
        power /= 10
    while 10 * power <= step:
        power *= 10
    return next(power * n for n in (1, 2, 5, 10) if power * n >= step)
