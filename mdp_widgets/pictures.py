"""The figures of the present view as files: SVG and PNG for papers, HTML that stays alive."""

import io
import zipfile
from dataclasses import dataclass
from html import escape
from typing import Any

from .figure_svg import figure_svg
from .figures.curve import curve_info, curve_label, draw_curve
from .figures.front import draw_front, front_info, front_label
from .figures.surface import draw_surface, surface_info, surface_label, terms_of
from .figures.survivors import survivors_info
from .plot import concrete
from .plotly_js import PLOTLY_JS
from .survivors_svg import survivors_svg


@dataclass(frozen=True)
class Picture:
    """One figure. `spec` is plotly's, None for the drawing of the architecture."""

    name: str
    title: str
    svg: str
    width: int
    height: int
    spec: dict[str, Any] | None


def pictures(selection) -> list[Picture]:
    """Every figure of the selection that there is something to show of."""
    study, plan = selection.study, selection.plan
    if study is None or plan is None:
        return []
    info = front_info(study, selection.front, plan, selection.a and selection.a.plan)
    found = [_figure("front", "Pareto front", draw_front(info), front_label(info))]
    drawing = survivors_svg(survivors_info(study, plan))
    width, height = _size(drawing)
    found.append(Picture("survivors", "What remains", drawing, width, height, None))
    terms = terms_of(study.problem, selection.block or None, selection.dim)
    if terms:
        surface = surface_info(study.problem, terms[0], plan, selection.dim)
        found.append(
            _figure("surface", f"Latency of {surface.term}", draw_surface(surface), surface_label(surface))
        )
    if selection.dim:
        curve = curve_info(study, selection.dim, plan)
        found.append(_figure("curve", f"Importance of {curve.dim}", draw_curve(curve), curve_label(curve)))
    return found


def picture_html(picture: Picture) -> str:
    """A page of its own that works without any server: zoom and hover where plotly drew it."""
    if picture.spec is None:
        body, script = picture.svg, ""
    else:
        import plotly.io

        spec = concrete(picture.spec)
        spec["layout"] = {**spec["layout"], "paper_bgcolor": "#fff", "plot_bgcolor": "#fff"}
        body = plotly.io.to_html(spec, include_plotlyjs=False, full_html=False, validate=False)
        script = f"<script>{PLOTLY_JS.read_text(encoding='utf-8')}</script>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(picture.title)}</title>{script}</head>"
        f'<body style="margin:16px;font-family:sans-serif">{body}</body></html>\n'
    )


def pictures_zip(found: list[Picture]) -> bytes:
    """All figures as SVG in one archive."""
    return zipped({f"{p.name}.svg": p.svg.encode() for p in found})


def zipped(files: dict[str, bytes]) -> bytes:
    """Files in one archive."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return body.getvalue()


def _figure(
    name: str, title: str, spec: dict[str, Any], label: str, width: int = 640, height: int = 400
) -> Picture:
    return Picture(name, title, figure_svg(spec, width, height, label), width, height, spec)


def _size(svg: str) -> tuple[int, int]:
    box = svg.split('viewBox="', 1)[1].split('"', 1)[0].split()
    return round(float(box[2])), round(float(box[3]))
