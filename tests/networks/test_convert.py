"""Checkpoints as people have them: wrapped, averaged, channels last, shared, without counters."""

import argparse
import json
import os
import pickle
import zipfile

import pytest

from mdp.cli import main
from mdp.core.errors import BadFile, MdpError

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file  # noqa: E402

from mdp.networks.checkpoints import read_tensors  # noqa: E402
from mdp.networks.convert import names_for, plain_names, read_any  # noqa: E402
from mdp.networks.models import create, resolve  # noqa: E402


def small():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))


def same(a, b):
    return set(a) == set(b) and all(torch.equal(a[k], b[k]) for k in a)


@pytest.fixture
def state():
    return small().state_dict()


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "model.", "module._orig_mod.", "_orig_mod.module.model."]
)
def test_prefixes_of_wrappers_go(state, prefix, tmp_path):
    torch.save({"epoch": 3, "state_dict": {prefix + k: v for k, v in state.items()}}, tmp_path / "x.pth")
    assert main(["convert", str(tmp_path / "x.pth")]) == 0
    assert same(load_file(tmp_path / "x.safetensors"), state)
    assert main(["convert", str(tmp_path / "x.pth")]) == 2  # what is there is not written over


def test_a_prefix_that_some_names_lack_is_their_own():
    names = {"module.a": 1, "b": 2}
    assert plain_names(names) == names and plain_names({"n_averaged": 1, "module.module.a": 2}) == {"a": 2}


def test_the_moving_average_by_choice_and_said(state, tmp_path, capsys):
    averaged = {f"module.{k}": v + 1 for k, v in state.items()} | {"n_averaged": torch.tensor(3)}
    args = argparse.Namespace(lr=0.1)
    torch.save({"model": state, "model_ema": averaged, "args": args, "optimizer": {}}, tmp_path / "x.tar")
    for words, wanted, entry in (([], state, "model"), (["--ema"], plain_names(averaged), "model_ema")):
        out = tmp_path / f"{entry}.safetensors"
        assert main(["convert", str(tmp_path / "x.tar"), "--out", str(out), "--json", *words]) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["entry"] == entry and said["ema"] == bool(words) and len(said["others"]) == 1
        assert same(load_file(out), wanted)
    torch.save({"model_ema": averaged}, tmp_path / "only.pth")
    with pytest.raises(MdpError, match="--ema"):
        read_any(tmp_path / "only.pth")
    torch.save(state, tmp_path / "none.pth")
    with pytest.raises(MdpError, match=r"moving|none"):
        read_any(tmp_path / "none.pth", averaged=True)


def test_channels_last_and_shared_tensors_become_their_own(state, tmp_path):
    last = {k: v.to(memory_format=torch.channels_last) if v.ndim == 4 else v for k, v in state.items()}
    torch.save({**last, "again": last["0.weight"], "part": last["0.bias"][:2]}, tmp_path / "x.pt")
    found = read_any(tmp_path / "x.pt").tensors
    assert all(t.is_contiguous() for t in found.values())
    assert len({t.data_ptr() for t in found.values()}) == len(found)
    assert torch.equal(found["again"], state["0.weight"])


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil",)


def test_what_would_run_is_refused_and_not_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": Evil()}, "x.pth")
    (tmp_path / "y.pth").write_bytes(pickle.dumps(Evil()))
    for name in ("x.pth", "y.pth"):
        assert main(["convert", name]) == 2
        assert "Nothing in it was run" in capsys.readouterr().err
    assert sorted(os.listdir()) == ["x.pth", "y.pth"]


