"""Repair: a pruned network fitted to the dense one in closed form, on a few unlabelled images, in seconds.

`mdp.repair` is this room and, called, the verb of the front door (mdp/api/repair.py): Python gives a
package's attribute to the room of that name as soon as it is imported.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

from .choose import RepairReport, repair
from .sweep import Setting

__all__ = ["RepairReport", "Setting", "repair"]


class _Verb(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # By name: the front door stands on this room, not the other way round.
        return importlib.import_module("mdp.api.repair").repair(*args, **kwargs)


sys.modules[__name__].__class__ = _Verb
