"""`python -m tools.methods_page`: makes docs/measurements/methods.md from data/comparisons.

Every figure of ours is read from the files that `python -m benchmarks.methods` wrote, and set beside what the
paper claims in its abstract. The course's last page follows (`tools.claims`).
"""

from collections.abc import Sequence
from pathlib import Path

from mdp.core.comparison import Comparison, MethodPoint, read_comparison
from mdp.core.comparison_standing import accuracy_at, share_won, standings
from mdp.core.paths import SHIPPED
from mdp.core.words import many
from mdp.plot.method_lines import NAMES, pending_words

from . import claims as claims_of_course

PAGE = Path(__file__).resolve().parents[1] / "docs" / "measurements" / "methods.md"
STAGES = {"cut": "as cut", "repaired": "repaired", "tuned": "fine-tuned"}
CHANNELS = "channels only, multi-dimensional latency"
LINEAR = "channels and blocks, linear latency"
HEAD = """\
# Methods at equal measured latency

Every method solves the same problem, with the same importance and the same latency tables; its plan is cut
out of the dense network, repaired without training, and its whole network is timed.
`python -m benchmarks.methods` measures what is missing, and `python -m tools.methods_page` makes this page of
its files. In the explorer: the tab *Methods*.

Rivals are as their public code defines them ([solvers](../reference/solvers.md)), on our importance: what
differs is how widths and blocks are chosen, not how units are scored. The last three lines of a table are the
corners of the ablation. Torch-Pruning is its own program, scores included, asked for a share of
multiply-adds; its networks are none of our plans, so they are not repaired, and they stand without a latency
where the others were timed on another processor. "No plan": the method finds none within the budget, by the
true tables.

Networks were timed on the device that is named. Of the two Fashion-MNIST networks, accuracies with the second
and third seed, and after fine-tuning (`quick`, 20,000 images, three passes), were taken on another machine,
with torch 2.11; the fine-tuning mostly on its GPU. Fine-tuned Fashion-MNIST networks are judged by all 10,000
test images. HALP's ResNet at 40 % and the two CIFAR-10 networks were fine-tuned by the same recipe, on one
core. The Fashion-MNIST networks were also pruned in steps ("iterated": score, solve, repair,
score again), on another processor than theirs, so that these latencies are the tables'; each seed stands for
other images in every step. EfficientNet-Lite0, too, was timed on another processor than its
tables'; its plans are repaired with 256 pictures, which takes three quarters of an hour a seed.

The three studies that were timed on the EPYC of model 1 were timed once more on one of model 17, which
their tables do not know (the same command, into an empty folder). There, repaired, ours is first or within
the interval of the first at 28 of the 30 points of the five networks. It is behind at two, both of the
CIFAR-10 ResNet-20: at 30 % (greedy is 7.7 points ahead) and at 20 % (with blocks, linear: 3.2). So profile
where you deploy. Of Torch-Pruning's networks, those that have no latency below take there 93, 83, 72, 63,
56 and 42 % of the dense one (CIFAR-10 ResNet-20) and 87, 73, 67, 62, 53 and 44 % (Fashion-MNIST ViT).

Where ours is behind, it is mostly as cut, and this is why: the importance of the two ViTs is what a
decision costs once it is [repaired](../explanation/importance.md), so that their plans are chosen for that.
That of the others is what each decision costs alone, as cut; the more of a network goes, the less its sum
says.
"""


def main() -> None:
    files = sorted((SHIPPED / "comparisons").glob("*.json"))
    PAGE.write_text(page([read_comparison(path) for path in files]), encoding="utf-8")
    print(PAGE)
    claims_of_course.main()


def page(found: Sequence[Comparison]) -> str:
    """The whole page as Markdown."""
    parts = [HEAD]
    for one in found:
        seeds = f"Repaired with {seeds_words(one)} of images. " if any(p.repaired for p in one.points) else ""
        parts.append(f"## {one.study}\n")
        parts.append(
            f"Dense: {_percent(one.dense)} of {one.images:,} test images, {one.dense_measured or 0:.1f} ms. "
            f"The data set is {one.data}. {seeds}{one.device}.\n"
        )
        for stage, words in STAGES.items():
            if any(p.accuracy(stage) is not None for p in one.points):
                parts.append(f"Per cent right, {words}, and measured latency in per cent of dense:\n")
                parts.append(table(one, stage))
        parts += [f"{words}\n" for words in (pending_words(one),) if words]
        parts.append(standing_words(one))
    parts.append(claims(found))
    return "\n".join(parts).rstrip() + "\n"


