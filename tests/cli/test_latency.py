"""The commands, end to end on the demo ResNet, at dense width and one narrower: few entries, real timing."""

import json
import tempfile

import pytest

from mdp.cli import main
from mdp.cli.profile import width_step
from mdp.core.errors import MdpError
from mdp.core.study import load_study
from mdp.core.tables import load_tables

FEW = ["--device", "cpu", "--threads", "1", "--batch", "1"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study made by the commands, with few entries: every dim offers two widths."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MDP_DATA", str(folder))
        # The lock on this CPU lies in the folder for temporary files: do not wait for a real profiler.
        patch.setattr(tempfile, "tempdir", str(folder))
        wide = [
            word
            for kind, units in (("conv1.3", 4), ("layer1", 8), ("layer2", 16), ("layer3", 32), ("layer4", 64))
            for word in ("--width-step", f"{kind}={units}")
        ]
        model = ["fmnist_resnet", "--weights", "none"]
        profiled = main(
            [
                "profile",
                *model,
                *FEW,
                *wide,
                "--width-step",
                "channels=64",
                "--seconds",
                "1",
                "--out",
                str(folder / "tables.json"),
            ]
        )
        scored = main(["score", *model, "--method", "magnitude", "--out", str(folder / "scores.json")])
        built = main(
            [
                "build",
                *model,
                "--tables",
                str(folder / "tables.json"),
                "--scores",
                str(folder / "scores.json"),
                "--name",
                "Small study",
                "--out",
                str(folder / "study.json"),
            ]
        )
        assert (profiled, scored, built) == (0, 0, 0)
        yield folder


def test_tables_and_study_say_where_they_are_from(made):
    saved = load_tables(made / "tables.json", model="fmnist_resnet", batch=1, dtype="float32")
    study = load_study(made / "study.json")
    assert study.name == "Small study" and study.model.weights == "none"
    assert study.tables.provenance == saved.tables.provenance
    assert study.problem.dense_latency > 0
    assert study.tables.provenance["threads"] == 1 and "torch" in study.tables.provenance["software"]
    convs = [t for t in study.problem.latency if t.name == "layer2.0.conv1"]
    assert convs[0].dims == ("layer2.0.conv1", "layer1")  # output x input


def test_verify_measures_whole_networks_and_keeps_the_result(made, monkeypatch, capsys):
    monkeypatch.setenv("MDP_DATA", str(made))
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    args = ["verify", str(made / "study.json"), "--subnetworks", "3", "--seconds", "1", "--json"]
    assert main(args) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["subnetworks"] == 3 and result["same_device"]
    assert {"median_error", "worst_error", "bias", "tau"} <= set(result)
    assert all(p["measured"] > 0 for p in result["points"])
    assert load_study(made / "study.json").verification["subnetworks"] == 3


@pytest.mark.parametrize(
    "words, said",
    [
        (["--batch", "0"], "batch"),
        (["--device", "toaster"], "toaster"),
        (["--dtype", "int3"], "int3"),
        (["--width-step", "channels"], "channels=8"),
    ],
)
def test_bad_input_is_a_sentence_and_status_2(words, said, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    assert main(["profile", "fmnist_vit", "--weights", "none", "--device", "cpu", *words]) == 2
    assert said in capsys.readouterr().err


def test_tables_of_another_model_are_refused(made, capsys, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(made))
    files = ["--tables", str(made / "tables.json"), "--scores", str(made / "scores.json")]
    assert main(["build", "fmnist_vit", "--weights", "none", *files, "--name", "x"]) == 2
    assert "fmnist_resnet" in capsys.readouterr().err


def test_width_steps():
    assert width_step(["channels=8", "blocks.0.mlp=64"]) == {"channels": 8, "blocks.0.mlp": 64}
    assert width_step(None) is None
    for bad in ("channels", "=8", "channels=x"):
        with pytest.raises(MdpError):
            width_step([bad])
