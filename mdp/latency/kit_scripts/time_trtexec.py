"""Time everything in this kit with TensorRT's trtexec. Needs: python3, and trtexec on the path.

    python3 time_trtexec.py --device "Jetson Orin Nano" -- --fp16

What follows `--` is given to trtexec as it is. Stop it and start it again as you like: what is in results.csv
is not timed again. Then carry results.csv back.
"""

import argparse
import csv
import json
import random
import re
import subprocess
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
COLUMNS = ("id", "value", "spread", "repeats", "anchor", "failure")
# [I] GPU Compute Time: min = 0.1 ms, max = 0.2 ms, mean = 0.15 ms, median = 0.15 ms, percentile(90%) = ...
TIME = re.compile(r"GPU Compute Time:.*?median = ([0-9.eE+-]+) ms")
QUARTER = re.compile(r"GPU Compute Time:.*?percentile\(75%\) = ([0-9.eE+-]+) ms")


def measure(models, item, args):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(models.extract(item["file"], folder))
        words = [args.trtexec, f"--onnx={path}", "--percentile=75", f"--iterations={args.repeats}"]
        done = subprocess.run([*words, *args.words], capture_output=True, text=True)
    text = done.stdout + done.stderr
    found = TIME.search(text)
    if done.returncode or not found:
        lines = [line for line in text.splitlines() if "[E]" in line] or ["trtexec printed no time"]
        return dict.fromkeys(COLUMNS, "") | {"id": item["id"], "failure": lines[0][:200]}
    middle, high = float(found[1]), QUARTER.search(text)
    spread = 2 * (float(high[1]) / middle - 1) if high else 0.0
    row = {"id": item["id"], "value": f"{middle:.6g}", "spread": f"{spread:.4g}", "repeats": args.repeats}
    return dict.fromkeys(COLUMNS, "") | row


def main():
    parser = argparse.ArgumentParser(description="Time everything in this kit with TensorRT's trtexec.")
    parser.add_argument("--device", required=True, help="what this device is called, for people")
    parser.add_argument("--trtexec", default="trtexec", help="where trtexec is")
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("words", nargs="*", help="after --: for trtexec, for example --fp16")
    args = parser.parse_args()
    kit = json.loads((HERE / "kit.json").read_text(encoding="utf-8"))
    out = HERE / "results.csv"
    done = set()
    if out.exists():
        with out.open(encoding="utf-8", newline="") as file:
            lines = [line for line in file if not line.startswith("#")]
        done = {row["id"] for row in csv.DictReader(lines) if row.get("failure") is not None}
    else:
        runtime = " ".join(["trtexec", *args.words])
        head = [f"# kit: {kit['digest']}", f"# device: {args.device}", f"# runtime: {runtime}", "# unit: ms"]
        out.write_text("\n".join([*head, ",".join(COLUMNS)]) + "\n", encoding="utf-8")
    items = [item for item in kit["items"] if item["id"] not in done]
    random.Random(0).shuffle(items)
    with zipfile.ZipFile(HERE / "models.zip") as models, out.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        for n, item in enumerate(items, 1):
            writer.writerow(measure(models, item, args))
            file.flush()
            print(f"\r{n} of {len(items)}", end="", flush=True)
    print(f"\n{out} is complete. Carry it back: mdp import-tables {out}")


if __name__ == "__main__":
    main()
