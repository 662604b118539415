"""Synthetic studies for tests of the page: shaped like a ViT and like ResNets, numbers made up from a seed.

Nothing here was measured. Latencies are affine in the arithmetic, so that they look like a device's.
"""

import numpy as np

from mdp.core.problem import Block, Term
from mdp.core.space import Product, Space, SpaceDim, width_options
from mdp.core.study import ModelRef, Scores, StudyRecord, Tables, build_study

PROVENANCE = {"device": "synthetic (not measured)", "batch": 1, "dtype": "float32"}


def synthetic_vit(blocks: int = 12, embed: int = 384, heads: int = 6, seed: int = 0) -> StudyRecord:
    """Embedding, heads, Q/K, V and MLP widths; `blocks` removable blocks."""
    width, mlp = 64, 4 * embed
    dims = [SpaceDim("embed", "embedding", embed, width_options(embed, embed // 12))]
    counts = [Product(None, 16 * 16 * 3, ("embed",)), Product(None, 1000, ("embed",))]
    latency = [_term("stem", None, ("embed",), dims[:1], lambda e: 0.12 + 0.3 * e / embed)]
    for i in range(blocks):
        block = f"blocks.{i}"
        own = [
            SpaceDim(f"{block}.heads", "heads", heads, width_options(heads, 1)),
            SpaceDim(f"{block}.qk", "qk", width, width_options(width, 8)),
            SpaceDim(f"{block}.v", "v", width, width_options(width, 8)),
            SpaceDim(f"{block}.mlp", "mlp", mlp, width_options(mlp, mlp // 16)),
        ]
        dims += own
        e, (h, qk, v, m) = dims[0], own
        latency += [
            _term(
                f"{block}.qk",
                block,
                ("embed", h.name, qk.name),
                [e, h, qk],
                lambda a, b, c: 0.05 + 0.9 * a * b * c / (embed * heads * width) + 0.02 * b,
            ),
            _term(
                f"{block}.v",
                block,
                ("embed", h.name, v.name),
                [e, h, v],
                lambda a, b, c: 0.04 + 0.9 * a * b * c / (embed * heads * width),
            ),
            _term(
                f"{block}.mlp",
                block,
                ("embed", m.name),
                [e, m],
                lambda a, b: 0.06 + 1.9 * a * np.ceil(b / 256) * 256 / (embed * mlp),
            ),
        ]
        counts += [
            Product(block, 2, ("embed", h.name, qk.name)),
            Product(block, 2, ("embed", h.name, v.name)),
            Product(block, 2, ("embed", m.name)),
        ]
    names = [f"blocks.{i}" for i in range(blocks)]
    name = f"synthetic ViT {blocks}"
    return _study(name, "synthetic_vit", "transformer", dims, names, latency, counts, seed)


def synthetic_resnet(stages: tuple[int, ...] = (3, 4, 6, 3), seed: int = 0) -> StudyRecord:
    """Bottleneck ResNet: (3, 4, 6, 3) has 16 blocks, (3, 4, 23, 3) has 33. Stage widths are shared."""
    dims, latency, counts, names = [SpaceDim("conv1", "channels", 64, width_options(64, 16))], [], [], []
    latency.append(_term("conv1", None, ("conv1",), dims[:1], lambda a: 0.3 + 0.2 * a / 64))
    counts.append(Product(None, 3 * 49, ("conv1",)))
    before = dims[0]
    for s, depth in enumerate(stages):
        inner = 64 * 2**s
        stage = SpaceDim(f"layer{s + 1}", "channels", 4 * inner, width_options(4 * inner, inner))
        dims.append(stage)
        for i in range(depth):
            block = f"layer{s + 1}.{i}"
            names.append(block)
            a = SpaceDim(f"{block}.conv1", "channels", inner, width_options(inner, inner // 8))
            b = SpaceDim(f"{block}.conv2", "channels", inner, width_options(inner, inner // 8))
            dims += [a, b]
            source = before if i == 0 else stage
            for name, out, into, cost in (
                (f"{block}.conv1", a, source, 0.2),
                (f"{block}.conv2", b, a, 0.4),
                (f"{block}.conv3", stage, b, 0.25),
            ):
                full = out.units * into.units
                latency.append(
                    _term(
                        name,
                        block,
                        (out.name, into.name),
                        [out, into],
                        lambda x, y, full=full, cost=cost: 0.02 + cost * x * y / full,
                    )
                )
                counts.append(Product(block, 9 if name.endswith("2") else 1, (out.name, into.name)))
        latency.append(
            _term(
                f"layer{s + 1}.downsample",
                None,
                (stage.name, before.name),
                [stage, before],
                lambda x, y, full=stage.units * before.units: 0.02 + 0.2 * x * y / full,
            )
        )
        counts.append(Product(None, 1, (stage.name, before.name)))
        before = stage
    latency.append(_term("fc", None, (before.name,), [before], lambda x: 0.05 + 0.0001 * x))
    name = f"synthetic ResNet {len(names)}"
    return _study(name, "synthetic_resnet", "resnet", dims, names, latency, counts, seed)


def _term(name, block, dims, axes, cost) -> Term:
    grids = np.meshgrid(*[np.array(d.options, dtype=float) for d in axes], indexing="ij")
    return Term(name, block, tuple(dims), np.round(cost(*grids), 5))


def _study(name, model, family, dims, blocks, latency, counts, seed) -> StudyRecord:
    rng = np.random.default_rng(seed)
    order, shares = {}, []
    for dim in dims:
        block = next((b for b in blocks if dim.name.startswith(b + ".")), None)
        depth = 1.0 if block is None else 0.3 + blocks.index(block) / len(blocks)
        values = np.sort(rng.lognormal(0, 1.2, dim.units))[::-1] * depth / dim.units
        units = rng.permutation(dim.units)
        scores = np.empty(dim.units)
        scores[units] = values
        order[dim.name] = units
        shares.append((dim.name, block, dim.name, scores))
    space = Space(
        model,
        family,
        tuple(dims),
        tuple(Block(b) for b in blocks),
        {"parameters": tuple(counts), "macs": tuple(counts)},
    )
    return build_study(
        name,
        ModelRef(model, "none", (3, 224, 224), 1000),
        space,
        Tables(tuple(latency), PROVENANCE),
        Scores(order, tuple(shares), {"method": "synthetic"}),
    )
