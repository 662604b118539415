"""Which block and dim belong together, so that a click on either leads every view to both."""

from collections.abc import Collection

from mdp.core.study import StudyRecord


def own_dims(study: StudyRecord, block: str) -> list[str]:
    """Dims that belong to one block alone, in the problem's order."""
    return [d for d, users in study.problem.dim_blocks.items() if users == {block}]


def first_block(study: StudyRecord, removed: Collection[str]) -> str:
    """The block to look at first: one that survives, since a removed one has nothing to show; "" for none."""
    names = [block.name for block in study.problem.blocks]
    return next((name for name in names if name not in removed), next(iter(names), ""))


def middle_block(study: StudyRecord) -> str:
    """A block of the middle, for an example; "" where the network has none."""
    names = [block.name for block in study.problem.blocks]
    return names[len(names) // 2] if names else ""


def first_dim(study: StudyRecord, block: str) -> str:
    """The dim to show first for a block: its own where it has one, else any that it uses, else "".

    Where the network has no block, `block` is "", and it is the first dim of all.
    """
    own = own_dims(study, block) if block else ()
    users = study.problem.dim_blocks
    return own[0] if own else next((d for d in users if not block or block in users[d]), "")


def where_to_look(study: StudyRecord, block: str | None, dim: str | None, now: str) -> tuple[str, str] | None:
    """The (block, dim) to show when a person asks for a block or a dim, looking at block `now`.

    A shared dim is shown with the block asked for, else the present one, else the first that uses it, else
    (a stem) the present one. None where the study has neither.
    """
    problem = study.problem
    if dim in problem.dim:
        users = problem.dim_blocks[dim] - {None}
        if block in users:
            return block, dim
        if now in users:
            return now, dim
        return next((b.name for b in problem.blocks if b.name in users), now), dim
    if block in problem.block:
        return block, first_dim(study, block)
    return None
