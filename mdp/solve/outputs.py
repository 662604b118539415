"""Which dims of a latency table its layer puts out: what a model of latency per layer is a function of."""

from ..core.problem import Problem, Term


def outputs(problem: Problem, term: Term) -> tuple[str, ...]:
    """The dims that the layer of a table puts out.

    The first of a convolution's table, output x input. A transformer's tables start with the embedding, which
    is not what their layers prune: there the dims that only the block uses are the outputs.
    """
    if len(term.dims) < 2:
        return term.dims
    own = tuple(d for d in term.dims if problem.dim_blocks[d] == {term.block} and term.block is not None)
    is_conv = all(problem.dim[d].kind == "channels" for d in term.dims)
    return term.dims[:1] if is_conv or not own else own
