"""Small networks with attention, each in another way of writing it."""

import torch
import torch.nn.functional as F
from torch import nn


class Encoder(nn.Module):
    """torch's own encoder, norms first or last."""

    def __init__(self, norm_first=True, batch_first=True):
        super().__init__()
        self.embed, self.pos = nn.Linear(6, 16), nn.Parameter(torch.randn(1, 5, 16))
        layer = nn.TransformerEncoderLayer(16, 4, 24, batch_first=True, norm_first=norm_first)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.last = nn.MultiheadAttention(16, 2, batch_first=batch_first)
        self.batch_first, self.head = batch_first, nn.Linear(16, 3)

    def forward(self, x):
        x = self.encoder(self.embed(x) + self.pos)
        x = x if self.batch_first else x.transpose(0, 1)
        x = x + self.last(x, x, x)[0]
        x = x if self.batch_first else x.transpose(0, 1)
        return self.head(x[:, 0])


class Separate(nn.Module):
    """Queries, keys and values out of layers of their own, and a product written out."""

    def __init__(self, width=16, heads=4):
        super().__init__()
        self.heads, self.embed = heads, nn.Linear(6, width)
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out, self.norm, self.head = nn.Linear(width, width), nn.LayerNorm(width), nn.Linear(width, 3)

    def forward(self, x):
        x = self.embed(x)
        b, n, c = x.shape

        def split(t):
            return t.view(b, n, self.heads, -1).permute(0, 2, 1, 3)

        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        weights = torch.matmul(q, k.transpose(-1, -2)) / q.shape[-1] ** 0.5
        y = torch.matmul(weights.softmax(-1), v).permute(0, 2, 1, 3).reshape(b, n, c)
        return self.head(self.norm(x + self.out(y)).mean(1))


