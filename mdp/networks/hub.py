"""timm's hub of weights, asked only when pretrained weights are wanted."""

import contextlib

# How long it may take to answer.
HUB_SECONDS = 3


@contextlib.contextmanager
def hub():
    """Where timm's hub is out of reach, use what is cached of it: its own retries would take a minute."""
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    offline = constants.HF_HUB_OFFLINE
    try:
        if not offline:
            get_session().head(constants.ENDPOINT, timeout=HUB_SECONDS)
    except Exception:  # of whichever client library the hub uses
        constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = offline
