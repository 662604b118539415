"""A kit: everything to time on a device that is not here, in a folder, with scripts that need no project.

    kit.json  models.zip  list.csv  time_onnxruntime.py  time_trtexec.py  README.txt   -> results.csv

The models are full ONNX files for one batch size. Their weights are one short pattern over and over, which
costs the same time as any others and packs a thousandfold.
"""

import csv
import hashlib
import io
import itertools
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import BadFile, MdpError
from ..core.files import clear_leftovers, read_json, replacing, write_json, write_text
from ..core.model_ref import ModelRef, model_from_json, model_to_json
from ..core.progress import Reporter
from ..networks.segments import Workload
from ..operations import KitOptions
from .anchor import anchor_of
from .grid import Surface, survey
from .kit_parts import is_count, items_of, options_of
from .onnx_parts import to_onnx
from .transfer import to_measure
from .whole_networks import networks_to_learn, whole_network

if TYPE_CHECKING:
    from torch import nn

    from ..networks.prunable import PrunableNetwork

FORMAT = "mdp-kit/1"
SCRIPTS = ("time_onnxruntime.py", "time_trtexec.py")
# Points along an axis, finest first; where all tables together have too many entries, the next is tried.
POINTS = (9, 7, 5, 4, 3, 2)
# Entries of each table that no grid asks for: they say how well the rest is inferred.
DRAWN = 2
PATTERN = 64


@dataclass(frozen=True)
class Kit:
    """What a kit.json says: `items` are parts and whole networks, each with id, file, kind and key."""

    model: ModelRef
    batch: int
    options: Mapping[str, tuple[int, ...]]
    found_with: Mapping[str, Any]
    items: Sequence[Mapping[str, Any]]
    digest: str


def entries_to_time(surfaces: Sequence[Surface], most: int, beside: int = 0) -> list[str]:
    """Keys of the finest regular grids of all tables, corners always, with a few others drawn, and where
    there is room, those that are farthest from all of these: with the `beside` whole networks that travel
    along at most `most`.

    Raises:
        MdpError: even the corners are more.
    """
    for points in POINTS:
        keys: dict[str, None] = {}
        for surface in surfaces:
            keys |= dict.fromkeys(_grid(surface, points))
        if len(keys) + beside <= most:
            return list(keys | _farthest(surfaces, keys, most - beside - len(keys)))
    least = len(keys) + beside
    raise MdpError(
        f"The tables of this network need at least {least} entries. Allow more: --entries {least}."
    )


def _grid(surface: Surface, points: int) -> list[str]:
    axes = [
        np.unique(np.rint(np.linspace(0, n - 1, min(n, points))).astype(int)) for n in surface.index.shape
    ]
    picked = np.unique(surface.index[np.ix_(*axes)]) if axes else surface.index.ravel()
    rest = np.setdiff1d(np.arange(len(surface.keys)), picked)
    drawn = np.random.default_rng(0).permutation(rest)[:DRAWN]
    return [surface.keys[i] for i in (*picked, *drawn)]


def _farthest(surfaces: Sequence[Surface], keys: Mapping[str, None], room: int) -> dict[str, None]:
    """Up to `room` more keys, always one that is farthest from the known ones of its table; a table that
    prices several segments comes sooner."""
    apart = {}
    for surface in surfaces:
        known = np.array([key in keys for key in surface.keys])
        gaps = surface.points[:, None] - surface.points[None, known]
        apart[surface] = np.where(known, 0.0, np.linalg.norm(gaps, axis=2).min(axis=1))
    more: dict[str, None] = {}
    while len(more) < room:
        surface = max(apart, key=lambda s: apart[s].max() * len(s.segments))
        i = int(apart[surface].argmax())
        if not apart[surface][i] > 0:
            break
        more[surface.keys[i]] = None
        gaps = np.linalg.norm(surface.points - surface.points[i], axis=1)
        apart[surface] = np.minimum(apart[surface], gaps)
    return more


def make_kit(
    found: "PrunableNetwork",
    folder: str | os.PathLike,
    *,
    batch: int = KitOptions.batch,
    entries: int = KitOptions.entries,
    share: float | None = KitOptions.share,
    found_with: Mapping[str, Any] | None = None,
    report: Reporter | None = None,
) -> Kit:
    """Write a kit of at most `entries` models, whole networks among them, into a new or empty folder.

    With a `share` (0 to 1] of the entries of every table instead, for `import_times(like=...)`.

    Raises:
        MdpError: the folder holds something or cannot be written, the batch makes no sense, or `entries` are
            too few.
        Unsupported: a part cannot be written as ONNX.
        Cancelled: on request; a kit that is not complete has no kit.json.
    """
    report = report or Reporter()
    folder = Path(folder)
    if type(batch) is not int or batch < 1:
        raise MdpError(f"The batch must be a whole number of at least 1, not {batch!r}.")
    if os.path.isdir(folder):
        clear_leftovers(folder)
    if os.path.exists(folder) and (
        not os.path.isdir(folder) or any(p.name != "models.zip" for p in folder.iterdir())
    ):
        raise MdpError(f"{folder} is there already and is not empty. Choose another --out.")
    options = {dim.name: dim.options for dim in found.space.dims}
    surfaces, workloads = survey(found.segments, options)
    networks = [(c, r, whole_network(found, c, r)) for c, r in networks_to_learn(found)]
    keys = to_measure(surfaces, share) if share else entries_to_time(surfaces, entries, len(networks))
    items = [_item("part", workloads[key], batch) for key in keys]
    items += [{**_item("network", w, batch), "choices": c, "removed": list(r)} for c, r, w in networks]
    made = {i["id"]: w for i, w in zip(items, [*(workloads[k] for k in keys), *(n[2] for n in networks)],
                                       strict=True)}  # fmt: skip
    kit = Kit(found.ref, batch, options, dict(found_with or {}), items, _digest(items, found.ref, batch))
    texts = _texts(kit)
    try:
        with (
            replacing(folder / "models.zip") as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as models,
        ):
            models.writestr("anchor.onnx", onnx_of(anchor_of(batch), batch))
            for n, item in enumerate(items, 1):
                models.writestr(item["file"], onnx_of(made[item["id"]], batch))
                report.step(n, len(items), "writing what to time")
        for name, text in texts.items():
            write_text(folder / name, text)
        write_json(folder / "kit.json", _to_json(kit))
    except MdpError:  # the folder was empty, and is again
        for name in ("models.zip", *texts):
            (folder / name).unlink(missing_ok=True)
        raise
    return kit


