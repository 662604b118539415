"""What is pruned: the backbone and the neck on its last two stages, images in, one map out."""

import timm
from torch import Tensor, nn
from torch.nn import functional as F

from .sizes import Size


class Body(nn.Module):
    """Images (images, 3, height, width) -> features (images, width, height / 16, width / 16).

    The widths of the last two stages feed the neck as well, so that they are cut in both.
    """

    def __init__(self, size: Size):
        super().__init__()
        more = {"channels": list(size.channels)} if size.channels else {}
        more |= {"layers": list(size.layers)} if size.layers else {}
        self.backbone = timm.create_model(size.backbone, features_only=True, out_indices=size.stages, **more)
        fine, coarse = self.backbone.feature_info.channels()
        self.fine, self.coarse = nn.Conv2d(fine, size.width, 1), nn.Conv2d(coarse, size.width, 1)
        self.out = nn.Conv2d(size.width, size.width, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        fine, coarse = self.backbone(images)
        above = F.interpolate(self.coarse(coarse), size=fine.shape[2:], mode="nearest")
        return self.out(self.fine(fine) + above)
