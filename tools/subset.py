"""`python -m tools.subset` makes the shipped small Fashion-MNIST from the whole set."""

import sys

from mdp.core.errors import MdpError
from mdp.core.files import write_json
from mdp.datasets.fashion import FILES, SUBSET, full, write_idx

TRAIN, TEST, SEED = 5000, 2000, 0


def make() -> None:
    """Write TRAIN training and TEST test images, each class in proportion, as IDX files with a card."""
    source = full()
    if source is None or len(source.train) < 60_000:
        raise MdpError(
            "The whole Fashion-MNIST was not found; give its folder as FASHION_MNIST=/some/folder."
        )
    SUBSET.mkdir(parents=True, exist_ok=True)
    for split, size in (("train", TRAIN), ("test", TEST)):
        part = getattr(source, split).sample(size, SEED)
        images, labels = FILES[split]
        write_idx(SUBSET / f"{images}.gz", part.pixels)
        write_idx(SUBSET / f"{labels}.gz", part.labels)
    write_json(
        SUBSET / "card.json",
        {
            "name": "Fashion-MNIST, stratified subset",
            "train": TRAIN,
            "test": TEST,
            "seed": SEED,
            "source": "Fashion-MNIST by Zalando Research (Xiao, Rasul, Vollgraf 2017, arXiv 1708.07747), "
            "the images unchanged",
            "licence": "MIT, Copyright (c) 2017 Zalando SE",
            "command": "python -m tools.subset",
        },
        indent=1,
    )
    print(f"{TRAIN} training and {TEST} test images are in {SUBSET}.")


if __name__ == "__main__":
    try:
        make()
    except MdpError as error:
        sys.exit(str(error))
