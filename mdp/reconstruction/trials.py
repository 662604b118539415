"""What a repair tries: each network judged on the held-out images, the best one kept."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from torch import nn

from .judge import Worth, no_worse
from .solved import Setting


class Trials:
    """The best network so far on the held-out images, and what else was tried."""

    def __init__(self, network: nn.Module, before: Worth, held: int):
        self.best, self.after, self.kept = network, before, False
        self.setting: Setting | None = None
        self.failed: dict[str, str] = {}
        self.tried: list[tuple[Mapping[str, Any], Worth]] = []
        self._before, self._held = before, held

    def add(self, network: nn.Module, now: Worth, setting: Setting | None, failed: dict[str, str]) -> bool:
        """Take it, if it is the best; returns whether it is."""
        self.tried.append((asdict(setting) if setting else {}, now))
        better = no_worse(now, self._before, self._held) and now.divergence < self.after.divergence
        if better:
            self.best, self.after, self.setting, self.failed = network, now, setting, failed
            self.kept = True
        return better
