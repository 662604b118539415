"""Latency tables as a file, `mdp-tables/1`: made on one machine, built into a study on another. No torch.

Whatever unit of time the file gives, what is read is in ms.
"""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

from .deployment import RUNTIMES, launched_by
from .errors import BadFile, MdpError
from .files import read_json, said_format, write_json
from .how_found import how_found
from .model_ref import ModelRef, built_as, model_from_json, model_to_json
from .names import slug
from .paths import data_dir
from .problem import Problem, problem_from_json, problem_to_json
from .space import Space
from .study import Tables, load_study
from .units import check_times, in_ms

FORMAT = "mdp-tables/1"


@dataclasses.dataclass(frozen=True, eq=False)
class SavedTables:
    """Tables with the model and the widths that they are of.

    Attributes:
        options: dim -> kept units along the axes of the tables.
    """

    tables: Tables
    model: ModelRef
    options: Mapping[str, tuple[int, ...]]
    path: Path | None = None


def save_tables(tables: Tables, model: ModelRef, space: Space, path: str | os.PathLike | None = None) -> Path:
    """Write tables (default: into the user's folder of tables) and return where."""
    if path is None:
        p = tables.provenance
        words = [model.name, built_as(model), p["device"], p["dtype"], f"batch {p['batch']}"]
        name = slug(" ".join([*words, *how_timed(tables)]))
        path = data_dir() / "user" / "tables" / f"{name}.json"
    # The terms travel as a problem without importance, so that one reader checks them all.
    body = Problem(space.model, "ms", tuple(d.as_dim() for d in space.dims), space.blocks, tables.terms, ())
    return write_json(
        path,
        {
            "format": FORMAT,
            "model": model_to_json(model),
            "provenance": dict(tables.provenance),
            "details": dict(tables.details),
            "latency": problem_to_json(body),
        },
    )


def load_tables(
    path: str | os.PathLike,
    *,
    model: str | None = None,
    device: str | None = None,
    batch: int | None = None,
    dtype: str | None = None,
    input_size: tuple[int, int, int] | None = None,
    classes: int | None = None,
) -> SavedTables:
    """Read tables; what is named must be what they were measured for.

    Raises:
        BadFile: the file is missing or damaged, or holds what cannot be a time (see mdp.core.units).
        MdpError: it is of another model, device, batch, dtype, input size or number of classes.
    """
    path = Path(path)
    data = read_json(path, "file of latency tables")
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BadFile(f"{path} is not an {FORMAT} file of latency tables{said_format(data)}.")
    where = f"file of latency tables {path}"
    problem = in_ms(problem_from_json(data.get("latency"), where), where)
    try:
        ref = model_from_json(data["model"])
        provenance, details = dict(data["provenance"]), dict(data["details"])
        found = {"model": ref.name, **{key: provenance[key] for key in ("device", "batch", "dtype")}}
    except (KeyError, TypeError, ValueError) as error:
        raise BadFile(f"The tables {path} are damaged: {type(error).__name__} at {error}.") from None
    check_times(problem, where, details)
    if type(found["batch"]) is not int or not all(isinstance(found[key], str) for key in ("device", "dtype")):
        raise BadFile(f"The tables {path} do not say for which device, batch and dtype they were measured.")
    found |= {"input size": ref.input_size, "classes": ref.classes}
    asked = {"model": model, "device": device, "batch": batch, "dtype": dtype}
    for what, wanted in {**asked, "input size": input_size, "classes": classes}.items():
        if wanted is not None and found[what] != wanted:
            raise MdpError(
                f"The tables {path.name} were measured for {what} {found[what]}, not {wanted}. "
                "Profile that, or choose other tables."
            )
    options = {dim.name: dim.options for dim in problem.dims}
    return SavedTables(Tables(problem.latency, provenance, details), ref, options, path)


def tables_at(path: str | os.PathLike, model: str | None = None) -> Tables:
    """Those of a file of tables, or of a study (its path or name), of one `model` or of any.

    Raises:
        MdpError: there is no such file, it is damaged, or of another model.
    """
    try:
        return load_tables(path, model=model).tables
    except BadFile:
        study = load_study(path)
    if model is not None and study.model.name != model:
        raise MdpError(f"The study {study.name!r} is of {study.model.name}, not of {model}.")
    return study.tables


def how_timed(tables: Tables) -> tuple[str, ...]:
    """What was not done the usual way, in words: the runtime unless eager, "attention split", both, or ()."""
    runtime = launched_by(tables.provenance.get("launch"))
    split = how_found((), (term.name for term in tables.terms))["attention"] == "split"
    return (runtime,) * (runtime != RUNTIMES[0]) + ("attention split",) * split


def list_tables(model: str | None = None) -> list[SavedTables]:
    """The user's saved tables, newest first, of one model or of all; damaged files are left out."""
    found = []
    folder = data_dir() / "user" / "tables"
    for path in sorted(folder.glob("*.json"), key=lambda p: p.stat().st_mtime, reverse=True):
        try:
            found.append(load_tables(path, model=model))
        except MdpError:
            continue
    return found


def fit_space(space: Space, saved: SavedTables) -> Space:
    """The space with the widths that the tables offer, whose width steps may have been others.

    Raises:
        MdpError: the tables are of another model: a dim is missing, unknown, or of another width.
    """
    mine = {dim.name: dim for dim in space.dims}
    stranger = min(set(mine) ^ set(saved.options), default=None)
    if stranger is None:
        stranger = next((n for n, o in saved.options.items() if o[-1] != mine[n].units), None)
    if stranger is not None:
        raise MdpError(
            f"The tables are of another model: dim {stranger!r} is not the same in them and in "
            f"{space.model}. Profile this model."
        )
    dims = tuple(dataclasses.replace(dim, options=saved.options[dim.name]) for dim in space.dims)
    return dataclasses.replace(space, dims=dims)
