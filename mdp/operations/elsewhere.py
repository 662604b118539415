"""Measuring on a device that is not here: `mdp kit` goes there, `mdp import-tables` reads what comes back."""

from dataclasses import dataclass

from ..core.deployment import Deployment
from .option import Options, option, required
from .shared import Apart, BuiltAs, Model, WidthSteps


@dataclass(frozen=True, kw_only=True)
class KitOptions(WidthSteps, Apart, Model, command="kit"):
    """Write a folder of what to time on another device."""

    out: str = required("the kit's folder, new or empty", metavar="DIR")
    batch: int = option(Deployment.batch_size, "images per forward pass", least=1)
    entries: int = option(390, "models to time, whole networks among them, at most", least=1)
    share: float | None = option(
        None, "of the entries to time, for import-tables --like", above=0, most=1, absent="a grid of them"
    )


@dataclass(frozen=True, kw_only=True)
class ImportTablesOptions(Apart, BuiltAs, Options, command="import-tables"):
    """Make latency tables of times measured on another device."""

    times: str = required(
        "a kit's results.csv or folder; or a CSV, YAML or JSON file of times", positional=True
    )
    kit: str | None = option(None, "the kit that they are of", metavar="DIR", absent="the one beside them")
    model: str | None = option(None, "the network, where the times are of no kit")
    weights: str | None = option(None, "as for other commands; times do not depend on them")
    unit: str | None = option(None, "of the times: ms, s, us or ns", absent="as the file says, or ms")
    device: str | None = option(None, "what the device is called", absent="as the file says")
    runtime: str | None = option(None, "what ran the network there", absent="as the file says")
    batch: int = option(Deployment.batch_size, "images a pass, where the times are of no kit", least=1)
    dtype: str = option(Deployment.dtype, "of what was timed")
    like: str | None = option(
        None,
        "tables or a study of this network on a device at hand; a few times will do then",
        metavar="FILE",
    )
    out: str | None = option(None, "where to save the tables", metavar="FILE", absent="the user's folder")
