"""Which study is open, and everything that changes with it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from traitlets import observe

from mdp.core.deployments import deployed
from mdp.core.errors import MdpError
from mdp.core.study import StudyRecord, list_studies, load_study
from mdp.solve import Front, Pins

from .choices import Choices, least_latency, solved
from .history import Kept
from .navigation import first_block, first_dim
from .progressive_front import grow, kernel_loop

FRONT_POINTS = 100
LIMITED_POINTS = 33  # under other limits a point takes ten times as long
# Data sets that are found by name; the same as mdp.datasets.NAMES, which needs what a page need not have.
DATA = ("fashion-mnist", "fashion-mnist-subset")
START = 0.5  # a study opens at half of its dense latency, or at the fastest choice if that is slower


class Opening(Choices):
    """Opens studies, and keeps what was open where one cannot be shown."""

    _growing: asyncio.Task | None = None

    def refresh(self) -> None:
        """Look again for studies on disk."""
        self.studies = tuple(list_studies())

    def open(self, name_or_path: Any) -> bool:
        """Open a study by name or path. One that is damaged, or that a view cannot draw, becomes a sentence;
        what was open stays open."""
        before = self.study, self.budget, self.pins, self.reference, self.limits
        try:
            study = load_study(name_or_path)
            self.study = study
        except MdpError as error:
            self.error = str(error)
            return False
        except Exception as error:  # of any view that shows it: the page has to live on
            self._take_back(*before)
            self.error = f"{_name_of(name_or_path)} cannot be drawn ({type(error).__name__}: {error})."
            return False
        return self.study is study

    def _take_back(
        self, study: StudyRecord | None, budget: float, pins: Pins, a: Kept | None, limits: Mapping
    ) -> None:
        """Show again what was open before a study that could not be drawn, or nothing."""
        try:
            if study is not None:
                self._open_at(study, budget, pins, a, limits)
                return
        except Exception:  # not even that: then nothing is open
            pass
        with contextlib.suppress(Exception):
            self._set(
                study=None, budget=0.0, plan=None, reference=None, pins=Pins(), limits={}, front=None,
                min_latency=0.0,
            )  # fmt: skip
        self.block = self.dim = ""
        self._forget()

    def deploy(self, name: str) -> bool:
        """Take another deployment of the open study for the budget: the same share of dense, pins and limits
        as they were. One step of undo."""
        old = self.study
        if old is None or name == old.deployment:
            return old is not None
        share = self.budget / old.problem.dense_latency
        try:
            new = deployed(old, name)
            limits = {n: most for n, most in self.limits.items() if n != name}
            self._open_at(new, share * new.problem.dense_latency, self.pins, None, limits)
        except MdpError as error:
            self.error = str(error)
            return False
        self.settle()
        return True

    def open_any(self, items: Iterable[Mapping[str, Any]]) -> bool:
        """Open the first of these that opens; `status` says which before it did not, and why."""
        failed: list[str] = []
        opened = False
        for item in items:
            opened = "error" not in item and self.open(item["path"])
            if opened:
                break
            failed.append(f"{item['name']}: {item.get('error') or self.error}")
        if failed:
            kept = f" {self.study.name} is shown instead." if opened else ""
            self.error = ""
            self.status = f"Not opened: {' '.join(failed)}{kept}"
        return opened

    def open_best(self) -> bool:
        """Open the study at hand that most is known of, as every page does where none is asked for."""
        return self.open_any(sorted(self.studies, key=_least_known))

    def show(self, study: StudyRecord) -> None:
        """Show a study that is at hand already: one that was built or measured just now."""
        self.study = study

    @observe("study")
    def _on_study(self, change: Mapping[str, Any]) -> None:
        if self._busy:
            return
        study = change["new"]
        if study is None:
            self._set(
                budget=0.0,
                plan=None,
                reference=None,
                pins=Pins(),
                limits={},
                front=None,
                min_latency=0.0,
                block="",
                dim="",
            )
            self.begin()
            return
        try:
            self._open_at(study, START * study.problem.dense_latency, Pins(), None)
        except MdpError as error:
            self._set(study=change["old"])
            self.error = f"{study.name} cannot be opened. {error}"
            return
        self.settle()

    def _open_at(
        self,
        study: StudyRecord,
        budget: float,
        pins: Pins,
        a: Kept | None,
        limits: Mapping[str, float] | None = None,
    ) -> None:
        """Everything of a study at once. Raises MdpError where nothing fits; then nothing has changed."""
        limits = dict(limits or {})
        min_latency = least_latency(study.problem, pins, limits)
        budget = max(budget, min_latency)
        plan = solved(study.problem, budget, pins, limits)
        block = first_block(study, plan.removed_blocks)
        self._set(
            study=study,
            error="",
            status="",
            reference=a,
            pins=pins,
            limits=limits,
            min_latency=min_latency,
            front=None,
            budget=budget,
            block=block,
            dim=first_dim(study, block),
            plan=plan,
        )
        self._grow_front(study)

    def _grow_front(self, study: StudyRecord) -> None:
        """The front from coarse to fine, while the page already answers; under the limits, if any hold."""
        if self._growing is not None:
            self._growing.cancel()

        def tell(front: Front) -> None:
            if self.study is study and self.limits == limits:  # a link sets equal ones anew
                self.front = front

        limits = self.limits
        count = LIMITED_POINTS if limits else FRONT_POINTS
        low = least_latency(study.problem, Pins(), limits) if self.pins else self.min_latency
        self._growing = grow(study.problem, low, count, tell, kernel_loop(), limits)

    def learn(self, found: StudyRecord) -> None:
        """Take over what was measured since of the open study: its verification and its accuracy."""
        now = self.study
        if now is None or found.problem.fingerprint != now.problem.fingerprint:
            return
        if (found.verification, found.accuracy) != (now.verification, now.accuracy):
            self._set(
                study=dataclasses.replace(now, verification=found.verification, accuracy=found.accuracy)
            )

    def moved(self, path: Path) -> None:
        """Follow the open study to another file of it: all else stays as it is, and nothing can be undone."""
        found = deployed(load_study(path), self.study.deployment) if self.study.others else load_study(path)
        self._set(study=dataclasses.replace(found, problem=self.study.problem))
        self.refresh()
        self.begin()

    def deleted(self) -> None:
        """The open study is no more: the first other one that opens takes its place, or nothing is open."""
        gone = self.study.name
        self.refresh()
        self.reference = None
        if not self.open_any(self.studies):
            self.study = None
        self.begin()
        self.say(f"Deleted: {gone}. {self.status}".rstrip())

    def _forget(self) -> None:
        """Nothing that was before can be gone back to."""
        raise NotImplementedError


def _least_known(item: Mapping[str, Any]) -> tuple[bool, bool]:
    """Sorts the studies whose plans were measured first, those whose images come along before others."""
    return not item.get("measured"), item.get("dataset") not in DATA


def _name_of(name_or_path: Any) -> str:
    return Path(str(name_or_path)).stem
