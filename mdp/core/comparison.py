"""Every method on one study, as measured: the record that figures and documentation read. No torch.

`python -m benchmarks.methods` writes one file a study into `data/comparisons`; a user's own lie in
`data/user/comparisons` and go before those that come along.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from .errors import BadFile, MdpError
from .files import read_json, write_json
from .names import slug
from .paths import SHIPPED, data_dir
from .plan_accuracy import wilson
from .problem import Problem
from .study import StudyRecord

FORMAT = "mdp-comparison/1"
STAGES = ("cut", "repaired", "tuned")
SHARES = {"torch-pruning": "multiply-adds"}  # what is asked of a method that knows no latency


@dataclass(frozen=True)
class MethodPoint:
    """One method at one budget.

    Attributes:
        method: a solver's name, an ablation corner's, "iterated", "random", ...
        budget: share of the dense latency that was asked for; of what SHARES names, for its methods.
        predicted: by the tables, in the unit of the study; None where the tables do not hold such a network.
        measured: of the whole network, in ms; None where it was not timed.
        cut: share of the test images right as cut.
        repaired: the same after closed-form repair, one number per seed of the images that it learnt from.
        tuned: the same after fine-tuning, one per seed.
        choices, removed: the plan, as in `Plan`; empty where it is none of the study's.
    """

    method: str
    budget: float
    predicted: float | None
    measured: float | None = None
    cut: float | None = None
    repaired: tuple[float, ...] = ()
    tuned: tuple[float, ...] = ()
    choices: Mapping[str, int | None] = field(default_factory=dict)
    removed: tuple[str, ...] = ()

    def accuracy(self, stage: str) -> float | None:
        """The mean over seeds at a stage of STAGES; None where it was not measured."""
        if stage == "cut":
            return self.cut
        values = self.repaired if stage == "repaired" else self.tuned
        return mean(values) if values else None

    def spread(self, stage: str) -> float:
        """The standard deviation over seeds; 0 for one."""
        values = {"cut": (), "repaired": self.repaired, "tuned": self.tuned}[stage]
        return stdev(values) if len(values) > 1 else 0.0

    @property
    def latency(self) -> float | None:
        """As measured, where it was; else as predicted."""
        return self.predicted if self.measured is None else self.measured


@dataclass(frozen=True)
class Comparison:
    """What was measured of all methods on one study.

    Attributes:
        study, fingerprint: which; of another fingerprint nothing is said.
        images: test images that every accuracy is a share of.
        dense: the dense network's accuracy; `dense_measured` its measured latency in ms, None if not timed.
        device: what the latencies were measured on.
        data: a sentence about the images.
        points: by method and budget.
        nothing: method -> budgets at which it finds no plan.
    """

    study: str
    fingerprint: str
    images: int
    dense: float
    dense_measured: float | None = None
    device: str = ""
    data: str = ""
    points: tuple[MethodPoint, ...] = ()
    nothing: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def methods(self) -> tuple[str, ...]:
        """Ours first, then as they were measured."""
        names = list(dict.fromkeys(point.method for point in self.points))
        return tuple(sorted(names, key=lambda name: name != "exact"))

    def of(self, method: str, stage: str) -> tuple[MethodPoint, ...]:
        """A method's points that were measured at a stage and have a latency, fastest first."""
        own = [p for p in self.points if p.method == method and p.accuracy(stage) is not None and p.latency]
        return tuple(sorted(own, key=lambda p: p.latency or 0.0))

    def interval(self, accuracy: float) -> tuple[float, float]:
        """The 95 % interval of a share of the test images."""
        return wilson(min(1.0, max(0.0, accuracy)), self.images)


def comparison_dirs() -> list[Path]:
    return [data_dir() / "user" / "comparisons", SHIPPED / "comparisons"]


def comparison_of(study: StudyRecord) -> Comparison | None:
    """What was measured of a study's methods, with its present tables and scores; None if nothing was.

    Raises BadFile where a file of it is damaged.
    """
    for folder in comparison_dirs():
        path = path_of(study, folder)
        if path.is_file():
            found = read_comparison(path)
            if found.fingerprint == study.problem.fingerprint:
                return found
    return None


def path_of(study: StudyRecord, folder: Path) -> Path:
    """Where a study's comparison is kept in a folder: under the name of the study's own file."""
    return folder / f"{study.path.stem if study.path else slug(study.name)}.json"


def read_comparison(path: Path) -> Comparison:
    """Raises BadFile if the file is none of ours."""
    data = read_json(path, "comparison")
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BadFile(f"{path} is no comparison of methods ({FORMAT}). Make it with benchmarks.methods.")
    try:
        points = tuple(_point(entry) for entry in data["points"])
        images, dense = int(data["images"]), _share(data["dense"])
        if images < 1:
            raise ValueError("no images")
        timed = data.get("dense_measured")
        return Comparison(
            str(data["study"]), str(data["fingerprint"]), images, dense,
            None if timed is None else _positive(timed),
            str(data.get("device", "")), str(data.get("data", "")), points,
            {str(k): tuple(map(float, v)) for k, v in (data.get("nothing") or {}).items()},
        )  # fmt: skip
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadFile(f"The comparison {path} is damaged ({error}). Make it anew.") from None


def write_comparison(path: Path, comparison: Comparison) -> None:
    """Write it, whole or not at all, a line a point."""
    data = asdict(comparison)
    data["points"] = [
        {key: value for key, value in point.items() if value not in (None, (), {})}
        for point in data["points"]
    ]
    write_json(path, {"format": FORMAT, **data}, indent=None)


def fits(problem: Problem, point: MethodPoint) -> bool:
    """Whether a point's plan is one of this problem."""
    try:
        problem.evaluate(point.choices, point.removed)
    except MdpError:
        return False
    return bool(point.choices)


def _point(entry: Mapping[str, Any]) -> MethodPoint:
    def optional(key: str, read: Any) -> Any:
        return None if entry.get(key) is None else read(entry[key])

    return MethodPoint(
        method=str(entry["method"]),
        budget=float(entry["budget"]),
        predicted=optional("predicted", _positive),
        measured=optional("measured", _positive),
        cut=optional("cut", _share),
        repaired=tuple(map(_share, entry.get("repaired", ()))),
        tuned=tuple(map(_share, entry.get("tuned", ()))),
        choices=dict(entry.get("choices", {})),
        removed=tuple(map(str, entry.get("removed", ()))),
    )


def _share(value: Any) -> float:
    if not 0 <= float(value) <= 1:
        raise ValueError(f"{value!r} is no share")
    return float(value)


def _positive(value: Any) -> float:
    if not float(value) > 0:
        raise ValueError(f"{value!r} is no latency")
    return float(value)
