"""`mdp rotate`: the same dense transformer, with its units sorted by what they carry."""

from pathlib import Path

from ..core.errors import MdpError
from . import check_out, reporter
from .model_args import model_of


def run(args):
    report = reporter(args)
    out = Path(args.out)
    if out.suffix != ".safetensors":
        raise MdpError(f"{out} does not end in .safetensors; give such a name with --out.")
    check_out(args.out, "weights")
    from ..datasets import find as find_data
    from ..datasets.checking import checked_source
    from ..datasets.labels import check_fit
    from ..networks.checkpoints import write_tensors
    from ..networks.models import create
    from ..training.rotating import turned

    ref = model_of(args)
    source = find_data(args.data)
    check_fit(source.train, source, ref)
    source = checked_source(source, report, images=args.images, seed=args.seed, skip_bad=args.skip_bad)
    report.message(source.summary)
    state = turned(create(ref), ref, source, report, args.images, args.seed).state_dict()
    write_tensors(out, {name: t.detach().contiguous().clone() for name, t in state.items()})
    report.message(f"{out}: computes the same as {ref.name}. To score and build from it: --weights {out}.")
    if args.job:
        report.result(path=str(out))
