"""Why a linear latency model fails: what it says of pruned networks, and what the measured tables say."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mdp.core.measurements import Measured
from mdp.core.problem import Problem, Term
from mdp.core.words import many
from mdp.plot.formats import ms
from mdp.plot.style import axis, layout


@dataclass(frozen=True)
class LinearInfo:
    """Random networks of one study, priced twice.

    Attributes:
        tables: latency of each by the measured tables, in `unit`.
        linear: latency of each by a model in which a layer's time depends on its own width alone.
        measured: latency of each, measured end to end; () where that was not done.
        term, own, input_dim: the layer looked at, its own dim, and the dim that feeds it.
        widths: kept units of `own`.
        at_dense, at_input: its measured time at the dense input and at `input_width`.
    """

    unit: str
    tables: tuple[float, ...]
    linear: tuple[float, ...]
    measured: tuple[float, ...]
    term: str
    own: str
    input_dim: str
    input_width: int
    input_dense: int
    widths: tuple[int, ...]
    at_dense: tuple[float, ...]
    at_input: tuple[float, ...]

    @property
    def error(self) -> float:
        """Median relative error of the linear model over the networks."""
        return self._off(self.linear)

    @property
    def table_error(self) -> float:
        """Median relative error of the tables; 0 where nothing was measured to compare them with."""
        return self._off(self.tables)

    def _off(self, said: Sequence[float]) -> float:
        truth = np.asarray(self.measured or self.tables)
        return float(np.median(np.abs(np.asarray(said) - truth) / truth))


def linear_info(
    problem: Problem,
    input_share: float,
    networks: int = 200,
    seed: int = 0,
    measured: Sequence[Measured] = (),
) -> LinearInfo:
    """The record. `input_share` narrows the shared dim that feeds the layer shown. The networks are those
    that were `measured` end to end; where there are none, random ones with nothing removed."""
    term = _example(problem)
    own = next(d for d in term.dims if not _shared(problem, d))
    feed = next(d for d in term.dims if _shared(problem, d))
    options = problem.dim[feed].options
    width = min(options, key=lambda o: abs(o - input_share * options[-1]))
    rng = np.random.default_rng(seed)
    pairs = [(m.choices, m.removed) for m in measured] or [_random(problem, rng) for _ in range(networks)]
    return LinearInfo(
        unit=problem.latency_unit,
        tables=tuple(problem.total(problem.latency, c, r) for c, r in pairs),
        linear=tuple(linear_latency(problem, c, r) for c, r in pairs),
        measured=tuple(float(m.measured) for m in measured),
        term=term.name,
        own=own,
        input_dim=feed,
        input_width=width,
        input_dense=options[-1],
        widths=problem.dim[own].options,
        at_dense=_profile(problem, term, own, {}),
        at_input=_profile(problem, term, own, {feed: width}),
    )


def linear_latency(problem: Problem, choices: Mapping[str, int | None], removed: Collection[str]) -> float:
    """The latency that a model of own widths alone predicts: what feeds a layer is taken as dense.

    That is how HALP and its kin price a layer: by its output channels, at its dense input.
    """
    dense = problem.dense_choices
    total = 0.0
    for term in problem.latency:
        if term.block in removed:
            continue
        own = [d for d in term.dims if not _shared(problem, d)]
        seen = {d: choices[d] if d in own or not own else dense[d] for d in term.dims}
        total += problem.entry(term, seen)
    return total


def draw_layer(info: LinearInfo) -> dict[str, Any]:
    """A plotly spec: one layer's time over its own width, at the dense and at the narrowed input."""
    lines = (
        ("linear model", info.at_dense, "var(--mdp-other)", "dash", "square"),
        ("measured, input as chosen above", info.at_input, "var(--mdp-kept)", "solid", "circle"),
    )
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": list(info.widths),
            "y": list(values),
            "line": {"color": colour, "width": 2, "dash": dash},
            "marker": {"size": 7, "color": colour, "symbol": symbol},
            "hovertemplate": f"{name}<br>%{{x}}: %{{y:.3g}} {info.unit}<extra></extra>",
        }
        for name, values, colour, dash, symbol in lines
    ]
    top = max(info.at_dense) * 1.12
    return {
        "data": data,
        "layout": layout(
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
            margin={"l": 52, "r": 12, "t": 34, "b": 42},
            hovermode="closest",
            xaxis=axis("own width kept", range=[0, info.widths[-1] * 1.04]),
            yaxis=axis(f"latency of the layer, {info.unit}", range=[0, top]),
        ),
    }


