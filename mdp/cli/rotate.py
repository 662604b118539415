"""`mdp rotate`: the same dense transformer, with its units sorted by what they carry."""

from pathlib import Path

from ..core.errors import MdpError
from ..core.files import check_writable
from . import reporter
from .model_args import model_of


def run(args):
    report = reporter(args)
    out = Path(args.out)
    if out.suffix != ".safetensors":
        raise MdpError(f"{out} does not end in .safetensors; give such a name with --out.")
    check_writable(out.parent)
    from ..datasets import find as find_data
    from ..datasets.checking import checked_source
    from ..datasets.labels import check_fit
    from ..datasets.loader import loader
    from ..families import find
    from ..networks.checkpoints import write_tensors
    from ..networks.models import create
    from ..reconstruction.images import collect
    from ..reconstruction.rotation import rotated, step_of

    ref = model_of(args)
    source = find_data(args.data)
    check_fit(source.train, source, ref)
    source = checked_source(source, report, images=args.images, seed=args.seed, skip_bad=args.skip_bad)
    report.message(source.summary)
    batches = loader(source.train.sample(args.images, args.seed), source, ref, 64)
    images = collect(batches, ref.input_size, args.images, report).images
    model = create(ref)
    turned = rotated(model, images, step_of(find(model, ref).space), report)
    write_tensors(out, {name: t.detach().contiguous().clone() for name, t in turned.state_dict().items()})
    report.message(f"{out}: computes the same as {ref.name}. Score and build a study from it: --weights {out}.")
    if args.job:
        report.result(path=str(out))
