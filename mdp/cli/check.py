"""`mdp check`: is pruning this architecture right? Extracted against masked, all at random."""

import json

from ..core.errors import MdpError
from ..core.files import write_text
from . import print_json, reporter
from .model_args import is_special, model_of

# Float32 rounding through a deep network stays far below this share of the largest output.
TOLERANCE = 1e-4


def run(args):
    several = args.all or args.rows or args.table
    if not several and (len(args.name) == 1 or (args.factory and not args.name)):
        return _one(args)
    if not args.name and not args.all:
        raise MdpError(
            "Say which architecture to check, by its timm name or torchvision/NAME, by --factory, or --all "
            "that timm has."
        )
    return _many(args)


def _one(args) -> int:
    from ..surgery.check import check_architecture

    name = next(iter(args.name), "")
    ref = model_of(args, name, "none") if is_special(args) else None
    name = ref.name if ref and not name else name
    result = check_architecture(name, args.seed, split_blocks=args.split_blocks, ref=ref)
    print_json(result) if args.json else print(_describe(result))
    return 0 if _is_right(result) else 1


def _many(args) -> int:
    if is_special(args):
        raise MdpError(
            "Input size, channels, classes, arguments and a factory belong to one architecture: name one "
            "alone."
        )
    from ..surgery.coverage import architectures, coverage, markdown

    report, names = reporter(args), args.name or architectures()
    rows = {row["model"]: row for row in _kept_rows(args.rows)}
    left = [n for n in names if n not in rows or _may_fit(rows[n], args.largest)]
    todo = [] if args.kept else left
    for i, row in enumerate(
        coverage(todo, args.seed, args.largest, rows.values()), len(names) - len(left) + 1
    ):
        rows[row["model"]] = row
        if args.rows:
            with open(args.rows, "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        if args.json:
            print_json(row)
        report.step(i, len(names), row["model"])
    done = [rows[n] for n in names if n in rows]
    if args.table:
        write_text(args.table, markdown(done, TOLERANCE, [n for n in names if n not in rows]))
    right = sum("error" not in r and _is_right(r) for r in done)
    report.message(f"{right} of {len(done)} architectures are pruned right.")
    return 0 if all(_is_right(r) if "error" not in r else "fault" not in r for r in done) else 1


def _kept_rows(path: str | None) -> list[dict]:
    try:
        with open(path or "", encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]
    except FileNotFoundError:
        return []
    except ValueError:
        raise MdpError(f"{path} holds something else than results; give another file to --rows.") from None


def _may_fit(row: dict, largest: float) -> bool:
    """Whether a network that was left out for its size is within the limit now; memory may be free by now."""
    return "large" in row and row["parameters_before"] <= largest


def _is_right(result: dict) -> bool:
    return result["max_abs_difference"] <= TOLERANCE


def _in_float64(result: dict) -> str:
    if "max_abs_difference_float32" not in result:
        return ""
    return f" in float64; {result['max_abs_difference_float32']:.1e} in float32 was rounding"


def _describe(result: dict) -> str:
    lines = [
        f"{result['model']}: {len(result['dims'])} dims, {len(result['blocks'])} blocks, "
        f"{len(result['removed_blocks'])} removed, "
        f"{result['parameters_before']} parameters before, {result['parameters_after']} after",
        f"extracted against masked: {'the same' if _is_right(result) else 'DIFFERENT'}, largest difference "
        f"{result['max_abs_difference']:.1e} of the largest output{_in_float64(result)}",
    ]
    return "\n".join([*lines, *(f"  not pruned: {s['name']}: {s['reason']}" for s in result["skipped"])])
