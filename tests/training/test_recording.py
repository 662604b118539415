"""Metrics are kept as they come, beside the network."""

import json

import pytest

from mdp.core.errors import Cancelled, MdpError
from mdp.core.progress import Reporter
from mdp.training.recording import CHECKPOINT, FILE, Recording, recording


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
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / CHECKPOINT).touch()
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


FIRST = (
    {"accuracy_dense": 0.9}, {"latency_measured": 2.0, "device": "here"}, {"epoch": 0.5, "loss": 2.0},
    {"epoch": 1.0, "loss": 1.9}, {"epoch": 1, "loss": 1.9, "accuracy": 0.5}, {"epoch": 1.5, "loss": 1.8},
)  # fmt: skip


def told(folder, *values, board=None):
    """What stands in the file after a run has said this."""
    recorder = Recording(Heard(), folder, board)
    for one in values:
        recorder.metric(**one)
    recorder.close()
    lines = [json.loads(line) for line in (folder / FILE).read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "time"} for line in lines]


def test_after_a_kill_every_epoch_stands_there_once(tmp_path):
    assert told(tmp_path, *FIRST) == [*FIRST[:3], *FIRST[4:]]  # the end of an epoch is one line
    (tmp_path / CHECKPOINT).touch()
    with (tmp_path / FILE).open("ab") as file:  # killed while it wrote
        file.write(b'{"time": 1, "epo\xff')
    again = {"latency_measured": 2.1, "device": "here"}
    more = ({"epoch": 1.5, "loss": 1.7}, {"epoch": 2, "loss": 1.6, "accuracy": 0.6})
    lines = told(tmp_path, FIRST[0], again, FIRST[4], *more)
    assert lines == [FIRST[0], FIRST[2], FIRST[4], again, *more]


def test_another_run_begins_a_file_of_its_own_with_its_first_line(tmp_path):
    before = told(tmp_path, *FIRST)
    assert told(tmp_path) == before  # one that is refused before it has said anything
    assert told(tmp_path, {"accuracy_pruned": 0.1}) == [{"accuracy_pruned": 0.1}]


@pytest.mark.parametrize(
    "text", ["[1]\n", "3", "{}\n{", '{"epoch": "x"}\n', "[" * 100_000, "\0", '{"epoch": NaN}']
)
def test_what_stands_there_may_be_anything(tmp_path, text):
    (tmp_path / CHECKPOINT).touch()
    (tmp_path / FILE).write_text(text)
    assert told(tmp_path, {"epoch": 1, "loss": 1.0})[-1] == {"epoch": 1, "loss": 1.0}


def test_tensorboard_forgets_what_is_trained_again(tmp_path):
    seen = []

    class Board:
        def __init__(self, step):
            seen.append(("from", step))

        def add_scalar(self, name, value, step):
            seen.append((name, step))

        def close(self):
            pass

    told(tmp_path, *FIRST)
    (tmp_path / CHECKPOINT).touch()
    told(tmp_path, FIRST[4], {"epoch": 1.5, "loss": 1.7}, {"epoch": 2, "loss": 1.6}, board=Board)
    assert seen == [("from", None), ("from", 1500), ("loss", 1500), ("loss", 2000)]


def test_a_full_disk_stops_no_run_and_the_next_line_writes_all(tmp_path, monkeypatch):
    from mdp.training import metrics_file

    recorder = Recording(Heard(), tmp_path)
    write = metrics_file.write_text
    monkeypatch.setattr(metrics_file, "write_text", lambda *_: (_ for _ in ()).throw(MdpError("full")))
    recorder.metric(**FIRST[0])
    assert not (tmp_path / FILE).exists()
    monkeypatch.setattr(metrics_file, "write_text", write)
    recorder.metric(**FIRST[2])
    assert len((tmp_path / FILE).read_text().splitlines()) == 2


def test_a_folder_in_its_place_is_a_sentence(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(MdpError, match=r"metrics\.jsonl is a folder"), recording(Heard(), tmp_path):
        pass
