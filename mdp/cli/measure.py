"""`mdp measure`: accuracy of a study's plans before any training, once or as a service for a page."""

import dataclasses
import sys

from ..core.accuracy_data import kept_for
from ..core.errors import MdpError
from ..core.plan_accuracy import PlanAccuracy, entry_of, known_of, with_plans
from ..core.study import StudyRecord, load_study, save_study
from ..operations.measure import SERVED_CALIBRATION, SERVED_IMAGES
from ..plot.accuracy_words import accuracy_sentence
from . import check_out, print_json, reporter
from .extract import read_plan


def run(args):
    _check(args)
    study = load_study(args.study)
    if args.serve:
        from ..training.plan_server import serve

        return serve(lambda: make_meter(study, args), sys.stdin, sys.stdout)
    plans = _plans(study, args)
    report = reporter(args)
    meter = make_meter(study, args, report)
    if args.save or args.out:
        check_out(args.out or study.path, "studies")
        study = kept_for(study, meter.dataset, args.out)
    found: list[PlanAccuracy] = []
    for i, plan in enumerate(plans):
        report.step(i, len(plans), f"measuring plan {i + 1} of {len(plans)}")
        found.append(meter.measure_plan(plan))
        if args.save or args.out:  # at once: what is measured stays, whatever comes
            study = keep(study, found[-1], meter, args.out)
    report.step(len(plans), len(plans), "measured")
    if args.job:
        report.result(plans=len(found), best=max(one.best for one in found))
    if args.json:
        told = [{**_told(one), "dense": meter.dense} for one in found]
        return print_json(told[0] if len(told) == 1 and args.budgets is None else {"plans": told})
    for one in found:
        share = 100 * one.latency / study.problem.dense_latency
        print(f"{share:5.1f} % of dense: {accuracy_sentence(known_of(one), meter.dense)}")


def make_meter(study: StudyRecord, args, report=None):
    """The meter that the words ask for. Raises MdpError where there are no images or no weights."""
    name = args.data or data_of(study)
    if name is None:
        raise MdpError(
            f"The study {study.name!r} does not say on which images to measure. Give --data: a data set, or "
            "a folder that holds one folder of images per class."
        )
    from ..datasets import find
    from ..training.plan_meter import PlanMeter

    images = args.images or (SERVED_IMAGES if args.serve else None)
    calibration = SERVED_CALIBRATION if args.serve and args.calibration is None else args.calibration
    repair = {} if calibration is None else {"calibration": calibration}
    return PlanMeter(study, find(name), images=images, seed=args.seed, report=report, **repair)


def data_of(study: StudyRecord) -> str | None:
    """The data set that the study's scores were made on, if it is one that has a name here."""
    from ..datasets import NAMES

    told = study.scores.provenance.get("dataset")
    return told if told in NAMES else None


def keep(study: StudyRecord, one: PlanAccuracy, meter, out=None) -> StudyRecord:
    """The study with one measured plan, saved. What others saved in it meanwhile stays."""
    now = study if study.path is None or out else kept_for(_newest(study), meter.dataset)
    about = {"dense": meter.dense, "dataset": meter.dataset, "images": meter.images}
    new = dataclasses.replace(now, accuracy={**about, **with_plans(now, [one], more_images_stay=True)})
    save_study(new, out or study.path)
    return new


def _newest(study: StudyRecord) -> StudyRecord:
    found = load_study(study.place)
    if found.problem.fingerprint == study.problem.fingerprint:
        return found
    raise MdpError(
        f"The study {study.path} was changed while its plans were measured; nothing is kept in it."
    )


def _told(one: PlanAccuracy) -> dict:
    return {"latency": one.latency, "importance": one.importance, **entry_of(one), **known_of(one).to_json()}


def _plans(study: StudyRecord, args) -> list:
    budgets = [args.budget] if args.budget else []
    for word in (args.budgets or "").split(","):
        word = word.strip()
        budgets += [f"{word}%" if word.replace(".", "", 1).isdigit() else word] if word else []
    plans = [read_plan(study, args.plan, None)] if args.plan else []
    return plans + [read_plan(study, None, budget) for budget in budgets]


def _check(args) -> None:
    """Raise MdpError for options that contradict each other, before anything is loaded."""
    if not args.serve and not (args.budget or args.plan or (args.budgets or "").strip(", ")):
        raise MdpError("Say which plans to measure: --budget 40%, --budgets 15,25,40, or --plan FILE.")
    if args.serve and (args.budget or args.budgets or args.plan or args.save or args.out):
        raise MdpError("With --serve the plans come in as requests; leave out the other words.")
