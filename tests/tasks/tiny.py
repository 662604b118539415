"""Small networks of other tasks than classification, and what they take."""

import torch
from torch import nn
from torchvision.models.detection import FCOS
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.fcos import FCOSHead

SIDE = 64


class TwoInTwoOut(nn.Module):
    """An image and a vector in; a map and two numbers out, in a dictionary within a tuple."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1)
        self.of_vector = nn.Linear(5, 16)
        self.map, self.pair = nn.Conv2d(16, 2, 1), nn.Linear(16, 2)

    def forward(self, image, vector):
        x = torch.relu(self.conv1(image)) + torch.relu(self.of_vector(vector))[:, :, None, None]
        x = torch.relu(self.conv2(x))
        shown = self.map(x)
        return {"map": shown, "more": [self.pair(x.mean((2, 3)))]}, shown.mean((2, 3))


def pairs(count=4, batch=8, seed=0):
    random = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(batch, 3, 8, 8, generator=random), torch.randn(batch, 5, generator=random))
        for _ in range(count)
    ]


class Backbone(nn.Module):
    out_channels = 32

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 4, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(16, 24, 3, 2, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU())
        self.neck = nn.Conv2d(24, 32, 1)

    def forward(self, x):
        return {"0": self.neck(self.body(self.stem(x)))}


def fcos(seed=0):
    """A detector of a few thousand weights and two classes, for images of 64 px."""
    torch.manual_seed(seed)
    anchors = AnchorGenerator(((8,),), ((1.0,),))
    head = FCOSHead(32, 1, 2, num_convs=1)
    return FCOS(Backbone(), 2, anchor_generator=anchors, head=head).eval()


def squares(count=4, batch=4, seed=0):
    """Batches of noise with one bright or dark square each, and their boxes."""
    random = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(count):
        images, targets = 0.1 * torch.randn(batch, 3, SIDE, SIDE, generator=random), []
        for image in images:
            x, y = torch.randint(4, 36, (2,), generator=random).tolist()
            kind = int(torch.randint(2, (1,), generator=random))
            image[:, y : y + 20, x : x + 20] += 2.0 if kind else -2.0
            boxes = torch.tensor([[x, y, x + 20, y + 20]], dtype=torch.float32)
            targets.append({"boxes": boxes, "labels": torch.tensor([kind])})
        found.append((images, targets))
    return found
