"""`mdp export`: a pruned network as ONNX, or a study's tables as CSV."""

from pathlib import Path

from ..core.csv_export import export_csv
from ..core.errors import MdpError
from ..core.study import load_study
from . import reporter


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
        ref = model.architecture.model
        path = export_onnx(model, args.onnx, ref.input_size, ref.inputs, report.message)
        report.step(1, 1, f"written to {path}")
    if args.job:
        report.result(path=str(path))
