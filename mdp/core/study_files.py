"""The user's studies as files: renamed and deleted, with what belongs to them.

To a study belong its named plans, and the plan that `mdp enforce` leaves beside it. Pruned networks are found
by the tables and scores that they were made with, whatever the study is called: they stay.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from .errors import MdpError
from .names import digest, slug
from .paths import data_dir
from .study import find_study, list_studies, load_study, save_study
from .study_record import StudyRecord

PLAN = ".plan.json"  # what `mdp enforce` leaves beside its study


def plan_beside(path: str | os.PathLike) -> Path:
    """Where the plan that was made with a study is, beside the study's own file."""
    return Path(path).with_suffix(PLAN)


def plans_folder(name: str) -> Path:
    """Where the named plans of the study of this name are."""
    return data_dir() / "user" / "plans" / slug(name)


def not_yours(study: StudyRecord) -> str:
    """Why a study can be neither renamed nor deleted, as a sentence; "" where it can."""
    mine = data_dir() / "user" / "studies"
    if study.path is None:
        return f"{study.name} was not saved: it has no file that could be renamed or deleted."
    if Path(study.path).resolve().parent != mine.resolve():
        return (
            f"{study.name} is not among your studies in {mine}: it came along, or lies elsewhere, and stays "
            "as it is."
        )
    return ""


def plans_of(study: StudyRecord) -> list[Path]:
    """The named plans of a study, which are renamed and deleted with it."""
    return sorted(plans_folder(study.name).glob("*.json"))


def delete_study(name: str | os.PathLike) -> Path:
    """Delete one of the user's studies with its plans, by its name or path, and return where it was.

    Raises:
        MdpError: there is none, it is not among the user's, or it cannot be deleted.
    """
    path = _of_user(name)
    study = _readable(path)
    with _said(f"The study {path} could not be deleted"):
        path.unlink()
        plan_beside(path).unlink(missing_ok=True)
        if study is not None and not _named(study.name):
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(plans_folder(study.name))
    return path


def rename_study(name: str | os.PathLike, to: str) -> Path:
    """Give one of the user's studies another name, and the file of that name; returns its path. Its plans
    follow.

    Raises:
        MdpError: there is none, it is not among the user's, the new name is taken, or it cannot be written.
    """
    path, to = _of_user(name), given_name(to)
    study = load_study(path)
    if to == study.name:
        return path
    if _named(to):
        raise MdpError(f"A study cannot be called {to!r}: another one is.")
    new = path.parent / f"{slug(to)}.json"
    if new.exists() and new != path:  # of another name: somebody called its file so
        new = path.parent / f"{slug(to)}-{digest(to + str(path))}.json"
    save_study(replace(study, name=to), new)
    with _said(f"The study is called {to!r} now, but not all of its files could be moved"):
        before, after = plans_folder(study.name), plans_folder(to)
        if before.is_dir() and not after.exists():
            before.rename(after)
        if plan_beside(path).is_file() and new != path:
            plan_beside(path).rename(plan_beside(new))
        if new != path:
            path.unlink(missing_ok=True)
    return new


def given_name(name: str) -> str:
    """A study's name as it was typed, without needless blanks. Raises MdpError where nothing is left."""
    name = " ".join(name.split())
    if not name:
        raise MdpError("A study needs a name.")
    return name


def _named(name: str) -> list[str]:
    return [s["path"] for s in list_studies() if s["name"] == name]


def _readable(path: Path) -> StudyRecord | None:
    """The study, None where its file is damaged: that can be deleted too."""
    try:
        return load_study(path)
    except MdpError:
        return None


@contextlib.contextmanager
def _said(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MdpError(f"{what}: {error.strerror}.") from None


def _of_user(name: str | os.PathLike) -> Path:
    """The file of one of the user's studies."""
    path = Path(name)
    path = path if len(path.parts) > 1 or os.path.exists(path) else find_study(str(name)) or path
    if not os.path.isfile(path):
        raise MdpError(f"There is no study {str(name)!r}.")
    mine = data_dir() / "user" / "studies"
    if path.resolve().parent != mine.resolve():
        raise MdpError(f"{path} is not among your studies in {mine}; it stays as it is.")
    return path
