"""What a repair did, in words and as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..tasks import Classification
from .judge import Worth
from .layers import names


@dataclass(frozen=True)
class RepairReport:
    """What a repair did. `text` says it in words.

    Attributes:
        repaired: whether the network that came back is the repaired one; else it is as it was cut.
        images: learnt from; `held_out`: judged on, which are others.
        before, after: on the held-out images, the network as cut and as it came back.
        setting: what was chosen; {} where nothing was.
        classifier: whether the classifier was fitted to the dense network's answers at the end.
        layers: how many were fitted; `skipped`: layer -> why it was left as it is.
        tried: every setting with what it was worth.
        task: what the network is for; beside classification, `Worth.agreement` is how much of what varies in
            the dense network's answers the network's own have.
    """

    repaired: bool
    images: int
    held_out: int
    before: Worth
    after: Worth
    setting: Mapping[str, Any] = field(default_factory=dict)
    classifier: bool = False
    layers: int = 0
    skipped: Mapping[str, str] = field(default_factory=dict)
    tried: tuple[tuple[Mapping[str, Any], Worth], ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    task: str = Classification.name

    @property
    def text(self) -> str:
        """One or more sentences for a person."""
        was, now = self.before, self.after
        if self.task != Classification.name:
            return self._of_answers(was, now)
        judged = f"of {self.held_out:,} held-out images it now answers {100 * now.agreement:.1f} % as the "
        judged += f"dense network does, before {100 * was.agreement:.1f} %"
        if now.accuracy is not None and was.accuracy is not None:
            judged += f"; {100 * now.accuracy:.1f} % are right, before {100 * was.accuracy:.1f} %"
        if self.repaired:
            took = f"{self.images:,} images in {self.seconds:.1f} s"
            what = f"Repaired {self.layers} layers" if self.setting else "Fitted the classifier"
            said = f"{what} on {took}: {judged}."
        elif self.layers:
            said = (
                f"Not repaired: on {self.held_out:,} held-out images no repair was better than the network "
                "as it was cut, which is kept."
            )
        else:
            said = "Not repaired: the network has no layer that could be."
        return self._whole(said)

    def _of_answers(self, was: Worth, now: Worth) -> str:
        """As `text`, where answers are no classes."""
        if self.repaired:
            return self._whole(
                f"Repaired {self.layers} layers on {self.images:,} inputs in {self.seconds:.1f} s: on "
                f"{self.held_out:,} held-out ones its answers agree with the dense network's to "
                f"{100 * now.agreement:.1f} %, before {100 * was.agreement:.1f} %."
            )
        return self._whole(
            f"Not repaired: on {self.held_out:,} held-out inputs no repair was better than the network as it "
            "was cut, which is kept."
        )

    def _whole(self, said: str) -> str:
        left = f"Left as they are: {names(self.skipped)}." if self.skipped else ""
        return " ".join(filter(None, [said, left, *self.notes]))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, without the time that it took, which is no part of the result."""
        facts = asdict(self)
        del facts["seconds"]
        return _plain({**facts, "tried": [{"setting": s, **asdict(w)} for s, w in self.tried]})


def _plain(value: Any) -> Any:
    """Numbers that JSON cannot say (a divergence without end) as None."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and value in (float("inf"), float("-inf")) else value
