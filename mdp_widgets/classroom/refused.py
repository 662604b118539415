"""What a class does not take, as a sentence and an HTTP status."""

from mdp.core.errors import MdpError


class Refused(MdpError):
    """Something that a pupil or a teacher sent and that is not taken; the text says why.

    Attributes:
        status: of HTTP, from 400 to 499, or 507 where the answer could not be kept.
    """

    def __init__(self, message: str, status: int = 400):
        super().__init__(message)
        self.status = status
