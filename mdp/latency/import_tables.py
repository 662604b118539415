"""Times that were measured elsewhere, made into latency tables of a network here.

rows -> in ms, at the anchor's calm time -> do they fit the network? -> the rest inferred
-> corrected by the whole networks that travelled along
"""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import BadFile, MdpError
from ..core.study import Tables
from ..core.units import milliseconds
from ..operations import ImportTablesOptions
from .anchor import anchor_of
from .block_times import shared_out
from .grid import survey
from .kit import Kit, entries_to_time
from .profiling import tables_of
from .store import Entry
from .summary import summary
from .times_checks import RATIO, refuse_too_fast, refuse_too_long, refuse_too_short
from .times_files import Row, TimesFile
from .transfer import times_elsewhere
from .whole_networks import Correction, fit, parts_of

if TYPE_CHECKING:
    from ..networks.prunable import PrunableNetwork

# No device computes an anchor faster or slower than this (ms): the time is in another unit. A launch alone
# takes a GPU some microseconds.
ANCHOR_MS = (0.004, 2000.0)


def import_times(
    found: "PrunableNetwork",
    file: TimesFile,
    *,
    kit: Kit | None = None,
    unit: str | None = None,
    device: str | None = None,
    runtime: str | None = None,
    batch: int = ImportTablesOptions.batch,
    dtype: str = ImportTablesOptions.dtype,
    source: str = "file",
    like: Tables | None = None,
) -> Tables:
    """Tables, in ms, of a network from times measured on another device.

    Args:
        found: the network, its options as those of the kit.
        file: what was measured; its own words on unit, device and runtime stand where none are given here.
        kit: where the times are of a kit, that kit: its ids, batch and whole networks.
        source: the file's name, for people.
        like: tables of the network on a device at hand; some entries of every table will do then.

    Raises:
        MdpError: unit or device is not known, or the times do not fit the network: of another one, not all of
            them, in another unit than said.
    """
    told_by_blocks = None
    if file.blocks is not None:
        file, told_by_blocks = shared_out(found, file, source)
    about = file.about
    factor = milliseconds(unit or about.get("unit", "ms"))
    if factor is None:
        raise MdpError(f"The unit {unit or about['unit']!r:.40} is none of time. Say --unit ms, s, us or ns.")
    device = device or about.get("device")
    if not device:
        raise MdpError(f"{source} does not say on which device it was measured. Say it: --device NAME.")
    runtime = runtime or about.get("runtime") or "unknown"
    options = {dim.name: dim.options for dim in found.space.dims}
    surfaces, workloads = survey(found.segments, options)
    if kit and about.get("kit", kit.digest) != kit.digest:
        raise MdpError(
            f"{source} holds the times of another kit: of another network, batch or widths than this one, of "
            f"{found.space.model}. Say which kit they are of: --kit DIR."
        )
    names = {item["id"]: item["key"] for item in kit.items} if kit else {}
    rows = _by_key(file.rows, names, source)
    networks = {i["key"]: i for i in kit.items if i["kind"] == "network"} if kit else {}
    asked = list(names.values()) if kit else entries_to_time(surfaces, len(workloads))
    _refuse_strangers(rows, {*workloads, *networks}, found, source)
    elsewhere = times_elsewhere(found, surfaces, like) if like else None
    if elsewhere:
        _refuse_empty(rows, surfaces, source)
    else:
        _refuse_missing(rows, asked, surfaces, kit, source)
    batch = kit.batch if kit else batch
    anchor_ms = _anchor(file.rows, factor, batch, source)
    known = {key: _entry(row, factor, anchor_ms) for key, row in rows.items()}
    terms, details = tables_of(found, surfaces, {k: e for k, e in known.items() if k in workloads}, elsewhere)
    measured = [(i, known[k].ms) for k, i in networks.items() if not known[k].failure]
    dense = {dim.name: dim.options[-1] for dim in found.space.dims}
    macs = batch * sum(s.at(*(dense[d] for d in s.dims)).macs for s in found.segments)
    told = _correction(terms, options, measured, source)
    slowest = max((ms for _, ms in measured), default=0.0)
    refuse_too_long({k: row for k, row in rows.items() if k in workloads}, factor, slowest, source)
    if kit:
        refuse_too_short(file.rows, factor, source)
    sums, parts = parts_of(terms, options, dense, set())
    refuse_too_fast(max((ms for _, ms in measured), default=sums), parts, macs, source)
    if told:
        terms = tuple(dataclasses.replace(term, values=told(term.values)) for term in terms)
    entries = [known[k] for k in rows if k in workloads and not known[k].failure]
    provenance: dict[str, Any] = {
        "model": found.space.model,
        "input_size": list(found.ref.input_size),
        "device": device,
        "software": runtime,
        "batch": batch,
        "dtype": dtype,
        "launch": "imported",
        **summary(details, entries),
        "clock": f"read elsewhere, from {source}",
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    if like:
        provenance["like"] = {key: like.provenance.get(key) for key in ("device", "software", "launch")}
    if told_by_blocks is not None:
        provenance["inferred_error"] = max(provenance["inferred_error"] or 0.0, round(told_by_blocks, 5))
        provenance["blocks"] = "whole blocks, shared out among their parts; the network's ends cost nothing"
    if told:
        provenance["whole_networks"] = dataclasses.asdict(told)
    return Tables(terms, provenance, details)


def _by_key(rows: Sequence[Row], names: Mapping[str, str], source: str) -> dict[str, Row]:
    """Rows by the key of what they timed. Raises BadFile for one thing under its id and its key."""
    found: dict[str, Row] = {}
    for row in rows:
        known = found.setdefault(names.get(row.name, row.name), row)
        if known is not row:
            raise BadFile(
                f"{source} has two times of one part, as {known.name:.80} ({known.where}) and {row.name:.80} "
                f"({row.where}). Leave one of them out."
            )
    return found


def _refuse_strangers(rows: Mapping[str, Row], mine: set[str], found: "PrunableNetwork", source: str) -> None:
    strangers = [(name, row) for name, row in rows.items() if name not in mine]
    if strangers:
        name, row = strangers[0]
        raise MdpError(
            f"{source} does not fit {found.space.model}: {len(strangers)} of its {len(rows)} names are no "
            f"part of it, the first being {name!r:.80} ({row.where}). Names are the ids of a kit (say which: "
            "--kit) or the keys of parts, as `mdp kit` lists them in list.csv."
        )


def _refuse_missing(
    rows: Mapping[str, Row], asked: Sequence[str], surfaces: Sequence, kit: Kit | None, source: str
) -> None:
    """All of a kit has to be there; of times of one's own, the corners and a grid of every table."""
    if kit:
        lacking = [key for key in asked if key not in rows]
        if lacking:
            raise MdpError(
                f"{source} holds {len(asked) - len(lacking)} of the kit's {len(asked)} times. Start the "
                "kit's script again on the device: it goes on where it stopped."
            )
        return
    for surface in surfaces:
        corners = surface.index[np.ix_(*[sorted({0, n - 1}) for n in surface.index.shape])]
        lacking = [surface.keys[i] for i in np.unique(corners) if surface.keys[i] not in rows]
        if lacking:
            raise MdpError(
                f"{source} lacks {lacking[0]!r}, a corner of the table of {surface.segments[0]}. What lies "
                "between measured widths is inferred, beyond them nothing. `mdp kit` lists what is needed."
            )


def _refuse_empty(rows: Mapping[str, Row], surfaces: Sequence, source: str) -> None:
    for surface in surfaces:
        if not any(key in rows and not rows[key].failure for key in surface.keys):
            raise MdpError(
                f"{source} has no time of the table of {surface.segments[0]}. With tables to start from, one "
                "entry of each is needed at least, and a tenth is good: mdp kit --share 0.1."
            )


def _anchor(rows: Sequence[Row], factor: float, batch: int, source: str) -> float | None:
    beside = [row.anchor * factor for row in rows if row.anchor and not row.failure]
    if not beside:
        return None
    calm = float(np.quantile(beside, 0.1))
    if not ANCHOR_MS[0] <= calm <= ANCHOR_MS[1]:
        raise MdpError(
            f"In {source} the anchor ({anchor_of(batch).key}) takes {calm:.3g} ms, which no device does: the "
            "times are in another unit. Say which: --unit s, ms, us or ns."
        )
    return calm


def _entry(row: Row, factor: float, anchor_ms: float | None) -> Entry:
    if row.failure:
        return Entry(float("nan"), 0.0, 0, 1, failure=row.failure)
    slow = row.anchor * factor / anchor_ms if row.anchor and anchor_ms else 1.0
    return Entry(row.value * factor / slow, row.spread, row.repeats, 1, max(0.0, slow - 1))


def _correction(terms, options, measured: Sequence[tuple[Mapping, float]], source: str) -> Correction | None:
    """What the whole networks say of the sum of the parts; None without any.

    Raises:
        BadFile: they are not of the same unit.
    """
    if not measured:
        return None
    rows = [
        (*parts_of(terms, options, {d: int(n) for d, n in i["choices"].items()}, set(i["removed"])), ms)
        for i, ms in measured
    ]
    sums, parts, wholes = np.array(rows, dtype=float).T
    ratio = float(np.median(sums / wholes))
    if not RATIO[0] <= ratio <= RATIO[1]:
        raise BadFile(
            f"In {source} the parts of a network take {ratio:.3g} times what the whole network does. They "
            "are in different units, or were measured differently. Measure both in one run of the script."
        )
    return fit(sums, parts, wholes)