def test_damage_of_any_kind_is_a_sentence(state, tmp_path):
    torch.save(state, tmp_path / "good.pth")
    good = (tmp_path / "good.pth").read_bytes()
    path = tmp_path / "bad.pth"
    for content in (
        b"",
        b"x",
        good[:100],
        good[: len(good) // 2],
        b"PK\x03\x04",
        pickle.dumps([1]),
        good[::-1],
    ):
        path.write_bytes(content)
        with pytest.raises(BadFile, match=r"\.$"):
            read_any(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", "x")
    with pytest.raises(BadFile):
        read_any(path)
    for odd in ([1, 2], {"a": 1}, {1: torch.ones(2)}, torch.ones(2), {}, {"a": torch.ones(2).to_sparse()}):
        torch.save(odd, path)
        with pytest.raises(BadFile):
            read_any(path)
    with pytest.raises(BadFile):
        read_any(tmp_path / "nowhere.pth")


def test_a_wrapped_checkpoint_without_counters_is_loaded(tmp_path):
    ref = resolve("fmnist_resnet")
    own = create(ref).state_dict()
    kept = {f"module.{k}": v.contiguous() for k, v in own.items() if not k.endswith("num_batches_tracked")}
    assert len(kept) < len(own)
    path = tmp_path / "wrapped.safetensors"
    save_file(kept, path)
    again = create(resolve("fmnist_resnet", str(path))).state_dict()
    assert all(torch.equal(again[k.removeprefix("module.")], v) for k, v in kept.items())
    with pytest.raises(BadFile, match=r"mdp convert"):
        read_tensors(_touch(tmp_path / "x.pth"))


@pytest.mark.parametrize("prefix", ["backbone.", "student.", "ema_model.encoder.", "module.learner.0."])
def test_a_wrapper_of_any_name_is_understood_by_the_network(prefix, tmp_path):
    own = create(resolve("fmnist_resnet")).state_dict()
    torch.save({"state_dict": {prefix + k: v for k, v in own.items()}}, tmp_path / "x.pth")
    assert main(["convert", str(tmp_path / "x.pth")]) == 0
    again = create(resolve("fmnist_resnet", str(tmp_path / "x.safetensors"))).state_dict()
    assert all(torch.equal(again[k], v) for k, v in own.items())
    assert names_for({"a.b": 1, "c.b": 2}, {"b"}) == {"a.b": 1, "c.b": 2}


def saved(tmp_path, what):
    torch.save(what, tmp_path / "x.pth")
    return tmp_path / "x.pth"


@pytest.mark.parametrize(
    ("wrap", "entry"),
    [
        (lambda w, a: {"checkpoint": {"model": w}}, "checkpoint.model"),
        (lambda w, a: {"a": {"b": {"c": {"d": {"state_dict": w}}}}, "epoch": 3}, "a.b.c.d.state_dict"),
        (lambda w, a: {"model": {"learner": w}, "ema": {"module": a}}, "model.learner"),
        (lambda w, a: {"state_dict": w, "teacher": {"model": a}}, "state_dict"),
        (lambda w, a: {"job": {"optimizer": a, "lr_scheduler": a, "net": w}}, "job.net"),
        (lambda w, a: {"run": {"optimizer": {"state": {0: a}}, "student": w}}, "run.student"),
        (lambda w, a: {"x": {"model": w, "model_ema": w}}, "x.model"),
    ],
)
def test_wrappers_of_any_depth_are_opened_and_said(wrap, entry, state, tmp_path, capsys):
    path = saved(tmp_path, wrap(state, {k: v + 1 for k, v in state.items()}))
    assert main(["convert", str(path)]) == 0
    assert same(load_file(tmp_path / "x.safetensors"), state)
    said = capsys.readouterr()
    assert f"under {entry!r}" in said.out + said.err


def test_averages_in_wrappers(state, tmp_path):
    averaged = {k: v + 1 for k, v in state.items()}
    for what in ({"run": {"ema": {"module": averaged}, "model": state}}, {"model_ema": {"model": averaged}}):
        found = read_any(saved(tmp_path, what), averaged=True)
        assert same(found.tensors, averaged) and found.averaged
    with pytest.raises(MdpError, match="--ema"):
        read_any(saved(tmp_path, {"run": {"ema": {"module": averaged}}}))


@pytest.mark.parametrize("outer", [(), ("model",), ("a", "b")])
def test_which_of_two_networks_is_meant_is_asked(outer, state, tmp_path):
    what = {"generator": state, "critic": state, "epoch": 1}
    for name in reversed(outer):
        what = {name: what}
    with pytest.raises(MdpError, match=r"several networks.*generator, .*critic\. Save"):
        read_any(saved(tmp_path, what))


def test_wrappers_without_end_end(state, tmp_path):
    deep = state
    for _ in range(20):
        deep = {"checkpoint": deep}
    itself = {f"k{i}": {} for i in range(300)}
    for name in itself:
        itself[name] = itself
    for what in (deep, itself, {"optimizer": {"state": state}}, {"a": {1: state}}):
        with pytest.raises(BadFile, match="holds no weights"):
            read_any(saved(tmp_path, what))
    odd = saved(tmp_path, {"a\x1b[2J" + "b" * 500: {"model": state}})
    assert len(read_any(odd).entry) < 100 and read_any(odd).entry.isprintable()


@pytest.mark.parametrize("name", ["", "__metadata__", "\ud800", "a\x1b[2J", "a\0b"])
def test_what_cannot_be_called_so_is_a_sentence(name, tmp_path, capsys):
    torch.save({name: torch.ones(2)}, tmp_path / "x.pth")
    assert main(["convert", str(tmp_path / "x.pth")]) == 2
    assert "no name of a tensor" in capsys.readouterr().err and not (tmp_path / "x.safetensors").exists()


def test_one_number_does_not_fill_the_memory(tmp_path, capsys):
    torch.save({"a": torch.ones(1).expand(10**7, 10**7)}, tmp_path / "x.pth")
    assert main(["convert", str(tmp_path / "x.pth")]) == 2
    assert "larger than what is in the file" in capsys.readouterr().err


def _touch(path):
    path.write_bytes(b"")
    return path
