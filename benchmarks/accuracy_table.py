"""What `benchmarks.accuracy` measured, as a table for a terminal and as a page. Measures nothing."""

import math
from collections.abc import Mapping, Sequence
from statistics import mean

OURS = "exact"
TIE = 0.003  # within so much, two accuracies are equal
Cell = tuple[str, float]


def table(rows: Sequence[Mapping]) -> str:
    """Mean over seeds, per method and budget, and how often ours is at least as accurate as every other."""
    if not rows:
        return "Nothing was measured."
    shares = sorted({row["budget"] for row in rows}, reverse=True)
    methods = list(dict.fromkeys(row["method"] for row in rows))
    worth, cut = _means(rows, worth_of), _means(rows, lambda row: row["cut"])
    seeds, images = len({row["seed"] for row in rows}), max(row.get("images", 0) for row in rows)
    lines = [
        f"\n{rows[0]['study']}: dense {100 * mean(row['dense'] for row in rows):.1f} %, {seeds} seeds; cut → "
        f"repaired, per cent of {images:,} test images",
        "| method | " + " | ".join(f"{100 * share:.0f} %" for share in shares) + " |",
        "|---|" + "---|" * len(shares),
    ]
    for method in methods:
        cells = [
            f"{100 * cut[method, s]:.1f} → {100 * worth[method, s]:.1f}" if (method, s) in worth else "–"
            for s in shares
        ]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    seconds = [row["seconds"] for row in rows if "seconds" in row]
    lines.append(f"Cut, repaired and measured in {mean(seconds):.1f} s on average." if seconds else "")
    if len(methods) > 1:
        lines.append(verdict(rows))
    return "\n".join(lines)


def verdict(rows: Sequence[Mapping]) -> str:
    """At how many budgets ours is at least as accurate as every other method's, and where it is not."""
    worth = _means(rows, worth_of)
    shares = complete(rows)
    if not shares:
        return "At no budget was every method measured."
    behind = []
    for share in shares:
        others = {m: v for (m, s), v in worth.items() if s == share and m != OURS}
        best = max(others, key=others.__getitem__) if others else None
        ours = worth.get((OURS, share), 0.0)
        if best is not None and ours < others[best] - TIE:
            behind.append(f"{100 * (others[best] - ours):.2f} points behind {best} at {100 * share:.1f} %")
    said = (
        f"At {len(shares) - len(behind)} of {len(shares)} budgets ours is at least as accurate as every other"
    )
    return f"{said} (within 0.3 points)" + (f"; {', '.join(behind)}." if behind else ".")


def complete(rows: Sequence[Mapping]) -> list[float]:
    """The budgets at which every method was tried."""
    methods = {row["method"] for row in rows}
    tried: dict[float, set[str]] = {}
    for row in rows:
        tried.setdefault(row["budget"], set()).add(row["method"])
    return sorted((s for s, of in tried.items() if of == methods), reverse=True)


def worth_of(row: Mapping) -> float:
    """Share right of the network as it is used: repaired, or as cut where no repair was tried."""
    return row["cut"] if row["repaired"] is None else row["repaired"]


def half_width(share: float, images: int) -> float:
    """Half of the 95 % interval of a share of so many images.

    >>> round(half_width(0.9, 2000), 4)
    0.0131
    """
    return 1.96 * math.sqrt(share * (1 - share) / images) if images else math.nan


def _means(rows: Sequence[Mapping], value) -> dict[Cell, float]:
    cells: dict[Cell, list[float]] = {}
    for row in rows:
        if "cut" in row:
            cells.setdefault((row["method"], row["budget"]), []).append(value(row))
    return {cell: mean(values) for cell, values in cells.items()}


def page(rows: Sequence[Mapping]) -> str:
    """A page with one table a study: budgets down, methods across, repaired."""
    lines = [HEAD]
    for name in dict.fromkeys(row["study"] for row in rows):
        own = [row for row in rows if row["study"] == name]
        methods, worth = list(dict.fromkeys(row["method"] for row in own)), _means(own, worth_of)
        images, dense = max(row["images"] for row in own), mean(row["dense"] for row in own)
        seeds = len({row["seed"] for row in own})
        calibration = max(row["calibration"] for row in own)
        lines += [
            f"## {name}",
            "",
            f"Dense: {100 * dense:.1f} % of {images:,} test images; repaired with {calibration:,} unlabelled "
            f"training images, {seeds} {'seed' if seeds == 1 else 'seeds'}. The 95 % interval of a figure is "
            f"± {100 * half_width(0.9, images):.1f} points at 90 %.",
            "",
            "| budget | " + " | ".join(methods) + " |",
            "|--:|" + "--:|" * len(methods),
        ]
        for share in complete(own):
            cells = [f"{100 * worth[m, share]:.1f}" if (m, share) in worth else "no plan" for m in methods]
            lines.append(f"| {100 * share:.1f} % | " + " | ".join(cells) + " |")
        wanted = len({row["budget"] for row in own})
        if len(complete(own)) < wanted:
            lines += [
                "",
                f"Of {wanted} budgets begun, {wanted - len(complete(own))} are not measured whole yet.",
            ]
        lines += ["", verdict(own), ""]
    return "\n".join(lines)


HEAD = """# Every method, repaired

Per cent of test images right, without any training, at the same predicted latency: the plan of each method is
cut out of the dense network, repaired in closed form on the same images, and measured. Ours is `exact`; the
other names are those of [the solvers](../reference/solvers.md) and of the ablation, on our importance.

`python -m benchmarks.accuracy --methods all --budgets 20x --images 2000 --seeds 1 --out FILE` measures what
is missing, and with `--page PAGE` makes this page of it.
"""
