"""`mdp finetune STUDY --budgets … --methods …`: several budgets and methods as one job, with a table."""

import dataclasses
import functools
import json
import os
import sys
from pathlib import Path

from ..core import processes
from ..core.errors import MdpError
from ..core.files import check_writable, write_json
from ..core.names import LONGEST, digest, readable
from ..core.paths import data_dir
from ..core.plan import parse_budget, save_plan
from ..core.study import StudyRecord, load_study
from ..operations import FinetuneOptions, argv
from ..training.recipe import Recipe, recipe_to_json
from . import print_json, reporter

# Options that say what is trained, and where and how it runs; the rest says what becomes of a network.
BESIDE = frozenset({
    "source", "plan", "budget", "budgets", "methods", "side_by_side", "ray", "tensorboard", "out", "json",
})  # fmt: skip


def run(args, recipe: Recipe) -> int:
    """1 where a member failed: the same command goes on with it."""
    from ..datasets.labels import check_fit
    from ..training.front_members import done_before, members_of, table, with_same
    from ..training.front_run import run_front
    from ..training.teacher import teacher_of
    from .study_images import images_of

    if processes.count() > 1:
        raise MdpError(
            "A front is trained one network after the other, each in a process of its own: start `mdp "
            "finetune --budgets` without a launcher, and use --side-by-side."
        )
    if args.ray is not None and args.side_by_side != 1:
        raise MdpError("With --ray the cluster decides how many run at once: leave out --side-by-side.")
    if not recipe.epochs:
        raise MdpError("A front is fine-tuned for at least one epoch: leave out --epochs 0.")
    if not _parts(args.budgets) or not _parts(args.methods):
        raise MdpError("Say at least one budget and one method: --budgets 60%,40%,25% --methods exact,halp.")
    study = load_study(args.source)
    source = images_of(study, args.data)
    # Before anything is solved: each member would say it, one by one.
    check_fit(source.train, source, study.model)
    if args.teacher is not None:
        teacher_of(args.teacher, study.model)
    # Beside the other networks, where the page finds them, unless a folder is given.
    folder = Path(args.out) if args.out else data_dir() / "user" / "networks"
    check_writable(folder)
    report = reporter(args)
    report.step(0, 1, "solving for every budget")
    asked = [parse_budget(part, study.problem) for part in _parts(args.budgets)]
    wanted = recipe_to_json(recipe)
    members = members_of(
        study, asked, _parts(args.methods), folder, _words(args), trained=_trained(args, wanted)
    )
    if all(one.state == "no plan" for one in members):
        raise MdpError(f"There is nothing to fine-tune. {members[0].why}")
    members = [done_before(one, wanted) if one.state == "waiting" else one for one in members]

    def command(member) -> list[str]:
        plan = member.folder / "plan.json"
        save_plan(member.plan, plan)
        options = dataclasses.replace(
            _options(args), source=str(study.path or args.source), plan=str(plan), out=str(member.folder),
            budgets=None, methods=FinetuneOptions.methods, side_by_side=1, ray=None, json=False,
        )  # fmt: skip
        return [sys.executable, "-m", "mdp", *argv(options)]

    path = folder / _table_name(study, args, [[one.name, str(one.folder)] for one in members])
    finished = functools.partial(done_before, recipe=wanted)
    if args.ray is None:
        members = run_front(members, command, finished, report, side_by_side=args.side_by_side, table_at=path)
    else:
        from ..training.front_ray import run_front_on_ray

        members = run_front_on_ray(members, command, finished, report, address=args.ray, table_at=path)
    members = with_same(members)
    told = {"members": [one.to_json() for one in members]}
    write_json(path, told)
    report.step(1, 1, "done")
    if args.job:
        report.result(path=str(path), **told)
    if args.json:
        print_json(told)
    else:
        print(table(members))
    failed = [one for one in members if one.state == "failed"]
    if failed:
        report.message(f"{len(failed)} of {len(members)} failed; the same command tries them again.")
    return 1 if failed else 0


def _options(args) -> FinetuneOptions:
    """What was typed, as the record that a command is made from."""
    names = {field.name for field in dataclasses.fields(FinetuneOptions)}
    return FinetuneOptions(**{key: value for key, value in vars(args).items() if key in names})


def _trained(args, recipe: dict) -> dict:
    """All that was asked for and that changes what a network becomes."""
    said = {k: v for k, v in dataclasses.asdict(_options(args)).items() if k not in {*BESIDE, *recipe}}
    if os.path.isdir(args.data):
        said["data"] = os.path.abspath(args.data)
    return {**said, "recipe": recipe}


def _table_name(study: StudyRecord, args, members: list) -> str:
    """A file for this front alone, whatever other studies, budgets and methods have theirs in this folder."""
    stem = readable(study.path.stem if study.path else study.name)[:LONGEST]
    return f"front-{stem}-{_words(args)}-{digest(json.dumps(members))}.json"


def _words(args) -> str:
    """What tells networks of one recipe from those of another by their folders' names."""
    words = Path(args.recipe).stem
    for key, short in (("epochs", "epochs"), ("images", "images"), ("rate", "rate"), ("batch", "batch")):
        if getattr(args, key) is not None:
            words += f"-{getattr(args, key):g}{short}"
    return words + ("" if args.repair else "-unrepaired") + (f"-seed{args.seed}" if args.seed else "")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
