"""The third round: wishes that contradict the budget, and the one of them that does. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from mdp.core.errors import MdpError
from mdp.core.pins import Pins
from mdp.core.problem import Problem
from mdp.plot import formats as fmt
from mdp.solve import fastest

from ..quiz import Option, Quiz

# How much clearer than the second the guilty wish must be.
CLEAR = 1.05
# So many sets of wishes are tried at most.
TRIES = 40


@dataclass(frozen=True)
class Wish:
    """Something that somebody insists on: words, and the pins that it is."""

    text: str
    pins: Pins


@dataclass(frozen=True)
class Impossible:
    """Three wishes that no plan meets within the budget; without `guilty`, plans exist."""

    wishes: tuple[Wish, ...]
    guilty: int
    budget: float
    least: float


def wishes_of(problem: Problem) -> list[Wish]:
    """A dim stays as wide as it is; a block stays, at full width."""
    found = [
        Wish(f"{d.name} stays at {d.options[-1]}", Pins(dims={d.name: (d.options[-1], d.options[-1])}))
        for d in problem.dims
        if len(problem.dim_blocks[d.name]) != 1 and len(d.options) > 1
    ]
    for block in problem.blocks:
        own = [d for d in problem.dims if problem.dim_blocks[d.name] == {block.name}]
        dims = {d.name: (d.options[-1], d.options[-1]) for d in own}
        kept = {block.name: True} if block.removable else {}
        if dims or kept:
            found.append(Wish(f"{block.name} stays, and at full width", Pins(dims=dims, blocks=kept)))
    return found


def impossible(problem: Problem) -> Impossible | None:
    """Three wishes of which exactly one is to blame; None where the problem has no such three."""
    wishes = wishes_of(problem)
    alone = {id(w): _least(problem, [w]) for w in wishes}
    # The dearest first; beside it cheap ones.
    wishes.sort(key=lambda w: -alone[id(w)])
    for n, three in enumerate(_threes(wishes)):
        if n >= TRIES:
            break
        least = _least(problem, three)
        without = [_least(problem, [w for w in three if w is not out]) for out in three]
        gains = sorted(((least - left, i) for i, left in enumerate(without)), reverse=True)
        (most, guilty), (second, _) = gains[0], gains[1]
        if most > CLEAR * max(second, 0.0) and most > 0.01 * problem.dense_latency:
            order = sorted(range(3), key=lambda i: three[i].text)
            shown = tuple(three[i] for i in order)
            return Impossible(shown, order.index(guilty), least - (most + max(second, 0.0)) / 2, least)
    return None


def _threes(wishes: list[Wish]) -> Iterator[tuple[Wish, Wish, Wish]]:
    for first in wishes:
        others = [w for w in reversed(wishes) if w is not first]
        for pair in combinations(others[: len(wishes) // 2 + 1], 2):
            yield (first, *pair)


def _least(problem: Problem, wishes) -> float:
    """The smallest latency under these wishes."""
    return fastest(problem, together(wishes)).latency


def together(wishes) -> Pins:
    """The pins of several wishes."""
    pins = Pins()
    for wish in wishes:
        pins = pins.merged(wish.pins)
    return pins


def why(problem: Problem, found: Impossible) -> Quiz:
    """The question about it."""
    unit = problem.latency_unit
    ms = fmt.ms(found.budget, unit)
    options = []
    for i, wish in enumerate(found.wishes):
        try:
            left = _least(problem, [w for w in found.wishes if w is not wish])
        except MdpError:
            continue
        words = f"Without it the fastest plan takes {fmt.ms(left, unit)}, still over {ms}. Take each away."
        options.append(Option(str(i), wish.text, words))
    options.append(
        Option("none", "None: without any one of them it is still impossible", "Take each of them away.")
    )
    guilty = found.wishes[found.guilty]
    left = _least(problem, [w for w in found.wishes if w is not guilty])
    return Quiz(
        "contest-3",
        "contest",
        f"All three together are impossible within {ms}. Which single wish must go, so that a plan exists?",
        tuple(options),
        str(found.guilty),
        f"Without “{guilty.text}” the fastest plan takes {fmt.ms(left, unit)}, with all three "
        f"{fmt.ms(found.least, unit)}.",
    )
