"""Which kernels an idle-time limit ends: those that a page has, not those that start or stand ready."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from mdp_widgets.server.kernels import spare_warm

from ..loops import run_apart

LONG_AGO = datetime.now(UTC) - timedelta(days=1)


class Manager:
    """The little of Voila's kernel manager that is looked at."""

    def __init__(self, states: dict[str, str]):
        self.kernels = {
            name: SimpleNamespace(execution_state=state, last_activity=LONG_AGO)
            for name, state in states.items()
        }
        self.asked: list[str] = []
        self._pools: dict[str, list] = {}

    def get_kernel(self, kernel_id):
        return self.kernels[kernel_id]

    async def cull_kernel_if_idle(self, kernel_id):
        self.asked.append(kernel_id)


async def look_at_each(manager: Manager) -> None:
    async def warm():
        return {"kernel_id": "warm"}

    manager._pools = {"explore.ipynb": [asyncio.ensure_future(warm())]}
    await asyncio.sleep(0)
    for name in manager.kernels:
        await manager.cull_kernel_if_idle(name)


def test_only_a_page_loses_its_kernel():
    manager = Manager({"warm": "idle", "starts": "starting", "page": "idle"})
    spare_warm(manager)
    run_apart(look_at_each(manager))
    assert manager.asked == ["page"]
    # Taken a moment later, it has its whole time: it is not as idle as it was while it waited.
    assert manager.kernels["warm"].last_activity > LONG_AGO
    assert manager.kernels["page"].last_activity == LONG_AGO
