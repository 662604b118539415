"""A kit goes to another device, and its times come back as tables; what does not fit is said in words."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from mdp.cli import main
from mdp.core.errors import MdpError
from mdp.core.study import Scores, build_study
from mdp.core.tables import load_tables
from mdp.latency.grid import survey
from mdp.latency.import_tables import import_times
from mdp.latency.kit import Kit, entries_to_time, load_kit
from mdp.latency.times_files import read_times
from mdp.latency.whole_networks import even_networks, parts_of, whole_network

from ..core.test_files import small_disk
from .conftest import linear_key

# Few entries: every width as it is.
TINY = "test_vit --weights none --input-size 32 --classes 4 --arg depth=2".split()
TINY += [f"--width-step={kind}=1000" for kind in ("embedding", "heads", "qk", "v", "mlp")]


def test_there_and_back_again(tmp_path, capsys):
    """Made, its script run for real, stopped half-way and gone on with, imported, solved."""
    from mdp.solve import solve

    kit = tmp_path / "kit"
    with small_disk(5000):  # nothing of it is kept, so that it can be made again
        assert main(["kit", *TINY, "--out", str(kit)]) == 2
    assert "models.zip could not be written" in capsys.readouterr().err and not kit.exists()
    assert main(["kit", *TINY, "--out", str(kit)]) == 0, capsys.readouterr().err
    assert sum(f.stat().st_size for f in kit.iterdir()) < 3e6
    results, out = kit / "results.csv", tmp_path / "tables.json"
    script = [sys.executable, str(kit / "time_onnxruntime.py"), "--device", "a board", "--repeats", "5"]
    subprocess.run(script, check=True, capture_output=True, cwd=tmp_path)
    lines = results.read_text().splitlines()
    results.write_text("\n".join(lines[:-3]) + "\n")
    assert main(["import-tables", str(kit), "--out", str(out)]) == 2
    assert "goes on where it stopped" in capsys.readouterr().err
    subprocess.run(script, check=True, capture_output=True, cwd=tmp_path)
    assert results.read_text().splitlines()[:-3] == lines[:-3]
    assert len(results.read_text().splitlines()) == len(lines)
    assert main(["import-tables", str(kit), "--out", str(out)]) == 0, capsys.readouterr().err
    saved = load_tables(out)
    told = results.read_text().splitlines()
    network = next(i for i, line in enumerate(told) if line.startswith("network"))
    told[network] = told[network].split(",")[0] + ",,,,,no operator Foo"
    results.write_text("\n".join(told) + "\n")
    capsys.readouterr()
    assert main(["import-tables", str(kit), "--out", str(tmp_path / "again.json")]) == 0
    said = "".join(capsys.readouterr())
    assert "1 of " in said and "could not be timed there, the first with 'no operator Foo'" in said
    p = saved.tables.provenance
    assert (
        p["device"] == "a board" and "onnxruntime" in p["software"] and p["whole_networks"]["networks"] >= 2
    )

    from mdp.families import outline

    found = outline(saved.model)
    from mdp.core.tables import fit_space

    space = fit_space(found.space, saved)
    order = {d.name: np.arange(d.units) for d in space.dims}
    shares = tuple((d.name, None, d.name, np.ones(d.units)) for d in space.dims)
    study = build_study("board", saved.model, space, saved.tables, Scores(order, shares, {}))
    assert solve(study.problem, 1.0 * study.problem.dense_latency).optimal


@pytest.fixture
def made(found):
    """(found, kit, rows of its results) with times of a made-up device whose wholes take 0.8 of the parts."""
    surfaces, _ = survey(found.segments, {d.name: d.options for d in found.space.dims})
    keys = entries_to_time(surfaces, 60)
    items = [{"id": f"part-{i}", "kind": "part", "key": key} for i, key in enumerate(keys)]
    rows = [[f"part-{i}", linear_key(key)] for i, key in enumerate(keys)]
    for n, (choices, removed) in enumerate(even_networks(found)):
        key = whole_network(found, choices, removed).key
        item = {"id": f"network-{n}", "kind": "network", "key": key}
        items.append({**item, "choices": choices, "removed": list(removed)})
        running = [s for s in found.segments if s.block not in removed]
        total = sum(linear_key(s.at(*(choices[d] for d in s.dims)).key) for s in running)
        rows.append([f"network-{n}", 0.8 * total])
    kit = Kit(found.ref, 1, {d.name: d.options for d in found.space.dims}, {}, items, "abc")
    return found, kit, rows


def written(path, rows, head=("# device: a board", "# unit: ms"), columns=("id", "value")):
    with path.open("w", newline="") as file:
        file.writelines(f"{line}\n" for line in head)
        csv.writer(file).writerows([columns, *rows])
    return path


def test_few_entries_and_the_whole_networks_make_the_table(made, tmp_path):
    found, kit, rows = made
    assert len(kit.items) <= 60 + 8
    tables = import_times(found, read_times(written(tmp_path / "r.csv", rows)), kit=kit)
    widths = range(16, 129, 16)
    true = np.array([[0.8 * linear_key(f"linear {a}>{b}") for b in widths] for a in widths])
    error = np.abs(tables.terms[0].values / true - 1)
    assert np.median(error) < 0.02
    assert tables.provenance["whole_networks"]["scale"] == pytest.approx(0.8, rel=0.05)
    choices, removed = even_networks(found)[0]
    assert parts_of(tables.terms, kit.options, choices, removed)[1] == 3


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda rows: rows[: len(rows) // 2], "goes on where it stopped"),
        (lambda rows: [["part-zz", 1.0], *rows], "no part of it"),
        (lambda rows: [rows[0], *rows], "twice"),
        (lambda rows: [[rows[0][0], -1.0], *rows[1:]], "line 4: -1.0 is no time"),
        (lambda rows: [[rows[0][0], "nan"], *rows[1:]], "no time"),
        (lambda rows: [[rows[0][0], "fast"], *rows[1:]], "no number"),
        (lambda rows: [[n, v / 1000] for n, v in rows], "another unit"),
        (lambda rows: [[n, v / 1000 if "part" in n else v] for n, v in rows], "different units"),
        (lambda rows: [[rows[0][0], rows[0][1] * 1e6], *rows[1:]], "line 4, one part takes"),
        (lambda rows: [], "no times"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(made, tmp_path, spoil, words):
    found, kit, rows = made
    with pytest.raises(MdpError, match=words):
        import_times(found, read_times(written(tmp_path / "r.csv", spoil(rows))), kit=kit)


def test_one_part_under_its_id_and_its_key_is_refused(made, tmp_path):
    found, kit, rows = made
    key = next(item["key"] for item in kit.items if item["id"] == rows[0][0])
    file = read_times(written(tmp_path / "r.csv", [*rows, [key, 7.0]]))
    with pytest.raises(MdpError, match="two times of one part"):
        import_times(found, file, kit=kit)


def test_another_kits_times_are_told_by_its_mark(made, tmp_path):
    found, kit, rows = made
    file = read_times(written(tmp_path / "r.csv", rows, head=("# kit: 0123", "# device: a board")))
    with pytest.raises(MdpError, match=r"another kit.*of toy.*--kit DIR"):
        import_times(found, file, kit=kit)


def test_seconds_are_read_where_they_are_said_and_told_by_the_anchor_where_not(made, tmp_path):
    found, kit, rows = made
    slow = [[name, value / 1000, 0.002] for name, value in rows]
    path = written(tmp_path / "r.csv", slow, columns=("id", "value", "anchor"))
    with pytest.raises(MdpError, match="the anchor"):
        import_times(found, read_times(path), kit=kit)
    tables = import_times(found, read_times(path), kit=kit, unit="s")
    assert tables.terms[0].values[-1, -1] == pytest.approx(0.8 * linear_key("linear 128>128"), rel=0.02)
    with pytest.raises(MdpError, match="none of time"):
        import_times(found, read_times(path), kit=kit, unit="fortnight")


def test_a_slow_boards_seconds_do_not_pass_for_milliseconds(made, tmp_path):
    """Each time is one that a fast chip could take, but for those of a call."""
    found, kit, rows = made
    slow = [[name, 300 * value / 1000, 0.03] for name, value in rows]
    slow[0][1] = 0.05 / 1000
    path = written(tmp_path / "r.csv", slow, columns=("id", "value", "anchor"))
    with pytest.raises(MdpError, match=r"50 ns.*another unit"):
        import_times(found, read_times(path), kit=kit)
    assert import_times(found, read_times(path), kit=kit, unit="s").terms


def test_seconds_in_a_table_of_ones_own(found, tmp_path):
    _, workloads = survey(found.segments, {d.name: d.options for d in found.space.dims})
    path = tmp_path / "own.json"
    path.write_text(json.dumps({key: linear_key(key) / 1000 for key in workloads}))
    with pytest.raises(MdpError, match="another unit"):
        import_times(found, read_times(path), device="phone")
    assert import_times(found, read_times(path), device="phone", unit="s").terms


def test_tables_of_ones_own_as_csv_yaml_and_json(found, tmp_path):
    _, workloads = survey(found.segments, {d.name: d.options for d in found.space.dims})
    times = {key: linear_key(key) for key in workloads}
    made = [written(tmp_path / "own.csv", list(times.items()), (), ("key", "ms"))]
    for name, text in (
        ("ofa.yaml", "".join(f"{k}: {{mean: {v}, count: 3}}\n" for k, v in times.items())),
        ("long.yaml", "".join(f"{k}:\n  count: 3\n  mean: {v}\n" for k, v in times.items())),
        ("own.json", json.dumps(times)),
    ):
        made.append(tmp_path / name)
        made[-1].write_text(text)
    for path in made:
        tables = import_times(found, read_times(path), device="phone")
        assert tables.terms[0].values[0, 0] == pytest.approx(linear_key("linear 16>16")), path
    with pytest.raises(MdpError, match="--device"):
        import_times(found, read_times(made[0]))
    del times["linear 16>16"]
    made[0].write_text(json.dumps(times))
    with pytest.raises(MdpError, match="a corner of the table"):
        import_times(found, read_times(made[0]), device="phone")


def test_nvits_table_of_whole_blocks_is_shared_out_among_their_parts(found, tmp_path):
    from mdp.families import outline
    from mdp.networks.models import resolve

    vit = outline(resolve("vit_tiny_patch16_224", "none", classes=4, arguments={"depth": 2}))
    units = {dim.kind: dim.units for dim in vit.space.dims}
    axes = {k: [units[k] // 2, units[k]] for k in ("embedding", "heads", "qk", "v", "mlp")}

    def block(e, h, q, v, m):  # seconds
        return 1e-3 + 1e-8 * e * h * (2 * q + v) + 2e-8 * h * (q + v) + 1e-8 * e * h * v + 2e-8 * e * m

    table = [[[[[block(e, h, q, v, m) for m in axes["mlp"]] for v in axes["v"]] for q in axes["qk"]]
              for h in axes["heads"]] for e in axes["embedding"]]  # fmt: skip
    path = tmp_path / "nvit.json"
    path.write_text(json.dumps({"axes": axes, "table": table}))
    tables = import_times(vit, read_times(path), device="V100")
    first = [t for t in tables.terms if t.block == "blocks.0"]
    dense = sum(t.values.flat[-1] for t in first)
    assert dense == pytest.approx(1000 * block(*(a[-1] for a in axes.values())), rel=0.03)
    with pytest.raises(MdpError, match="no such blocks"):
        import_times(found, read_times(path), device="V100")
    path.write_text(json.dumps({"axes": {**axes, "mlp": [8, 16]}, "table": table}))
    with pytest.raises(MdpError, match="does not fit"):
        import_times(vit, read_times(path), device="V100")
    path.write_text("[[[[[0.1]]]]]")
    with pytest.raises(MdpError, match="without its widths"):
        import_times(vit, read_times(path), device="V100")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("lut.pkl", b"\x80\x04}q\x00.", "pickle.*not opened.*CSV"),
        ("lut", b"\x80\x04}q\x00.", "pickle"),
        ("own.csv", b"a,b\n1,2\n", "columns a, b"),
        ("own.csv", b"\xff\xfe\x00", "not a text file"),
        ("own.yaml", b"- a\n", "not understood"),
        ("own.yaml", b"a: {count: 3}\n", "no mean"),
        ("own.json", b"{", "not complete JSON"),
        ("own.csv", b"", "empty"),
        ("own.csv", b"key,ms\na\n", "as many fields"),
    ],
)
def test_files_that_are_no_times(tmp_path, name, data, words):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(MdpError, match=words):
        read_times(path)


def test_a_kit_that_is_none_and_a_folder_that_is_full(tmp_path, capsys):
    (tmp_path / "kit.json").write_text('{"format": "mdp-kit/1", "items": [1]}')
    with pytest.raises(MdpError, match="damaged"):
        load_kit(tmp_path)
    assert main(["kit", *TINY, "--out", str(tmp_path)]) == 2
    assert "not empty" in capsys.readouterr().err
    assert main(["import-tables", str(tmp_path / "none.csv")]) == 2


def test_trtexec_is_read(tmp_path, monkeypatch):
    """With a program in its place that prints what trtexec prints."""
    import zipfile
    from importlib import resources

    text = resources.files("mdp.latency").joinpath("kit_scripts", "time_trtexec.py").read_text()
    (tmp_path / "time_trtexec.py").write_text(text)
    items = [{"id": "part-1", "file": "part-1.onnx"}, {"id": "part-2", "file": "part-2.onnx"}]
    (tmp_path / "kit.json").write_text(json.dumps({"digest": "abc", "items": items}))
    with zipfile.ZipFile(tmp_path / "models.zip", "w") as models:
        models.writestr("part-1.onnx", b"")
        models.writestr("part-2.onnx", b"")
    fake = tmp_path / "trtexec"
    line = "[I] GPU Compute Time: min = 0.1 ms, mean = 0.2 ms, median = 0.25 ms, percentile(75%) = 0.26 ms"
    fake.write_text(f"#!/bin/sh\ncase $1 in *part-2*) echo '[E] no plug-in'; exit 1;; esac\necho '{line}'\n")
    fake.chmod(0o755)
    script = [sys.executable, str(tmp_path / "time_trtexec.py"), "--device", "Orin", "--trtexec", str(fake)]
    subprocess.run([*script, "--", "--fp16"], check=True, capture_output=True)
    found = read_times(tmp_path / "results.csv")
    assert found.about["device"] == "Orin" and found.about["runtime"] == "trtexec --fp16"
    told = {row.name: row for row in found.rows}
    assert told["part-1"].value == 0.25 and told["part-1"].spread == pytest.approx(0.08)
    assert told["part-2"].failure == "[E] no plug-in"


def test_the_sentence_of_too_few_entries_names_what_suffices(found):
    surfaces, _ = survey(found.segments, {d.name: d.options for d in found.space.dims})
    with pytest.raises(MdpError, match=r"--entries (\d+)") as refused:
        entries_to_time(surfaces, 9, beside=8)
    least = int(str(refused.value).rpartition(" ")[2].rstrip("."))
    assert len(entries_to_time(surfaces, least, beside=8)) + 8 <= least


def test_what_the_grid_leaves_room_for_is_what_is_farthest_from_it(found):
    surfaces, workloads = survey(found.segments, {d.name: d.options for d in found.space.dims})
    few, more = entries_to_time(surfaces, 40), entries_to_time(surfaces, 44)
    assert len(few) == 40 and len(more) == 44 and set(few) < set(more)
    assert len(entries_to_time(surfaces, 1000)) == len(workloads)
