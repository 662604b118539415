"""What can be pruned of a model, and whether that is right: `mdp inspect`, `mdp check`."""

from dataclasses import dataclass

from .option import option
from .shared import MOST_SEED, Apart, BuiltAs, Model


@dataclass(frozen=True, kw_only=True)
class InspectOptions(Apart, Model, command="inspect"):
    """Say what of a model can be pruned, and what not."""

    data: str | None = option(
        None, "say also whether these images are fit for it: data set, or folder", label="Images"
    )
    out: str | None = option(None, "write the report there as JSON", metavar="FILE")
    json: bool = option(False, "print the report as one JSON object")


@dataclass(frozen=True, kw_only=True)
class CheckOptions(Apart, BuiltAs, command="check"):
    """Compare extracted with masked networks for one architecture, without weights."""

    name: tuple[str, ...] = option(
        (), "demo networks, timm architectures or torchvision/NAME; without weights", positional=True
    )
    all: bool = option(False, "every architecture that timm has")
    seed: int = option(0, "of the weights, the plan and the images", least=0, most=MOST_SEED)
    largest: float = option(float("inf"), "for a list: leave out more parameters, say 3e8", absent="all")
    rows: str | None = option(None, "for a list: keep results here, and go on from them", metavar="FILE")
    kept: bool = option(False, "check no more: write the table of the kept rows")
    table: str | None = option(None, "for a list: write a table in Markdown", metavar="FILE")
    json: bool = option(False, "print one JSON object per architecture")
