"""`profile(net, Deployment(...))`: latency tables of a network, measured on a device of this machine."""

from ..core.deployment import Deployment
from ..core.study import Tables
from ..operations import ProfileOptions, check
from .network import Network, checked
from .progress import Progress, reporter


def profile(
    net: Network,
    deployment: Deployment | str | None = None,
    *,
    seconds: float = ProfileOptions.seconds,
    tolerance: float = ProfileOptions.tolerance,
    again: bool = ProfileOptions.again,
    like: Tables | None = None,
    share: float = ProfileOptions.share,
    progress: Progress = True,
) -> Tables:
    """Measure the latency tables of a network, in ms for one batch.

    Every measurement is kept as soon as it is made: stopped or killed, the same call goes on, and what was
    measured once is there at once.

    Args:
        net: from `prunable`.
        deployment: the device, batch, dtype and so on to measure for, or a device alone ("cpu"); by default
            one image, on the GPU where there is one.
        seconds: about how long to measure; what is not measured in time is interpolated. Where even a coarse
            grid takes longer, that is said beforehand, with about how long.
        tolerance: a table whose cross-validated error is below this is refined no further.
        again: measure once more what was measured before.
        like: tables of the same network from another device or runtime. Only a `share` of the entries is
            measured then, and the rest inferred with their help.
        share: of the entries to measure with `like`: above 0 and at most 1.
        progress: True, False, or a `mdp.Reporter` that is told and may cancel.

    Raises:
        MdpError: a number or the deployment makes no sense, this machine cannot run it, or nothing fits its
            memory.
        Cancelled: the reporter asked to stop; everything measured is kept.

    >>> import timm, mdp
    >>> net = mdp.prunable(timm.create_model("test_resnet"))
    >>> tables = mdp.profile(net, mdp.Deployment("cpu", batch_size=1, threads=1), seconds=1, progress=False)
    >>> tables.provenance["batch"], tables.provenance["dtype"]
    (1, 'float32')
    """
    check(ProfileOptions, seconds=seconds, tolerance=tolerance, share=share)
    from ..core.quality import tables_words
    from ..latency.profiling import profile as measure

    if isinstance(deployment, str):
        deployment = Deployment(deployment)
    where = deployment or Deployment()
    report = reporter(progress)
    tables = measure(
        checked(net),
        device=where.device,
        batch=where.batch_size,
        dtype=where.dtype,
        memory_format=where.memory_format,
        threads=where.threads,
        compiled=where.compiled,
        runtime=where.runtime,
        seconds=seconds,
        tolerance=tolerance,
        again=again,
        like=like,
        share=share,
        report=report,
    )
    if wrong := tables_words(tables.provenance, tables.details):
        report.message(wrong)
    return tables
