"""Synthetic transformer problems of real sizes, for measuring solvers where no measured tables are at hand.

Nothing here was measured: latencies follow a roofline with the steps of tiles, importance follows power laws,
both with seeded noise. Names say "synthetic".
"""

from dataclasses import dataclass

import numpy as np

from mdp.core.problem import Block, Dim, Problem, Term, check
from mdp.core.space import width_options


@dataclass(frozen=True)
class Transformer:
    """Sizes of a vision transformer, and the units per step of each dim."""

    name: str
    depth: int
    embedding: int
    heads: int
    head_width: int = 64
    mlp_ratio: int = 4
    tokens: int = 197
    embedding_step: int = 64
    head_step: int = 1
    width_step: int = 8
    mlp_step: int = 256

    def finer(self, factor: int) -> "Transformer":
        """The same network with `factor` times as many options for embedding, Q/K, V and MLP widths."""
        return Transformer(
            f"{self.name}-grid-x{factor}",
            self.depth,
            self.embedding,
            self.heads,
            self.head_width,
            self.mlp_ratio,
            self.tokens,
            max(1, self.embedding_step // factor),
            self.head_step,
            max(1, self.width_step // factor),
            max(1, self.mlp_step // factor),
        )


DEIT_TINY = Transformer("deit-tiny", 12, 192, 3, embedding_step=16, mlp_step=64)
DEIT_SMALL = Transformer("deit-small", 12, 384, 6, embedding_step=32, mlp_step=128)
DEIT_BASE = Transformer("deit-base", 12, 768, 12)
VIT_LARGE = Transformer("vit-large", 24, 1024, 16)
DEEP = Transformer("deep-80-blocks", 80, 768, 12)


def synthetic(net: Transformer, seed: int = 0, batch: int = 64) -> Problem:
    """A problem of the transformer's shape, in ms: embedding shared by all blocks; heads, Q/K width, V width
    and MLP width in each block; every block removable."""
    rng = np.random.default_rng(seed)
    widths = {
        "heads": width_options(net.heads, net.head_step),
        "qk": width_options(net.head_width, net.width_step),
        "v": width_options(net.head_width, net.width_step),
        "mlp": width_options(net.mlp_ratio * net.embedding, net.mlp_step),
    }
    dims = [Dim("embedding", "embedding", width_options(net.embedding, net.embedding_step))]
    e = np.array(dims[0].options, dtype=float)
    h, q, v, m = (np.array(widths[kind], dtype=float) for kind in ("heads", "qk", "v", "mlp"))
    rows = batch * net.tokens
    latency = [Term("patches", None, ("embedding",), _time(rows * 768 * e, rows * e, rng))]
    importance = [Term("patches", None, ("embedding",), _curve(e, 4.0, rng))]
    blocks = []
    for i in range(net.depth):
        name = f"block{i}"
        blocks.append(Block(name))
        dims += [Dim(f"{name}.{kind}", kind, widths[kind]) for kind in widths]
        # The first and the last blocks matter more than those between, as in trained transformers.
        weight = 1.0 + 2.0 * abs(2 * i / max(net.depth - 1, 1) - 1) ** 2 * rng.uniform(0.5, 1.5)
        ehq = np.multiply.outer(np.multiply.outer(e, h), q)
        ehv = np.multiply.outer(np.multiply.outer(e, h), v)
        hq, hv = np.multiply.outer(h, q)[None], np.multiply.outer(h, v)[None]
        em = np.multiply.outer(e, m)
        pairs = batch * net.tokens**2
        latency += [
            Term(
                f"{name}.qk",
                name,
                ("embedding", f"{name}.heads", f"{name}.qk"),
                _time(2 * rows * ehq + pairs * hq, rows * (e[:, None, None] + 2 * hq), rng),
            ),
            Term(
                f"{name}.v",
                name,
                ("embedding", f"{name}.heads", f"{name}.v"),
                _time(2 * rows * ehv + pairs * hv, rows * (2 * e[:, None, None] + 2 * hv), rng),
            ),
            Term(
                f"{name}.mlp",
                name,
                ("embedding", f"{name}.mlp"),
                _time(2 * rows * em, rows * (2 * e[:, None] + 2 * m), rng),
            ),
        ]
        shares = {"embedding": (e, 0.5), "heads": (h, 1.0), "qk": (q, 0.6), "v": (v, 0.8), "mlp": (m, 1.5)}
        for kind, (options, share) in shares.items():
            dim = kind if kind == "embedding" else f"{name}.{kind}"
            importance.append(Term(f"{name}.{kind}", name, (dim,), _curve(options, weight * share, rng)))
    return check(
        Problem(
            f"synthetic-{net.name}",
            "ms",
            tuple(dims),
            tuple(blocks),
            tuple(latency),
            tuple(importance),
            {"synthetic": True, "seed": seed, "batch": batch},
        )
    )


def _time(macs: np.ndarray, elements: np.ndarray, rng) -> np.ndarray:
    """Milliseconds on an imaginary device: launch + the larger of arithmetic (in tiles) and traffic."""
    tiles = np.ceil(macs / 2.5e8) * 2.5e8
    time = 0.01 + np.maximum(tiles / 6e10, elements * 2 / 8e8)
    return np.round(time * rng.normal(1.0, 0.01, np.shape(time)), 5)


def _curve(options: np.ndarray, total: float, rng) -> np.ndarray:
    """Summed score of the best units: a power law over units, seeded."""
    units = int(options[-1])
    scores = np.sort(np.arange(1, units + 1) ** -rng.uniform(0.4, 1.1) * rng.lognormal(0, 0.3, units))[::-1]
    return np.round(np.cumsum(scores / scores.sum())[options.astype(int) - 1] * total, 6)
