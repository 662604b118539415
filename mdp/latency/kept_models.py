"""Models that a timer has made, kept on disk between two visits: writing one takes longer than timing it."""

import tempfile
from pathlib import Path

# Bytes kept at most.
KEPT = 1 << 30


class KeptModels:
    """Bytes by key, in a folder that goes when this object does."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mdp-parts-")
        self._paths: dict[str, Path] = {}
        self._bytes = 0

    def get(self, key: str) -> bytes | None:
        """What was kept of a key, None if nothing was."""
        path = self._paths.get(key)
        return path.read_bytes() if path else None

    def put(self, key: str, data: bytes) -> bytes:
        """Keep it while there is room, and return it."""
        if self._bytes + len(data) <= KEPT:
            path = Path(self._folder.name) / f"{len(self._paths)}.onnx"
            try:
                path.write_bytes(data)
            except OSError:  # a full disk: it is made again when it is asked for
                path.unlink(missing_ok=True)
                return data
            self._paths[key] = path
            self._bytes += len(data)
        return data