def seeds_words(one: Comparison) -> str:
    """With how many seeds the plans were repaired: "1 seed", "3 seeds", "1 to 2 seeds (mean)"."""
    every = [len(p.repaired) for p in one.points if p.repaired]
    least, most = min(every, default=0), max(every, default=0)
    span = "" if least == most else f"{least} to "
    return span + many(most, "seed") + " (their mean)" * (most > 1)


def table(one: Comparison, stage: str) -> str:
    """A row a method, a column a budget: accuracy (share of the dense latency, as measured)."""
    budgets = sorted({p.budget for p in one.points}, reverse=True)
    dense = one.dense_measured
    lines = [
        "| method | " + " | ".join(f"{100 * b:.0f} %" for b in budgets) + " |",
        "|---|" + "--:|" * len(budgets),
    ]
    for method in one.methods():
        cells = []
        for budget in budgets:
            points = [p for p in one.points if (p.method, p.budget) == (method, budget)]
            value = points[0].accuracy(stage) if points else None
            if value is None:
                cells.append("no plan" if budget in one.nothing.get(method, ()) else "–")
                continue
            cells.append(f"{100 * value:.1f}{_at(points[0], dense)}")
        if any(cell not in ("–", "no plan") for cell in cells) or stage == "cut":
            lines.append(f"| {NAMES.get(method, method)} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _at(point: MethodPoint, dense: float | None) -> str:
    """A network's latency, in brackets: measured in per cent of dense, or that the tables alone tell it."""
    if point.measured and dense:
        return f" ({100 * point.measured / dense:.0f})"
    return " (by tables)" if point.predicted is not None else ""


def standing_words(one: Comparison) -> str:
    """Who is first at equal latency, and where ours is not."""
    lines = []
    for stage, words in STAGES.items():
        found = standings(one, stage)
        if not found:
            continue
        first = sum(s.verdict in ("first", "alone") for s in found)
        within = sum(s.verdict == "within" for s in found)
        text = f"- {words}: first at {first} of {many(len(found), 'point')}, "
        text += f"within the 95 % interval of the first at {within}."
        behind = [
            f"{NAMES.get(s.rival, s.rival)} by {_points((s.best or 0) - s.ours)} at {100 * s.budget:.0f} %"
            for s in found
            if s.verdict == "behind"
        ]
        lines.append(text + (f" Behind {'; '.join(behind)}." if behind else ""))
    return (
        "At equal measured latency, ours against the best of the others between its own points:\n\n"
        + "\n".join(lines)
        + "\n"
    )


def claims(found: Sequence[Comparison]) -> str:
    """The paper's claims, one by one, with what these data say."""
    rows = [
        "## The paper's claims\n",
        "| the paper (arXiv 2504.02168) | here | verdict |",
        "|---|---|---|",
        _row(
            "Better than earlier methods at equal latency",
            "; ".join(_won(one) for one in found if standings(one)) or "not measured yet",
            _verdict([share_won(standings(one)) for one in found if standings(one)], 0.9),
        ),
        _row(
            "Better than HALP on ResNet-50: 28 % faster with 1.4 points more top-1 on ImageNet",
            _against(found, "halp", "ResNet"),
            "the relation: "
            + _relation(found, "halp", "ResNet")
            + "; the figures: not testable here (ImageNet)",
        ),
        _row(
            "Better than Isomorphic Pruning on DeiT: 37 % faster with 0.7 points more on ImageNet",
            _against(found, "isomorphic", "ViT"),
            "the relation: "
            + _relation(found, "isomorphic", "ViT")
            + "; the figures: not testable here (ImageNet)",
        ),
        _row(
            "Blocks and channels together are better than channels alone",
            _against(found, CHANNELS, ""),
            _relation(found, CHANNELS, ""),
        ),
        _row(
            "Latency tables of several dimensions are better than linear ones",
            _against(found, LINEAR, ""),
            _relation(found, LINEAR, ""),
        ),
        _row("The gain is largest at high ratios", _high(found), _high_verdict(found)),
        _row(
            "3-D detection: StreamPETR 1.18 times as fast at mAP 0.451 (dense 0.449)",
            "a small one of its kind on synthetic drives, "
            "[beside HALP](detectors.md#three-dimensions-streampetrs-kind)",
            "the figures: not testable here (nuScenes)",
        ),
    ]
    return "\n".join(rows) + "\n"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _won(one: Comparison) -> str:
    found = standings(one)
    share, points = share_won(found), many(len(found), "point")
    won = f"all {points}" if share == 1 else f"{100 * share:.0f} % of {points}"
    return f"{one.study}: first, or within the interval of the first, at {won}, repaired"


def gains(one: Comparison, method: str, stage: str = "repaired") -> list[tuple[float, float]]:
    """(budget, points that ours is ahead of a method at equal measured latency), slowest first."""
    found = []
    for point in reversed(one.of("exact", stage)):
        theirs = accuracy_at(one, method, stage, point.latency or 0.0)
        if theirs is not None:
            found.append((point.budget, 100 * ((point.accuracy(stage) or 0.0) - theirs)))
    return found


def _of(found: Sequence[Comparison], words: str) -> list[Comparison]:
    return [one for one in found if words in one.study]


def _against(found: Sequence[Comparison], method: str, words: str) -> str:
    told = []
    for one in _of(found, words):
        ahead = gains(one, method)
        if ahead:
            each = ", ".join(f"{_signed(gain)} at {100 * budget:.0f} %" for budget, gain in ahead)
            told.append(f"{one.study}, repaired, points at equal latency: {each}")
    return "; ".join(told) or "not measured yet"


def _relation(found: Sequence[Comparison], method: str, words: str) -> str:
    every = [(one, gain) for one in _of(found, words) for _, gain in gains(one, method)]
    if not every:
        return "not measured yet"
    noise = [100 * (one.interval(one.dense)[1] - one.interval(one.dense)[0]) / 2 for one, _ in every]
    ahead = sum(gain > 0 for _, gain in every)
    worse = sum(gain < -n for (_, gain), n in zip(every, noise, strict=True))
    clear = sum(gain > n for (_, gain), n in zip(every, noise, strict=True))
    text = f"clearly ahead at {clear}, clearly behind at {worse} of {many(len(every), 'point')}"
    if ahead >= 0.9 * len(every) and clear:
        return f"reproduced: {text}"
    return f"{'reproduced in part' if clear and not worse else 'not reproduced'}: {text}"


def _verdict(shares: Sequence[float], least: float) -> str:
    if not shares:
        return "not measured yet"
    return "reproduced" if min(shares) >= least else "not reproduced everywhere"


def _high(found: Sequence[Comparison]) -> str:
    told = []
    for one in found:
        best = [(s.budget, 100 * (s.ours - s.best)) for s in standings(one) if s.best is not None]
        if len(best) > 1:
            (b0, g0), (b1, g1) = best[0], best[-1]
            told.append(
                f"{one.study}, ahead of the best other: {_signed(g0)} at {100 * b0:.0f} %, {_signed(g1)} at "
                f"{100 * b1:.0f} %"
            )
    return "; ".join(told) or "not measured yet"


def _high_verdict(found: Sequence[Comparison]) -> str:
    pairs = [[s.ours - s.best for s in standings(one) if s.best is not None] for one in found]
    pairs = [p for p in pairs if len(p) > 1]
    if not pairs:
        return "not measured yet"
    return "reproduced" if all(p[-1] > p[0] for p in pairs) else "not reproduced"


def _signed(points: float) -> str:
    return "0" if abs(points) < 0.05 else f"{points:+.1f}".replace("-", "−")


def _points(share: float) -> str:
    return f"{100 * share:.1f} points"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


if __name__ == "__main__":
    main()
