"""The method `measured`."""

NAME = "measured"
ABOUT = "what the network's own answer loses without it, measured for every dim and block"
NEEDS_IMAGES = True
