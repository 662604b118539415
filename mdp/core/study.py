"""A study: one model with its measured latency tables and importance scores, joined into a Problem.

The file format is `mdp-study/1`, JSON; docs/reference/study-file.md describes it. Reading one needs no torch.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from .errors import BadFile, MdpError
from .files import read_json, write_json
from .model_ref import ModelRef, model_from_json, model_to_json
from .paths import data_dir, study_dirs
from .problem import Dim, Problem, Term, check, problem_from_json, problem_to_json
from .space import Product, Skipped, Space
from .units import check_times, in_ms

FORMAT = "mdp-study/1"


@dataclass(frozen=True, eq=False)
class Tables:
    """Latency terms in ms over a space, with how they were measured.

    `provenance` holds at least device, batch, dtype; and torch, driver, memory_format, threads, created.
    `details` holds, per term, whatever the profiler keeps about its entries (spread, what was inferred).
    """

    terms: tuple[Term, ...]
    provenance: Mapping[str, Any]
    details: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        p = self.provenance
        return f"Tables({len(self.terms)} terms, {p.get('device')}, batch {p.get('batch')}, {p.get('dtype')})"


def interpolation_note(tables: Tables) -> str:
    """How much of the tables was inferred, and how well by cross-validation; "" if they do not say."""
    p = tables.provenance
    try:
        entries, measured, error = int(p["entries"]), int(p["measured"]), float(p["inferred_error"])
    except (KeyError, TypeError, ValueError):
        return ""
    if measured >= entries:
        return f"All {entries} entries of the tables were measured."
    return (
        f"{measured} of the {entries} entries of the tables were measured; the others were inferred, with a "
        f"median error of {100 * error:.1f} % in the worst table (cross-validated)."
    )


@dataclass(frozen=True, eq=False)
class Scores:
    """Importance of every unit, and the order in which units are kept.

    Attributes:
        order: dim -> unit indices of the dense model, most important first; shape (units,), int.
        shares: importance per unit, in the dense model's unit order: (term name, block or None, dim) and an
            array of shape (units,). A dim may have several shares: one per layer that uses it.
        provenance: method, dataset, images, seed, created, ...; `agreement` (dim -> rank correlation between
            two disjoint halves of the images) where known.
        blocks: block -> what it is worth beyond its shares, mostly negative: where the loss without a whole
            block was measured, it is less than the sum of what its dims lose one by one. Empty for scores
            that only add up.
    """

    order: Mapping[str, np.ndarray]
    shares: tuple[tuple[str, str | None, str, np.ndarray], ...]
    provenance: Mapping[str, Any]
    blocks: Mapping[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        images = self.provenance.get("images")
        on = f", {images} images" if images else ""
        return f"Scores({len(self.order)} dims, {self.provenance.get('method')}{on})"

    def terms(self, dims: Mapping[str, Dim]) -> tuple[Term, ...]:
        """Make one importance term per share: entry i is the summed score of the top `options[i]` units. Then
        one of no dim per block that is worth more or less than its shares."""
        units = (
            Term(name, block, (dim,), _top_sums(values, self.order[dim], dims[dim].options))
            for name, block, dim, values in self.shares
        )
        whole = (
            Term(f"{b} as a whole", b, (), np.array(v, dtype=np.float64)) for b, v in self.blocks.items()
        )
        return (*units, *whole)


@dataclass(frozen=True, eq=False)
class StudyRecord:
    """What the explorer opens. `problem` is what solvers see; the rest says where it came from.

    Attributes:
        counts: "parameters" and "macs" as sums of products, for any plan (see space.Product).
        verification: predicted against measured latency of whole random sub-networks, left by `mdp verify`.
        accuracy: {"dense": ..., "dataset": ...} where it was measured; "plans" and "check" as
            `mdp.core.plan_accuracy` and `mdp.core.quality` read them.
        path: the file it came from, None if not saved.
    """

    name: str
    model: ModelRef
    family: str
    problem: Problem
    tables: Tables
    scores: Scores
    counts: Mapping[str, tuple[Product, ...]] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    verification: Mapping[str, Any] | None = None
    accuracy: Mapping[str, Any] | None = None
    path: Path | None = None

    def __repr__(self) -> str:
        error = (self.verification or {}).get("median_error")
        band = "not verified yet" if error is None else f"median error {100 * error:.1f} %"
        dense = f"{self.problem.dense_latency:.4g} {self.problem.latency_unit} dense, {band}"
        return f"Study({self.name!r}, {self.model.name}, {dense})"

    def count(self, kind: str, choices: Mapping[str, int | None] | None = None, removed=()) -> float:
        """Count parameters or MACs of a plan (default: of the dense model)."""
        choices = self.problem.dense_choices if choices is None else choices
        return sum(p.value(choices, frozenset(removed)) for p in self.counts[kind])


def build_study(
    name: str, model: ModelRef, space: Space, tables: Tables, scores: Scores, **extra: Any
) -> StudyRecord:
    """Join a space, its tables and its scores. `extra` sets optional fields of Study.

    Raises:
        MdpError: tables or scores are of another model, or leave out a dim or a block.
        BadFile: the tables hold what cannot be a time (see mdp.core.units).
    """
    dims = tuple(d.as_dim() for d in space.dims)
    by_name = {d.name: d for d in dims}
    for what, names in (("tables", {d for t in tables.terms for d in t.dims}), ("scores", set(scores.order))):
        if names - set(by_name):
            stranger = min(names - set(by_name))
            raise MdpError(f"The {what} are of another model: {space.model} has no dim {stranger!r}.")
    blocks = {None, *(b.name for b in space.blocks)}
    for what, made, named in (
        ("tables", "mdp profile", {t.block for t in tables.terms}),
        ("scores", "mdp score", {*(block for _, block, _, _ in scores.shares), *scores.blocks}),
    ):
        if named - blocks:
            raise MdpError(
                f"The {what} are of other blocks: {space.model} has no block {min(named - blocks)!r} here. "
                f"Make both with --split-blocks, or both without; `{made}` makes these."
            )
    missing = set(by_name) - set(scores.order)
    if missing:
        raise MdpError(f"The scores leave out dim {min(missing)!r} of {space.model}; score the model anew.")
    problem = Problem(
        name=name,
        latency_unit="ms",
        dims=dims,
        blocks=space.blocks,
        latency=tables.terms,
        importance=scores.terms(by_name),
        provenance={
            "model": space.model,
            "latency": dict(tables.provenance),
            "importance": dict(scores.provenance),
        },
    )
    check(problem)
    check_times(problem, f"tables of {space.model}", tables.details)
    return StudyRecord(
        name, model, space.family, problem, tables, scores, space.counts, space.skipped, **extra
    )


def _top_sums(values: np.ndarray, order: np.ndarray, options: tuple[int, ...]) -> np.ndarray:
    return np.cumsum(np.asarray(values, dtype=np.float64)[np.asarray(order)])[np.asarray(options) - 1]


def study_to_json(study: StudyRecord) -> dict[str, Any]:
    """The `mdp-study/1` object. The latency terms stand once, in the problem."""
    return {
        "format": FORMAT,
        "name": study.name,
        "family": study.family,
        "model": model_to_json(study.model),
        "latency": {"provenance": dict(study.tables.provenance), "details": dict(study.tables.details)},
        "importance": {
            "provenance": dict(study.scores.provenance),
            "order": {dim: np.asarray(order).tolist() for dim, order in study.scores.order.items()},
            "shares": [
                {"name": n, "block": b, "dim": d, "values": [float(f"{v:.6g}") for v in values]}
                for n, b, d, values in study.scores.shares
            ],
            **({"blocks": dict(study.scores.blocks)} if study.scores.blocks else {}),
        },
        "counts": {k: [[p.block, p.factor, list(p.dims)] for p in ps] for k, ps in study.counts.items()},
        "skipped": [[s.name, s.reason] for s in study.skipped],
        "verification": study.verification,
        "accuracy": study.accuracy,
        "problem": problem_to_json(study.problem),
    }


def study_from_json(data: Any, source: str = "study", path: Path | None = None) -> StudyRecord:
    """Check and build a Study from parsed JSON. Raises BadFile, saying which entry is wrong."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, dict) else type(data).__name__
        raise BadFile(f"The {source} is not an {FORMAT} file (its format says {found!r}).")
    as_written = problem_from_json(data.get("problem"), f"problem in the {source}")
    problem = in_ms(as_written, source)
    other_units = problem is not as_written  # what was measured was set beside other units
    try:
        study = StudyRecord(
            name=str(data["name"]),
            family=str(data["family"]),
            problem=problem,
            path=path,
            model=model_from_json(data["model"]),
            tables=Tables(
                problem.latency,
                _without_story(data["latency"]["provenance"], other_units),
                data["latency"].get("details", {}),
            ),
            scores=Scores(
                {d: np.array(o, dtype=np.int64) for d, o in data["importance"]["order"].items()},
                tuple(
                    (s["name"], s["block"], s["dim"], np.array(s["values"], dtype=np.float64))
                    for s in data["importance"]["shares"]
                ),
                data["importance"]["provenance"],
                block_constants(data["importance"]),
            ),
            counts={
                k: tuple(Product(b, float(f), tuple(d)) for b, f, d in ps) for k, ps in data["counts"].items()
            },
            skipped=tuple(Skipped(n, r) for n, r in data.get("skipped", [])),
            verification=None if other_units else data.get("verification"),
            accuracy=data.get("accuracy"),
        )
        _check_study(study, source)
    except BadFile:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadFile(
            f"The {source} is damaged: {type(error).__name__} at {error}. Make it anew or use another copy."
        ) from None
    return study


