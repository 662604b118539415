"""What a training run says, kept beside its network: metrics as JSON lines, and for TensorBoard if asked."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..core.errors import MdpError
from ..core.progress import NOT_KNOWN, Progress, Reporter
from .metrics_file import MetricsFile

FILE = "metrics.jsonl"
CHECKPOINT = "checkpoint.safetensors"  # of a run that was cut off


class Recording(Reporter):
    """Passes everything on, and writes every metric down.

    Args:
        board: makes what writes for TensorBoard, where what was there from a step on is forgotten (None:
            nothing).
    """

    def __init__(self, whole: Reporter, folder: Path, board: Callable[[int | None], Any] | None = None):
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self._whole = whole
        self._file = MetricsFile(folder / FILE, goes_on=(folder / CHECKPOINT).is_file())
        self._open, self._board = board, board and board(None)
        self._trains = False  # whether anything of its own training was told

    def show(self, progress: Progress) -> None:
        left = NOT_KNOWN if progress.seconds_left is None else progress.seconds_left
        self._whole.step(progress.done, progress.total, progress.text, left)

    def check(self) -> None:
        self._whole.check()

    def message(self, text: str) -> None:
        self._whole.message(text)

    def metric(self, **values: Any) -> None:
        self._whole.metric(**values)
        if self._file.add(values) and self._open is not None:
            self._tell_board(values)

    def _tell_board(self, values: dict[str, Any]) -> None:
        step = round(1000 * values.get("epoch", 0))  # whole numbers, with room for parts of an epoch
        if "epoch" in values and not self._trains:  # what was cut off here is trained again
            self.close()
            self._board, self._trains = self._open(step), True
        for name, value in values.items():
            if isinstance(value, int | float) and name != "epoch":
                self._board.add_scalar(name, value, step)

    def close(self) -> None:
        if self._board is not None:
            self._board.close()


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
            f"The folder {error.filename or folder} cannot be made: {error.strerror}. Choose another (--out)."
        ) from None
    try:
        yield recorder
    finally:
        recorder.close()


def _board(folder: Path) -> Callable[[int | None], Any]:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MdpError(
            "TensorBoard is not installed. Install it with: pip install tensorboard, or leave out "
            f"--tensorboard: the same numbers go to {folder / FILE}."
        ) from None
    return lambda step: SummaryWriter(str(folder / "tensorboard"), purge_step=step)
