"""`mdp iterate`: prune in steps down to a budget; after each, importance is scored anew on what is left."""

import dataclasses

from ..core.errors import MdpError
from ..core.plan import parse_budget, save_plan
from ..core.progress import PartOf
from ..core.study import load_study, save_study
from . import check_out, print_json, reporter
from .model_args import SKIP_BAD
from .solve import describe, problem_of, summary


def add_arguments(parser):
    parser.add_argument("study", help="a study file or the name of a study")
    parser.add_argument("--budget", required=True, help="in ms (12.5) or a share of dense (40%%)")
    parser.add_argument("--steps", type=int, default=5, help="down to the budget (default 5); 1 is one shot")
    parser.add_argument("--schedule", default="geometric", help="geometric (default) or linear")
    parser.add_argument(
        "--data", default="fashion-mnist", help="data set, or folder of class folders of images"
    )
    parser.add_argument("--skip-bad", action="store_true", help=SKIP_BAD)
    parser.add_argument("--images", type=int, default=512, help="training images per scoring (default 512)")
    parser.add_argument("--batch", type=int, default=16, help="images per batch (default 16)")
    parser.add_argument(
        "--seed", type=int, default=0, help="which images; every step takes others (default 0)"
    )
    parser.add_argument("--device", default="auto", help="cpu, cuda, mps or auto (default)")
    parser.add_argument("--name", help="of the study that holds the last scores")
    parser.add_argument("--out", metavar="FILE", help="save that study there (default: the user's studies)")
    parser.add_argument("--plan", metavar="FILE", help="save the plan there (default: beside the study)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args):
    import torch

    from ..datasets import find as find_data
    from ..datasets.checking import checked
    from ..datasets.labels import check_fit
    from ..datasets.loader import loader
    from ..datasets.unreadable import Unread
    from ..importance import rescored
    from ..latency.device import deployment
    from ..solve import iterate

    report = reporter(args)
    check_out(args.out, "studies")
    if args.images < 1 or args.batch < 1:
        raise MdpError("Scoring takes at least one image, in batches of at least one.")
    study = load_study(args.study)
    budget = parse_budget(args.budget, study.problem)
    source = find_data(args.data)
    report.message(source.said)
    check_fit(source.train, source, study.model)
    unread = Unread.for_now()
    device = deployment(args.device).kind
    studies = [study]

    def rescore(plan):
        step = len(studies)
        gone = len(plan.removed_blocks)
        report.message(f"Step {step}: {plan.latency:.4g} ms, {gone} block{'s' * (gone != 1)} removed.")
        seed = args.seed + step
        torch.manual_seed(seed)
        sample = source.train.sample(args.images, seed)
        begin = (step - 1) / args.steps
        (images,) = checked([sample], PartOf(report, begin, begin), skip_bad=args.skip_bad)
        batch = max(1, min(args.batch, len(images) // 2))
        part = PartOf(report, begin, step / args.steps)
        facts = {
            "dataset": source.name,
            "seed": seed,
            "batch": batch,
            "weights": study.model.weights,
            "after": {"step": step, "of": args.steps, "latency": plan.latency},
        }
        batches = loader(images, source, study.model, batch, unread=unread)
        studies.append(rescored(studies[-1], plan, batches, part, device=device, provenance=facts))
        return studies[-1].problem

    plans = iterate(study.problem, budget, rescore, steps=args.steps, kind=args.schedule)
    unread.tell(report)
    name = args.name or f"{study.name} · {args.steps} steps to {budget:.4g} ms"
    path = save_study(dataclasses.replace(studies[-1], name=name), args.out)
    plan_path = args.plan or path.with_suffix(".plan.json")
    save_plan(plans[-1], plan_path)
    report.step(1, 1, "done")
    report.message(f"Study {path}, plan {plan_path}.")
    if args.job:
        report.result(path=str(path), plan=str(plan_path))
    if args.json:
        return print_json(
            {**summary(plans[-1], problem_of(studies[-1])), "steps": [p.latency for p in plans]}
        )
    if not args.job:
        print(describe(plans[-1], problem_of(studies[-1])))
