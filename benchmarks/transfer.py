"""`python -m benchmarks.transfer`: a device's tables from a few of its entries and another device's tables.

Both tables are given whole; of the second one a share of the entries is shown, spread out as `mdp profile
--like` spreads them, and the rest is predicted with and without the first. Printed: the error of the entries
that were not shown, and that of 40 random sub-networks against the sum of the whole second table.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np

from mdp.core.study import Tables, load_study
from mdp.core.tables import load_tables
from mdp.families import find
from mdp.latency.grid import survey
from mdp.latency.profiling import tables_of
from mdp.latency.store import Entry
from mdp.latency.transfer import times_elsewhere, to_measure
from mdp.latency.verification import sample
from mdp.networks.models import create

SHARES = (0.02, 0.05, 0.1, 0.2, 0.4)
NETWORKS, SEED = 40, 5
NOISE = 0.01  # of each entry, about that of a median of readings


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transfer", description=__doc__.split("\n")[0])
    parser.add_argument("study", help="the network, with the tables to start from")
    parser.add_argument("tables", type=Path, help="whole tables of the other device or runtime")
    args = parser.parse_args(argv)
    study, there = load_study(args.study), load_tables(args.tables).tables
    found = find(create(study.model, load_weights=False), study.model)
    surfaces, _ = survey(found.segments, {dim.name: dim.options for dim in study.problem.dims})
    like, truth = (times_elsewhere(found, surfaces, t) for t in (study.tables, there))
    whole = dataclasses.replace(study.problem, latency=there.terms)
    networks = sample(whole, NETWORKS, SEED)
    print(f"{study.name}: {study.tables.provenance['software']} -> {there.provenance['software']}, ms")
    print("| share | entries | | entries: median | 95th | networks: median | worst |")
    print("|---|---|---|---|---|---|---|")
    for share in SHARES:
        shown = {key: Entry(truth[key], NOISE, 1, 1) for key in to_measure(surfaces, share)}
        for name, start in (("alone", None), ("with the other", like)):
            terms, _ = tables_of(found, surfaces, shown, start)
            entries, sums = errors(found, surfaces, truth, shown, whole, terms, networks)
            print(
                f"| {100 * share:.0f} % | {len(shown)} | {name} | {np.median(entries):.1%} "
                f"| {np.quantile(entries, 0.95):.1%} | {np.median(sums):.1%} | {max(sums):.1%} |"
            )


def errors(found, surfaces, truth, shown, whole, terms, networks):
    """(relative errors of entries that were not shown, those of whole networks)."""
    told = times_elsewhere(found, surfaces, Tables(terms, {}, {}))
    entries = [abs(told[key] / truth[key] - 1) for key in truth if key not in shown]
    predicted = dataclasses.replace(whole, latency=terms)
    sums = [
        abs(predicted.evaluate(n.choices, n.removed)[0] / whole.evaluate(n.choices, n.removed)[0] - 1)
        for n in networks
    ]
    return entries, sums


if __name__ == "__main__":
    main()
