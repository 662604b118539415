"""The words of the lesson, for the handout: its signs, and what the lesson uses of the course's glossary."""

from ..teach.glossary import glossary

SIGNS = (
    ("Ψ", "The latency budget."),
    ("I, T", "The importance of each width, and the latency table of each part."),
)
# Words of the explorer that nobody needs in the lesson.
NOT_TAUGHT = {
    "Deployment", "Extract", "Family", "Mask", "Segment", "Skipped", "Study", "Unit", "Verify", "Width step",
}  # fmt: skip


def words() -> list[tuple[str, str]]:
    """(word, meaning), the signs first."""
    every = glossary().items()
    lower = [(word, means) for word, means in every if word.islower() and len(word) == 1]
    return [*SIGNS, *lower, *((w, m) for w, m in every if w not in NOT_TAUGHT and (w, m) not in lower)]
