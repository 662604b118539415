"""The kernels behind the pages: a dead warm one is replaced, and there are no more than the machine can bear.

Voila keeps warm kernels in `manager._pools`: notebook -> tasks that end in {"kernel_id", "renderer", "task"}.
It hands them out unseen, so this module looks first. (Private to Voila; requirements.lock pins the version.)
"""

import asyncio
import contextlib

import psutil
import zmq
from jupyter_server._tz import utcnow

# Below this much free memory another kernel could take the others with it.
SPARE_MB = 400


def warm_kernels(manager) -> set[str]:
    """Ids of the kernels that stand ready and that no page has."""
    done = [task for pool in getattr(manager, "_pools", {}).values() for task in pool if _ended_well(task)]
    return {task.result()["kernel_id"] for task in done}


class Opening:
    """A place that a page holds from the moment it may open until its kernel is among the others.

    Kernels take a second to start, and a hundred pages may be opened in that time.
    """

    now = 0

    def __enter__(self) -> "Opening":
        Opening.now += 1
        self._held = True
        return self

    def release(self) -> None:
        """The kernel is there and counts itself."""
        if self._held:
            self._held = False
            Opening.now -= 1

    def __exit__(self, *error: object) -> None:
        self.release()


def open_pages(manager) -> int:
    """How many kernels belong to a page, or will in a moment."""
    return len(set(manager.list_kernel_ids()) - warm_kernels(manager)) + Opening.now


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


async def end_all(manager) -> None:
    """End every kernel, also one that only starts: it is in no list until it runs."""
    await asyncio.gather(*manager._pending_kernels.values(), return_exceptions=True)
    await manager.shutdown_all(now=True)


def spare_warm(manager) -> None:
    """Kernels that are idle for long are ended, but not those that start or stand ready for a page.

    A kernel's idle time begins when a page takes it, give or take the interval at which the manager looks.
    """
    end_if_idle = manager.cull_kernel_if_idle

    async def end_others_if_idle(kernel_id: str) -> None:
        kernel = manager.get_kernel(kernel_id)
        if kernel_id in warm_kernels(manager) or kernel.execution_state == "starting":
            kernel.last_activity = utcnow()
        else:
            await end_if_idle(kernel_id)

    manager.cull_kernel_if_idle = end_others_if_idle


def keep_every_message(manager) -> None:
    """Let no message of a kernel get lost between it and this server while the server is busy.

    A page of a thousand widgets asks on a slow machine for the state of each, and the kernel answers with
    three thousand messages at once. Of these ZeroMQ keeps a thousand and drops the rest in silence: the last
    panels of /examples were not found.
    """
    manager.context.setsockopt(zmq.RCVHWM, 0)  # of every socket that it will make


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
