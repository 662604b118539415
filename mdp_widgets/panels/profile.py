"""Measure latency tables of the chosen model on this machine."""

import ipywidgets as widgets

from .. import ui
from .job_view import JobView
from .parts import dropdown, fields, long_work, or_sentence, step_card, text
from .setup import Setup, whole_number

DEVICES = {"the fastest here": "auto", "CPU": "cpu", "GPU (CUDA)": "cuda", "GPU (Apple)": "mps"}
DTYPES = ("float32", "bfloat16", "float16")


def profile_panel(selection=None, setup: Setup | None = None) -> widgets.VBox:
    """Step 2 by itself: measures `setup.model`."""
    return long_work(profile_card(setup or Setup()))


def profile_card(setup: Setup, number: int = 2) -> widgets.VBox:
    """The card of step 2. Its parts are `device`, `batch`, `dtype`, `go` and `job`."""
    device = dropdown("Device", DEVICES.items(), "auto")
    batch = text("Batch size", "1", tooltip="Images per forward pass; part of what is measured")
    dtype = dropdown("Number type", DTYPES, "float32")
    job = JobView(
        "profile",
        idle="Times every part of the network at its widths. Stop whenever you like: what was measured is "
        "kept, and the next run goes on from there.",
        resume=setup.is_about,
    )

    def measure():
        words = or_sentence(setup.words, job.complain)
        size = words and or_sentence(lambda: whole_number(batch.value, "batch size", 1, 65536), job.complain)
        if size:
            job.start(
                ["profile", *words, "--device", device.value, "--batch", size, "--dtype", dtype.value],
                f"Latency of {setup.model}, batch {size}, {dtype.value}",
            )

    job.observe(lambda change: setup.measured(change["new"]), "state")
    go = ui.button("Measure", measure, tooltip="Measure latency tables on this machine")
    card = step_card(number, "Latency", fields(device, batch, dtype), ui.row(go), job)
    card.device, card.batch, card.dtype, card.go, card.job = device, batch, dtype, go, job
    return card
