"""A study's tables and a plan as CSV: for spreadsheets and papers."""

import csv
import io
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

from .errors import MdpError
from .files import write_text
from .names import readable
from .plan import Plan
from .problem import Problem, Term
from .study import StudyRecord


def plan_csv(study: StudyRecord, plan: Plan) -> str:
    """One line per dim: kept of dense, and the blocks that use it; then one line per block."""
    problem = study.problem
    rows = []
    for dim in problem.dims:
        users = sorted(b for b in problem.dim_blocks[dim.name] if b is not None)
        rows.append(("dim", dim.name, dim.kind, plan.choices.get(dim.name) or 0, dim.dense, " ".join(users)))
    for block in problem.blocks:
        rows.append(("block", block.name, "", 0 if block.name in plan.removed_blocks else 1, 1, ""))
    return csv_text(("what", "name", "kind", "kept", "dense", "blocks"), rows)


def terms_csv(study: StudyRecord, plan: Plan) -> str:
    """One line per latency and importance term: as chosen and dense."""
    problem, rows = study.problem, []
    for kind, terms in (("latency", problem.latency), ("importance", problem.importance)):
        for term in terms:
            gone = term.block in plan.removed_blocks
            chosen = 0.0 if gone else problem.entry(term, plan.choices)
            dense = problem.entry(term, problem.dense_choices)
            rows.append((kind, term.name, term.block or "", f"{chosen:.6g}", f"{dense:.6g}"))
    return csv_text(("what", "term", "block", "chosen", "dense"), rows)


def all_tables(study: StudyRecord, plan: Plan) -> dict[str, bytes]:
    """Every table of the study as files: name -> content."""
    files = {"plan.csv": plan_csv(study, plan), "terms.csv": terms_csv(study, plan)}
    for i, term in enumerate(study.problem.latency):
        files[f"latency/{i:03d}-{readable(term.name)}.csv"] = term_csv(
            term, study.problem, study.problem.latency_unit
        )
    return {name: text.encode() for name, text in files.items()}


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV."""
    body = io.StringIO()
    writer = csv.writer(body, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return body.getvalue()


def export_csv(problem: Problem, folder: Path) -> list[Path]:
    """One file per term: a row for every combination of kept units, with its latency or importance.

    Raises:
        MdpError: the folder cannot be written, or the disk is full; of the files, none is left then.
    """
    written, new = [], []
    try:
        for kind, terms, unit in (
            ("latency", problem.latency, problem.latency_unit),
            ("importance", problem.importance, "importance"),
        ):
            for i, term in enumerate(terms):
                path = folder / kind / f"{i:03d}-{readable(term.name)}.csv"
                if not path.exists():
                    new.append(path)
                written.append(write_text(path, term_csv(term, problem, unit)))
    except MdpError:
        for path in new:
            path.unlink(missing_ok=True)
        raise
    return written


def term_csv(term: Term, problem: Problem, unit: str) -> str:
    """The rows of one term: kept units of each dim, the block that it vanishes with, the value."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*term.dims, "block", unit])
    for options in itertools.product(*(enumerate(problem.dim[d].options) for d in term.dims)):
        value = term.values[tuple(i for i, _ in options)]
        rows.writerow([*(kept for _, kept in options), term.block or "", repr(float(value))])
    return text.getvalue()
