"""What new latency tables are worth, said to a person and to the pages."""

from ..core.progress import Reporter
from ..core.quality import tables_words
from ..core.study import Tables, interpolation_note

# Median error on whole networks, corrected, beyond which a table is no table of that runtime.
APART = 0.1
APART_WORDS = (
    "These tables do not add up to whole networks in this runtime: plans solved on them may miss their "
    "budget widely."
)


def tell_tables(report: Reporter, tables: Tables, advice: str) -> None:
    """Say how much was inferred, how far the parts are from whole networks, and what is wrong.

    `advice` says what to do where they are far.
    """
    report.message(interpolation_note(tables))
    if whole := tables.provenance.get("whole_networks"):
        report.message(
            f"Against {whole['networks']} whole networks the sum of the parts was "
            f"{100 * whole['before']:.1f} % off at the median; corrected by what they share, "
            f"{100 * whole['after']:.1f} %."
        )
        if whole["after"] > APART:
            report.message(f"{APART_WORDS} {advice}")
    for sentence in wrong_of(tables).values():
        report.message(sentence)


def wrong_of(tables: Tables) -> dict[str, str]:
    """{"wrong": a sentence} for the outcome of a job; {} where nothing is."""
    wrong = tables_words(tables.provenance, tables.details)
    return {"wrong": wrong} if wrong else {}
