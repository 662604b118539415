"""A study: one model with its measured latency tables and importance scores, joined into a Problem.

The file format is `mdp-study/1`, JSON; docs/reference/study-file.md describes it. Reading one needs no torch.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from .deployments import deployed
from .errors import BadFile, MdpError
from .files import read_json, write_json
from .given import must_be
from .json_head import read_head
from .model_ref import ModelRef
from .names import readable, slug
from .near import did_you_mean
from .paths import data_dir, study_dirs
from .study_json import FORMAT, study_from_json, study_to_json
from .study_record import Scores, StudyRecord, Tables, build_study, counted_tables, interpolation_note

# What other rooms ask a study's module for.
__all__ = [
    "FORMAT", "ModelRef", "Scores", "StudyRecord", "Tables", "build_study", "counted_tables", "find_study",
    "interpolation_note", "list_studies", "load_study", "save_study", "study_from_json", "study_to_json",
]  # fmt: skip


def load_study(path: str | os.PathLike) -> StudyRecord:
    """Read a study from a path, or by the name of one in the study folders; `NAME@laptop` is the study with
    its budget in the latency of that deployment.

    Raises:
        BadFile: it is missing or damaged.
        MdpError: it has no deployment of this name.
    """
    path = _found(path)
    base, _, name = str(path).rpartition("@")
    # One name at most, and none with a slash: folders have at signs, too.
    if base and name and Path(name).name == name and not os.path.exists(path):
        return deployed(_read(_found(base)), name)
    return _read(path)


def _read(path: Path) -> StudyRecord:
    return study_from_json(read_json(path, "study"), f"study {path}", path)


def _found(named: str | os.PathLike) -> Path:
    """The path as it is, or that of the study of this name. Raises BadFile for a name that none has."""
    path = Path(named)
    if os.path.exists(path) or len(path.parts) != 1:
        return path
    found = find_study(str(path))
    if found is None and path.name.isprintable() and "@" not in path.name and not path.suffix:
        hint = did_you_mean(path.name, [Path(s["path"]).stem for s in list_studies()])
        raise BadFile(f"There is no study {path.name!r} here: mdp studies lists those at hand.{hint}")
    return found or path


def find_study(name: str) -> Path | None:
    """The study of this name: its file's (`fmnist-vit-cpu`), else the one that people read, as it is or with
    hyphens for what no file name has (`My-ResNet` for My ResNet), where one alone is so called."""
    # os.path's tests say no to a name that is too long or holds NUL, where Path's raise.
    files = (folder / f"{name}.json" for folder in study_dirs())
    if file := next((f for f in files if os.path.exists(f)), None):
        return file
    studies = [(s["name"], Path(s["path"])) for s in list_studies() if "error" not in s]
    alike = [path for said, path in studies if readable(said) == name]
    return next((path for said, path in studies if said == name), alike[0] if len(alike) == 1 else None)


def save_study(study: StudyRecord, path: str | os.PathLike | None = None) -> Path:
    """Write a study (default: into the user's study folder) and return where.

    >>> import tempfile, mdp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mdp.save_study(mdp.load_study("fmnist-vit-cpu"), f"{folder}/mine.json").name
    'mine.json'
    """
    must_be(study, StudyRecord, "a study, as mdp.Study or mdp.load_study returns it")
    return write_json(Path(path) if path else place_of_study(study.name), study_to_json(study))


def place_of_study(name: str) -> Path:
    """Where a study of the user's with this name is."""
    return data_dir() / "user" / "studies" / f"{slug(name)}.json"


def list_studies() -> list[dict[str, Any]]:
    """List the studies at hand: name, model, device, batch, dtype, dataset (of its scores), measured (whether
    the accuracy of plans stands in it), path; a damaged one has `error` instead.

    >>> import mdp
    >>> "fmnist_vit" in [study["model"] for study in mdp.list_studies()]
    True
    """
    found: dict[str, dict[str, Any]] = {}
    for folder in study_dirs():
        for path in sorted(folder.glob("*.json")):
            if not path.name.endswith(".plan.json"):  # what `enforce` leaves beside its study
                found.setdefault(path.name, dict(_summary(path, _stamp(path))))
    return list(found.values())


def _stamp(path: Path) -> tuple[int, int]:
    """Changes when the file does; (0, 0) for one that cannot be looked at, such as a broken link."""
    try:
        state = path.stat()
    except OSError:
        return 0, 0
    return state.st_mtime_ns, state.st_size


_LISTED = ("format", "name", "model", "accuracy", "latency/provenance", "importance/provenance")


@lru_cache(maxsize=1000)
def _summary(path: Path, _stamp: tuple[int, int]) -> dict[str, Any]:
    """What the list says of a study; read again only when its file has changed.

    Its head says it. Where that does not, the whole file is read, which says what is wrong.
    """
    head = _of_head(path)
    if head is not None:
        return head
    try:
        study = load_study(path)
    except MdpError as error:
        return {"name": path.stem, "path": str(path), "error": str(error)}
    return _line(
        study.name, study.model.name, study.tables.provenance, study.scores.provenance, study.accuracy, path
    )


def _of_head(path: Path) -> dict[str, Any] | None:
    head = read_head(path, _LISTED) if path.is_file() else None
    try:
        if head is None or head["format"] != FORMAT:
            return None
        made = head["latency/provenance"], head["importance/provenance"], head["accuracy"]
        line = _line(head["name"], head["model"]["name"], *made, path)
    except (KeyError, TypeError, AttributeError):
        return None
    texts = all(isinstance(line[key], str) for key in ("name", "model", "device", "dtype"))
    return line if texts and type(line["batch"]) is int else None


def _line(
    name: str,
    model: str,
    timed: Mapping[str, Any],
    scored: Mapping[str, Any],
    accuracy: Mapping[str, Any] | None,
    path: Path,
) -> dict[str, Any]:
    facts = {key: timed[key] for key in ("device", "batch", "dtype")}
    facts["dataset"] = scored.get("dataset")
    facts["measured"] = accuracy is not None and bool(accuracy.get("plans"))
    return {"name": name, "model": model, **facts, "path": str(path)}
