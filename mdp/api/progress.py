"""Progress of long calls: shown on standard error unless the caller wants none, or another reporter."""

from ..core.progress import ConsoleReporter, Reporter

Progress = bool | Reporter


def reporter(progress: Progress) -> Reporter:
    """Make the reporter for `progress=`: True shows lines, False nothing, a Reporter stays as it is."""
    if isinstance(progress, Reporter):
        return progress
    return ConsoleReporter() if progress else Reporter()
