"""`python -m benchmarks.sensitivity [STUDY ...]`: accuracy of single cuts, for step 2 of the course.

Every dim at half of its width alone, every kind of dim at half, every removable block gone: as cut, without
repair or training, on the test images. Writes `mdp_widgets/teach/data/sensitivity.json`, one study after the
other and each move as soon as it is measured; what is there already is not measured again.
"""

import argparse

from mdp.core.files import read_json, write_json
from mdp.core.study import load_study
from mdp_widgets.teach.moves import MEASURED, kind_moves, single_moves

STUDIES = ("fmnist-vit-cpu", "fmnist-resnet-cpu")


def main(argv: list[str] | None = None) -> None:
    from mdp.datasets import find
    from mdp.training.plan_meter import PlanMeter

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sensitivity", description=__doc__.split("\n")[0]
    )
    parser.add_argument("studies", nargs="*", default=STUDIES)
    parser.add_argument("--images", type=int, help="test images (default: all)")
    args = parser.parse_args(argv)
    told = read_json(MEASURED) if MEASURED.exists() else {"format": "mdp-sensitivity/1", "studies": {}}
    for name in args.studies:
        study = load_study(name)
        data = study.scores.provenance["dataset"].removesuffix("-subset")
        meter = PlanMeter(study, find(data), images=args.images, calibration=0)
        about = {"study": study.name, "dataset": data, "images": meter.images, "dense": meter.dense}
        one = told["studies"].setdefault(study.problem.fingerprint, {**about, "moves": {}})
        if one["images"] != meter.images:
            one.update({**about, "moves": {}})
        for move in (*single_moves(study), *kind_moves(study)):
            if move.name not in one["moves"]:
                one["moves"][move.name] = meter.measure(move.choices, move.removed).cut
                write_json(MEASURED, told, indent=1)
            print(f"{name}: {move.name}: {100 * one['moves'][move.name]:.1f} %", flush=True)


if __name__ == "__main__":
    main()
