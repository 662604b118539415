"""What was measured and scored for a model before, by whomever: files in the user's folders. No torch."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from mdp.core.errors import MdpError
from mdp.core.files import read_json
from mdp.core.json_head import read_head
from mdp.core.paths import data_dir
from mdp.core.provenance import HASH, KINDS
from mdp.core.quality import table_faults
from mdp.core.study import Tables, list_studies
from mdp.core.tables import how_timed, list_tables

ArtifactChoice = tuple[str, str]  # a label for a person, a path


def free_name(stem: str, mine: Path | None = None) -> str:
    """A name that no study has but the one at `mine`: `my fmnist_vit`, `my fmnist_vit 2`."""
    taken = {s["name"] for s in list_studies() if mine is None or Path(s["path"]).resolve() != mine}
    return next(n for n in (stem, *(f"{stem} {i}" for i in range(2, 10_000))) if n not in taken)


def available_tables(model: str) -> list[ArtifactChoice]:
    """Saved latency tables of a model, newest first."""
    return [(tables_label(saved.tables), str(saved.path)) for saved in list_tables(model)]


def available_scores(model: str) -> list[ArtifactChoice]:
    """Saved scores of a model, newest first.

    Only what the label says is read (mdp.importance needs torch); building a study checks the whole file.
    """
    folder = data_dir() / "user" / "scores"
    found = []
    for path in sorted(folder.glob("*.json"), key=lambda p: p.stat().st_mtime, reverse=True):
        try:
            data = read_head(path, ("model", "provenance")) or read_json(path, "file of scores")
            if data["model"]["name"] == model:
                label = scores_label(data["provenance"], data["model"], path.stat().st_mtime)
                found.append((label, str(path)))
        except (MdpError, KeyError, TypeError, AttributeError):
            continue
    return found


def tables_label(tables: Tables) -> str:
    p = tables.provenance
    wrong = ["not to be trusted"] if table_faults(p, tables.details) else []
    return ", ".join([f"batch {p['batch']}", p["dtype"], *how_timed(tables), p["device"], *wrong])


def scores_label(provenance: Mapping[str, Any], model: Mapping[str, Any], saved: float) -> str:
    """Of which checkpoint and when come first: that tells two files of one model apart.

    `saved` is when the file was written, in seconds, for scores that do not say when they were taken.
    """
    weights = str(model.get("weights", ""))
    content = str(provenance.get(HASH, ""))[:6]
    which = KINDS.get(weights) or Path(weights).name + (f" {content}" if content else "")
    images = f", {provenance['images']} images" if provenance.get("images") else ""
    how = f"{provenance['method']}{images}, {provenance.get('dataset', 'from the weights alone')}"
    return f"{which}, {_when(provenance.get('created'), saved)}: {how}"


def _when(created: Any, saved: float) -> str:
    """`2026-11-21 15:00`, in this machine's time."""
    try:
        made = datetime.fromisoformat(str(created).replace("Z", "+00:00")).astimezone()
    except ValueError:
        made = datetime.fromtimestamp(saved)
    return f"{made:%Y-%m-%d %H:%M}"