def draw_networks(info: LinearInfo) -> dict[str, Any]:
    """A plotly spec: what the linear model says of every network, one dot each, against the tables; against
    what was measured, with the tables beside it, where it was."""
    truth = info.measured or info.tables
    top = max(*truth, *info.linear) * 1.05
    models = [("linear model", info.linear, "var(--mdp-other)", "square")]
    if info.measured:
        models.append(("our tables", info.tables, "var(--mdp-kept)", "circle"))
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": list(truth),
                "y": list(said),
                "marker": {"size": 7, "color": colour, "symbol": symbol, "opacity": 0.85},
                "hovertemplate": f"{name}: %{{y:.3g}} of %{{x:.3g}} {info.unit}<extra></extra>",
            }
            for name, said, colour, symbol in models
        ],
        "layout": layout(
            shapes=[
                {
                    "type": "line",
                    "x0": 0,
                    "y0": 0,
                    "x1": top,
                    "y1": top,
                    "line": {"color": "var(--mdp-ink-2)", "width": 1, "dash": "dash"},
                }
            ],
            annotations=[
                {
                    "x": top * 0.3,
                    "y": top * 0.2,
                    "text": "on the line: right",
                    "showarrow": False,
                    "xanchor": "left",
                    "font": {"color": "var(--mdp-ink-2)", "size": 12},
                }
            ],
            showlegend=bool(info.measured),
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
            margin={"l": 52, "r": 12, "t": 34, "b": 42},
            hovermode="closest",
            xaxis=axis(
                f"latency {'measured end to end' if info.measured else 'by the tables'}, {info.unit}",
                range=[0, top],
            ),
            yaxis=axis(
                f"{'predicted' if info.measured else 'linear model says'}, {info.unit}", range=[0, top]
            ),
        ),
    }


def layer_label(info: LinearInfo) -> str:
    return (
        f"Latency of {info.term} over its own width. At full width the linear model says "
        f"{ms(info.at_dense[-1], info.unit)}; with {info.input_width} of {info.input_dense} inputs it takes "
        f"{ms(info.at_input[-1], info.unit)}."
    )


def layer_table(info: LinearInfo) -> tuple[list[str], list[list[str]]]:
    rows = [
        [str(w), ms(a, info.unit), ms(b, info.unit)]
        for w, a, b in zip(info.widths, info.at_dense, info.at_input, strict=True)
    ]
    return [f"{info.own} kept", "linear model", f"measured at {info.input_width} inputs"], rows


def networks_label(info: LinearInfo) -> str:
    off = f"the linear model is off by {100 * info.error:.0f} % at the median"
    if not info.measured:
        return f"{len(info.tables)} random networks: {off}."
    return (
        f"{many(len(info.tables), 'network')} measured: {off}, our tables by {100 * info.table_error:.0f} %."
    )


def networks_table(info: LinearInfo) -> tuple[list[str], list[list[str]]]:
    columns = [info.tables, info.linear]
    head = ["by the tables", "linear model says"]
    if info.measured:
        columns, head = [info.measured, *columns], ["measured", *head]
    rows = sorted(zip(*columns, strict=True))[:: max(1, len(info.tables) // 30)]
    return head, [[ms(v, info.unit) for v in row] for row in rows]


def _shared(problem: Problem, dim: str) -> bool:
    return len(problem.dim_blocks[dim]) != 1


def _example(problem: Problem) -> Term:
    """The largest term with one dim of its own and one shared: a layer and what feeds it."""
    fitting = [t for t in problem.latency if {_shared(problem, d) for d in t.dims} == {True, False}]
    return max(fitting, key=lambda t: (len(t.dims) == 2, float(t.values.flat[-1])))


def _profile(problem: Problem, term: Term, own: str, others: Mapping[str, int]) -> tuple[float, ...]:
    base = problem.dense_choices | dict(others)
    return tuple(problem.entry(term, base | {own: width}) for width in problem.dim[own].options)


def _random(problem: Problem, rng: np.random.Generator) -> tuple[dict[str, int], tuple[str, ...]]:
    """Widths between a drawn least share and dense, so that all sizes of network come up; nothing removed."""
    low = rng.uniform(0, 1)
    choices = {}
    for dim in problem.dims:
        fitting = [o for o in dim.options if o >= low * dim.dense]
        choices[dim.name] = int(rng.choice(fitting))
    return choices, ()
