"""A Quiz on the page: the pupil answers, the kernel judges, the browser remembers."""

from collections.abc import Callable, Mapping
from typing import Any

import anywidget
from traitlets import Bool, Dict, Int, List, Unicode

from ..theme import ui
from .quiz import FIRST, LATER, Quiz, Verdict, asked, judge


class Question(anywidget.AnyWidget):
    """One question of the course.

    Traits:
        study: whose memory in the browser it uses; step: its number, for a class.
        key, kind, prompt, options, unit: of the Quiz, as `asked` gives them.
        numeric: whether what is typed is a number.
        verdict: {} or what is said to the last answer: "state", "words", "value", "fresh" (it was given now,
            not remembered), "n" (how many were given), "first" and "later" (points), and after a prediction
            "right".
    """

    _esm = ui.script("theme/dom.js", "teach/progress.js", "teach/question.js")
    _css = ui.static("teach/question.css")

    study = Unicode("").tag(sync=True)
    step = Int(0).tag(sync=True)
    key = Unicode("").tag(sync=True)
    kind = Unicode("check").tag(sync=True)
    prompt = Unicode("").tag(sync=True)
    options = List().tag(sync=True)
    unit = Unicode("").tag(sync=True)
    numeric = Bool(True).tag(sync=True)
    verdict = Dict().tag(sync=True)

    def __init__(
        self,
        quiz: Quiz,
        study: str = "",
        step: int = 0,
        on_answer: Callable[[str | None], None] | None = None,
        judge_with: Callable[[Quiz, str | None], Verdict] = judge,
    ):
        super().__init__(study=study, step=step, **asked(quiz))
        self.quiz, self._on_answer, self._judge, self._given = quiz, on_answer, judge_with, 0
        self.on_msg(self._receive)

    def answer(self, value: str | None, fresh: bool = True) -> None:
        """Judge an answer; None skips a prediction."""
        said = self._judge(self.quiz, value)
        self._given += 1  # the same answer again is told again
        verdict = {"state": said.state, "words": said.words, "value": value, "fresh": fresh, "n": self._given}
        if self.kind == "prediction":
            verdict["right"] = self.quiz.right
        self.verdict = {**verdict, "first": FIRST, "later": LATER}
        if self._on_answer is not None and said.state != "unclear":
            self._on_answer(value)

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        kind, value = content.get("kind"), content.get("value")
        if kind in ("answer", "again") and (value is None or isinstance(value, str)):
            self.answer(value, fresh=kind == "answer")
