"""A class of thirty on one server: through HTTP, in one browser with a stopwatch, in thirty browsers."""
