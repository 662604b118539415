"""One step as a page: question, prediction, then the figure, the check and the sentence to take along."""

from collections.abc import Callable

import ipywidgets as widgets

from mdp.core.errors import MdpError

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..theme.markup import Markup, html
from .glossary import with_terms
from .question import Question
from .steps import Step

# What a study of an odd shape may lead to: no blocks, one width, no table over two dims.
ODD = (MdpError, ValueError, ArithmeticError, LookupError)
Figure = Callable[[ExplorerState], widgets.Widget]


class StepPage:
    """`.widget` is the page; what comes after the prediction is made when it is given.

    Attributes:
        prediction, check: the questions.
        figure: the figure, or None before the prediction.
    """

    def __init__(self, selection: ExplorerState, step: Step, number: int, figure: Figure, study: str):
        self.selection, self.step, self._make = selection, step, figure
        self.figure: widgets.Widget | None = None
        self.prediction = Question(step.prediction, study, number, lambda _: self.reveal())
        self.check = Question(step.check, study, number)
        self.after = widgets.VBox()
        self.after.add_class("mdp-after")
        self.widget = widgets.VBox([widgets.HTML(head_html(step, number)), self.prediction, self.after])
        self.widget.add_class("mdp-step")

    def reveal(self) -> None:
        """Show the figure and the check; once."""
        if self.figure is not None:
            return
        try:
            self.figure = self._make(self.selection)
        except ODD as error:
            self.figure = ui.sentence(cannot(error), "error")
        along = widgets.HTML(along_html(self.step))
        task = widgets.HTML(html('<p class="mdp-task">{text}</p>', text=with_terms(self.step.task)))
        self.after.children = (task, self.figure, self.check, along)


def cannot(error: Exception) -> str:
    """Why a page shows nothing of this study, in a sentence."""
    why = str(error) if isinstance(error, MdpError) else "The study has nothing of what it shows."
    return f"This cannot be made of the study in view. {why} Choose another study, or go on to the next step."


def head_html(step: Step, number: int) -> Markup:
    """Title, goal and question."""
    return html(
        '<div class="mdp-step-head"><h2>{number}. {title}</h2><p class="mdp-goal"><b>Goal.</b> {goal} '
        '<span class="mdp-minutes">{minutes} min</span></p><p class="mdp-ask">{question}</p></div>',
        number=number,
        title=step.title,
        goal=with_terms(step.goal),
        minutes=step.minutes,
        question=with_terms(step.question),
    )


def along_html(step: Step) -> Markup:
    """The sentence to take along."""
    return html('<p class="mdp-along"><b>Take along.</b> {text}</p>', text=with_terms(step.along))
