"""`mdp kit`: a folder with everything to time on a device that is not here."""

from ..core.errors import MdpError
from . import reporter
from .model_args import add_model, add_split_blocks, model_of


def add_arguments(parser):
    add_model(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="the kit's folder, new or empty")
    parser.add_argument("--batch", type=int, default=1, help="images per forward pass (default 1)")
    parser.add_argument(
        "--entries", type=int, default=390, help="models to time, whole networks among them, at most"
    )
    parser.add_argument(
        "--width-step", action="append", metavar="KIND=N", help="units per step of a kind of dim, or of one"
    )
    add_split_blocks(parser)


def run(args):
    from ..families import find, outline
    from ..latency.kit import make_kit
    from ..networks.models import create
    from .profile import width_step

    report = reporter(args)
    ref = model_of(args)
    if args.entries < 1:
        raise MdpError(f"--entries {args.entries} makes no sense. Give a whole number, as 390.")
    outline(ref, split_blocks=args.split_blocks)
    model = create(ref, load_weights=False)
    found = find(model, ref, width_step=width_step(args.width_step), split_blocks=args.split_blocks)
    told = {"split_blocks": bool(args.split_blocks)}
    kit = make_kit(found, args.out, batch=args.batch, entries=args.entries, found_with=told, report=report)
    networks = sum(item["kind"] == "network" for item in kit.items)
    report.message(
        f"{args.out}: {len(kit.items) - networks} parts and {networks} whole networks to time. README.txt "
        "says how; carry the folder there, and results.csv back."
    )
    if args.job:
        report.result(path=str(args.out))
