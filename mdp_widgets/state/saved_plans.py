"""Plans kept under a name: one `mdp-plan/1` file each, in a folder of the study among the user's data.

The file is a plan that `mdp extract --plan` takes too. Its name is the plan's name with what no file name may
hold written as %XX.
"""

import contextlib
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path
from urllib.parse import quote, unquote

from mdp import jobs
from mdp.core.errors import MdpError
from mdp.core.files import read_json
from mdp.core.names import readable
from mdp.core.pins import pins_from_text, pins_text
from mdp.core.plan import Plan, plan_from_json, save_plan
from mdp.core.plan_accuracy import as_measured
from mdp.core.study import StudyRecord
from mdp.core.study_files import plans_folder
from mdp.solve import Pins, check_claim

LONGEST = 200  # bytes of a file name, the rest is for the file system


@dataclass(frozen=True)
class Named:
    """One saved plan. `error` is a sentence where it cannot be used; then there is no plan."""

    name: str
    plan: Plan | None
    pins: Pins
    error: str = ""


def folder_of(study: StudyRecord) -> Path:
    """Where the named plans of a study are."""
    return plans_folder(study.name)


def list_named(study: StudyRecord) -> list[Named]:
    """The plans of a study by name; a damaged one, or one of other tables, says so in `error`."""
    names = sorted({unquote(p.stem) for p in _files(study, "*.json")}, key=str.casefold)
    return [_read(study, name) for name in names]


def _files(study: StudyRecord, pattern: str) -> list[Path]:
    """The files of plans, also where earlier versions kept them: there with those of names written alike."""
    mine = folder_of(study)
    former = mine.with_name(readable(study.name))
    found = [*mine.glob(pattern)]
    if former != mine:
        found += [path for path in former.glob(pattern) if _is_of(study, path)]
    return [path for path in found if not path.name.startswith(".")]


def _is_of(study: StudyRecord, path: Path) -> bool:
    try:
        return read_json(path)["problem"] == study.problem.name
    except (MdpError, KeyError, TypeError):
        return False


def _read(study: StudyRecord, name: str) -> Named:
    try:
        return load_named(study, name)
    except MdpError as error:
        return Named(name, None, Pins(), str(error))


def load_named(study: StudyRecord, name: str) -> Named:
    """Raises MdpError: there is none of this name, its file is damaged, or it fits other tables."""
    path = _path(study, name)
    data = read_json(path, f"plan {name!r}")
    plan = plan_from_json(data, f"plan {name!r} ({path})")
    check_claim(plan, study.problem)
    return Named(name, as_measured(study, plan), pins_from_text(plan.pins, study.problem))


def save_named(study: StudyRecord, name: str, plan: Plan, pins: Pins) -> Named:
    """Keep a plan under a new name. Raises MdpError: no name, one that is taken, or no place to write."""
    jobs.refuse_visitors()
    name = _checked(study, name)
    plan = replace(plan, pins=pins_text(pins))
    save_plan(plan, _path(study, name))
    return Named(name, plan, pins)


def rename_named(study: StudyRecord, name: str, to: str) -> str:
    """Give a plan another name and return it. Raises MdpError as `save_named`, or where there is none."""
    if to.strip() == name:
        return name
    jobs.refuse_visitors()
    to = _checked(study, to)
    try:
        _path(study, name).rename(_path(study, to))
    except FileNotFoundError:
        raise MdpError(f"There is no plan {name!r} any more; it was deleted or renamed elsewhere.") from None
    except OSError as error:
        raise MdpError(f"The plan {name!r} could not be renamed: {error.strerror}.") from None
    return to


def delete_named(study: StudyRecord, name: str) -> None:
    """Delete a plan; one that is gone already is no error."""
    jobs.refuse_visitors()
    try:
        with contextlib.suppress(FileNotFoundError):
            _path(study, name).unlink()
    except OSError as error:
        raise MdpError(f"The plan {name!r} could not be deleted: {error.strerror}.") from None


def _path(study: StudyRecord, name: str) -> Path:
    """The file of a plan; where there is none, the one that it would have."""
    file = f"{quote(name, safe=' ')}.json"
    return next(iter(_files(study, escape(file))), folder_of(study) / file)


def _checked(study: StudyRecord, name: str) -> str:
    name = " ".join(name.split())
    if not name or name.startswith("."):
        raise MdpError("Give the plan a name that does not begin with a dot.")
    if len(_path(study, name).name) > LONGEST:
        raise MdpError("This name is too long for a file. Choose a shorter one.")
    if _path(study, name).exists():
        raise MdpError(f"There is a plan {name!r} already. Choose another name, or delete that one first.")
    return name