def block_constants(data: Mapping[str, Any]) -> dict[str, float]:
    """The optional `blocks` of scores in a file: files without it were written before there were any."""
    return {str(name): float(value) for name, value in data.get("blocks", {}).items()}


def _without_story(provenance: Any, other_units: bool) -> Any:
    """Without how a budget was kept, if that was in other units than the tables are now."""
    if not other_units or not isinstance(provenance, Mapping):
        return provenance
    return {key: value for key, value in provenance.items() if key != "strict"}


def _check_study(study: StudyRecord, source: str) -> None:
    def fail(what: str):
        raise BadFile(f"The {source} is damaged: {what}.")

    dims, blocks = study.problem.dim, {*study.problem.block, None}
    for name, dim in dims.items():
        order = study.scores.order.get(name)
        if order is None or sorted(order.tolist()) != list(range(dim.dense)):
            fail(f"the order of dim {name!r} must list each of its {dim.dense} units once")
    for name, block, dim, values in study.scores.shares:
        if dim not in dims or block not in blocks or values.shape != (dims[dim].dense,):
            fail(f"importance share {name!r} does not fit its dim or block")
        if not np.isfinite(values).all():
            fail(f"importance share {name!r} holds a number that is not finite")
    for name, value in study.scores.blocks.items():
        if name not in blocks or not np.isfinite(value):
            fail(f"what block {name!r} is worth as a whole fits no block or is not finite")
    for what, products in study.counts.items():
        if any(p.block not in blocks or any(d not in dims for d in p.dims) for p in products):
            fail(f"a count of {what} names an unknown dim or block")
        if not np.isfinite(study.count(what)):
            fail(f"a count of {what} is not finite")
    facts = {"scores": study.scores.provenance, "latency tables": study.tables.details}
    optional = {"verification": study.verification, "accuracy": study.accuracy}
    for what, value in {**facts, **{k: v for k, v in optional.items() if v is not None}}.items():
        if not isinstance(value, Mapping):
            fail(f"what it says of its {what} is not a list of names and values")
    check_times(study.problem, source, study.tables.details)
    if not isinstance(study.tables.provenance, Mapping):
        fail("its latency tables do not say how they were measured")
    for key in ("device", "batch", "dtype"):
        if key not in study.tables.provenance:
            fail(f"its latency tables do not say their {key}")


