"""`mdp profile`: measure a model's latency tables on this device."""

import dataclasses

from ..core.errors import MdpError
from . import check_out, reporter
from .model_args import model_of
from .told_tables import tell_tables, wrong_of


def run(args):
    steps = width_step(args.width_step)
    from ..latency.device import deployment

    # Before anything slow: what was asked for makes sense here, or a sentence says why not.
    layout = "contiguous" if args.memory_format == "auto" else args.memory_format
    deployment(args.device, args.batch, args.dtype, layout, args.threads, args.compiled, args.runtime)
    from ..core.tables import save_tables, tables_at
    from ..families import find, outline
    from ..latency import profile
    from ..latency.measure import BUSY
    from ..networks.models import create
    from ..networks.weights import noted

    report = reporter(args)
    check_out(args.out, "tables")
    ref = model_of(args)
    like = tables_at(args.like, ref.name) if args.like else None
    # What is not supported is refused before anything large is made.
    outline(ref, split_blocks=args.split_blocks)
    # Times do not depend on the values of the weights.
    model = create(ref, load_weights=False)
    found = find(model, ref, width_step=steps, split_blocks=args.split_blocks, attention=args.attention)

    facts = noted(ref)  # for people: times do not depend on them

    def save(tables):
        known = dataclasses.replace(tables, provenance={**tables.provenance, **facts})
        return save_tables(known, ref, found.space, args.out)

    def save_coarse(tables):
        """They can be explored while the fine ones are being measured, and stay where that is stopped."""
        path = save(tables)
        report.message(f"{path}: coarse tables, of which a study can be built. Finer ones follow.")
        if args.job:
            report.result(path=str(path))

    tables = profile(
        found,
        device=args.device,
        batch=args.batch,
        dtype=args.dtype,
        threads=args.threads,
        memory_format=args.memory_format,
        compiled=args.compiled,
        runtime=args.runtime,
        seconds=args.seconds,
        tolerance=args.tolerance,
        again=args.again,
        like=like,
        share=args.share,
        report=report,
        early=save_coarse,
    )
    path = save(tables)
    p = tables.provenance
    report.message(
        f"{path}: {p['entries']} entries on {p['device']}, "
        f"batch {p['batch']}, {p['dtype']}; spread of the readings {100 * p['spread']:.1f} %."
    )
    if p["drift"] > BUSY:
        report.message(
            f"The machine was busy or throttled: at worst the anchor beside the readings took "
            f"{1 + p['drift']:.2f} times its calm time, and they were scaled by that. On a quieter machine, "
            "--again makes it better."
        )
    tell_tables(report, tables, "See mdp verify, and hold a budget with mdp enforce.")
    if args.job:
        report.result(path=str(path), **wrong_of(tables))


def width_step(typed: list[str] | None) -> dict[str, int] | None:
    """`["channels=8"]` as `{"channels": 8}`. Raises MdpError for anything else."""
    found = {}
    for word in typed or ():
        name, _, units = word.rpartition("=")
        if not name or not (units.isascii() and units.isdigit()) or len(units) > 9:
            raise MdpError(
                f"The width step {word!r} is not understood. Write a kind and a number: channels=8."
            )
        found[name] = int(units)
    return found or None
