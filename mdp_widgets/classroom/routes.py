"""The addresses of a class, as the server registers them."""

from pathlib import Path
from typing import Any

from .desk import Desk
from .handlers import Answers, Direct, Join, Results, State
from .lesson import LessonSource
from .page_handlers import Asset, Exercises, Paper, Phone, Solutions, Teacher
from .pages import ASSETS
from .service import Service


def class_routes(base: str, join: str, desk: Desk | None, notebooks: Path) -> list[tuple[Any, ...]]:
    """All of them below `base`. Without a `desk` no class is running, and only what is printed is there.

    `join` is the link that the teacher shows to the room.
    """
    service = Service(desk, LessonSource())
    if desk is not None:
        service.warm_up()
    one, page = {"service": service}, {"service": service, "base": base}
    routes = [
        ("class/join", Join, one),
        ("class/answer", Answers, one),
        ("class/state", State, one),
        ("class/teacher", Direct, one),
        (r"class/results\.(csv|json)", Results, one),
        ("class/?", Phone, page),
        ("class/(handout|worksheet)", Paper, page),
        (r"class/exercises\.ipynb", Exercises, {**page, "notebook": notebooks / "exercises.ipynb"}),
        (
            r"teacher/solutions\.ipynb",
            Solutions,
            {**one, "notebook": notebooks / "solutions" / "exercises.ipynb"},
        ),
        ("teacher/?", Teacher, {**page, "join": join}),
        ("teacher/(answers)", Teacher, {**page, "join": join}),
        (f"mdp/({'|'.join(name.replace('.', '[.]') for name in ASSETS)})", Asset, {}),
    ]
    return [(base + path, handler, words) for path, handler, words in routes]
