"""`mdp import-tables`: times that were measured on another device, as latency tables."""

import os
from pathlib import Path

from ..core.errors import MdpError
from . import reporter
from .model_args import model_of
from .told_tables import tell_tables, wrong_of


def run(args):
    import dataclasses

    from ..core.tables import save_tables, tables_at
    from ..families import find
    from ..latency.import_tables import import_times
    from ..latency.kit import load_kit
    from ..latency.times_files import read_times
    from ..networks.models import create

    report = reporter(args)
    times = Path(args.times)
    times = times / "results.csv" if os.path.isdir(times) else times
    file = read_times(times)
    kit = load_kit(args.kit or times.parent) if args.kit or _beside(times, file) else None
    if kit is None and not args.model:
        raise MdpError(f"{times} is of no kit here. Say which network it is of: --model, or --kit DIR.")
    if kit and args.model and args.model != kit.model.name:
        raise MdpError(f"The kit is of {kit.model.name}, not of {args.model}. Leave out --model.")
    ref = kit.model if kit else model_of(args)
    split = kit.found_with.get("split_blocks", False) if kit else args.split_blocks
    found = find(create(ref, load_weights=False), ref, split_blocks=bool(split))
    if kit:
        found = dataclasses.replace(found, space=_with_options(found.space, kit.options))
    tables = import_times(
        found,
        file,
        kit=kit,
        unit=args.unit,
        device=args.device,
        runtime=args.runtime,
        batch=args.batch,
        dtype=args.dtype,
        source=times.name,
        like=tables_at(args.like, ref.name) if args.like else None,
    )
    path = save_tables(tables, ref, found.space, args.out)
    p = tables.provenance
    report.message(
        f"{path}: {p['measured']} of {p['entries']} entries measured on {p['device']} in {p['software']}; "
        f"spread of the readings {100 * p['spread']:.1f} %."
    )
    networks = {item["id"] for item in kit.items if item["kind"] == "network"} if kit else set()
    failed = [row for row in file.rows if row.failure]
    if failed:
        whole = {row.name for row in failed} & networks
        first = f"{failed[0].failure!r:.200}"
        told = [f"{len(failed)} of {len(file.rows)} models could not be timed there, the first with {first}."]
        if len(whole) < len(failed):
            told.append("What they would have taken is inferred.")
        if networks and whole == networks:
            told.append("No whole network says whether the parts add up.")
        report.message(" ".join(told))
    tell_tables(report, tables, "Time the pruned network on the device before relying on it.")
    if args.job:
        report.result(path=str(path), **wrong_of(tables))


def _beside(times: Path, file) -> bool:
    return "kit" in file.about or (times.parent / "kit.json").exists()


def _with_options(space, options):
    """The space with a kit's widths. Raises MdpError if it is of another network."""
    import dataclasses

    if {d.name: d.units for d in space.dims} != {n: o[-1] if o else 0 for n, o in options.items()}:
        raise MdpError(f"The kit does not fit {space.model}: their dims differ. Make the kit again.")
    dims = tuple(dataclasses.replace(dim, options=options[dim.name]) for dim in space.dims)
    return dataclasses.replace(space, dims=dims)
