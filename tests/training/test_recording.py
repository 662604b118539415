"""Metrics are kept as they come, beside the network."""

import json

import pytest

from mdp.core.errors import Cancelled, MdpError
from mdp.core.progress import Reporter
from mdp.training.recording import FILE, recording


class Heard(Reporter):
    def __init__(self, stop=False):
        super().__init__(lambda: stop)
        self.metrics, self.texts = [], []

    def metric(self, **values):
        self.metrics.append(values)

    def message(self, text):
        self.texts.append(text)


def test_every_metric_is_a_line_at_once_and_goes_on(tmp_path):
    heard = Heard()
    for epoch in (1, 2):  # a resumed run goes on in the same file
        with recording(heard, tmp_path / "run") as report:
            report.metric(epoch=epoch, loss=0.5)
            lines = (tmp_path / "run" / FILE).read_text().splitlines()
            assert len(lines) == epoch and json.loads(lines[-1])["loss"] == 0.5
            report.message("well")
    assert heard.metrics == [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.5}]
    assert heard.texts == ["well"] * 2


def test_cancel_reaches_it_and_without_a_folder_nothing_is_written(tmp_path):
    with recording(Heard(stop=True), tmp_path) as report, pytest.raises(Cancelled):
        report.step(1, 2)
    with recording(heard := Heard(), None) as report:
        assert report is heard


def test_what_is_not_installed_or_cannot_be_made_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch.utils.tensorboard", None)
    with (
        pytest.raises(MdpError, match=r"pip install tensorboard.*metrics\.jsonl"),
        recording(Heard(), tmp_path, tensorboard=True),
    ):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(MdpError, match="cannot be made"), recording(Heard(), tmp_path / "file" / "run"):
        pass
