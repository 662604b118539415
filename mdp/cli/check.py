"""`mdp check`: is pruning this architecture right? Extracted against masked, all at random."""

from . import print_json

# Float32 rounding through a deep network stays far below this share of the largest output.
TOLERANCE = 1e-3


def add_arguments(parser):
    parser.add_argument("name", help="a demo network or a timm architecture; no weights are needed")
    parser.add_argument("--seed", type=int, default=0, help="of the weights, the plan and the images")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args):
    from ..surgery.check import check_architecture

    result = check_architecture(args.name, args.seed)
    right = result["max_abs_difference"] <= TOLERANCE
    if args.json:
        print_json(result)
    else:
        print(_describe(result, right))
    return 0 if right else 1


def _describe(result: dict, right: bool) -> str:
    lines = [
        f"{result['model']}: {len(result['dims'])} dims, {len(result['blocks'])} blocks, "
        f"{len(result['removed_blocks'])} removed, "
        f"{result['parameters_before']} parameters before, {result['parameters_after']} after",
        f"extracted against masked: {'the same' if right else 'DIFFERENT'}, largest difference "
        f"{result['max_abs_difference']:.1e} of the largest output",
    ]
    return "\n".join([*lines, *(f"  not pruned: {s['name']}: {s['reason']}" for s in result["skipped"])])
