"""Words that follow a number."""


def many(count: int, noun: str) -> str:
    """A number and what it counts.

    >>> many(1, "point"), many(0, "point"), many(1200, "image")
    ('1 point', '0 points', '1,200 images')
    """
    return f"{count:,} {plural(count, noun)}"


def plural(count: float, noun: str) -> str:
    """The noun as it follows this number: alone after 1, else with an s."""
    return noun if count == 1 else f"{noun}s"
