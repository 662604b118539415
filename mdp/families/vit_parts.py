"""The attentions and MLPs of a transformer's blocks, wherever timm's blocks have them.

Most blocks have one of each, one after the other. ParallelThingsBlock has several side by side. In the
parallel scaling blocks one linear layer makes the MLP's hidden units, q, k and v, in this order, and another
may take attention's outputs and hidden units together; they are an attention and an MLP all the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from timm.layers import Attention, DiffAttention
from timm.layers.mlp import GluMlp, Mlp, SwiGLU
from torch import nn

from ..core.errors import Unsupported

# A dim's kind, module, axis, positions of each unit, role: a Slice of the module's tensors.
Owned = tuple[str, str, int, np.ndarray, str]


@dataclass(frozen=True, eq=False)
class _Part:
    """What attention and MLP have in common. Modules are told by their names in the model, "" for none.

    Attributes:
        name: what the names of its dims and segments begin with: the block's name, and which of several it
            is.
        before, after: norms and layer scales on the residual stream, before and after what the part does.
        reads, writes: linear layers from and to the residual stream.
    """

    model: nn.Module
    name: str
    before: str
    after: str
    reads: tuple[str, ...]
    writes: str

    def get(self, module: str) -> nn.Module:
        """A module by its name."""
        return self.model.get_submodule(module) if module else nn.Identity()


@dataclass(frozen=True, eq=False)
class AttentionPart(_Part):
    """One attention.

    Attributes:
        path: the module with the number of heads and the norms of q and k: an attention, or a whole block.
        first_row: where q begins among the outputs of the layer in `reads`; k and v follow.
    """

    path: str
    first_row: int

    @property
    def core(self) -> nn.Module:
        """The module at `path`."""
        return self.get(self.path)

    @property
    def maps(self) -> int:
        """How many attention maps a head has: differential attention subtracts its second from its first."""
        return 2 if is_differential(self.core) else 1

    @property
    def heads(self) -> int:
        """Number of heads."""
        return self.core.num_heads

    @property
    def qk(self) -> int:
        """Width of q and k, for each of a head's maps."""
        return self.core.head_dim

    @property
    def v(self) -> int:
        """Width of v, of each head."""
        return self.maps * self.core.head_dim

    def rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows of q, k (both: heads, maps, width) and v (heads, width) in the layer that makes them."""
        size = self.heads * self.v
        q, k, v = self.first_row + np.arange(3 * size).reshape(3, self.heads, self.maps, self.qk)
        return q, k, v.reshape(self.heads, self.v)

    def dims(self) -> dict[str, int]:
        """Kind -> units."""
        return {"heads": self.heads, "qk": self.qk, "v": self.v}

    def owns(self) -> Iterator[Owned]:
        """Where the units of its dims live."""
        q, k, v = self.rows()
        (made,) = self.reads
        of_heads = [rows.reshape(self.heads, -1) for rows in (q, k, v)]
        yield "heads", made, 0, np.concatenate(of_heads, axis=1), "output"
        yield (
            "qk",
            made,
            0,
            np.concatenate([rows.reshape(-1, self.qk).T for rows in (q, k)], axis=1),
            "output",
        )
        yield "v", made, 0, v.T, "output"
        for norm in ("q_norm", "k_norm"):
            yield "qk", f"{self.path}.{norm}", 0, np.arange(self.qk)[:, None], "output"
        yield "v", f"{self.path}.sub_norm", 0, np.arange(self.v)[:, None], "output"
        values = np.arange(v.size).reshape(v.shape)  # positions in the heads' outputs, side by side
        for module, axis, role in ((f"{self.path}.norm", 0, "output"), (self.writes, 1, "input")):
            yield "heads", module, axis, values, role
            yield "v", module, axis, values.T, role


@dataclass(frozen=True, eq=False)
class MlpPart(_Part):
    """One MLP.

    Attributes:
        mlp: the MLP; where a block has none as a module, one on the meta device that says what it does.
        makes: module -> rows that make each hidden unit, shape (units, rows per unit).
        first_column: where the hidden units begin among the inputs of `writes`.
    """

    mlp: nn.Module
    makes: dict[str, np.ndarray]
    first_column: int

    @property
    def hidden(self) -> int:
        """Number of hidden units."""
        return self.mlp.fc2.in_features

    def dims(self) -> dict[str, int]:
        """Kind -> units."""
        return {"mlp": self.hidden}

    def owns(self) -> Iterator[Owned]:
        """Where the units of its dim live."""
        for module, index in self.makes.items():
            yield "mlp", module, 0, index, "output"
        yield "mlp", self.writes, 1, self.first_column + np.arange(self.hidden)[:, None], "input"


def parts(model: nn.Module) -> list[_Part]:
    """All that its blocks have, block by block; nothing of what was removed."""
    return [part for i in range(len(model.blocks)) for part in block_parts(model, f"blocks.{i}")]


def block_parts(model: nn.Module, name: str) -> Iterator[_Part]:
    """The attentions and MLPs of one block, or of what is left of it."""
    block = model.get_submodule(name)
    if is_parallel_scaling(block):
        yield from _scaling_parts(model, name, block)
        return
    if hasattr(block, "attn"):
        yield _attention(model, name, f"{name}.attn", *_around(block, name, 1))
    for i in range(len(getattr(block, "attns", ()))):
        branch = f"{name}.attns.{i}"
        yield _attention(model, f"{name}.{i}", f"{branch}.attn", f"{branch}.norm", f"{branch}.ls")
    if hasattr(block, "mlp"):
        yield _mlp(model, name, f"{name}.mlp", *_around(block, name, 2))
    for i in range(len(getattr(block, "ffns", ()))):
        branch = f"{name}.ffns.{i}"
        yield _mlp(model, f"{name}.{i}", f"{branch}.mlp", f"{branch}.norm", f"{branch}.ls")


def _around(block: nn.Module, name: str, half: int) -> tuple[str, str]:
    """What stands before and after the attention (1) or the MLP (2) of a block: norm and layer scale."""
    norm = f"{name}.norm{half}"
    return ("", norm) if is_post_norm(block) else (norm, f"{name}.ls{half}")


def is_differential(attention: nn.Module) -> bool:
    """Whether an attention, or a block with one inside, subtracts two attention maps."""
    return hasattr(attention, "sub_norm")


def is_parallel_scaling(block: nn.Module) -> bool:
    """Whether attention and MLP come out of one layer."""
    return hasattr(block, "in_proj")


def is_post_norm(block: nn.Module) -> bool:
    """Whether a block's norms stand after attention and MLP, where others have layer scales."""
    from timm.models.vision_transformer import ResPostBlock

    return isinstance(block, ResPostBlock) or getattr(block, "post_norm", False)


