"""Where things are kept. One folder holds everything; `MDP_DATA` moves it."""

import os
from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[2] / "data"


def data_dir() -> Path:
    """The folder for what the user makes (studies, latency store, jobs): `$MDP_DATA`, else `data/`."""
    return Path(os.environ.get("MDP_DATA") or SHIPPED)


def study_dirs() -> list[Path]:
    """Folders searched for studies, the user's before those that came with the project."""
    folders = [data_dir() / "user" / "studies", SHIPPED / "studies"]
    return list(dict.fromkeys(folders))


def network_dirs() -> list[Path]:
    """Folders with one folder per pruned network: the user's, and those that came with the project."""
    return [data_dir() / "user" / "networks", SHIPPED / "networks"]
