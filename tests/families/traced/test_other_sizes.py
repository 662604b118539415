"""Where a forward decides by the sizes of its inputs, `space.skipped` says so."""

import pytest
import torch.nn.functional as F

from mdp.families.traced.other_sizes import BY_SIZES

from .test_by_outsiders import IMAGES, right
from .test_strangers import Net


class Halving(Net):
    """Goes on while its maps are large."""

    def between(self, x):
        while x.shape[-1] > 4:
            x = F.max_pool2d(x, 2)
        return x


class Rounded(Net):
    def between(self, x):
        return F.interpolate(x, size=int(x.shape[2] * 0.5))


class Padded(Net):
    """Decides by sizes, and in the same way for all that it takes."""

    def between(self, x):
        assert x.shape[2] > 3
        return F.interpolate(x, size=[2 * side for side in x.shape[-2:]])


class Divisible(Net):
    """Pads where something is left over: of an image of eight, of seven, but not of six."""

    def between(self, x):
        left = (x.shape[2] + 2) % 3
        return F.pad(x, (0, 0, 0, 3 - left)) if left else x


@pytest.mark.parametrize("make", [Halving, Rounded, Divisible, Padded, Net])
def test_decisions_by_sizes_are_told(make):
    said = make in (Halving, Rounded, Divisible)
    net, _ = right(make(), IMAGES)
    assert [s.name for s in net.space.skipped if s.reason == BY_SIZES] == [make.__name__] * said
