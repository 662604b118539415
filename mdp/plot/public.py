"""The figures that `mdp.plot` offers: record and drawing in one call, with the colours of a theme."""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from ..core.comparison import Comparison, comparison_of
from ..core.errors import MdpError
from ..core.given import must_be
from ..core.plan import Plan
from ..core.study import StudyRecord
from ..solve import Front, front
from .curve import curve_info, draw_curve
from .front import draw_front, front_info
from .method_lines import methods_figure
from .method_lines_draw import draw_methods
from .style import concrete
from .surface import surface_info, terms_of
from .surface_draw import draw_surface
from .survivor_bars import draw_survivors
from .survivor_rows import survivors_info

STUDY = "a study first, as mdp.Study or mdp.load_study returns it"


def pareto_front(
    study: StudyRecord,
    plan: Plan | None = None,
    *,
    points: int | Front = 50,
    other: Plan | None = None,
    dark: bool = False,
) -> go.Figure:
    """Draw importance kept against latency: the best plan at many budgets, a chosen one, and one beside it.

    Args:
        points: how many budgets to solve, or a front that was solved already.

    >>> import mdp
    >>> study = mdp.load_study("fmnist-vit-cpu")
    >>> len(pareto_front(study, points=10).data[0].x)
    10
    """
    must_be(study, StudyRecord, STUDY)
    solved = points if isinstance(points, Front) else front(study.problem, points)
    return _figure(draw_front(front_info(study, solved, plan, other)), dark)


def latency_surface(
    study: StudyRecord,
    block: str | None,
    dim: str = "",
    plan: Plan | None = None,
    *,
    solid: bool = False,
    dark: bool = False,
) -> go.Figure:
    """Draw a block's latency against the widths that it depends on: a heat map, or `solid` in space.

    Args:
        block: None for what is always charged.
        dim: which of the block's dims is in question; by default its first.

    Raises:
        MdpError: the study has no such block, or no table of it.

    >>> import mdp
    >>> latency_surface(mdp.load_study("fmnist-vit-cpu"), "blocks.0").data[0].type
    'heatmap'
    """
    must_be(study, StudyRecord, STUDY)
    terms = terms_of(study.problem, block, dim)
    if not terms:
        known = ", ".join(study.problem.block)
        raise MdpError(f"There is no latency table of a block {block!r}; there are blocks {known}.")
    return _figure(draw_surface(surface_info(study.problem, terms[0], plan, dim), solid=solid), dark)


def importance_curve(
    study: StudyRecord, dim: str, plan: Plan | None = None, *, dark: bool = False
) -> go.Figure:
    """Draw the share of a dim's importance that its best units hold, the widths offered and the cut.

    Raises:
        MdpError: the study has no such dim.

    >>> import mdp
    >>> importance_curve(mdp.load_study("fmnist-vit-cpu"), "embedding").layout.yaxis.range
    (0.0, 104.0)
    """
    must_be(study, StudyRecord, STUDY)
    if dim not in study.problem.dim:
        raise MdpError(f"There is no dim {dim!r}; there are {', '.join(study.problem.dim)}.")
    return _figure(draw_curve(curve_info(study, dim, plan)), dark)


def survivors(study: StudyRecord, plan: Plan, *, dark: bool = False) -> go.Figure:
    """Draw what survives of every block: kept units as a share of dense; a removed block has a cross.

    >>> import mdp
    >>> study = mdp.load_study("fmnist-vit-cpu")
    >>> survivors(study, study.solve("40%")).layout.xaxis.title.text
    'kept, % of dense'
    """
    must_be(study, StudyRecord, STUDY)
    return _figure(draw_survivors(survivors_info(study, plan)), dark)


def methods(
    study: StudyRecord, comparison: Comparison | None = None, *, stage: str = "repaired", dark: bool = False
) -> go.Figure:
    """Draw every method's accuracy over measured latency, one line a method; hover tells the plan.

    Args:
        comparison: by default what `python -m benchmarks.methods` measured of this study.
        stage: "cut", "repaired" or "tuned": what was done to the networks before they were measured.

    Raises:
        MdpError: nothing was measured of the study's present tables and scores, or there is no such stage.

    >>> import mdp
    >>> methods(mdp.load_study("fmnist-resnet-cpu")).layout.yaxis.title.text
    'accuracy, % of 2,000 test images'
    """
    must_be(study, StudyRecord, STUDY)
    comparison = comparison or comparison_of(study)
    if comparison is None:
        raise MdpError(
            f"No methods were compared on the study {study.name!r} as it is now. Measure them with "
            "python -m benchmarks.methods, or give a comparison."
        )
    return _figure(draw_methods(methods_figure(study, comparison, stage)), dark)


def _figure(spec: Mapping[str, Any], dark: bool) -> go.Figure:
    """The spec as a figure that stands alone: a background, and colours instead of CSS variables."""
    plain = concrete(spec, dark=dark)
    background = concrete({"c": "var(--mdp-card)"}, dark=dark)["c"]
    ink = concrete({"c": "var(--mdp-ink)"}, dark=dark)["c"]
    figure = go.Figure(data=plain["data"], layout=plain["layout"])
    figure.update_layout(
        paper_bgcolor=background,
        plot_bgcolor=background,
        font={"color": ink},
        dragmode="zoom",
        margin={"l": 60, "r": 20, "t": 20, "b": 50},
    )
    return figure