def check_type(name: str, module: nn.Module, known: tuple[type, ...]) -> None:
    """Raise Unsupported if `module`, which is `name` in the model, is not of one of the `known` classes."""
    if type(module) not in known:
        classes = " or ".join(k.__name__ for k in known)
        raise Unsupported(
            f"This transformer cannot be pruned: its {name} is of class {type(module).__name__}, and only "
            f"{classes} is known there. Choose a vit, deit or dinov2-style model."
        )


def _attention(model: nn.Module, name: str, path: str, before: str, after: str) -> AttentionPart:
    check_type(path, model.get_submodule(path), (Attention, DiffAttention))
    return AttentionPart(model, name, before, after, (f"{path}.qkv",), f"{path}.proj", path, 0)


def _mlp(model: nn.Module, name: str, path: str, before: str, after: str) -> MlpPart:
    mlp = model.get_submodule(path)
    check_type(path, mlp, (Mlp, GluMlp, SwiGLU))
    hidden = np.arange(mlp.fc2.in_features)[:, None]
    reads = [n for n in ("fc1", "fc1_g", "fc1_x") if hasattr(mlp, n)]
    # A gated MLP of one layer makes value and gate side by side; a unit owns one row of each.
    both = np.arange(mlp.fc1.out_features).reshape(-1, len(hidden)).T if "fc1" in reads else hidden
    makes = {f"{path}.{n}": both if n == "fc1" else hidden for n in (*reads, "norm")}
    layers = tuple(f"{path}.{n}" for n in reads)
    return MlpPart(model, name, before, after, layers, f"{path}.fc2", mlp, makes, 0)


def _scaling_parts(model: nn.Module, name: str, block: nn.Module) -> Iterator[_Part]:
    """The norm before and the layer scale after are the attention's; they are there once."""
    hidden, together = block.in_split[0], f"{name}.out_proj"
    reads = (f"{name}.in_proj",)
    apart = getattr(block, "attn_out_proj", None) is not None
    writes = (f"{name}.attn_out_proj", f"{name}.mlp_out_proj") if apart else (together, together)
    yield AttentionPart(model, name, f"{name}.in_norm", f"{name}.ls", reads, writes[0], name, hidden)
    bias = (
        block.in_proj.bias is not None or block.mlp_bias is not None,
        apart and block.mlp_out_proj.bias is not None,
    )
    mlp = Mlp(model.embed_dim, hidden, bias=bias, device="meta")
    mlp.act = block.mlp_act
    makes = {
        module: np.arange(hidden)[:, None] for module in (name, *reads)
    }  # the block has a bias of its own
    column = 0 if apart else block.out_proj.in_features - hidden
    yield MlpPart(model, name, "", "", reads, writes[1], mlp, makes, column)
