"""`python -m benchmarks.kit STUDY ...`: what a kit's few entries cost in accuracy beside the whole table.

The study's tables were measured throughout. Of them a kit's entries are shown, the rest is inferred as
`mdp import-tables` infers it, and both tables are held against the whole networks that `mdp verify` measured.
"""

import argparse
import dataclasses

import numpy as np

from mdp.core.study import StudyRecord, load_study
from mdp.families import find
from mdp.latency.grid import survey
from mdp.latency.kit import entries_to_time
from mdp.latency.profiling import tables_of
from mdp.latency.store import Entry
from mdp.latency.transfer import times_elsewhere
from mdp.latency.verification import statistics
from mdp.networks.models import create
from mdp.operations import KitOptions

NOISE = 0.01  # of each entry, about that of a median of readings
NETWORKS = 16  # that travel along


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kit", description=__doc__.split("\n")[0])
    parser.add_argument("studies", nargs="+", help="verified studies whose tables were measured throughout")
    parser.add_argument(
        "--entries", type=int, nargs="+", default=[KitOptions.entries, 250], help="of a kit, at most"
    )
    args = parser.parse_args(argv)
    print("| study | entries | whole networks: median error | worst | tau |")
    print("|---|---|---|---|---|")
    for name in args.studies:
        study = load_study(name)
        for entries, terms in [(None, study.problem.latency), *_with(study, args.entries)]:
            told = against_networks(study, terms)
            print(
                f"| {study.name} | {entries or 'all'} | {told['median_error']:.1%} "
                f"| {told['worst_error']:.1%} | {told['tau']:.3f} |",
                flush=True,
            )


def _with(study: StudyRecord, most: list[int]):
    """(how many entries, tables of them) for each kit that is not the whole table."""
    found = find(create(study.model, load_weights=False), study.model)
    surfaces, _ = survey(found.segments, {dim.name: dim.options for dim in study.problem.dims})
    truth = times_elsewhere(found, surfaces, study.tables)
    for count in most:
        keys = entries_to_time(surfaces, count, NETWORKS)
        shown = {key: Entry(truth[key], NOISE, 1, 1) for key in keys}
        yield f"{len(keys)} of {len(truth)}", tables_of(found, surfaces, shown)[0]


def against_networks(study: StudyRecord, terms) -> dict:
    """The statistics of `mdp verify`, with other tables."""
    names = {term.name for term in terms}
    rest = (term for term in study.problem.latency if term.name not in names)  # what calling it costs
    problem = dataclasses.replace(study.problem, latency=(*terms, *rest))
    points = study.verification["points"]
    predicted = [problem.total(problem.latency, p["choices"], p["removed"]) for p in points]
    return statistics(predicted, np.array([p["measured"] for p in points]))


if __name__ == "__main__":
    main()
