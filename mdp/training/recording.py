"""What a training run says, kept beside its network: metrics as JSON lines, and for TensorBoard if asked."""

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..core.errors import MdpError
from ..core.progress import NOT_KNOWN, Progress, Reporter

FILE = "metrics.jsonl"


class Recording(Reporter):
    """Passes everything on, and writes every metric down at once, so that a killed run has its curve."""

    def __init__(self, whole: Reporter, folder: Path, board: Any = None):
        super().__init__()
        self._whole, self._path, self._board = whole, folder / FILE, board
        folder.mkdir(parents=True, exist_ok=True)

    def show(self, progress: Progress) -> None:
        left = NOT_KNOWN if progress.seconds_left is None else progress.seconds_left
        self._whole.step(progress.done, progress.total, progress.text, left)

    def check(self) -> None:
        self._whole.check()

    def message(self, text: str) -> None:
        self._whole.message(text)

    def metric(self, **values: Any) -> None:
        self._whole.metric(**values)
        line = json.dumps({"time": round(time.time(), 3), **values})
        with contextlib.suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")  # a full disk stops the run where something is lost: at its checkpoint
        if self._board is not None:
            step = round(1000 * values.get("epoch", 0))  # whole numbers, with room for parts of an epoch
            for name, value in values.items():
                if isinstance(value, int | float) and name != "epoch":
                    self._board.add_scalar(name, value, step)


@contextlib.contextmanager
def recording(report: Reporter, folder: Path | None, *, tensorboard: bool = False) -> Iterator[Reporter]:
    """The reporter that keeps what it is told in `folder`; the same one without a folder.

    Raises:
        MdpError: TensorBoard is asked for and not installed, or the folder cannot be made.
    """
    if folder is None:
        yield report
        return
    board = _board(folder) if tensorboard else None
    try:
        recorder = Recording(report, folder, board)
    except OSError as error:
        raise MdpError(
            f"The folder {folder} cannot be made: {error.strerror}. Choose another (--out)."
        ) from None
    try:
        yield recorder
    finally:
        if board is not None:
            board.close()


def _board(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MdpError(
            "TensorBoard is not installed. Install it with: pip install tensorboard, or leave out "
            f"--tensorboard: the same numbers go to {folder / FILE}."
        ) from None
    return SummaryWriter(str(folder / "tensorboard"))
