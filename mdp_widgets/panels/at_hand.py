"""What was measured and scored for a model before, by whomever: files in the user's folders. No torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdp.errors import MdpError
from mdp.files import read_json
from mdp.latency.tables import how_timed, list_tables
from mdp.paths import data_dir
from mdp.study import Tables, list_studies

Choice = tuple[str, str]  # a label for a person, a path


def free_name(stem: str, mine: Path | None = None) -> str:
    """A name that no study has but the one at `mine`: `my fmnist_vit`, `my fmnist_vit 2`."""
    taken = {s["name"] for s in list_studies() if mine is None or Path(s["path"]).resolve() != mine}
    return next(n for n in (stem, *(f"{stem} {i}" for i in range(2, 10_000))) if n not in taken)


def tables_at_hand(model: str) -> list[Choice]:
    """Saved latency tables of a model, newest first."""
    return [(tables_label(saved.tables), str(saved.path)) for saved in list_tables(model)]


def scores_at_hand(model: str) -> list[Choice]:
    """Saved scores of a model, newest first.

    Only what the label says is read (mdp.importance needs torch); building a study checks the whole file.
    """
    folder = data_dir() / "user" / "scores"
    found = []
    for path in sorted(folder.glob("*.json"), key=lambda p: p.stat().st_mtime, reverse=True):
        try:
            data = read_json(path, "file of scores")
            if data["model"]["name"] == model:
                found.append((scores_label(data["provenance"]), str(path)))
        except (MdpError, KeyError, TypeError):
            continue
    return found


def tables_label(tables: Tables) -> str:
    p = tables.provenance
    return ", ".join([f"batch {p['batch']}", p["dtype"], *how_timed(tables), p["device"]])


def scores_label(provenance: Mapping[str, Any]) -> str:
    images = f", {provenance['images']} images" if provenance.get("images") else ""
    return f"{provenance['method']}{images}, {provenance.get('dataset', 'from the weights alone')}"
