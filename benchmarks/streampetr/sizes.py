"""The sizes of the detector: as published with ResNet-50, one that two cores can train, one for tests."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How large a detector is.

    Attributes:
        image: (height, width) of each camera's.
        backbone: a name of timm's; `channels` and `layers`, where they are not its own.
        width: of the neck, the tokens and the queries; `hidden`: of feed-forward layers.
        depths: distances at which every pixel's ray is looked at.
        learned, propagated, memory: queries with a place of their own, those taken over from the frame
            before, and how many of former frames are remembered in all.
        reach: (x, y, z) in metres up to which objects are looked for, to each side.
    """

    image: tuple[int, int]
    backbone: str
    channels: tuple[int, ...] | None
    layers: tuple[int, ...] | None
    width: int
    hidden: int
    decoder: int
    heads: int
    depths: int
    learned: int
    propagated: int
    memory: int
    classes: int
    cameras: int = 6
    reach: tuple[float, float, float] = (51.2, 51.2, 5.0)

    @property
    def stages(self) -> tuple[int, int]:
        """The last two: every 16th and 32nd pixel."""
        return 3, 4

    @property
    def grid(self) -> tuple[int, int]:
        """(rows, columns) of the features: every 16th pixel."""
        return self.image[0] // 16, self.image[1] // 16


FULL = Size((256, 704), "resnet50", None, None, 256, 2048, 6, 8, 64, 300, 128, 512, 10)
SMALL = Size(
    (64, 176), "resnet10t", (32, 64, 96, 128), None, 96, 192, 3, 4, 24, 60, 20, 60, 3,
    reach=(25.6, 25.6, 3.0),
)  # fmt: skip
TINY = Size(
    (32, 64), "resnet10t", (8, 8, 16, 16), None, 16, 32, 2, 2, 4, 6, 4, 8, 3,
    cameras=2, reach=(25.6, 25.6, 3.0),
)  # fmt: skip
SIZES = {"full": FULL, "small": SMALL, "tiny": TINY}
