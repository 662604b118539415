"""Whose code a module is: of the libraries' forwards more is known than of a stranger's."""

# They make whole networks, whose forwards write into no parameter.
NETWORKS = frozenset({"timm", "torchvision"})
# Layers that carry torch's names compute what torch's do.
LAYERS = NETWORKS | {"torch"}
# Their forwards draw no numbers to pick channels by, and other versions may write them otherwise.
FORWARDS = LAYERS | {"mdp", "transformers"}


def is_of(kind: type, libraries: frozenset[str]) -> bool:
    """Whether a class comes with one of these libraries."""
    return kind.__module__.partition(".")[0] in libraries
