"""Labels of channel positions, and which of them belong together (union-find).

Every prunable position along an axis has a label. Labels that must be kept or pruned alike are joined. Label
0 stands for what is always kept: what meets it is kept whole, with the reason.
"""

import numpy as np

WHOLE = 0
TIED = "they are tied to what stays whole"


class Labels:
    """Makes labels and joins them."""

    def __init__(self) -> None:
        self._parent: list[int] = [WHOLE]
        self._fixed: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._parent)

    def new(self, count: int) -> np.ndarray:
        """`count` labels that nothing ties yet, shape (count,), int64."""
        first = len(self._parent)
        self._parent.extend(range(first, first + count))
        return np.arange(first, first + count)

    def root(self, label: int) -> int:
        """The label that stands for all that `label` was joined with."""
        parent = self._parent
        while parent[label] != label:
            parent[label] = parent[parent[label]]
            label = parent[label]
        return label

    def roots(self, labels: np.ndarray) -> np.ndarray:
        """`root` of every label, same shape."""
        return np.fromiter((self.root(i) for i in labels.ravel().tolist()), np.int64, labels.size).reshape(
            labels.shape
        )

    def join(self, a: np.ndarray, b: np.ndarray, reason: str = TIED) -> None:
        """Tie `a[i]` to `b[i]` for every i; `reason` is for those that are thereby kept whole."""
        for x, y in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True):
            x, y = sorted((self.root(x), self.root(y)))
            if x == y:
                continue
            if x == WHOLE:
                self._fixed.setdefault(y, reason)
                continue
            self._parent[y] = x
            if y in self._fixed:
                said = self._fixed.pop(y)
                self._fixed.setdefault(x, said)

    def fix(self, labels: np.ndarray, reason: str) -> None:
        """Keep all of these whole."""
        for root in {self.root(i) for i in labels.ravel().tolist()} - {WHOLE}:
            self._fixed.setdefault(root, reason)

    def reason(self, root: int) -> str:
        """Why a root is kept whole, empty if it can be pruned."""
        return "it always stays" if root == WHOLE else self._fixed.get(root, "")
