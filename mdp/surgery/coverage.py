"""How many of timm's architectures are pruned right: every name of the families' modules in turn."""

import dataclasses
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch

from ..core.errors import Cancelled, MdpError
from ..core.study import ModelRef
from ..families import FAMILIES, GENERAL, family, family_of
from ..networks.models import resolve, shapes_of
from .alike import fingerprint
from .check import TooLarge, check_architecture
from .smaller import smaller

GRID = 4  # patches along one side of the image that a transformer is checked on


def architectures() -> list[str]:
    """timm's names, from its own registry: those in the modules of the families first."""
    import timm

    return list(dict.fromkeys([*of_families(), *timm.list_models()]))


def of_families() -> list[str]:
    """timm's names in the modules of all families but the general one."""
    import timm

    modules = [m for name in FAMILIES for m in family(name).TIMM_MODULES]
    return [name for module in modules for name in timm.list_models(module=module)]


def coverage(
    names: Iterable[str], seed: int = 0, largest: float = float("inf"), done: Iterable[dict[str, Any]] = ()
) -> Iterator[dict[str, Any]]:
    """One row per name: the result of `check_architecture`, or model, parameters_before and error.

    Args:
        done: rows of before. A network that comes to the same as one of theirs (see `fingerprint`) has its
            row, with the other's name as `same_as`, and is not run a second time.

    Architectures of more than `largest` parameters, or too large for the memory that is free, are left out:
    the row has `large` too. An error that is no sentence of ours is a fault of this project: the row has
    `fault` too, and the run goes on.
    """
    known = {row["fingerprint"]: row for row in done if row.get("fingerprint") and "same_as" not in row}
    for name in names:
        row = _row(name, seed, largest, known)
        yield row
        if row.get("fingerprint") and "same_as" not in row:
            known[row["fingerprint"]] = row
        if "large" not in row:
            gc.collect()  # traces hold their networks in cycles


def markdown(rows: Sequence[dict[str, Any]], tolerance: float, unchecked: Sequence[str] = ()) -> str:
    """The table of the docs: totals, what works, why the rest does not, and what was not checked."""
    right = [r for r in rows if "error" not in r and r["max_abs_difference"] <= tolerance]
    wrong = [r for r in rows if "error" not in r and r["max_abs_difference"] > tolerance]
    failed = [r for r in rows if "error" in r]
    large = [r["parameters_before"] for r in failed if "large" in r]
    refused = [r for r in failed if "large" not in r]
    whole = sum(not _unknown(r) for r in right)
    counts = [
        f"Of {len(rows) + len(unchecked)} architectures, {_verb(right, 'is', 'are')} pruned right",
        f"{len(wrong)} wrong" if wrong else "",
        f"{_verb(large, 'was', 'were')} left out for size ({min(large) / 1e6:.0f} M parameters and more)"
        if large
        else "",
        f"{_verb(refused, 'is', 'are')} not supported" if refused else "",
        f"{_verb(unchecked, 'has', 'have')} not been checked yet" if unchecked else "",
    ]
    lines = [
        "# Coverage",
        "",
        ", ".join(filter(None, counts)) + ".",
        f"Of those right, {whole} can be pruned in all their dimensions; the others keep some whole, as "
        "their row says.",
        "",
        "Right: with random weights, a random width of every dim and a third of the removable blocks gone, "
        "the outputs of the extracted and of the masked network for two small images differ by at most "
        f"{tolerance:g} of the largest output (difference). Where float32 rounds away more than 1e-5, "
        "float64 decides, in which rounding stays below 1e-6, and the row says both. Names that come to one "
        "network on such images, with the same layers, settings and shapes, are run once. "
        "`python -m mdp check NAME` does one again; "
        "`python -m mdp check --all --rows FILE --table docs/measurements/coverage.md` all that fit in "
        "memory, with `--largest` a limit in parameters; with `--kept` it writes this page from what "
        "FILE holds.",
        "",
        "| model | dims | blocks (removed) | parameters | after | difference | left whole, not known |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for r in [*wrong, *right]:
        blocks = f"{len(r['blocks'])} ({len(r['removed_blocks'])})"
        unknown = _unknown(r)
        rest = f"{len(unknown)}: {unknown[0]}" if unknown else ""
        lines.append(
            f"| {r['model']} | {len(r['dims'])} | {blocks} | {r['parameters_before'] / 1e6:.1f} M "
            f"| {r['parameters_after'] / 1e6:.1f} M | {_difference(r)} | {rest} |"
        )
    lines += ["", "| model | parameters | why it is not pruned |", "|---|--:|---|"]
    lines += [f"| {r['model']} | {r['parameters_before'] / 1e6:.1f} M | {r['error']} |" for r in failed]
    if unchecked:
        lines += ["", f"Not checked yet: {', '.join(unchecked)}."]
    return "\n".join(lines) + "\n"


def _verb(counted: Sequence, one: str, more: str) -> str:
    """`1 was`, `3 were`."""
    return f"{len(counted)} {one if len(counted) == 1 else more}"


def _difference(row: dict[str, Any]) -> str:
    """In float64 too where float32 could not tell."""
    said = f"{row['max_abs_difference']:.0e}"
    rounded = row.get("max_abs_difference_float32")
    return said if rounded is None else f"{said} in float64 ({rounded:.0e} in float32)"


def _unknown(row: dict[str, Any]) -> list[str]:
    """Parts that were left whole because they are not known, not because they should be."""
    return [s["reason"] for s in row["skipped"] if "not known" in s["reason"]]


def _row(name: str, seed: int, largest: float, known: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    parameters, said = 0, {}
    try:
        ref = resolve(name, weights="none")
        empty = shapes_of(ref)
        parameters = sum(p.numel() for p in empty.parameters())
        if parameters > largest:
            raise TooLarge(f"It was left out for its size, more than {largest / 1e6:g} M parameters.")
        small = _small(ref, empty)
        if small.arguments != ref.arguments:
            empty = shapes_of(small)
        said = {"fingerprint": fingerprint(empty, small.input_size)}
        if same := known.get(said["fingerprint"]):
            return {**same, "model": name, "same_as": same["model"]}
        return check_architecture(name, seed, ref=small, empty=empty) | said
    except Cancelled:
        raise
    except TooLarge as error:
        return {"model": name, "parameters_before": parameters, "error": str(error), "large": True}
    except MdpError as error:
        return {"model": name, "parameters_before": parameters, "error": str(error), **said}
    except Exception as error:
        said = f"A fault of this project: {type(error).__name__}: {error}"
        return {"model": name, "parameters_before": parameters, "error": said, "fault": True}


def _small(ref: ModelRef, model: torch.nn.Module) -> ModelRef:
    """The same network for a small image; of it, only what depends on the size of an image changes."""
    if family_of(model) == GENERAL:
        return smaller(ref, model)
    patches = getattr(model, "patch_embed", None)
    if patches is None:
        return ref
    side = GRID * patches.feat_ratio(as_scalar=False)[0]
    arguments = {**ref.arguments, "img_size": side}
    return dataclasses.replace(ref, input_size=(ref.input_size[0], side, side), arguments=arguments)
