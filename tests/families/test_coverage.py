"""A spread of 40 of timm's architectures, checked as `mdp check` does; the full run is `mdp check --all`."""

import pytest
import torch

from mdp.cli import main
from mdp.cli.check import TOLERANCE
from mdp.core.errors import Cancelled
from mdp.networks.models import resolve
from mdp.surgery.check import check_architecture
from mdp.surgery.coverage import architectures, coverage, markdown

# The smallest of every kind that a family takes: what a name adds is in them.
FAMILIES = [
    *("test_vit", "test_vit2", "test_vit3", "test_vit4", "test_resnet", "test_convnext", "test_convnext2"),
    *("test_convnext3", "test_efficientnet", "test_efficientnet_gn", "test_efficientnet_ln"),
    *("test_efficientnet_evos", "mobilenetv3_small_050", "lcnet_035", "tinynet_e"),
    *("mobilenetv4_conv_small_035", "mnasnet_small", "semnasnet_050"),
]


def test_a_spread_of_the_families():
    torch.set_num_threads(1)
    rows = list(coverage(FAMILIES))
    wrong = {r["model"]: r.get("error") for r in rows if r.get("max_abs_difference", 1) > TOLERANCE}
    assert not wrong
    table = markdown(rows, TOLERANCE)
    assert f"Of {len(rows)} architectures" in table and "Not checked yet" not in table
    assert all(r["model"] in table for r in rows)


def test_names_of_one_network_are_run_once(monkeypatch):
    """A larger image changes nothing at a small one; another setting (here of layer scales) does."""
    ran = []

    def run(name, seed=0, **_):
        ran.append(name)
        return {"model": name, "seed": seed, "max_abs_difference": 0.0}

    monkeypatch.setattr("mdp.surgery.coverage.check_architecture", run)
    names = ["beit_base_patch16_224", "beit_base_patch16_384", "beitv2_base_patch16_224"]
    rows = list(coverage(names))
    assert ran == [names[0], names[2]]
    assert [r.get("same_as") for r in rows] == [None, names[0], None]
    assert next(coverage(names[1:], done=rows[:1]))["same_as"] == names[0]


# One of each kind of which no family of ours is; the narrow ones, for time.
GENERAL = ["regnetx_002", "ghostnet_050", "dla46x_c", "hgnetv2_b0", "torchvision/shufflenet_v2_x0_5"]


@pytest.mark.parametrize("name", GENERAL)
def test_architectures_of_no_family(name):
    torch.set_num_threads(1)
    row = check_architecture(name, seed=1)
    assert row["max_abs_difference"] <= TOLERANCE and len(row["dims"]) > 5
    assert row["parameters_after"] < row["parameters_before"]


def test_all_of_timm_is_in_the_list():
    names = architectures()
    assert len(names) == len(set(names))
    assert {"swin_tiny_patch4_window7_224", "vgg16", *GENERAL[:4]} <= set(names)


def test_the_table_of_a_partial_run_says_what_is_left(tmp_path):
    kept, table = tmp_path / "rows.jsonl", tmp_path / "table.md"
    main(["check", "test_resnet", "test_convnext", "--rows", str(kept)])
    words = ["check", "test_resnet", "test_convnext", "test_efficientnet", "--rows", str(kept), "--kept"]
    assert main([*words, "--table", str(table)]) == 0
    assert len(kept.read_text().splitlines()) == 2  # nothing more was checked
    text = table.read_text()
    assert "Of 3 architectures, 2 are pruned right, 1 has not been checked yet." in text
    assert "Not checked yet: test_efficientnet." in text


def test_what_was_left_out_is_tried_again_under_a_higher_limit(tmp_path):
    kept, table = tmp_path / "rows.jsonl", tmp_path / "table.md"
    words = ["check", "test_resnet", "--rows", str(kept), "--table", str(table)]
    for limit in ("1e5", "2e5"):
        main([*words, "--largest", limit])
        assert "1 was left out for size (0 M parameters and more)" in table.read_text()
    assert len(kept.read_text().splitlines()) == 1
    main([*words, "--largest", "1e6"])
    assert "Of 1 architectures, 1 is pruned right." in table.read_text()


