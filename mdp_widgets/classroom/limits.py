"""How much one pupil, and all together, may send. Pure: time comes in from outside."""

from collections import OrderedDict
from dataclasses import dataclass

# A page sends an answer now and then, and after a lost network all that it had kept: some dozens at once.
ANSWERS_A_SECOND, ANSWERS_AT_ONCE = 5.0, 40
LOOKS_A_SECOND, LOOKS_AT_ONCE = 5.0, 20
# All pages together that did not join.
STRANGERS_A_SECOND, STRANGERS_AT_ONCE = 40.0, 100
# A whole class joins in a minute, perhaps from behind one address.
JOINS_A_SECOND, JOINS_AT_ONCE = 2.0, 60
# In one class.
PUPILS = 300
ANSWERS_EACH = 400
BYTES = 64_000_000
# Of one request; a contest's answer for a network of DeiT-Base's size has four thousand.
BODY = 32_000


@dataclass
class Bucket:
    """So many at once, and so many a second after that."""

    rate: float
    most: float
    left: float
    at: float

    def take(self, now: float) -> bool:
        """Whether one more may pass at this moment, in seconds of any clock that does not go back."""
        self.left = min(self.most, self.left + self.rate * max(0.0, now - self.at))
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Limiter:
    """One bucket for each name; those not used for longest are forgotten."""

    def __init__(self, rate: float, most: float, names: int = 2000):
        self._rate, self._most, self._names = rate, most, names
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, name: str, now: float) -> bool:
        bucket = self._buckets.setdefault(name, Bucket(self._rate, self._most, self._most, now))
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._names:
            self._buckets.popitem(last=False)
        return bucket.take(now)
