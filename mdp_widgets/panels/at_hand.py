"""What was measured and scored for a model before, by whomever: files in the user's folders."""

from mdp.errors import MdpError
from mdp.latency.tables import list_tables
from mdp.study import Tables

Choice = tuple[str, str]  # a label for a person, a path


def tables_at_hand(model: str) -> list[Choice]:
    """Saved latency tables of a model, newest first."""
    return [(tables_label(saved.tables), str(saved.path)) for saved in _listed(list_tables, model)]


def scores_at_hand(model: str) -> list[Choice]:
    """Saved scores of a model, newest first."""
    from mdp.importance.store import list_scores

    return [(scores_label(saved.scores), str(saved.path)) for saved in _listed(list_scores, model)]


def tables_label(tables: Tables) -> str:
    p = tables.provenance
    return f"batch {p['batch']}, {p['dtype']}, {p['device']}"


def scores_label(scores) -> str:
    p = scores.provenance
    images = f", {p['images']} images" if p.get("images") else ""
    return f"{p.get('method', '?')}{images}, {p.get('dataset', '?')}"


def _listed(function, model: str) -> list:
    try:
        return function(model)
    except (MdpError, OSError):
        return []
