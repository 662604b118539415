"""Rotation: the same dense transformer in a basis whose last units matter least, before anything is cut.

What a network computes does not depend on the basis of its residual stream, of its values, or of its queries
and keys. What a cut loses does: among trained units every one carries a little of everything.
"""

from .rotate import fits, rotated, step_of

__all__ = ["fits", "rotated", "step_of"]
