"""`mdp build`: join latency tables, or counts, and importance scores into a study. Measures nothing."""

import os

from ..core.errors import MdpError
from . import reporter
from .model_args import model_of


def run(args):
    from ..core.deployments import with_deployments
    from ..core.files import read_json
    from ..core.how_found import has_split_blocks
    from ..core.provenance import check_weights
    from ..core.quality import study_words
    from ..core.resources import amount
    from ..core.scores import read_scores
    from ..core.study import FORMAT, build_study, counted_tables, load_study, save_study
    from ..core.study_files import given_name
    from ..families import outline
    from ..networks.models import accuracy_of
    from ..networks.weights import content_at
    from .build_tables import tables_for

    report = reporter(args)
    name = given_name(args.name)
    ref = model_of(args)
    if args.budget_in and args.deployment:
        raise MdpError("A budget in what is counted and tables of deployments go apart: leave one out.")
    built = None if args.budget_in else tables_for(ref, args.tables, tuple(args.deployment))
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
    if built is None:
        split = has_split_blocks(block for _, block, _, _ in scores.shares if block)
        space = outline(ref, split_blocks=split).space
        tables = counted_tables(space, args.budget_in)
    else:
        space, tables = built.space, built.tables
    study = build_study(name, ref, space, tables, scores, accuracy=accuracy_of(ref))
    if built is not None and built.others:
        study = with_deployments(study, built.name, built.others)
    path = save_study(study, args.out)
    dense = amount(study.problem.dense_latency, study.problem.latency_unit)
    beside = "".join(f", {o.name} {study.problem.dense_use(o.name):.4g} ms" for o in study.others)
    report.message(f"{path}: {study.name}, dense {dense}{f' ({study.deployment})' * bool(beside)}{beside}.")
    wrong = study_words(study)
    for sentence in wrong:
        report.message(sentence)
    if args.job:
        report.result(path=str(path), **({"wrong": " ".join(wrong)} if wrong else {}))
