"""The kernels behind the pages: a dead warm one is replaced, and there are no more than the machine can bear.

Voila keeps warm kernels in `manager._pools`: notebook -> tasks that end in {"kernel_id", "renderer", "task"}.
It hands them out unseen, so this module looks first. (Private to Voila; requirements.lock pins the version.)
"""

import contextlib

import psutil

# Below this much free memory another kernel could take the others with it.
SPARE_MB = 400


def warm_kernels(manager) -> set[str]:
    """Ids of the kernels that stand ready and that no page has."""
    done = [task for pool in getattr(manager, "_pools", {}).values() for task in pool if _ended_well(task)]
    return {task.result()["kernel_id"] for task in done}


def open_pages(manager) -> int:
    """How many kernels belong to a page."""
    return len(set(manager.list_kernel_ids()) - warm_kernels(manager))


async def alive(manager, kernel_id: str) -> bool:
    """Whether this kernel still runs: False also for one that was never there."""
    if kernel_id not in manager:
        return False
    return bool(await manager.get_kernel(kernel_id).is_alive())


async def drop_dead(manager, notebook: str) -> None:
    """Take warm kernels that died out of the notebook's pool, and start others in their place."""
    pool = getattr(manager, "_pools", {}).get(notebook)
    if not pool:
        return
    for task in [t for t in pool if t.done()]:
        if _ended_well(task) and await alive(manager, task.result()["kernel_id"]):
            continue
        with contextlib.suppress(ValueError):  # taken by another page while we looked
            pool.remove(task)
        if _ended_well(task) and task.result()["kernel_id"] in manager:
            await manager.shutdown_kernel(task.result()["kernel_id"], now=True)
        manager.fill_if_needed(delay=0, notebook_name=notebook)


def full(manager, pages: int) -> str:
    """Why no further page can be opened now, as a sentence; "" if one can."""
    if open_pages(manager) >= pages:
        return (
            f"All {pages} places of this explorer are taken. Close a page that you no longer need; "
            "this one opens by itself as soon as there is room."
        )
    if psutil.virtual_memory().available < SPARE_MB * 2**20:
        return (
            "The machine that serves this explorer is short of memory. Close a page that you no longer need; "
            "this one opens by itself as soon as there is room."
        )
    return ""


def _ended_well(task) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
