"""The figures of the present view as files: SVG and PNG for papers, CSV and JSON for other tools, HTML that
stays alive."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mdp.core.csv_export import csv_text
from mdp.core.measurements import finetuned
from mdp.core.plan_accuracy import measured_plans
from mdp.core.resources import said
from mdp.plot.accuracy_draw import draw_accuracy
from mdp.plot.accuracy_front import accuracy_front, accuracy_label, accuracy_table
from mdp.plot.curve import curve_info, curve_label, curve_table, draw_curve
from mdp.plot.front import draw_front, front_info, front_label, front_table
from mdp.plot.style import concrete
from mdp.plot.surface import surface_info, surface_label, surface_table, terms_of
from mdp.plot.surface_draw import draw_surface
from mdp.plot.survivor_rows import survivors_info, survivors_table

from ..theme.markup import Markup, html
from ..theme.plotly_js import PLOTLY_JS
from .figure_svg import figure_svg
from .survivors_svg import survivors_svg

# The figure as text: columns, and rows of as many cells.
Table = tuple[list[str], list[list[str]]]


@dataclass(frozen=True)
class Drawn:
    """A figure as SVG and as a text table; `spec` is plotly's, None for the drawing of the architecture."""

    svg: str
    table: Table
    spec: dict[str, Any] | None = None


@dataclass(frozen=True)
class Picture:
    """One figure, drawn when it is first asked for; the list of them is made on every move of the slider."""

    name: str
    title: str
    draw: Callable[[], Drawn]

    @cached_property
    def drawn(self) -> Drawn:
        return self.draw()

    @property
    def svg(self) -> str:
        return self.drawn.svg

    @property
    def width(self) -> int:
        return _size(self.svg)[0]

    @property
    def height(self) -> int:
        return _size(self.svg)[1]


def pictures(selection) -> list[Picture]:
    """Every figure of the selection that there is something to show of, beside plan A where there is one."""
    study, plan, front = selection.study, selection.plan, selection.front
    block, dim = selection.block or None, selection.dim
    if study is None or plan is None:
        return []
    a = selection.reference.plan if selection.reference else None

    def draw_the_front():
        if selection.front_over is not None:
            info = front_info(study, selection.front_over[0], plan, a, turned=selection.front_over[1])
        else:
            info = front_info(study, front, plan, a, selection.beside)
        return _figure(draw_front(info), front_label(info), front_table(info))

    def draw_the_accuracy():
        known = selection.accuracies
        info = accuracy_front(
            study, plan, known.of(plan), a, known.of(a), also=known.since, tuned=finetuned(study)
        )
        return _figure(draw_accuracy(info), accuracy_label(info), accuracy_table(info))

    def draw_the_network():
        info = survivors_info(study, plan, a=a)
        return Drawn(survivors_svg(info), survivors_table(info))

    def draw_the_surface():
        info = surface_info(study.problem, terms[0], plan, dim, a)
        return _figure(draw_surface(info), surface_label(info), surface_table(info))

    def draw_the_curve():
        info = curve_info(study, dim, plan, a)
        return _figure(draw_curve(info), curve_label(info), curve_table(info))

    found = [
        Picture("front", front_title(selection), draw_the_front),
        Picture("survivors", "What survives", draw_the_network),
    ]
    if measured_plans(study) or selection.accuracies.since:
        found.insert(1, Picture("accuracy", "Accuracy over latency", draw_the_accuracy))
    terms = terms_of(study.problem, block, dim)
    if terms:
        found.append(Picture("surface", f"Latency of {terms[0].name}", draw_the_surface))
    if dim:
        found.append(Picture("curve", f"Importance of {dim}", draw_the_curve))
    return found


def front_title(selection) -> str:
    """What the picture of the front is called: over what, where that is not what the budget is of."""
    if selection.front_over is None:
        return "Pareto front"
    return f"Pareto front over {said(selection.study.problem.resource[selection.over])}"


def picture_html(picture: Picture) -> str:
    """A page of its own that works without any server: zoom and hover where plotly drew it."""
    if picture.drawn.spec is None:
        body, script = picture.svg, ""
    else:
        import plotly.io

        spec = concrete(picture.drawn.spec)
        spec["layout"] = {**spec["layout"], "paper_bgcolor": "#fff", "plot_bgcolor": "#fff"}
        body = plotly.io.to_html(spec, include_plotlyjs=False, full_html=False, validate=False)
        script = f"<script>{PLOTLY_JS.read_text(encoding='utf-8')}</script>"
    return html(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{script}</head>'
        '<body style="margin:16px;font-family:sans-serif">{body}</body></html>\n',
        title=picture.title,
        script=Markup(script),
        body=Markup(body),
    )


def picture_csv(picture: Picture) -> str:
    """The text table behind the figure."""
    return csv_text(*picture.drawn.table)


def picture_json(picture: Picture) -> str:
    """The text table, and where plotly draws it the `figure` as plotly reads it, every number as it is."""
    columns, rows = picture.drawn.table
    spec = picture.drawn.spec
    found = {"title": picture.title, "columns": columns, "rows": rows, "figure": spec and concrete(spec)}
    return json.dumps(found, indent=1, ensure_ascii=False)


def pictures_zip(found: list[Picture]) -> bytes:
    """All figures as SVG, CSV and JSON in one archive."""
    kinds = {"svg": lambda p: p.svg, "csv": picture_csv, "json": picture_json}
    return zipped({f"{p.name}.{kind}": text(p).encode() for p in found for kind, text in kinds.items()})


def zipped(files: dict[str, bytes]) -> bytes:
    """Files in one archive."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return body.getvalue()


def _figure(spec: dict[str, Any], label: str, table: Table) -> Drawn:
    return Drawn(figure_svg(spec, 640, 400, label), table, spec)


def _size(svg: str) -> tuple[int, int]:
    box = svg.split('viewBox="', 1)[1].split('"', 1)[0].split()
    return round(float(box[2])), round(float(box[3]))
