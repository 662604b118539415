"""`mdp convert`: a safetensors file of a checkpoint as PyTorch saves it, without running what is in it."""

import os
from pathlib import Path

from ..core.errors import MdpError
from ..core.files import check_writable
from . import print_json, reporter


def run(args):
    report = reporter(args)
    file = Path(args.file)
    out = Path(args.out) if args.out else file.with_suffix(".safetensors")
    if out.suffix != ".safetensors":
        raise MdpError(f"{out} does not end in .safetensors; give such a name with --out.")
    if os.path.exists(out):
        raise MdpError(f"There is a file {out} already. Give another name with --out, or delete it first.")
    check_writable(out.parent)
    from ..networks.checkpoints import write_tensors
    from ..networks.convert import NAMED, read_any

    found = read_any(file, averaged=args.ema)
    write_tensors(out, found.tensors)
    numbers = sum(t.numel() for t in found.tensors.values())
    which = "the moving average (EMA)" if found.averaged else "the weights"
    if args.json:
        facts = {"path": str(out), "tensors": len(found.tensors), "numbers": numbers, "ema": found.averaged}
        return print_json({**facts, "entry": found.entry, "others": list(found.others)})
    report.message(f"{out}: {len(found.tensors)} tensors, {numbers:,} numbers, {which}{_place(found.entry)}.")
    if found.others:
        more = f" and {len(found.others) - NAMED} more" if len(found.others) > NAMED else ""
        average = " --ema takes the average." if found.average_beside and not args.ema else ""
        report.message(f"Left out: {', '.join(found.others[:NAMED])}{more}.{average}")
    if args.job:
        report.result(path=str(out))


def _place(entry: str) -> str:
    return f" under {entry!r}" if entry else ""
