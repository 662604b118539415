"""`mdp studies`: what the explorer can open."""

from ..core.study import list_studies
from . import print_json


def run(args):
    studies = list_studies()
    if args.json:
        return print_json(studies)
    for s in studies:
        if "error" in s:
            print(f"{s['name']:32} {s['error']}")
        else:
            print(f"{s['name']:32} {s['model']:24} {s['device']}, batch {s['batch']}, {s['dtype']}")
    if not studies:
        print("No studies yet. Make one with: python -m mdp profile, score and build.")
