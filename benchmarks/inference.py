"""`python -m benchmarks.inference [STUDY ...]`: is the cross-validated error of inferred entries honest?

In each study whose tables were measured throughout, the coarse grid alone infers the others, and what `fill`
claims of its errors is held against what was measured there. Nothing is timed.
"""

import argparse

import numpy as np

from benchmarks.latency import STUDIES
from mdp.core.errors import MdpError
from mdp.core.study import StudyRecord, load_study
from mdp.latency.grid import Surface, survey
from mdp.latency.interpolate import fill


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.inference", description=__doc__.split("\n")[0]
    )
    parser.add_argument("studies", nargs="*", default=STUDIES)
    print(f"{'':37} measured      claimed: median, 95 %   really: median, 95 %   worst: claimed, really")
    for name in parser.parse_args(argv).studies:
        try:
            study = load_study(name)
            rows = np.array(held_out(study))
        except MdpError as error:
            print(f"{name}: {error}")
            continue
        inferred = rows[:, 1]
        means = [100 * np.average(rows[:, k], weights=inferred) for k in (2, 3, 4, 5)]
        print(
            f"{study.name:36} {int(rows[:, 0].sum()):4} of {int(rows[:, :2].sum()):4}  "
            f"{means[0]:12.1f} %  {means[1]:5.1f} %  {means[2]:13.1f} %  {means[3]:5.1f} %  "
            f"{100 * rows[:, 2].max():14.1f} %  {100 * rows[:, 4].max():5.1f} %"
        )


def held_out(study: StudyRecord) -> list[tuple[float, ...]]:
    """Per table: entries used, entries inferred, claimed median and 95th percentile, and those found."""
    from mdp.surgery import find_in

    found = find_in(study, load_weights=False)
    surfaces, _ = survey(found.segments, {d.name: d.options for d in study.problem.dims})
    rows = []
    for surface in surfaces:
        values = values_of(study, surface)
        used = surface.holdout()
        used |= np.isin(np.array(surface.keys, dtype=object), list(surface.level(0)))
        if used.all():
            continue
        facts = study.tables.details[surface.segments[0]]
        noise = np.where(used, 0.93 * facts["spread"] / np.sqrt(facts["repeats"]), 0.0)
        measured = np.where(used, values, np.nan)
        filled = fill(surface.points, surface.trend, measured, noise, surface.holdout())
        off = (np.abs(filled.values - values) / values)[~used]
        really = float(np.median(off)), float(np.quantile(off, 0.95))
        rows.append((float(used.sum()), float((~used).sum()), filled.error, filled.worst, *really))
    return rows


def values_of(study: StudyRecord, surface: Surface) -> np.ndarray:
    """The study's ms of each key of a surface, shape (keys,)."""
    term = next(t for t in study.problem.latency if t.name == surface.segments[0])
    values = np.asarray(term.values)
    if term.dims and all(study.problem.dim[d].kind == "channels" for d in term.dims):
        values = values.T  # convolutions' terms are output x input, their surfaces input x output
    return np.array([values[surface.index == n].mean() for n in range(len(surface.keys))])


if __name__ == "__main__":
    main()
