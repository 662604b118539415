"""Where things are kept: what comes along, and what the user makes. `MDP_DATA` moves the latter."""

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parents[1]
# A checkout keeps its data beside the packages, a wheel inside of them.
CHECKOUT = _PACKAGE.parent if (_PACKAGE.parent / "data" / "studies").is_dir() else None
SHIPPED = CHECKOUT / "data" if CHECKOUT else _PACKAGE / "shipped"


def data_dir() -> Path:
    """The folder for what the user makes (studies, latency store, jobs).

    `$MDP_DATA` where it is set; `data/` of a checkout; else the platform's folder for a user's data, such as
    `~/.local/share/mdp-explorer`.
    """
    if os.environ.get("MDP_DATA"):
        return Path(os.environ["MDP_DATA"])
    return SHIPPED if CHECKOUT else Path(platformdirs.user_data_dir("mdp-explorer", appauthor=False))


def study_dirs() -> list[Path]:
    """Folders searched for studies, the user's before those that came with the project."""
    folders = [data_dir() / "user" / "studies", SHIPPED / "studies"]
    return list(dict.fromkeys(folders))


def network_dirs() -> list[Path]:
    """Folders with one folder per pruned network: the user's, and those that came with the project."""
    return [data_dir() / "user" / "networks", SHIPPED / "networks"]
