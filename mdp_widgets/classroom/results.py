"""What the teacher keeps of a class, if they ask for it: every answer, as a table or as JSON."""

import json

from mdp.core.csv_export import csv_text

from .answers import as_text
from .room import Room

HEAD = ("nickname", "score", "step", "kind", "key", "value", "points", "tries", "late")


def results_csv(room: Room) -> str:
    """One line for each answer; one without an answer for who gave none."""
    rows = []
    for pupil in room.pupils.values():
        said = [
            (given.step, kind, key, as_text(given.value), given.points, given.tries, int(given.late))
            for (kind, key), given in pupil.answers.items()
        ]
        rows += [(pupil.nickname, pupil.score, *line) for line in said or [("",) * 7]]
    return "\ufeff" + csv_text(HEAD, [[_plain(cell) for cell in row] for row in rows])


def results_json(room: Room) -> str:
    """The same; identities of pupils are not in it."""
    people = [
        {
            "nickname": pupil.nickname,
            "score": pupil.score,
            "answers": [
                {
                    "step": given.step, "kind": kind, "key": key, "value": given.value,
                    "points": given.points, "tries": given.tries, "late": given.late,
                }
                for (kind, key), given in pupil.answers.items()
            ],
        }
        for pupil in room.pupils.values()
    ]  # fmt: skip
    return json.dumps({"format": "mdp-class/1", "pupils": people}, ensure_ascii=False, indent=1) + "\n"


def _plain(cell: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front of it."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
