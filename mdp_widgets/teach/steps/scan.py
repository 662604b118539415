"""Step 2: one dim's curve, and what every single cut does to the network."""

from mdp.core.quality import beside, importance_doubt
from mdp.core.study import StudyRecord
from mdp.plot import formats as fmt
from mdp.plot.labels import LABELS

from ..figures.units import units_info
from ..moves import Move, kind_moves, single_moves, told
from ..quiz import Option, Quiz
from .step import Step

MOST = 5
ENOUGH = 0.9


def scan(study: StudyRecord) -> Step:
    """The step of one study."""
    moves = candidates(study)
    worst = max(moves, key=harm)
    options = tuple(Option(m.name, said(m)) for m in sorted(moves, key=lambda m: m.name))
    prediction = Quiz(
        "scan-prediction",
        "prediction",
        "One of these is cut, all else stays. Which cut harms the network most?",
        options,
        worst.name,
        f"{said(worst)}: {harm_words(study, worst)}.",
    )
    return Step(
        "Not every cut hurts alike",
        "You can read a sensitivity scan, and say what the importance of a width is.",
        "Half of the heads, half of the channels of one layer, a whole block: which of them would the "
        "network miss? Try each one, alone, on images.",
        prediction,
        "Move the slider: the best units stay. Below, every single cut of this network.",
        _check(study),
        "Equal cuts do not hurt equally, so every width needs its own number: its importance.",
        7,
    )


def harm(move: Move) -> float:
    """How much a cut costs: in accuracy where that was measured, else in importance."""
    return move.lost if move.accuracy is None else -move.accuracy


def harm_words(study: StudyRecord, move: Move) -> str:
    """`accuracy falls from 87.2 % to 48.9 % (10,000 images, as cut)`, or the importance lost."""
    if move.accuracy is None:
        doubt = beside(importance_doubt(study))
        return f"{fmt.percent(move.lost)} of the importance is lost{doubt}; accuracy was not measured"
    about = told(study)
    fell = f"accuracy goes from {fmt.percent(about['dense'])} to {fmt.percent(move.accuracy)}"
    return f"{fell} ({about['images']:,} test images, as cut)"


def said(move: Move) -> str:
    """A cut as a short answer."""
    if move.what == "block":
        return f"{move.name} removed"
    if move.name.startswith("all "):
        return f"{LABELS.get(move.what, move.what)}: half, in all blocks"
    return f"{move.name}: half"


def candidates(study: StudyRecord) -> tuple[Move, ...]:
    """Cuts to choose from, of different kinds and of different harm; the worst of them stands out."""
    kinds, single = kind_moves(study), single_moves(study)
    blocks = sorted((m for m in single if m.what == "block"), key=harm)
    if len(kinds) >= 3:
        moves = [*kinds, *blocks[-1:]]
    else:
        dims = sorted((m for m in single if m.what != "block"), key=harm)
        moves = [*dims[:1], *dims[len(dims) // 2 :][:1], *dims[-1:], *blocks[:1], *blocks[-1:]]
    moves = sorted({m.name: m for m in moves}.values(), key=harm)
    worst = moves[-1]
    return (*[m for m in moves[:-1] if harm(m) < harm(worst) - 1e-3][-MOST:], worst)


def example_dim(study: StudyRecord) -> str:
    """The dim whose curve is shown: the widest with a choice between few and many units."""
    dims = [d for d in study.problem.dims if len(d.options) > 2] or list(study.problem.dims)
    return max(dims, key=lambda d: (1 < enough_at(study, d.name) < len(d.options), len(d.options))).name


def enough_at(study: StudyRecord, dim: str) -> int:
    """How many options of a dim it takes to hold nine tenths of its scores."""
    options = study.problem.dim[dim].options
    return next(
        (i + 1 for i, kept in enumerate(options) if units_info(study, dim, kept).share >= ENOUGH),
        len(options),
    )


def _check(study: StudyRecord) -> Quiz:
    dim = example_dim(study)
    options = study.problem.dim[dim].options
    right = options[enough_at(study, dim) - 1]
    share = units_info(study, dim, right).share
    return Quiz(
        "scan-check",
        "check",
        f"How many units of {dim} must stay, at least, to hold {fmt.percent(ENOUGH, 0)} of its scores?",
        (),
        str(right),
        f"The best {right} of {options[-1]} hold {fmt.percent(share)}.",
        unit=f"of {options[-1]} units",
        hints=(
            f"Fewer than {fmt.percent(ENOUGH, 0)} with so few. Choose {dim} above, and move the slider to "
            "the first width where the sentence says enough.",
            f"That is enough, but fewer are too. Choose {dim} above, and go down with the slider.",
        ),
    )