def test_a_fault_is_a_row_and_not_the_end(monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("mat1 and mat2")

    monkeypatch.setattr("mdp.surgery.coverage.check_architecture", broken)
    rows = list(coverage(["test_resnet", "test_convnext"]))
    assert [r["fault"] for r in rows] == [True, True] and "mat1 and mat2" in rows[0]["error"]


def test_a_stopped_run_leaves_no_row(monkeypatch):
    def stopped(*_, **__):
        raise Cancelled("Stopped on request.")

    monkeypatch.setattr("mdp.surgery.coverage.check_architecture", stopped)
    with pytest.raises(Cancelled):
        list(coverage(["test_resnet"]))


def test_a_convolution_mixed_from_experts_is_left_whole():
    result = check_architecture("efficientnet_cc_b0_8e")
    assert result["max_abs_difference"] <= TOLERANCE
    assert any("CondConv2d" in s["reason"] for s in result["skipped"])


# Of every kind that is followed as a graph, one, made small: depth and width change nothing in what is run.
SMALL = {
    "swin_tiny_patch4_window7_224": (56, {"embed_dim": 24, "depths": [1, 2], "num_heads": [2, 4]}),
    "swinv2_tiny_window8_256": (64, {"embed_dim": 24, "depths": [1, 1], "num_heads": [2, 4]}),
    "beit_base_patch16_224": (32, {"embed_dim": 24, "depth": 2, "num_heads": 4}),
    "eva02_tiny_patch14_224": (28, {"embed_dim": 24, "depth": 2, "num_heads": 3}),
    "cait_xxs24_224": (32, {"embed_dim": 24, "depth": 2, "num_heads": 4}),
    "xcit_nano_12_p16_224": (32, {"embed_dim": 24, "depth": 2, "num_heads": 4}),
    "tnt_s_patch16_224": (
        32,
        {"embed_dim": 24, "inner_dim": 8, "depth": 2, "num_heads_outer": 2, "num_heads_inner": 2},
    ),
    "visformer_tiny": (64, {"embed_dim": 48, "depth": [1, 1, 1]}),
    "vit_relpos_small_patch16_224": (32, {"embed_dim": 24, "depth": 2, "num_heads": 4}),
    "davit_tiny": (64, {"depths": [1, 1], "embed_dims": [16, 32], "num_heads": [2, 4]}),
    "samvit_base_patch16": (
        64,
        {"embed_dim": 24, "depth": 2, "num_heads": 4, "global_attn_indexes": [1]},
    ),
    "resnetv2_50": (64, {"layers": [1, 1, 1, 1], "channels": [16, 32, 48, 64]}),
    "res2net50_26w_4s": (32, {"layers": [1, 1, 1, 1]}),
    "skresnet18": (32, {"layers": [1, 1, 1, 1]}),
    "test_byobnet": (64, {}),
    "test_mambaout": (64, {}),
    "test_nfnet": (64, {}),
}
ATTENDING = {"swin_tiny_patch4_window7_224", "beit_base_patch16_224", "cait_xxs24_224", "visformer_tiny"}


@pytest.mark.parametrize("name", SMALL)
def test_one_of_each_kind_made_small(name):
    torch.set_num_threads(1)
    side, arguments = SMALL[name]
    ref = resolve(name, "none", classes=7, input_size=(3, side, side), arguments=arguments)
    row = check_architecture(name, seed=2, ref=ref)
    assert row["max_abs_difference"] <= TOLERANCE and row["dims"]
    assert row["parameters_after"] < row["parameters_before"]
    if name in ATTENDING:
        assert {"heads", "qk", "v"} <= {d["kind"] for d in row["dims"]}
