import multiprocessing
import os
import signal
import sqlite3
import time

import pytest

from mdp.core.errors import BadFile, Cancelled, MdpError
from mdp.core.files import write_json
from mdp.latency.store import Store, device_lock, summarise


def test_visits_are_kept_apart_and_summarised(store):
    store.add("{}", "a", [(1.0, 1.0), (2.0, 1.0), (3.0, 1.0)])
    store.add("{}", "a", [(2.0, 1.01), (2.0, 1.01)])
    store.add("{}", "b", failure="too large")
    entries = store.entries("{}", ["a", "b", "c"])
    assert (
        entries["a"].ms == pytest.approx(2.0, rel=0.01)
        and entries["a"].repeats == 5
        and entries["a"].visits == 2
    )
    assert entries["b"].failure == "too large" and entries["b"].ms != entries["b"].ms
    assert "c" not in entries
    assert store.entries("other", ["a"]) == {}


def test_busy_readings_are_scaled_by_the_anchor_and_the_drift_is_said():
    entry = summarise([([(3.0, 1.5), (3.0, 1.5), (8.0, 2.0), (3.0, 1.5)], "")], reference_ms=1.0)
    assert entry.ms == pytest.approx(2.0) and entry.drift == pytest.approx(0.5)
    calm, busy = [(1.0, 1.0)] * 3, [(2.0, 2.0)] * 4
    entry = summarise([(calm, ""), (busy, "")], reference_ms=1.0)
    assert entry.ms == 1.0 and entry.repeats == 7 and entry.drift == 1


def test_times_to_be_compared_stand_beside_the_same_anchor(store):
    """Calmer moments that turn up later must not make networks cheaper than the tables made before."""
    store.add("{}", "piece", [(2.0, 2.0)])
    reference_ms = store.anchor("{}")
    store.add("{}", "network", [(1.0, 1.0)])
    assert store.entries("{}", ["network"], reference_ms)["network"].ms == pytest.approx(2.0)
    assert store.entries("{}", ["network"])["network"].ms < 1.5


def _write_for_ever(path):
    with Store(path) as store:
        n = 0
        while True:
            store.add("{}", f"key {n}", [(1.0, 2.0)])
            n += 1


def test_killed_at_any_moment_it_keeps_every_finished_row(tmp_path):
    path = tmp_path / "s.sqlite"
    process = multiprocessing.get_context("spawn").Process(target=_write_for_ever, args=(path,))
    process.start()
    end = time.monotonic() + 30
    while time.monotonic() < end:
        time.sleep(0.05)
        if path.exists():
            with Store(path) as store:
                if "key 20" in store.entries("{}", ["key 20"]):
                    break
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with Store(path) as store:
        rows = store._db.execute("SELECT key, readings FROM visit ORDER BY rowid").fetchall()
        assert [r[0] for r in rows] == [f"key {n}" for n in range(len(rows))] and len(rows) > 20
        assert {r[1] for r in rows} == {"[[1.0, 2.0]]"}
        store.add("{}", "after", [(1.0, 1.0)])


def test_export_and_import(store, tmp_path):
    context = '{"device": "a"}'
    store.add(context, "a", [(1.0, 1.0), (2.0, 1.0)])
    store.add(context, "b", failure="too large")
    path = store.export(tmp_path / "out.json")
    with Store(tmp_path / "other.sqlite") as other:
        assert other.load(path) == 2
        assert other.load(path) == 0
        assert other.entries(context, ["a", "b"])["a"].ms == 1.5
        assert other.entries(context, ["b"])["b"].failure == "too large"


@pytest.mark.parametrize("visit", [[{}, "a", [[-1.0, 1.0]], None, 0], [{}, "a", ["x"], None, 0], [{}, 3], 7])
def test_a_damaged_export_is_refused_whole(store, tmp_path, visit):
    good = [{}, "good", [[1.0, 1.0]], None, 0.0]
    write_json(tmp_path / "x.json", {"format": "mdp-measurements/1", "visits": [good, visit]})
    with pytest.raises(BadFile):
        store.load(tmp_path / "x.json")
    assert store.entries("{}", ["good"]) == {}


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MdpError, match="MDP_DATA"):
        Store(tmp_path / "file" / "latency.sqlite")


def test_a_full_disk_is_a_sentence(tmp_path):
    with Store(tmp_path / "s.sqlite") as store:
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(MdpError, match="Free some space"):
            for n in range(1000):
                store.add("{}", f"key {n}", [(1.0, 1.0)] * 30)
        kept = store._db.execute("SELECT count(*) FROM visit").fetchone()[0]
    assert sqlite3.connect(tmp_path / "s.sqlite").execute("SELECT count(*) FROM visit").fetchone()[0] == kept


def test_the_second_profiler_waits_and_says_so(tmp_path):
    said = []

    def give_up():
        raise Cancelled("enough")

    with device_lock("My CPU", said.append, folder=tmp_path):
        with pytest.raises(Cancelled), device_lock("My CPU", said.append, give_up, folder=tmp_path):
            raise AssertionError("two profilers on one device")
        with device_lock("Another CPU", said.append, folder=tmp_path):
            pass
    assert said == ["Another profiler is measuring on My CPU; waiting until it has finished."]
    with device_lock("My CPU", said.append, folder=tmp_path):
        pass
    assert len(said) == 1


@pytest.mark.parametrize("torn", [b"not a database, whatever it is" * 100, None])
def test_a_damaged_file_is_told_from_a_full_disk(tmp_path, torn):
    path = tmp_path / "latency.sqlite"
    with Store(path) as store:
        for n in range(200):
            store.add("here", f"key {n}", [(1.0, 1.0)])
    path.write_bytes(torn or path.read_bytes()[:6000])
    with pytest.raises(MdpError, match=r"is damaged.*Rename or remove"), Store(path) as store:
        store.entries("here", [f"key {n}" for n in range(200)])
