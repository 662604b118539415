"""`mdp inspect`: what of a model can be pruned, and by name and reason what not."""

from ..core.errors import MdpError
from . import print_json, reporter
from .model_args import model_of


def run(args):
    from ..core.files import write_json
    from ..datasets import find as find_data
    from ..datasets.labels import check_fit
    from ..families import outline
    from ..networks.models import create

    report = reporter(args)
    report.step(0, 2, "looking for what can be pruned")
    ref = model_of(args)
    # The shapes of a network say what can be pruned.
    found = describe(outline(ref, split_blocks=args.split_blocks).space, ref)
    unfit = None
    if args.data:
        source = find_data(args.data)
        found["data"] = source.description
        report.message(source.summary)
        try:
            check_fit(source.train, source, ref)
        except MdpError as error:  # said last: what was found of the model is true whatever the images are
            unfit = error
    if ref.weights != "none" and unfit is None:
        report.step(1, 2, "looking for its weights")
        create(ref)  # they are not needed here, but must be at hand later
    report.step(2, 2, "looked at")
    if args.out:
        write_json(args.out, found, indent=1)
    if args.job:
        report.result(report=found)
    elif args.json:
        print_json(found)
    elif not args.out:
        _print(found)
    if unfit is not None:
        raise unfit


def describe(space, ref) -> dict:
    """A Space in short, as plain JSON: dims by kind, blocks, totals, and what is left alone."""
    dense = {d.name: d.units for d in space.dims}
    return {
        "model": ref.name,
        "weights": str(ref.weights),
        "family": space.family,
        "input_size": list(ref.input_size),
        "classes": ref.classes,
        **{what: sum(p.value(dense) for p in products) for what, products in space.counts.items()},
        "dims": [
            _kind(kind, [d for d in space.dims if d.kind == kind])
            for kind in dict.fromkeys(d.kind for d in space.dims)
        ],
        "blocks": len(space.blocks),
        "removable": sum(b.removable for b in space.blocks),
        "skipped": [{"name": s.name, "reason": s.reason} for s in space.skipped],
    }


def _kind(kind, dims) -> dict:
    units, options = [d.units for d in dims], [len(d.options) for d in dims]
    steps = {b - a for d in dims for a, b in zip(d.options, d.options[1:], strict=False)}
    return {
        "kind": kind,
        "dims": len(dims),
        "units": [min(units), max(units)],
        "options": [min(options), max(options)],
        "steps": sorted(steps),
    }


def _print(found):
    print(f"{found['model']} ({found['family']}, weights: {found['weights']})")
    for what in ("parameters", "macs"):
        if what in found:
            print(f"  {what:12} {found[what]:,.0f}")
    print(f"  {'blocks':12} {found['blocks']}, of which {found['removable']} can be removed")
    for d in found["dims"]:
        low, high = d["units"]
        units = f"{high}" if low == high else f"{low} to {high}"
        print(f"  {d['kind']:12} {d['dims']} × {units} units, {d['options'][1]} options at most")
    for s in found["skipped"]:
        print(f"  not pruned   {s['name']}: {s['reason']}")