def load_study(path: str | os.PathLike) -> StudyRecord:
    """Read a study from a path, or by the name of one in the study folders. Raises BadFile."""
    path = Path(path)
    if not path.exists() and len(path.parts) == 1:
        path = _find(str(path)) or path
    return study_from_json(read_json(path, "study"), f"study {path}", path)


def _find(name: str) -> Path | None:
    """The study of this name: its file's (`fmnist-vit-cpu`), else the one that people read."""
    files = (folder / f"{name}.json" for folder in study_dirs())
    named = (Path(s["path"]) for s in list_studies() if s["name"] == name and "error" not in s)
    return next((f for f in files if f.exists()), None) or next(named, None)


def save_study(study: StudyRecord, path: str | os.PathLike | None = None) -> Path:
    """Write a study (default: into the user's study folder) and return where.

    >>> import tempfile, mdp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mdp.save_study(mdp.load_study("fmnist-vit-cpu"), f"{folder}/mine.json").name
    'mine.json'
    """
    path = Path(path) if path else data_dir() / "user" / "studies" / f"{slug(study.name)}.json"
    return write_json(path, study_to_json(study))


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


@lru_cache(maxsize=1000)
def _summary(path: Path, _stamp: tuple[int, int]) -> dict[str, Any]:
    """What the list says of a study; read again only when its file has changed."""
    try:
        study = load_study(path)
    except MdpError as error:
        return {"name": path.stem, "path": str(path), "error": str(error)}
    p = study.tables.provenance
    return {
        "name": study.name,
        "model": study.model.name,
        "device": p["device"],
        "batch": p["batch"],
        "dtype": p["dtype"],
        "dataset": study.scores.provenance.get("dataset"),
        "measured": bool((study.accuracy or {}).get("plans")),
        "path": str(path),
    }


def slug(name: str) -> str:
    """A file name for a study's name: `DeiT-B · H200` -> `DeiT-B-H200`."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "study"
