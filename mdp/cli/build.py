"""`mdp build`: join latency tables, or counts, and importance scores into a study. Measures nothing."""

import os

from ..core.errors import MdpError
from . import reporter
from .model_args import model_of


def run(args):
    from ..core.files import read_json
    from ..core.how_found import has_split_blocks
    from ..core.provenance import check_weights
    from ..core.quality import study_words
    from ..core.resources import amount
    from ..core.scores import read_scores
    from ..core.study import FORMAT, build_study, counted_tables, load_study, save_study
    from ..core.tables import load_tables
    from ..families import outline
    from ..networks.models import accuracy_of
    from ..networks.weights import content_at

    report = reporter(args)
    ref = model_of(args)
    facts = {"model": ref.name, "input_size": ref.input_size, "classes": ref.classes}
    saved = load_tables(args.tables, **facts) if args.tables else None
    # A study may be named without its path, as everywhere; what looks like a path is one.
    named = not os.path.exists(args.scores) and os.path.basename(args.scores) == args.scores
    data = {"format": FORMAT} if named else read_json(args.scores, "file of scores")
    if isinstance(data, dict) and data.get("format") == FORMAT:
        study = load_study(args.scores)
        what, scored, scores = f"scores of {study.name!r}", study.model, study.scores
    else:
        what, made = f"scores {os.path.basename(args.scores)}", read_scores(args.scores)
        scored, scores = made.model, made.scores
    if scored.name != ref.name:
        raise MdpError(
            f"The {what} are of {scored.name}, not of {ref.name}. Score that model, or choose other scores."
        )
    doubt = check_weights(scored, scores.provenance, ref, content_at(ref), what)
    if doubt:
        report.message(doubt)
    if saved is None:
        split = has_split_blocks(block for _, block, _, _ in scores.shares if block)
        space = outline(ref, split_blocks=split).space
        tables = counted_tables(space, args.budget_in)
    else:
        space, tables = _measured(ref, saved, args.tables), saved.tables
    study = build_study(args.name, ref, space, tables, scores, accuracy=accuracy_of(ref))
    path = save_study(study, args.out)
    dense = amount(study.problem.dense_latency, study.problem.latency_unit)
    report.message(f"{path}: {study.name}, dense {dense}.")
    wrong = study_words(study)
    for sentence in wrong:
        report.message(sentence)
    if args.job:
        report.result(path=str(path), **({"wrong": " ".join(wrong)} if wrong else {}))


def _measured(ref, saved, path: str):
    """The space of a model with the widths of its tables, found as they were. Raises MdpError if they are of
    another."""
    from ..core.how_found import has_split_blocks
    from ..core.tables import fit_space, how_timed
    from ..core.units import check_parts
    from ..families import outline

    split_blocks = has_split_blocks(term.block for term in saved.tables.terms if term.block)
    attention = "split" if "attention split" in how_timed(saved.tables) else "fused"
    found = outline(ref, split_blocks=split_blocks, attention=attention)
    space = fit_space(found.space, saved)
    check_parts((t.name for t in saved.tables.terms), (p.name for p in found.segments), f"tables {path}")
    return space
