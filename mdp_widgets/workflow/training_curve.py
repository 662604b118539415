"""Loss and accuracy of a fine-tuning as it runs: a record and its drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mdp.plot.formats import percent
from mdp.plot.style import axis, layout

WAITS = "Comes with the first steps of a run"


@dataclass(frozen=True)
class TrainingInfo:
    """What the figure shows.

    Attributes:
        loss: (epochs passed, mean loss of the epoch so far), several an epoch.
        accuracy: (epochs passed, share of test images), one an epoch.
        dense, pruned: accuracy of the dense network and of the pruned one before fine-tuning, or None.
        epochs: how many there will be, 0 if not known.
    """

    loss: tuple[tuple[float, float], ...]
    accuracy: tuple[tuple[float, float], ...]
    dense: float | None
    pruned: float | None
    epochs: float


def training_info(
    metrics: Sequence[Mapping[str, Any]],
    *,
    dense: float | None = None,
    pruned: float | None = None,
    epochs: float = 0,
) -> TrainingInfo:
    """The record of a job's metrics (`epoch` with `loss`, `accuracy` or both)."""
    rows = [m for m in metrics if isinstance(m.get("epoch"), int | float)]
    points = {
        key: tuple((float(m["epoch"]), float(m[key])) for m in rows if isinstance(m.get(key), int | float))
        for key in ("loss", "accuracy")
    }
    start = ((0.0, pruned),) if pruned is not None else ()
    last = max((m["epoch"] for m in rows), default=0)
    return TrainingInfo(points["loss"], start + points["accuracy"], dense, pruned, max(epochs, last))


def draw_training(info: TrainingInfo) -> dict[str, Any]:
    """A plotly spec: accuracy above, loss below, over epochs; the dense accuracy as a line to reach."""
    across = [0, max(info.epochs, 1) * 1.02]
    share = [100 * a for _, a in info.accuracy] + ([100 * info.dense] if info.dense is not None else [])
    low = max(0.0, min(share, default=0.0) - 5)
    highest_loss = max((v for _, v in info.loss), default=1.0)
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": "accuracy",
            "x": [e for e, _ in info.accuracy],
            "y": [100 * a for _, a in info.accuracy],
            "line": {"color": "var(--mdp-kept)", "width": 2},
            "marker": {"size": 7},
            "hovertemplate": "epoch %{x}: %{y:.1f} %<extra></extra>",
        },
        {
            "type": "scatter",
            # A line of one point would not be seen: the first epoch is a mark.
            "mode": "lines" if len(info.loss) > 1 else "lines+markers",
            "marker": {"size": 7},
            "name": "loss",
            "x": [e for e, _ in info.loss],
            "y": [v for _, v in info.loss],
            "yaxis": "y2",
            "line": {"color": "var(--mdp-other)", "width": 2},
            "hovertemplate": "epoch %{x:.2f}: loss %{y:.3f}<extra></extra>",
        },
    ]
    shapes, notes = [], []
    if info.dense is not None:
        line = {"color": "var(--mdp-ink-2)", "width": 1.5, "dash": "dash"}
        y = 100 * info.dense
        shapes.append({"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": line})
        notes.append(
            {
                "xref": "paper",
                "x": 0.01,
                "y": y,
                "yshift": 9,
                "text": f"dense {percent(info.dense)}",
                "showarrow": False,
                "xanchor": "left",
                "font": {"color": "var(--mdp-ink-2)", "size": 11},
            }
        )
    if not info.loss:
        place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.18, "showarrow": False}
        notes.append({**place, "text": WAITS, "font": {"color": "var(--mdp-ink-2)", "size": 12}})
    return {
        "data": data,
        "layout": layout(
            shapes=shapes,
            annotations=notes,
            hovermode="closest",
            xaxis=axis("epochs", range=across, anchor="y2"),
            yaxis=axis("accuracy, %", range=[low, 101], domain=[0.46, 1]),
            yaxis2=axis("loss", range=[0, highest_loss * 1.1], domain=[0, 0.36], nticks=4),
        ),
    }


def training_table(info: TrainingInfo) -> tuple[list[str], list[list[str]]]:
    """The same as text: one line per epoch."""
    loss = dict(info.loss)
    return ["epoch", "accuracy", "loss"], [
        [f"{e:g}", percent(a), f"{loss[e]:.3f}" if e in loss else ""] for e, a in info.accuracy
    ]


def training_label(info: TrainingInfo) -> str:
    """One sentence for a screen reader."""
    if not info.accuracy:
        return "Accuracy and loss over epochs; nothing has come in yet."
    epoch, share = info.accuracy[-1]
    return f"Accuracy and loss over epochs: {percent(share)} after epoch {epoch:g}."
