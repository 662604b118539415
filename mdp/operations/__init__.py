"""Every operation described once: what it takes, with defaults, bounds, choices and help.

From these records come the command line (`mdp.cli`), defaults and checks of Python's functions (`mdp.api`),
and the page's forms (`mdp_widgets.workflow.form`). No torch, no widgets.

    FinetuneOptions.epochs                           # 3: the default
    check(FinetuneOptions, rate=-1)                  # MdpError: rate -1 cannot be used; give ...
    add_options(parser, FinetuneOptions)             # --epochs, --rate, ...
    argv(FinetuneOptions(source="folder", out="o"))  # ["finetune", "folder", "--out", "o"]
"""

from .command_line import add_options, argv, options_of
from .elsewhere import ImportTablesOptions, KitOptions
from .measure import MeasureOptions
from .models import CheckOptions, InspectOptions
from .networks import (
    ConvertOptions,
    ExportOptions,
    ExtractOptions,
    FinetuneOptions,
    RepairOptions,
    RotateOptions,
    TrainOptions,
)
from .option import Option, Options, check, described, option, required
from .parser import Parser
from .profile import ProfileOptions
from .score import ScoreOptions
from .solve import FrontOptions, IterateOptions, SolveOptions
from .studies import BuildOptions, CountOptions, StudiesOptions
from .verify import EnforceOptions, VerifyOptions

# In the order of `mdp --help`.
OPERATIONS: dict[str, type[Options]] = {
    operation.command: operation
    for operation in (
        StudiesOptions,
        SolveOptions,
        FrontOptions,
        InspectOptions,
        ProfileOptions,
        KitOptions,
        ImportTablesOptions,
        ScoreOptions,
        BuildOptions,
        CountOptions,
        IterateOptions,
        ConvertOptions,
        RotateOptions,
        ExtractOptions,
        RepairOptions,
        TrainOptions,
        FinetuneOptions,
        ExportOptions,
        VerifyOptions,
        MeasureOptions,
        EnforceOptions,
        CheckOptions,
    )
}

__all__ = [
    "OPERATIONS",
    "BuildOptions",
    "CheckOptions",
    "ConvertOptions",
    "CountOptions",
    "EnforceOptions",
    "ExportOptions",
    "ExtractOptions",
    "FinetuneOptions",
    "FrontOptions",
    "ImportTablesOptions",
    "InspectOptions",
    "IterateOptions",
    "KitOptions",
    "MeasureOptions",
    "Option",
    "Options",
    "Parser",
    "ProfileOptions",
    "RepairOptions",
    "RotateOptions",
    "ScoreOptions",
    "SolveOptions",
    "StudiesOptions",
    "TrainOptions",
    "VerifyOptions",
    "add_options",
    "argv",
    "check",
    "described",
    "option",
    "options_of",
    "required",
]
