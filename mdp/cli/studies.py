"""`mdp studies`: what the explorer can open; yours can be renamed and deleted."""

from pathlib import Path

from ..core.study import find_study, list_studies
from ..core.study_files import delete_study, rename_study
from ..jobs import refuse_while_used
from . import print_json


def run(args):
    if args.rename or args.delete is not None:
        name = args.rename[0] if args.rename else args.delete
        refuse_while_used(find_study(name) or name)
    if args.rename:
        print(f"Renamed: {rename_study(*args.rename)}")
        return
    if args.delete is not None:
        print(f"Deleted: {delete_study(args.delete)}")
        return
    studies = list_studies()
    if args.json:
        return print_json(studies)
    for s in studies:
        # The file's name is the one to type; the study's own is for people.
        typed = f"{Path(s['path']).stem:28}"
        if "error" in s:
            print(f"{typed} {s['error']}")
        else:
            print(f"{typed} {s['name']}: {s['model']}, {s['device']}, batch {s['batch']}, {s['dtype']}")
    if not studies:
        print("No studies yet. Make one with: python -m mdp profile, score and build.")
