"""What `mdp build` makes of files of tables: the space that all of them offer, and the tables over it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..core.deployments import check_name, common_options, narrowed, usual_name
from ..core.errors import MdpError
from ..core.how_found import has_split_blocks
from ..core.model_ref import ModelRef
from ..core.resources import pairs_of
from ..core.space import Space
from ..core.study import Tables
from ..core.tables import SavedTables, fit_space, how_timed, load_tables
from ..core.units import check_parts


@dataclasses.dataclass(frozen=True)
class Built:
    """A space, the tables of the deployment `name`, and those of others."""

    space: Space
    tables: Tables
    name: str
    others: Mapping[str, Tables]


def tables_for(ref: ModelRef, path: str | None, deployments: tuple[str, ...]) -> Built:
    """Read `--tables FILE` and every `--deployment NAME=FILE`; without the former the first of these leads.

    Raises:
        MdpError: there is none, or one is of another model, or they have no widths in common.
    """
    named = pairs_of(deployments, "deployment", "file")
    for name in named:
        check_name(name)
    facts: dict[str, Any] = {"model": ref.name, "input_size": ref.input_size, "classes": ref.classes}
    read = {name: load_tables(file, **facts) for name, file in named.items()}
    if path is not None:
        first = load_tables(path, **facts)
        read = {usual_name(first.tables, tuple(read)): first, **read}
    if not read:
        raise MdpError(
            "Give the latency tables of a runtime (--tables FILE, or --deployment NAME=FILE for each of "
            "several), or what to count instead (--budget-in parameters)."
        )
    space = _space_of(ref, next(iter(read.values())))
    for saved in read.values():
        fit_space(space, saved)
    keep = common_options([saved.options for saved in read.values()])
    dims = tuple(dataclasses.replace(dim, options=keep[dim.name]) for dim in space.dims)
    (name, own), *others = ((n, _over(saved, keep)) for n, saved in read.items())
    return Built(dataclasses.replace(space, dims=dims), own, name, dict(others))


def _over(saved: SavedTables, keep: Mapping[str, tuple[int, ...]]) -> Tables:
    return dataclasses.replace(saved.tables, terms=narrowed(saved.tables.terms, saved.options, keep))


def _space_of(ref: ModelRef, saved: SavedTables) -> Space:
    """The space of a model with the widths of its tables. Raises MdpError if they are of another."""
    from ..families import outline

    split_blocks = has_split_blocks(term.block for term in saved.tables.terms if term.block)
    attention = "split" if "attention split" in how_timed(saved.tables) else "fused"
    found = outline(ref, split_blocks=split_blocks, attention=attention)
    space = fit_space(found.space, saved)
    where = f"tables {saved.path}"
    check_parts((t.name for t in saved.tables.terms), (p.name for p in found.segments), where)
    return space
