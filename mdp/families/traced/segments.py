"""What to time."""


def segments(anatomy):
    return ()