class Grouped(nn.Module):
    """Several heads of queries to one of keys and values, by torch's own word for it."""

    def __init__(self, width=16, heads=4, shared=2):
        super().__init__()
        self.heads, self.shared, self.embed = heads, shared, nn.Linear(6, width)
        self.query, self.key, self.value = (
            nn.Linear(width, h * width // heads) for h in (heads, shared, shared)
        )
        self.out, self.head = nn.Linear(width, width), nn.Linear(width, 3)

    def forward(self, x):
        x = self.embed(x)
        b, n, _ = x.shape
        q, k, v = (
            t.view(b, n, heads, -1).transpose(1, 2)
            for t, heads in (
                (self.query(x), self.heads),
                (self.key(x), self.shared),
                (self.value(x), self.shared),
            )
        )
        y = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
        return self.head((x + self.out(y.transpose(1, 2).reshape(b, n, -1))).mean(1))


class Windows(nn.Module):
    """Attention within windows, a table of relative positions for every head, a bias joined of three."""

    def __init__(self, width=16, heads=4, side=2):
        super().__init__()
        self.heads, self.side, self.embed = heads, side, nn.Conv2d(3, width, 2, stride=2)
        self.qkv, self.proj = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width)
        self.q_bias, self.v_bias = nn.Parameter(torch.randn(width)), nn.Parameter(torch.randn(width))
        self.register_buffer("k_bias", torch.zeros(width), persistent=False)
        self.table = nn.Parameter(torch.randn((2 * side - 1) ** 2, heads))
        places = torch.stack(torch.meshgrid(*2 * [torch.arange(side)], indexing="ij")).flatten(1)
        apart = (places[:, :, None] - places[:, None] + side - 1).permute(1, 2, 0)
        self.register_buffer("index", apart[..., 0] * (2 * side - 1) + apart[..., 1])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 3)

    def forward(self, x):
        x = self.embed(x).permute(0, 2, 3, 1)
        b, h, w, c = x.shape
        s, n = self.side, self.side**2
        y = self.norm(x).view(b, h // s, s, w // s, s, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, n, c)
        qkv = F.linear(y, self.qkv.weight, torch.cat((self.q_bias, self.k_bias, self.v_bias)))
        q, k, v = qkv.reshape(-1, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        near = self.table[self.index.view(-1)].view(n, n, -1).permute(2, 0, 1).unsqueeze(0)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=near).transpose(1, 2).reshape(-1, n, c)
        y = self.proj(y).view(b, h // s, w // s, s, s, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)
        return self.head((x + y).mean((1, 2)))


class HeadsFirst(nn.Module):
    """Rows of one layer in the order heads, then queries, keys and values; components are rotated."""

    def __init__(self, width=16, heads=4):
        super().__init__()
        self.heads, self.embed, self.qkv = heads, nn.Linear(6, width), nn.Linear(width, 3 * width)
        self.proj, self.head = nn.Linear(width, width), nn.Linear(width, 3)
        self.register_buffer("turn", torch.randn(2, 5, width // heads))

    def forward(self, x):
        x = self.embed(x)
        b, n, c = x.shape
        qkv = self.qkv(x).reshape(b, n, self.heads, 3, c // self.heads)
        q, k, v = (qkv[:, :, :, i].transpose(1, 2) for i in range(3))
        cos, sin = self.turn
        q, k = (t * cos + torch.cat([-t[..., 2:], t[..., :2]], -1) * sin for t in (q, k))
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return self.head((x + self.proj(y)).mean(1))


class Rested(HeadsFirst):
    """As HeadsFirst; a rotation says what it leaves as it is, which is nothing."""

    def forward(self, x):
        x = self.embed(x)
        b, n, c = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        cos, sin = self.turn
        turned = (t * cos + torch.cat([-t[..., 2:], t[..., :2]], -1) * sin for t in (q, k))
        q, k = (torch.cat([s, t[..., 4:]], -1) for s, t in zip(turned, (q, k), strict=True))
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return self.head((x + self.proj(y)).mean(1))


class Normed(nn.Module):
    """Cosines of queries and keys, norms within a head and over all of them, a bias on what is joined."""

    def __init__(self, width=16, heads=4):
        super().__init__()
        self.heads, self.embed, self.qkv = heads, nn.Linear(6, width), nn.Linear(width, 3 * width)
        self.q_norm, self.k_norm = nn.LayerNorm(width // heads), nn.RMSNorm(width // heads)
        self.heat, self.norm = nn.Parameter(torch.ones(heads, 1, 1)), nn.LayerNorm(width)
        self.proj, self.head = nn.Linear(width, width), nn.Linear(width, 3)

    def forward(self, x):
        x = self.embed(x)
        b, n, c = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        q, k = F.normalize(self.q_norm(q), dim=-1), F.normalize(self.k_norm(k), dim=-1)
        weights = (q @ k.transpose(-2, -1) * self.heat.exp()).type_as(v).softmax(-1)
        return self.head((x + self.proj(self.norm((weights @ v).transpose(1, 2).reshape(b, n, c)))).mean(1))


def tokens():
    return (torch.randn(2, 5, 6),)


# name -> (module, example inputs)
ATTENTIONS = {
    "encoder": (Encoder, tokens),
    "encoder, norms last": (lambda: Encoder(False, False), tokens),
    "separate": (Separate, tokens),
    "grouped": (Grouped, tokens),
    "windows": (Windows, lambda: (torch.randn(2, 3, 8, 8),)),
    "heads first": (HeadsFirst, tokens),
    "rested": (Rested, tokens),
    "normed": (Normed, tokens),
}
# What can be pruned in each, by kind, and blocks.
KINDS = {
    "encoder": ({"channels": 1, "heads": 3, "qk": 3, "v": 3, "mlp": 2}, 5),
    "encoder, norms last": ({"channels": 1, "heads": 3, "qk": 3, "v": 3, "mlp": 2}, 5),
    "separate": ({"channels": 1, "heads": 1, "qk": 1, "v": 1}, 1),
    "grouped": ({"channels": 1, "heads": 1, "qk": 1, "v": 1}, 1),
    "windows": ({"channels": 1, "heads": 1, "qk": 1, "v": 1}, 1),
    "heads first": ({"channels": 1, "heads": 1, "v": 1}, 1),
    "rested": ({"channels": 1, "heads": 1, "v": 1}, 1),
    "normed": ({"channels": 1, "heads": 1, "qk": 1, "v": 1}, 1),
}
