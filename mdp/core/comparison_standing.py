"""Who is the most accurate at equal measured latency, ours or another method, point by point. No torch."""

from bisect import bisect_left
from dataclasses import dataclass

from .comparison import Comparison

OURS = "exact"


@dataclass(frozen=True)
class Standing:
    """One network of ours beside the best of the others at its latency.

    Attributes:
        budget: share of dense that was asked for; `latency` is that of our network, as measured where it was.
        ours, best: accuracies, `best` between the points of the method `rival`; None where no other method
            has a network that fast.
        verdict: "first"; "within", where ours lies within the 95 % interval of the first; "behind"; "alone".
    """

    budget: float
    latency: float
    ours: float
    rival: str = ""
    best: float | None = None
    verdict: str = "alone"


def standings(comparison: Comparison, stage: str = "repaired") -> tuple[Standing, ...]:
    """One entry for each of our networks that was measured at this stage, slowest first."""
    others = [m for m in comparison.methods() if m != OURS and not m.startswith("iterated")]
    lines = {name: _line(comparison, name, stage) for name in others}
    found = []
    for point in reversed(comparison.of(OURS, stage)):
        at, ours = point.latency or 0.0, point.accuracy(stage) or 0.0
        rivals = {name: value for name, line in lines.items() if (value := _at(line, at)) is not None}
        if not rivals:
            found.append(Standing(point.budget, at, ours))
            continue
        rival = max(rivals, key=lambda name: rivals[name])
        best = rivals[rival]
        low, _ = comparison.interval(best)
        verdict = "first" if ours >= best else "within" if ours >= low else "behind"
        found.append(Standing(point.budget, at, ours, rival, best, verdict))
    return tuple(found)


def share_won(found: tuple[Standing, ...]) -> float:
    """The share of points at which ours is first or within the interval of the first; 0 of none."""
    return sum(one.verdict != "behind" for one in found) / len(found) if found else 0.0


def accuracy_at(comparison: Comparison, method: str, stage: str, latency: float) -> float | None:
    """A method's accuracy at a latency, on the line through its points; None beyond its ends."""
    return _at(_line(comparison, method, stage), latency)


def _line(comparison: Comparison, method: str, stage: str) -> list[tuple[float, float]]:
    """(latency, accuracy), fastest first, the dense network at the end."""
    line = [(p.latency or 0.0, p.accuracy(stage) or 0.0) for p in comparison.of(method, stage)]
    if comparison.dense_measured is not None and line:
        line.append((comparison.dense_measured, comparison.dense))
    return sorted(line)


def _at(line: list[tuple[float, float]], latency: float) -> float | None:
    if not line or not line[0][0] <= latency <= line[-1][0]:
        return None
    i = bisect_left([x for x, _ in line], latency)
    (x1, y1) = line[i]
    if i == 0 or x1 == latency:
        return y1
    x0, y0 = line[i - 1]
    return y0 + (latency - x0) / (x1 - x0) * (y1 - y0)
