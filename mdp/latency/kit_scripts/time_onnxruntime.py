"""Time everything in this kit with ONNX Runtime. Needs: python3, numpy, onnxruntime. Nothing else.

    python3 time_onnxruntime.py --device "Raspberry Pi 5" --threads 4

Stop it and start it again as you like: what is in results.csv is not timed again.
Then carry results.csv back.
"""

import argparse
import csv
import json
import random
import statistics
import time
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime as ort

HERE = Path(__file__).resolve().parent
WHOLE = {"tensor(int64)": "int64", "tensor(int32)": "int32", "tensor(bool)": "bool"}
COLUMNS = ("id", "value", "spread", "repeats", "anchor", "failure")


def session(models, name, args):
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = args.threads, 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.force_spinning_stop", "1")
    made = ort.InferenceSession(models.read(name), options, providers=[args.provider])
    random_ = np.random.default_rng(0)
    inputs = {i.name: random_.standard_normal(i.shape).astype(np.float32) for i in made.get_inputs()}
    for i in made.get_inputs():  # indices: 0 is in every table
        if i.type in WHOLE:
            inputs[i.name] = np.zeros(i.shape, WHOLE[i.type])

    def once():
        start = time.perf_counter()
        made.run(None, inputs)
        return 1000 * (time.perf_counter() - start)

    for _ in range(3):
        once()
    return once


def measure(models, item, anchor, args):
    once = session(models, item["file"], args)
    rough = once()
    count = max(5, min(args.repeats, int(200 / max(rough, 0.01))))
    readings, beside = [], []
    for _ in range(count):
        beside.append(anchor())
        once()  # after the anchor its own instructions would be cold
        readings.append(once())
    low, middle, high = np.quantile(readings, [0.25, 0.5, 0.75])
    return {
        "id": item["id"], "value": f"{middle:.6g}", "spread": f"{(high - low) / middle:.4g}",
        "repeats": count, "anchor": f"{statistics.median(beside):.6g}", "failure": "",
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description="Time everything in this kit with ONNX Runtime.")
    parser.add_argument("--device", required=True, help="what this device is called, for people")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--provider", default="CPUExecutionProvider")
    parser.add_argument("--repeats", type=int, default=30, help="readings of each, at most")
    args = parser.parse_args()
    kit = json.loads((HERE / "kit.json").read_text(encoding="utf-8"))
    out = HERE / "results.csv"
    done = set()
    if out.exists():
        with out.open(encoding="utf-8", newline="") as file:
            lines = [line for line in file if not line.startswith("#")]
        done = {row["id"] for row in csv.DictReader(lines) if row.get("failure") is not None}
    else:
        runtime = f"onnxruntime {ort.__version__} {args.provider}, {args.threads} threads"
        head = [f"# kit: {kit['digest']}", f"# device: {args.device}", f"# runtime: {runtime}", "# unit: ms"]
        out.write_text("\n".join([*head, ",".join(COLUMNS)]) + "\n", encoding="utf-8")
    items = [item for item in kit["items"] if item["id"] not in done]
    random.Random(0).shuffle(items)
    with zipfile.ZipFile(HERE / "models.zip") as models, out.open("a", encoding="utf-8", newline="") as file:
        anchor = session(models, "anchor.onnx", args)
        writer = csv.DictWriter(file, COLUMNS)
        for n, item in enumerate(items, 1):
            try:
                row = measure(models, item, anchor, args)
            except Exception as error:  # the device cannot run it: said, and the next one is tried
                why = " ".join(str(error).split())[:200] or type(error).__name__
                row = dict.fromkeys(COLUMNS, "") | {"id": item["id"], "failure": why}
            writer.writerow(row)
            file.flush()
            print(f"\r{n} of {len(items)}", end="", flush=True)
    print(f"\n{out} is complete. Carry it back: mdp import-tables {out}")


if __name__ == "__main__":
    main()
