"""Latency: what a family wants priced (pieces), and how it is measured on the device at hand.

`profile(found, ...)`, `verify(study, found, ...)`, `save_tables`, `load_tables`. Importing it needs no torch.
"""

import importlib

_HOMES = {
    "profile": "profiling", "verify": "verification", "strict": "strict_budget", "Store": "store",
    "save_tables": "tables", "load_tables": "tables", "list_tables": "tables", "fit_space": "tables",
}  # fmt: skip


def __getattr__(name: str):
    # Looked up when used: the explorer lists saved tables and needs none of the rest.
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
