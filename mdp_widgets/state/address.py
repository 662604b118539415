"""The view as a query string: study, budget, pins, limits, block, dim, tab, axes of the front, and plan A.

A plan is written as the budget, the pins and the limits that it is the answer to: solving gives it again.
"""

import os
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode

from mdp.core.errors import MdpError
from mdp.core.pins import pins_from_text, pins_text
from mdp.core.plan import parse_budget

from .explorer_state import ExplorerState
from .limits import limits_from_text, limits_text, sums_beside


def address_of(selection: ExplorerState) -> str:
    """The view as a query string: study by file name, budgets exact, in its unit."""
    study, a, view = selection.study, selection.reference, {}
    if study is not None and study.path is not None:
        view = {
            "study": study.path.stem,
            "on": "" if study.deployment == study.home else study.deployment,
            "budget": selection.budget,
            "pins": pins_text(selection.pins),
            "limits": limits_text(selection.limits),
            "a": a.budget if a else "",
            "a_pins": pins_text(a.pins) if a else "",
            "a_limits": limits_text(a.limits) if a else "",
            "block": selection.block,
            "dim": selection.dim,
            "axis": "" if selection.axis == "importance" else selection.axis,
            "over": selection.over,
        }
    view["tab"] = selection.tab
    return urlencode({k: v for k, v in view.items() if v})


def go_to(selection: ExplorerState, address: str) -> None:
    """Open the view that an address names. What it names wrongly is said, and the rest is opened."""
    view = {k: v[0] for k, v in parse_qs(address).items()}
    selection.tab = view.get("tab", "")
    selection.axis = "accuracy" if view.get("axis") == "accuracy" else "importance"
    if not _open(selection, view.get("study")) or selection.study is None:
        return
    if not _deploy(selection, view):
        return
    problem = selection.study.problem
    try:
        pins = pins_from_text(view.get("pins", ""), problem)
        limits = limits_from_text(view.get("limits", ""), problem)
        budget = parse_budget(view["budget"], problem) if "budget" in view else selection.budget
        # A comes first: it is there when the page draws for the first time.
        if "a" in view:
            a_pins = pins_from_text(view.get("a_pins", ""), problem)
            a_limits = limits_from_text(view.get("a_limits", ""), problem)
            selection.compare_with(parse_budget(view["a"], problem), a_pins, a_limits)
        if (budget, pins, limits) != (selection.budget, selection.pins, selection.limits):
            complaint = selection.error
            selection.go(budget, pins, limits)
            selection.error = selection.error or complaint
    except MdpError as error:
        selection.error = str(error)
    over = view.get("over", "")
    selection.show_over(over if over in sums_beside(problem) else "")
    selection.look_at(view.get("block"), view.get("dim"))


def _deploy(selection: ExplorerState, view: Mapping[str, str]) -> bool:
    """Whether the deployment of this address is shown now: the study's first where it names none."""
    wanted = view.get("on", selection.study.home if "study" in view else "")
    return not wanted or selection.deploy(wanted)


def _open(selection: ExplorerState, wanted: str | None) -> bool:
    """Whether the study of this file name is open now; None asks for none."""
    if not wanted:
        return True
    paths = (i["path"] for i in selection.studies)
    path = next((p for p in paths if os.path.basename(p) == f"{wanted}.json"), None)
    if path is None:
        selection.error = f"This address names the study {wanted!r}, which is not here. Choose another one."
        return False
    is_open = selection.study is not None and str(selection.study.path) == path
    return is_open or selection.open(path)
