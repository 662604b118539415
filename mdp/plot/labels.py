"""What blocks, dims and stages are called on the page: short, and the same in every view."""

from ..core.problem import Problem

LABELS = {"heads": "heads", "qk": "Q/K", "v": "V", "mlp": "MLP", "embedding": "embedding"}
STEM, HEAD = "stem", "head"


def label_of(dim: str, kind: str, block: str | None) -> str:
    """A short label for a dim: what its kind is called, with the number where a block has several; of another
    kind, its name without the block's."""
    if kind in LABELS:
        whole = (block or "").removesuffix(".attn").removesuffix(".mlp")  # of which the block may be a half
        which = dim.removeprefix(f"{whole}.").removesuffix(kind).strip(".")
        return f"{LABELS[kind]} {which}" if which.isdigit() else LABELS[kind]
    return dim.removeprefix(f"{block}.") if block else dim


def dim_label(problem: Problem, dim: str) -> str:
    """A dim by itself: `MLP`, `conv1`; one of several blocks by its stage: `layer3 (shared)`, `fc (head)`."""
    users = problem.dim_blocks[dim]
    if len(users) == 1 and None not in users:
        return label_of(dim, problem.dim[dim].kind, next(iter(users)))
    if problem.dim[dim].kind in LABELS:
        return f"{LABELS[problem.dim[dim].kind]} (shared)"
    shared, blocks = next(group for group in stages(problem) if dim in group[0])
    stage = stage_name(problem, shared, blocks)
    return f"{stage} (shared)" if blocks else f"{dim} ({stage})"


def stages(problem: Problem) -> list[tuple[list[str], list[str]]]:
    """Runs of blocks that end in the same shared dim, with the shared dims that begin there.

    A block's stage is the last of the shared dims that it uses, in the problem's order: the width that it
    writes to, the one before being what it reads. Shared dims that no block ends in come first (a stem), or
    last where they come after all stages (a head's).
    """
    shared = [
        d.name
        for d in problem.dims
        if len(problem.dim_blocks[d.name]) != 1 or None in problem.dim_blocks[d.name]
    ]
    stage = {
        b.name: next((d for d in reversed(shared) if b.name in problem.dim_blocks[d]), "")
        for b in problem.blocks
    }
    last_stage = max((i for i, d in enumerate(shared) if d in stage.values()), default=len(shared))
    stem = [d for d in shared[:last_stage] if d not in stage.values()]
    head = shared[last_stage + 1 :]
    found: list[tuple[list[str], list[str]]] = [(stem, [])] if stem else []
    last = None
    for block in stage:
        if stage[block] != last:
            last = stage[block]
            found.append(([last] if last else [], []))
        found[-1][1].append(block)
    return [*found, (head, [])] if head else found


def stage_name(problem: Problem, shared: list[str], blocks: list[str]) -> str:
    """What to call one of `stages`."""
    if not blocks:
        return STEM if stages(problem)[0][0] == shared else HEAD
    if shared and problem.dim[shared[0]].kind in LABELS:
        return LABELS[problem.dim[shared[0]].kind]
    prefixes = {b.rpartition(".")[0] for b in blocks}
    if len(prefixes) == 1 and "" not in prefixes:
        return prefixes.pop()
    return shared[0] if shared else "blocks"


def short_names(names: list[str]) -> dict[str, str]:
    """`blocks.7` -> `7`, `layer3.2` -> `3.2`: what all names share in front goes, if a digit follows it.
    So does a word that all have in the same place between two others: `layers.0.blocks.1.attn` -> `0.1.attn`.
    """
    cut = 0
    while (
        names
        and all(len(n) > cut for n in names)
        and len({n[cut] for n in names}) == 1
        and not names[0][cut].isdigit()
    ):
        cut += 1
    short = [n[cut:] for n in names]
    fine = all(s[:1].isdigit() for s in short) and len(set(short)) == len(names)
    return dict(zip(names, _without_common(short) if fine else names, strict=True))


def _without_common(names: list[str]) -> list[str]:
    parts = [n.split(".") for n in names]
    least = min(map(len, parts), default=0)
    common = {i for i in range(1, least - 1) if len({p[i] for p in parts}) == 1 and not parts[0][i].isdigit()}
    return [".".join(word for i, word in enumerate(p) if i not in common) for p in parts]
