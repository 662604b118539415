"""A figure of a fixed height."""

from .plot import Plot


def figure(height: str, filename: str) -> Plot:
    """A Plot that is `height` tall, whichever of the page and the figure is ready first.

    ipywidgets clears a height that its own layout does not know, when the layout arrives after the drawing.
    """
    return Plot(height=height, filename=filename, layout={"height": height})
