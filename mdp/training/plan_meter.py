"""Accuracy of plans before any training: each is cut out, repaired, and measured on the same images."""

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from ..core.errors import MdpError
from ..core.plan import Plan
from ..core.plan_accuracy import PlanAccuracy
from ..core.progress import PartOf, Reporter
from ..core.study import StudyRecord
from ..datasets import Source
from ..datasets.batches import feed
from ..datasets.labels import check_fit
from ..datasets.loader import loader
from ..networks.in_memory import copied
from ..reconstruction import repair
from ..surgery import extract
from ..surgery.plans import find_in

# Images that are decoded once and kept, in float32; more are read anew for every plan.
KEPT_BYTES = 2e9
BATCH = 250
# Of a plan's time, about the share that repairing takes; for the progress bar alone.
REPAIRING = 0.7


class PlanMeter:
    """Cuts, repairs and measures plans of one study.

    Calibrates on training images, without their labels, and measures on test images: a plan is never
    measured on what it was repaired with.

    Args:
        images: test images to measure on, each class in proportion; all by default.
        calibration: training images to repair with; 0 measures networks as cut alone.
        seed: which images.

    Raises:
        MdpError: the data does not fit the network, or the network's weights are not at hand.
    """

    def __init__(
        self,
        study: StudyRecord,
        source: Source,
        *,
        images: int | None = None,
        calibration: int = 1000,
        seed: int = 0,
        device: str = "cpu",
        report: Reporter | None = None,
    ):
        self.study, self.dataset, self.device, self.seed = study, source.name, device, seed
        self.found = find_in(study)
        # A copy: plans are cut out of the one on the CPU.
        self.dense_network = copied(self.found.model).to(device).eval()
        check_fit(source.train, source, study.model)
        test = source.test.sample(images, seed) if images else source.test
        if not len(test):
            raise MdpError("There are no test images to measure accuracy on; give a data set that has some.")
        self.images = len(test)
        self.test = self._kept(loader(test, source, study.model, BATCH), len(test))
        self.calibration = None
        if calibration:
            part = source.train.sample(calibration, seed)
            self.calibration = self._kept(loader(part, source, study.model, 64), len(part))
        self.dense = self.accuracy(self.dense_network, report or Reporter())

    def measure(
        self,
        choices: Mapping[str, int | None],
        removed: Collection[str] = (),
        *,
        method: str = "exact",
        report: Reporter | None = None,
    ) -> PlanAccuracy:
        """Cut, repair and measure one choice.

        Raises:
            MdpError: the choice does not fit the study's network.
            Cancelled: on request.
        """
        report = report or Reporter()
        latency, importance = self.study.problem.evaluate(choices, removed)
        pruned = extract(self.found, choices, removed, self.study.scores.order).to(self.device)
        cut = self.accuracy(pruned, report)
        repaired = None
        if self.calibration is not None:
            mended = self._repaired(pruned, PartOf(report, 0.0, REPAIRING))
            repaired = self.accuracy(mended, report)
        report.step(1, 1, "measured")
        return PlanAccuracy(
            dict(choices), tuple(removed), latency, importance, self.images, cut, repaired, method
        )

    def measure_plan(self, plan: Plan, report: Reporter | None = None) -> PlanAccuracy:
        """As `measure`, of a plan."""
        return self.measure(plan.choices, plan.removed_blocks, method=plan.solver, report=report)

    def accuracy(self, network: nn.Module, report: Reporter) -> float:
        """Share of the test images whose class the network says."""
        right = 0
        network.eval()
        with torch.inference_mode():
            for images, labels in self._fed(self.test):
                report.check()
                right += int((network(images).argmax(1) == labels).sum())
        return right / self.images

    def _repaired(self, pruned: nn.Module, report: Reporter) -> nn.Module:
        """The repaired network, or the pruned one where no repair was better on calibration images."""
        images, how = self._fed(self.calibration), {"seed": self.seed, "device": self.device}
        return repair(pruned, self.dense_network, images, report, **how)[0].to(self.device)

    def _fed(self, batches):
        return batches if isinstance(batches, list) else feed(batches, self.device)

    def _kept(self, batches, count: int) -> "list[tuple[Tensor, Tensor]] | object":
        """The batches in memory, normalised, where they fit."""
        channels, height, width = self.study.model.input_size
        if 4.0 * count * channels * height * width > KEPT_BYTES:
            return batches
        return list(feed(batches, self.device))
