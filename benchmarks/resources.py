"""Parameters and multiply-adds for the problems of the benchmarks, from the shapes of their layers.

The method's own ResNet problems count channels in bundles and name their layers; a synthetic transformer
says its own sizes. These counts follow from both; nothing here was measured.
"""

from dataclasses import replace

from mdp.core.problem import Problem
from mdp.core.resources import counted
from mdp.core.space import Product


def with_counts(problem: Problem) -> Problem:
    """The problem with resources parameters, macs and weight_memory."""
    make = _resnet if "layer1.0" in problem.block else _transformer
    return replace(problem, resources=counted(make(problem), problem.dims, "float16"))


def _resnet(problem: Problem) -> dict[str, tuple[Product, ...]]:
    """A layer's weights are kernel x outputs x inputs; it is applied at each output pixel of a 224 image."""
    parameters, macs = [], []
    for term in problem.latency:
        if not term.dims:
            continue
        kernel = 49 if term.name == "conv1" else 9 if term.name.endswith("conv2") else 1
        stage = next((int(w[5:]) for w in term.name.split(".") if w.startswith("layer")), 1)
        side = 56 // 2 ** (stage - 1)
        weights = kernel * 32 ** len(term.dims)  # bundles of 32 channels
        parameters.append(Product(term.block, float(weights), term.dims))
        macs.append(Product(term.block, float(weights * side * side), term.dims))
    return {"parameters": tuple(parameters), "macs": tuple(macs)}


def _transformer(problem: Problem, tokens: int = 197) -> dict[str, tuple[Product, ...]]:
    """Q and K, V and projection, and the MLP; attention itself has no weights."""
    parameters, macs = [Product(None, 768.0, ("embedding",))], [Product(None, 768.0 * tokens, ("embedding",))]
    for block in problem.block:
        heads, qk, v, mlp = (f"{block}.{kind}" for kind in ("heads", "qk", "v", "mlp"))
        weights = [("embedding", heads, qk), ("embedding", heads, v), ("embedding", mlp)]
        parameters += [Product(block, 2.0, dims) for dims in weights]
        macs += [Product(block, 2.0 * tokens, dims) for dims in weights]
        macs += [Product(block, float(tokens**2), (heads, width)) for width in (qk, v)]
    return {"parameters": tuple(parameters), "macs": tuple(macs)}
