"""`mdp export`: a pruned network as ONNX, or a study's tables as CSV."""

import csv
import io
import itertools
from pathlib import Path

from ..errors import MdpError
from ..files import write_text
from ..problem import Problem, Term
from ..study import load_study, slug
from . import reporter


def add_arguments(parser):
    parser.add_argument("source", help="the folder of a pruned network (--onnx), or a study (--csv)")
    parser.add_argument("--onnx", metavar="FILE", help="write the network to this file")
    parser.add_argument("--csv", metavar="FOLDER", help="write the study's tables into this folder")


def run(args):
    if (args.onnx is None) == (args.csv is None):
        raise MdpError("Say what to write: --onnx FILE for a pruned network, or --csv FOLDER for a study.")
    report = reporter(args)
    if args.csv is not None:
        written = export_csv(load_study(args.source).problem, Path(args.csv))
        report.message(f"{len(written)} tables in {args.csv}")
        path = args.csv
    else:
        from ..surgery import export_onnx, load

        report.step(0, 1, "writing ONNX")
        model = load(args.source)
        path = export_onnx(model, args.onnx, model.architecture.model.input_size)
        report.step(1, 1, f"written to {path}")
    if args.job:
        report.result(path=str(path))


def export_csv(problem: Problem, folder: Path) -> list[Path]:
    """One file per term: a row for every combination of kept units, with its latency or importance."""
    written = []
    for kind, terms, unit in (
        ("latency", problem.latency, problem.latency_unit),
        ("importance", problem.importance, "importance"),
    ):
        for i, term in enumerate(terms):
            path = folder / kind / f"{i:03d}-{slug(term.name)}.csv"
            written.append(write_text(path, term_csv(term, problem, unit)))
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