def load_kit(path: str | os.PathLike) -> Kit:
    """Read a kit's kit.json, or that of a kit's folder.

    Raises:
        BadFile: it is missing, damaged, or something else.
    """
    path = Path(path)
    path = path / "kit.json" if os.path.isdir(path) else path
    data = read_json(path, "kit")
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BadFile(f"{path} is not an {FORMAT} file. Make a kit with: mdp kit MODEL --out DIR")
    try:
        ref = model_from_json(data["model"])
        options = options_of(data["options"])
        items = items_of(data["items"], options)
        how, digest = data["found_with"], data["digest"]
        if not is_count(data["batch"]):
            raise ValueError("the batch")
        if not isinstance(how, dict) or not isinstance(digest, str):
            raise ValueError("found_with or the digest")
        return Kit(ref, data["batch"], options, how, items, digest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error!s:.200}"
        raise BadFile(f"The kit {path} is damaged, at {what}. Make it anew, or take another copy.") from None


def onnx_of(workload: Workload, batch: int) -> bytes:
    """The ONNX file of a workload, its weights a pattern that packs well."""
    import torch

    module = patterned(workload.make().eval())
    kinds = itertools.zip_longest(workload.inputs, workload.kinds, fillvalue="")
    return to_onnx(
        module, [torch.zeros(batch, *shape, dtype=getattr(torch, kind or "float32")) for shape, kind in kinds]
    )


def patterned(module: "nn.Module") -> "nn.Module":
    """The module with every large weight made of 64 numbers, repeated; in place."""
    import torch

    pattern = torch.randn(PATTERN, generator=torch.Generator().manual_seed(0)) * 0.05
    with torch.no_grad():
        for weight in module.parameters():
            if weight.numel() > PATTERN and weight.is_floating_point():
                times = -(-weight.numel() // PATTERN)
                weight.data = pattern.repeat(times)[: weight.numel()].reshape(weight.shape).clone()
    return module


def _item(kind: str, workload: Workload, batch: int) -> dict[str, Any]:
    name = f"{kind}-{hashlib.sha256(f'{workload.key} batch {batch}'.encode()).hexdigest()[:12]}"
    return {"id": name, "file": f"{name}.onnx", "kind": kind, "key": workload.key}


def _digest(items: Sequence[Mapping[str, Any]], ref: ModelRef, batch: int) -> str:
    body = json.dumps([[i["id"] for i in items], ref.name, batch])
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def _to_json(kit: Kit) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "model": model_to_json(kit.model),
        "batch": kit.batch,
        "options": {name: list(widths) for name, widths in kit.options.items()},
        "found_with": dict(kit.found_with),
        "digest": kit.digest,
        "items": list(kit.items),
    }


def _texts(kit: Kit) -> dict[str, str]:
    """The files of a kit that people and their devices read, by name."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("id", "kind", "file", "what"))
    writer.writerows((i["id"], i["kind"], i["file"], i["key"]) for i in kit.items)
    scripts = resources.files("mdp.latency").joinpath("kit_scripts")
    texts = {name: scripts.joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS}
    return {"list.csv": table.getvalue(), **texts, "README.txt": _readme(kit)}


def _readme(kit: Kit) -> str:
    return (
        f"What to time for {kit.model.name}, batch {kit.batch}: {len(kit.items)} ONNX models in models.zip, "
        "listed in list.csv.\n\n"
        'With ONNX Runtime:  python3 time_onnxruntime.py --device "NAME" --threads 4\n'
        'With TensorRT:      python3 time_trtexec.py --device "NAME" -- --fp16\n'
        "With anything else: write results.csv yourself. Its first lines are\n"
        f"    # kit: {kit.digest}\n    # device: NAME\n    # runtime: NAME\n    # unit: ms\n"
        "    id,value,spread,repeats,anchor,failure\n"
        "and then one line for each model; spread, repeats, anchor and failure may stay empty.\n\n"
        "Back where mdp is: python -m mdp import-tables results.csv --kit KITFOLDER\n"
    )
