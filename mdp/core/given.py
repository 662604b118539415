"""What a public function was given, if it is something else than it takes."""

from .errors import MdpError


def must_be(value: object, kind: type | tuple[type, ...], wanted: str) -> None:
    """Raise MdpError if a value is not of this kind. `wanted` is what to give: "a plan of study.solve"."""
    if not isinstance(value, kind):
        raise MdpError(f"Give {wanted}, not a {type(value).__name__}.")
