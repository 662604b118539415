"""A study of a tiny network with made-up ("synthetic") tables, for tests of scoring and training."""

import numpy as np

from mdp.core.problem import Term
from mdp.core.study import ModelRef, StudyRecord, Tables, build_study
from mdp.families import find
from mdp.importance import score
from mdp.networks.models import create

RESNET = ModelRef("resnet10t", "none", (1, 28, 28), 10, {"channels": [8, 8, 16, 16], "stem_width": 8})
VIT = ModelRef(
    "vit_tiny_patch16_224", "none", (1, 28, 28), 10,
    {"img_size": 28, "patch_size": 7, "embed_dim": 32, "depth": 2, "num_heads": 4},
)  # fmt: skip


STEPS = {"channels": 4, "embedding": 8, "heads": 1, "qk": 2, "v": 2, "mlp": 32}


def tiny_study(ref: ModelRef) -> StudyRecord:
    """Latency grows with every width; importance is the magnitude of the untrained weights."""
    found = find(create(ref), ref, width_step=STEPS)
    terms = []
    for dim in found.space.dims:
        block = next((s.block for s in found.slices if s.dim == dim.name and s.block), None)
        shared = len({s.block for s in found.slices if s.dim == dim.name}) > 1
        values = np.array(dim.options, dtype=float) / dim.units
        terms.append(Term(f"synthetic {dim.name}", None if shared else block, (dim.name,), values))
    provenance = {"device": "synthetic", "batch": 1, "dtype": "float32", "kind": "cpu", "threads": 1}
    scores = score(found, (), "magnitude")
    return build_study("synthetic tiny", ref, found.space, Tables(tuple(terms), provenance), scores)


def be_quick(monkeypatch, images: int = 100) -> None:
    """Latency is measured, but not for long; accuracy on a few test images."""
    from mdp.datasets import fashion
    from mdp.training import timing

    whole = fashion.subset()
    few = type(whole)(whole.name, whole.description, whole.classes, whole.train, whole.test.sample(images))
    monkeypatch.setattr(fashion, "subset", lambda: few)
    monkeypatch.setattr(timing, "SECONDS", 0.01)
    monkeypatch.setattr(timing, "VISIT_MS", 1.0)
