"""Looks at all files of a split before long work, so that bad ones are said at once and not after hours."""

import os
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from ..core.cores import worker_count
from ..core.errors import BadFile
from ..core.progress import Reporter
from . import pixels
from .source import Source, Split

# How many bad files are named; the rest is counted.
NAMED = 10
# Files looked at between two steps of the progress.
STRIDE = 256
# Where a file's name stands for its format, and its last bytes tell whether it is whole.
ENDS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
# In modes other than these, the values decide whether a picture can be read.
PLAIN = (*pixels.GREY, *pixels.COLOUR, *pixels.TRANSPARENT)


def checked(splits: list[Split], report: Reporter, *, skip_bad: bool = False) -> list[Split]:
    """The splits, once every file in them was looked at.

    Headers are read and ends compared; a file that looks cut off, or whose format cannot be told cheaply, is
    decoded. With `skip_bad` bad files are left out, and the report says which.

    Raises:
        BadFile: there are bad files (the first of them and their number are in the text), or nothing is left.
        Cancelled: on request.
    """
    files = [path for split in splits for path in split.files]
    bad: dict[Path, str] = {}
    for done, (path, why) in enumerate(_looked_at(files), 1):
        if why:
            bad[path] = why
        if done % STRIDE == 0 and done < len(files):
            report.step(done, len(files), f"{done:,} of {len(files):,} images looked at")
    if not bad:
        return splits
    what = f"{len(bad):,} of {len(files):,} images cannot be read: {_named(bad)}."
    if not skip_bad:
        raise BadFile(f"{what} Remove or replace them, or leave them out with --skip-bad.")
    report.message(f"Left out: {what}")
    left = [_without(split, bad) for split in splits]
    if not all(len(split) for split in left):
        raise BadFile(f"{what} Nothing is left without them. Give other images.")
    return left


def checked_source(
    source: Source, report: Reporter, *, images: int | None = None, seed: int = 0, skip_bad: bool = False
) -> Source:
    """A data set of which every file that will be used was looked at.

    That is its test images and all training images, or those that `train.sample(images, seed)` of it takes.
    Raises as `checked` does.
    """
    train, test = source.train, source.test
    if not images:
        train, test = checked([train, test], report, skip_bad=skip_bad)
        return replace(source, train=train, test=test)
    (test,) = checked([test], report, skip_bad=skip_bad)
    while True:
        part = train.sample(images, seed)
        (good,) = checked([part], report, skip_bad=skip_bad)
        if len(good) == len(part):
            return replace(source, train=train, test=test)
        # Without the bad ones the sample is another one, with images that nobody has looked at yet.
        train = _without(train, set(part.files) - set(good.files))


def why_bad(path: Path) -> str:
    """Why a file is no picture that can be read, in a few words, or "" if it seems to be one."""
    try:
        with Image.open(path) as image:
            known = image.mode in PLAIN
            end = ENDS.get(image.format or "")
        if not known or end is None or not _ends_with(path, end):
            pixels.read(path)
    except BadFile as error:
        return str(error).partition(" cannot be read (")[2].rpartition("). ")[0]
    except Exception as error:  # a damaged file makes Pillow's readers raise all kinds of errors
        return pixels.reason(error)
    return ""


def _looked_at(files: list[Path]) -> Iterator[tuple[Path, str]]:
    with ThreadPoolExecutor(worker_count(8)) as pool:
        for start in range(0, len(files), STRIDE):
            part = files[start : start + STRIDE]
            yield from zip(part, pool.map(why_bad, part), strict=True)


def _ends_with(path: Path, end: bytes) -> bool:
    """Whether a file's last bytes hold its format's end; some programs write a little behind it."""
    with open(path, "rb") as file:
        file.seek(-min(64, os.fstat(file.fileno()).st_size), os.SEEK_END)
        return end in file.read()


def _named(bad: dict[Path, str]) -> str:
    first = [f"{path} ({why})" for path, why in list(bad.items())[:NAMED]]
    more = [f"and {len(bad) - NAMED:,} more"] if len(bad) > NAMED else []
    return ", ".join([*first, *more])


def _without(split: Split, bad: Collection[Path]) -> Split:
    if not split.files:
        return split
    return split.take(np.array([i for i, path in enumerate(split.files) if path not in bad], dtype=np.int64))
