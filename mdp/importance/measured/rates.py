"""The method `calibrated`."""

NAME = "calibrated"
ABOUT = "a gradient score, put on one scale by a few measurements of each kind of dim and one of each block"
NEEDS_IMAGES = True
