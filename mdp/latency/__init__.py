"""Latency: what a family wants priced (segments), and how it is measured on the device at hand.

`profile(found, ...)`, `verify(study, found, ...)`. Importing it needs no torch.
"""

import importlib

_HOMES = {
    "profile": "profiling", "verify": "verification", "enforce": "enforce_budget", "Store": "store",
}  # fmt: skip


def __getattr__(name: str):
    # Looked up when used: what is never measured needs no torch.
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
