"""`python -m benchmarks.latency`: what a table costs and what it is worth, measured in one run.

For each study: visits per second and the overhead over pure readings of a fresh profile of some of its
entries; then the error, on whole networks that `mdp verify` measured, of three latency models: (a) linear in
each layer's output width, as in HALP, (b) the sum of bare layers timed alone, with attention split as in the
paper, (c) the study's own tables, which price everything that runs. `--plot` draws them.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.latency_models import predictions
from benchmarks.latency_plot import models_svg
from mdp.core.errors import MdpError
from mdp.core.files import write_json, write_text
from mdp.core.progress import ConsoleReporter
from mdp.core.study import StudyRecord, load_study
from mdp.latency.device import ResolvedDeployment
from mdp.latency.grid import survey
from mdp.latency.measure import Run
from mdp.latency.profiling import weight_bytes
from mdp.latency.store import Store
from mdp.latency.timer import Timer, device_timer, timer_for
from mdp.latency.verification import deployment_of, same_device, statistics

STUDIES = ("fmnist-resnet-cpu", "fmnist-vit-cpu", "efficientnet-lite0-cpu")


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__.split("\n")[0])
    parser.add_argument("studies", nargs="*", default=STUDIES, help="studies with a verification")
    parser.add_argument("--networks", type=int, default=10, help="how many of the networks (default 10)")
    parser.add_argument("--entries", type=int, default=96, help="entries profiled afresh (default 96)")
    parser.add_argument("--out", metavar="FILE", help="also write all numbers to this JSON file")
    parser.add_argument("--plot", metavar="FILE", help="also draw the predictions to this SVG file")
    args = parser.parse_args(argv)
    rows = []
    for name in args.studies:
        try:
            rows.append(bench(load_study(name), args.networks, args.entries))
        except MdpError as error:
            print(f"{name}: {error}")
    if args.out:
        write_json(args.out, rows, indent=1)
    if args.plot and rows:
        write_text(args.plot, models_svg(rows))


def bench(study: StudyRecord, networks: int, entries: int) -> dict:
    """All numbers of one study, printed as they come."""
    from mdp.surgery import find_in

    found = find_in(study, load_weights=False)
    where = deployment_of(study)
    print(f"\n{study.name}: {where.device}, {where.threads} threads, {where.dtype}, {where.software}")
    points = (study.verification or {}).get("points", [])
    if not points:
        raise MdpError("It has no verification; run `mdp verify` first.")
    alone = device_timer(where, ConsoleReporter(), lambda: timer_for(where))
    with alone as timer, tempfile.TemporaryDirectory() as folder:
        with Store(Path(folder) / "bench.sqlite") as store:
            cost = profiling_cost(found, study, timer, store, entries)
            print(
                f"  profiling: {cost['entries_per_second']:.1f} visits a second, of which readings take "
                f"{100 * cost['reading_share']:.0f} % ({cost['visits']} visits, {cost['seconds']:.1f} s)"
            )
            chosen = points[:: max(1, len(points) // networks)]
            predicted = predictions(study, found, chosen, timer, store)
    measured = [p["measured"] for p in chosen]
    models = {name: statistics(its, measured) for name, its in predicted.items()}
    if not same_device(study, where):
        print("  The networks were measured on another device or software than this: (b) mixes the two.")
    print(f"  {'':36} networks  median error   worst    bias     tau")
    for name, m in models.items():
        tau = "  -  " if m["tau"] is None else f"{m['tau']:.3f}"
        print(
            f"  {name:36} {m['subnetworks']:8}  {100 * m['median_error']:10.1f} %  "
            f"{100 * m['worst_error']:5.1f} %  {100 * m['bias']:+5.1f} %  {tau}"
        )
    return {
        "study": study.name, **where_facts(where), "profiling": cost, "models": models,
        "measured": measured, "predicted": predicted,
    }  # fmt: skip


def where_facts(where: ResolvedDeployment) -> dict:
    """The deployment as fields of a row of the numbers, without the kind of device, which its name tells."""
    return {key: value for key, value in where.to_json().items() if key != "kind"}


def profiling_cost(found, study: StudyRecord, timer: Timer, store: Store, entries: int) -> dict:
    """One visit to `entries` entries spread over the tables, into an empty store."""
    _, workloads = survey(found.segments, {d.name: d.options for d in study.problem.dims})
    some = dict(list(workloads.items())[:: max(1, len(workloads) // entries)])
    resident_bytes = weight_bytes(found, timer.deployment)
    run = Run(timer, store, some, ConsoleReporter(), 600.0, resident_bytes=resident_bytes)
    run.measure(some, "profiling afresh")
    return {
        "visits": run.measured,
        "seconds": run.seconds,
        "entries_per_second": run.measured / run.seconds,
        "reading_share": run.timing / run.seconds,
    }


if __name__ == "__main__":
    main()
