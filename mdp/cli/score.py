"""`mdp score`: the importance of every unit of a model, on real images."""

from . import check_out, reporter
from .model_args import model_of

NEW_HEAD = (
    "The classifier is new and untrained: the importance is that for random answers. Train it on your "
    "classes first, if you can, and give that checkpoint."
)


def run(args):
    from ..core.quality import importance_words, scores_doubt
    from ..datasets.unreadable import Unread
    from ..families import find, outline
    from ..importance import METHODS, default_method, save_scores, score
    from ..latency.device import deployment
    from ..networks.models import create
    from ..networks.weights import noted

    report = reporter(args)
    check_out(args.out, "scores")
    ref = model_of(args)
    # What is not supported, and images that do not fit, are refused before anything is fetched or made.
    shapes = outline(ref, split_blocks=args.split_blocks)
    method = default_method(shapes) if args.method == "auto" else args.method
    unread = Unread.for_now()
    batches, facts = _batches(args, ref, report, unread) if METHODS[method].NEEDS_IMAGES else ((), {})
    facts |= noted(ref)
    device = deployment(args.device).kind
    found = find(create(ref), ref, split_blocks=args.split_blocks)
    if ref.new_head:
        facts["new_head"] = True
        report.message(NEW_HEAD)
    asked = None if args.method == "auto" else method
    limits = {"against": args.against, "seconds": args.seconds}
    scores = score(found, batches, asked, report, device=device, provenance=facts, **limits)
    unread.tell(report)
    path = save_scores(scores, ref, args.out)
    report.message(
        f"{path}: {scores.provenance['method']} scores of {len(scores.order)} dims{_said(scores.provenance)}."
    )
    wrong = importance_words(scores_doubt(scores))
    if wrong:
        report.message(wrong)
    if args.job:
        report.result(path=str(path), **({"wrong": wrong} if wrong else {}))


def _batches(args, ref, report, unread):
    """(batches of images and labels, what to note of them)."""
    import torch

    from ..datasets import find as find_data
    from ..datasets.checking import checked
    from ..datasets.labels import check_fit
    from ..datasets.loader import loader
    from ..datasets.source import joined
    from ..datasets.views import view_loader

    source = find_data(args.data)
    report.message(source.summary)
    check_fit(source.train, source, ref)
    torch.manual_seed(args.seed)
    images = joined(source.train, source.test) if args.with_test else source.train
    (images,) = checked([images.sample(args.images, args.seed)], report, skip_bad=args.skip_bad)
    batch = max(1, min(args.batch, len(images) // 2))  # at least two batches, for the two halves
    facts = {
        "dataset": source.name,
        "seed": args.seed,
        "batch": batch,
        "pictures": len(images),
        "views": args.views,
        "description": source.description,
    }
    if args.views > 1:
        return view_loader(images, source, ref, batch, args.views, args.seed, unread), facts
    return loader(images, source, ref, batch, unread=unread), facts


def _said(facts) -> str:
    """On how many images, and how far two halves of them agree."""
    if "pictures" not in facts:
        return ", from the weights alone"
    views = f", {facts['views']} views of each" if facts["views"] > 1 else ""
    agreement = sorted(facts["agreement"].values())
    agree = ""
    if agreement:
        agree = (
            f". Two halves of the images agree with rank correlation {agreement[len(agreement) // 2]:.2f} "
            f"(median over dims; lowest {agreement[0]:.2f})"
        )
    return f" on {facts['pictures']} images{views}{agree}"
