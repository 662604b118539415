"""The words of the lesson, for the handout: its signs, and the glossary that the course shows."""

from ..teach.glossary import glossary

SIGNS = (
    ("Ψ", "The latency budget."),
    ("ω", "A list of zeros with a single 1: it says which width of a dim is taken."),
    ("κ", "A switch for each block: 1 kept, 0 left out."),
    ("I, T", "The importance of each width, and the latency table of each part."),
)


def words() -> list[tuple[str, str]]:
    """(word, meaning), the signs first."""
    return [*SIGNS, *glossary().items()]
