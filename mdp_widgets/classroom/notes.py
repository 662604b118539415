"""What the teacher wants to know of each step, and the time plan. The words that pupils read are the
course's own."""

from dataclasses import dataclass

# Minutes of the whole, and of what comes before and after the six steps; the contest has the rest.
WHOLE, WELCOME, CONTEST = 45, 3, 6


@dataclass(frozen=True)
class Note:
    """Notes to one step.

    Attributes:
        say: what opens it.
        ask: what to ask the room once the guesses are in.
        wrong: what pupils get wrong, and what helps.
    """

    say: str
    ask: str
    wrong: str

    @property
    def lines(self) -> list[list[str]]:
        """(what it is, words) of each."""
        return [["Say", self.say], ["Ask", self.ask], ["What goes wrong", self.wrong]]


NOTES = (
    Note(
        "We cut a network until half of its arithmetic is left. Before you look: how much of its "
        "time is left?",
        "Who said half? What else does a layer do besides multiplying? (It reads, writes, starts.)",
        "Many think that time is arithmetic. Let them cut the widths of queries and keys: the "
        "arithmetic falls "
        "and the time does not.",
    ),
    Note(
        "Every cut hurts, but not alike. Which of these would you never do?",
        "Why does the worst cut hurt so much? Who depends on it?",
        "Importance is taken for a size: the largest layer is not the one that matters most. Point at the "
        "curve: its first half holds nearly all.",
    ),
    Note(
        "A layer stays as wide as it is. Only what feeds it shrinks. Does its time change?",
        "If a price list knows only a layer's own width, what does it get wrong, and in which direction?",
        "The surface is read as two separate curves. Have them walk along one edge, then along the other.",
    ),
    Note(
        "A whole block, or a little of every block: what would you give away?",
        "Did anybody expect so many blocks to go? What did they cost, and what did they hold?",
        "Removing a block is taken for a special kind of narrow block. A narrow block still costs its start.",
    ),
    Note(
        "There are more networks here than stars in the sky. How long does the best one take to find?",
        "What does the solver know that we did not use by hand?",
        '"Proven" is heard as "trained" or as "tested". It is neither: it is about the sum of the tables.',
    ),
    Note(
        "The plan is proven. What do you bet on its accuracy?",
        "What was proven, then, and what was only estimated? What brings accuracy back?",
        "Some now think that the method does not work. Show the repaired line: seconds, no labels.",
    ),
)

CONTEST_NOTE = Note(
    "You have the budget, the sliders and six minutes. Beat the solver; your best network counts.",
    "Who is close in points, and what did the solver do otherwise? Compare points with accuracy: does the "
    "network with more importance get more images right?",
    "All narrow everything alike. Let them take a whole block out and spend its time elsewhere. Round 3 is "
    "not solved by pruning harder: have them take the wishes away one by one.",
)
