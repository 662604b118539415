"""How a network is timed beside device, batch and dtype: attention fused or split, and the runtime."""

from collections.abc import Sequence

import ipywidgets as widgets
import numpy as np

from mdp.core.tables import SavedTables, how_timed, list_tables
from mdp.operations import ProfileOptions
from mdp.plot import formats as fmt

from ..theme import ui
from .form import form
from .study_draft import StudyDraft

# The numbers are those of docs/measurements/latency-models.json; a test holds them to it.
SPLIT = (
    "Timed in two, as in the paper. Such tables were 2.9 % off at the median and 36.0 % at worst on the demo "
    "ViT, fused ones 2.1 % and 10.5 %."
)
NOTES = {
    "fused": "Timed as it runs, over heads, Q/K and V width together.",
    "split": SPLIT,
    "eager": "Every layer is called as the model's code calls it.",
    "compiled": "Every part is compiled for its shape, seconds each. Their sum was 10 to 19 % more than a "
    "whole network takes, since that is fused across parts as well.",
    "onnxruntime": "Every part is exported to ONNX and timed in ONNX Runtime on the CPU, in float32 or "
    "int8; what the sum misses of a few whole networks is corrected.",
    "openvino": "Every part is exported to ONNX and timed in OpenVINO on the CPU, in float32, where that is "
    "installed; what the sum misses of a few whole networks is corrected.",
}
# Equal in both of two tables whose difference is how attention was cut.
SAME = ("device", "software", "batch", "dtype", "memory_format", "threads", "launch")


class Switches(widgets.VBox):
    """Two switches, each with a sentence on what it does. `parts` are the fields `attention` and `runtime`;
    `notes` are their sentences, by the same names, and `difference` is one about the tables at hand."""

    def __init__(self, draft: StudyDraft, device: widgets.Dropdown):
        self.parts = form(ProfileOptions, "attention", "runtime")
        self.notes = {name: ui.sentence() for name in self.parts}
        self.difference = ui.sentence()
        self._draft, self._device = draft, device
        for part in (*self.parts.values(), device):
            part.observe(self._follow, "value")
        draft.observe(self._follow, "family")
        draft.observe(self._tell_difference, ["model", "fresh"])
        self._follow()
        self._tell_difference()
        (attention, runtime), (of_attention, of_runtime) = self.parts.values(), self.notes.values()
        super().__init__([attention, of_attention, self.difference, runtime, of_runtime])
        self.add_class("mdp-fields")

    def title(self) -> str:
        """What is not the usual, after a comma."""
        split, runtime = self.parts["attention"].value == "split", self.parts["runtime"].value
        return f", {runtime}" * (runtime != ProfileOptions.runtime) + ", attention split" * split

    def _follow(self, _=None) -> None:
        family = self._draft.family
        cut = "" if family in ("", "vit") else "This network has no attention that could be cut."
        made = "Other runtimes are timed on a CPU or a CUDA GPU only." if self._device.value == "mps" else ""
        for (name, part), why in zip(self.parts.items(), (cut, made), strict=True):
            part.disabled = bool(why)
            if why:
                part.value = part.options[0][1]
            ui.say(self.notes[name], why or NOTES[part.value])

    def _tell_difference(self, _=None) -> None:
        ui.say(self.difference, difference(list_tables(self._draft.model)))


def difference(saved: Sequence[SavedTables]) -> str:
    """What split tables say beside fused ones of the same network, measured the same way; "" without both."""
    for split in saved:
        if "attention split" not in how_timed(split.tables):
            continue
        for fused in saved:
            if "attention split" not in how_timed(fused.tables) and _same(split, fused):
                (a, b), (c, d) = _totals(split), _totals(fused)
                return (
                    f"Measured both ways, batch {split.tables.provenance['batch']}: dense {fmt.ms(a)} split, "
                    f"{fmt.ms(c)} fused; at half the widths {fmt.ms(b)} and {fmt.ms(d)}."
                )
    return ""


def _same(one: SavedTables, other: SavedTables) -> bool:
    p, q = one.tables.provenance, other.tables.provenance
    return one.options == other.options and all(p.get(key) == q.get(key) for key in SAME)


def _totals(saved: SavedTables) -> tuple[float, float]:
    """Predicted ms of the dense network, and of the one at the middle option of every dim."""
    values = [np.asarray(term.values) for term in saved.tables.terms]
    middle = sum(v[tuple((n - 1) // 2 for n in v.shape)] for v in values)
    return float(sum(v.flat[-1] for v in values)), float(middle)
