"""`python -m mdp.bench.latency`: what a table costs and what it is worth, measured in one run.

For each study: entries per second and the overhead over pure readings of a fresh profile of some of its
entries; then the error on the whole networks that `mdp verify` measured, of three latency models: (a) linear
in each layer's output width, as in HALP, (b) the sum of bare layers, convolutions and linear layers timed
alone, (c) the study's own tables, which price everything that runs.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from ..errors import MdpError
from ..files import write_json
from ..latency.device import Deployment
from ..latency.grid import survey
from ..latency.measure import Run
from ..latency.pieces import Workload
from ..latency.profiling import weight_bytes
from ..latency.store import Store, device_lock
from ..latency.timer import Timer, timer_for
from ..latency.verification import anchor_of_tables, deployment_of, same_device, statistics
from ..problem import Problem
from ..progress import ConsoleReporter
from ..solve import with_linear_latency
from ..study import Study, load_study

STUDIES = ("fmnist-resnet-cpu", "fmnist-vit-cpu", "efficientnet-lite0-cpu")


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m mdp.bench.latency", description=__doc__.split("\n")[0])
    parser.add_argument("studies", nargs="*", default=STUDIES, help="studies with a verification")
    parser.add_argument("--networks", type=int, default=10, help="networks for the bare layers (default 10)")
    parser.add_argument("--entries", type=int, default=96, help="entries profiled afresh (default 96)")
    parser.add_argument("--out", help="also write all numbers to this JSON file")
    args = parser.parse_args(argv)
    rows = []
    for name in args.studies:
        try:
            rows.append(bench(load_study(name), args.networks, args.entries))
        except MdpError as error:
            print(f"{name}: {error}")
    if args.out:
        write_json(args.out, rows, indent=1)


def bench(study: Study, networks: int, entries: int) -> dict:
    """All numbers of one study, printed as they come."""
    from ..surgery import find_in

    found = find_in(study, load_weights=False)
    where = deployment_of(study)
    print(f"\n{study.name}: {where.device}, {where.threads} threads, {where.dtype}, {where.software}")
    points = (study.verification or {}).get("points", [])
    if not points:
        raise MdpError("It has no verification; run `mdp verify` first.")
    with device_lock(where.device, print), tempfile.TemporaryDirectory() as folder:
        timer = timer_for(where)
        with Store(Path(folder) / "bench.sqlite") as store:
            cost = profiling_cost(found, study, timer, store, entries)
            print(
                f"  profiling: {cost['entries_per_second']:.1f} visits a second, of which readings take "
                f"{100 * cost['reading_share']:.0f} % ({cost['visits']} visits, {cost['seconds']:.1f} s)"
            )
            every = max(1, len(points) // networks)
            bare = bare_layers(found, study, timer, store, points[::every])
    measured = [p["measured"] for p in points]
    linear = with_linear_latency(study.problem)
    models = {
        "(a) linear in each output width": statistics([predict(linear, p) for p in points], measured),
        "(b) bare layers": statistics(bare, [p["measured"] for p in points[::every]]),
        "(c) our tables": statistics([predict(study.problem, p) for p in points], measured),
    }
    if not same_device(study, where):
        print("  The networks were measured on another device or software than this: (b) mixes the two.")
    print(f"  {'':32} networks  median error   worst    bias     tau")
    for name, m in models.items():
        tau = "  -  " if m["tau"] is None else f"{m['tau']:.3f}"
        print(
            f"  {name:32} {m['subnetworks']:8}  {100 * m['median_error']:10.1f} %  "
            f"{100 * m['worst_error']:5.1f} %  {100 * m['bias']:+5.1f} %  {tau}"
        )
    return {"study": study.name, **where_facts(where), "profiling": cost, "models": models}


def where_facts(where: Deployment) -> dict:
    return {key: value for key, value in where.to_json().items() if key != "kind"}


def profiling_cost(found, study: Study, timer: Timer, store: Store, entries: int) -> dict:
    """One visit to `entries` entries spread over the tables, into an empty store."""
    _, workloads = survey(found.pieces, {d.name: d.options for d in study.problem.dims})
    some = dict(list(workloads.items())[:: max(1, len(workloads) // entries)])
    run = Run(timer, store, some, ConsoleReporter(), 600.0)
    run.measure(some, "profiling afresh")
    return {
        "visits": run.measured,
        "seconds": run.seconds,
        "entries_per_second": run.measured / run.seconds,
        "reading_share": run.timing / run.seconds,
    }


def predict(problem: Problem, point: dict) -> float:
    """What a problem's tables say about a measured network."""
    return problem.total(problem.latency, point["choices"], point["removed"])


def bare_layers(found, study: Study, timer: Timer, store: Store, points: list[dict]) -> list[float]:
    """The sum of the convolutions and linear layers of each network, each timed alone."""
    wanted, sums = {}, []
    for point in points:
        keys = []
        for piece in found.pieces:
            if piece.block not in point["removed"]:
                workload = piece.at(*(point["choices"][dim] for dim in piece.dims))
                for layer in layers_of(workload):
                    wanted[layer.key] = layer
                    keys.append(layer.key)
        sums.append(keys)
    usual = anchor_of_tables(study, timer.deployment)
    inside = weight_bytes(found, timer.deployment)
    run = Run(timer, store, wanted, ConsoleReporter(), 600.0, usual=usual, inside=inside)
    for _ in range(2):
        run.measure(wanted, "bare layers")
    return [float(np.sum([run.known[key].ms for key in keys])) for keys in sums]


def layers_of(workload: Workload) -> list[Workload]:
    """The convolutions and linear layers inside a workload, each as one of its own."""
    import torch
    from torch import nn

    module = workload.make().eval()
    seen: list[tuple[nn.Module, tuple[int, ...]]] = []
    hooks = [
        m.register_forward_hook(lambda m, args, out: seen.append((m, tuple(args[0].shape[1:]))))
        for m in module.modules()
        if isinstance(m, (nn.Conv2d, nn.Linear))
    ]
    with torch.inference_mode():
        module(*(torch.zeros(1, *shape) for shape in workload.inputs))
    for hook in hooks:
        hook.remove()
    return [
        Workload(f"bare {layer} @{'x'.join(map(str, shape))}", lambda layer=layer: layer, (shape,))
        for layer, shape in seen
    ]


if __name__ == "__main__":
    main()
