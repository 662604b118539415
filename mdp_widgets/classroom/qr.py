"""A link as a QR code, for phones that look at the room's screen. Pure: text in, dark squares out.

ISO/IEC 18004, byte mode, error correction M (15 % may be covered), versions 1 to 9: up to 180 bytes.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise

# Version -> (codewords of error correction a block, data codewords of each block), level M.
BLOCKS = {
    1: (10, [16]), 2: (16, [28]), 3: (26, [44]), 4: (18, [32] * 2), 5: (24, [43] * 2), 6: (16, [27] * 4),
    7: (18, [31] * 4), 8: (22, [38, 38, 39, 39]), 9: (22, [36, 36, 36, 37, 37]),
}  # fmt: skip
# Version -> where centres of alignment patterns lie, in both directions.
ALIGNED = {
    1: (), 2: (6, 18), 3: (6, 22), 4: (6, 26), 5: (6, 30), 6: (6, 34), 7: (6, 22, 38), 8: (6, 24, 42),
    9: (6, 26, 46),
}  # fmt: skip
MASKS = (
    lambda x, y: (x + y) % 2, lambda x, y: y % 2, lambda x, y: x % 3, lambda x, y: (x + y) % 3,
    lambda x, y: (x // 3 + y // 2) % 2, lambda x, y: x * y % 2 + x * y % 3,
    lambda x, y: (x * y % 2 + x * y % 3) % 2, lambda x, y: ((x + y) % 2 + x * y % 3) % 2,
)  # fmt: skip
Grid = list[list[bool]]


def qr(text: str) -> Grid | None:
    """Rows of squares, True for a dark one, without the white border; None for a text that is too long.

    >>> len(qr("http://192.168.1.20:8866/class?token=giraffe"))
    33
    """
    data = text.encode("utf-8")
    version = next((v for v, (_, sizes) in BLOCKS.items() if len(data) + 2 <= sum(sizes)), None)
    if version is None:
        return None
    bits = _bits(codewords(data, version))
    return min((_drawn(version, bits, mask) for mask in range(8)), key=penalty)


def svg_path(grid: Grid) -> str:
    """The dark squares as the path of an SVG whose unit is a square: a run of them is one stroke."""
    return "".join(f"M{x} {y}h{long}v1h-{long}z" for y, row in enumerate(grid) for x, long in _dark_runs(row))


def codewords(data: bytes, version: int) -> list[int]:
    """The data and its error correction, interleaved as they are drawn."""
    correcting, sizes = BLOCKS[version]
    # Mode 4, the length in eight bits, the bytes, four bits of end: all shifted by half a byte.
    number = int.from_bytes(bytes([len(data)]) + data, "big") | 4 << 8 * (len(data) + 1)
    filled = list((number << 4).to_bytes(len(data) + 2, "big"))
    filled += [(0xEC, 0x11)[i % 2] for i in range(sum(sizes) - len(filled))]
    blocks, start = [], 0
    for size in sizes:
        blocks.append(filled[start : start + size])
        start += size
    extra = [_correction(block, correcting) for block in blocks]
    columns = [[b[i] for b in blocks if i < len(b)] for i in range(max(sizes))]
    return [w for column in [*columns, *zip(*extra, strict=True)] for w in column]


def _product(a: int, b: int) -> int:
    """In the field of 256 elements of x⁸ + x⁴ + x³ + x² + 1."""
    found = 0
    for i in range(8):
        found ^= (a << i) * (b >> i & 1)
    for i in range(14, 7, -1):
        found ^= (0x11D << i - 8) * (found >> i & 1)
    return found


@cache
def _generator(degree: int) -> tuple[int, ...]:
    """(x − 1)(x − 2)(x − 4)…, its coefficients but the first, the highest first."""
    found, root = [1], 1
    for _ in range(degree):
        found = [a ^ _product(b, root) for a, b in zip([*found, 0], [0, *found], strict=True)]
        root = _product(root, 2)
    return tuple(found[1:])


def _correction(block: list[int], count: int) -> list[int]:
    """What remains of the block's polynomial over the generator (Reed and Solomon)."""
    rest = [0] * count
    for word in block:
        factor = word ^ rest[0]
        rest = [r ^ _product(g, factor) for r, g in zip([*rest[1:], 0], _generator(count), strict=True)]
    return rest


def _bits(words: Iterable[int]) -> list[bool]:
    return [bool(word >> i & 1) for word in words for i in range(7, -1, -1)]


def _drawn(version: int, bits: list[bool], mask: int) -> Grid:
    fixed = _patterns(version, mask)
    size = 17 + 4 * version
    grid = [[fixed.get((x, y), False) for x in range(size)] for y in range(size)]
    free = ((x, y) for x, y in _path(size) if (x, y) not in fixed)
    for i, (x, y) in enumerate(free):
        dark = i < len(bits) and bits[i]
        grid[y][x] = dark != (MASKS[mask](x, y) == 0)
    return grid


def _path(size: int) -> Iterator[tuple[int, int]]:
    """Two columns at a time from the right, up and down in turn, around the column of the timing pattern."""
    up = True
    for right in [*range(size - 1, 6, -2), *range(5, 0, -2)]:
        for y in range(size - 1, -1, -1) if up else range(size):
            yield from ((right, y), (right - 1, y))
        up = not up


def _patterns(version: int, mask: int) -> dict[tuple[int, int], bool]:
    """What is the same for every text: three finders, timing, alignment, format and version."""
    size, found = 17 + 4 * version, {}
    for i in range(size):
        found[i, 6] = found[6, i] = i % 2 == 0
    for cx, cy in ((3, 3), (size - 4, 3), (3, size - 4)):
        for x in range(max(0, cx - 4), min(size, cx + 5)):
            for y in range(max(0, cy - 4), min(size, cy + 5)):
                found[x, y] = max(abs(x - cx), abs(y - cy)) not in (2, 4)
    centres = ALIGNED[version]
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for cx, cy in ((x, y) for x in centres for y in centres if (x, y) not in corners):
        for x in range(cx - 2, cx + 3):
            for y in range(cy - 2, cy + 3):
                found[x, y] = max(abs(x - cx), abs(y - cy)) != 1
    return found | _format(size, mask) | (_version(size, version) if version >= 7 else {})


def _format(size: int, mask: int) -> dict[tuple[int, int], bool]:
    """Level M (00) and the mask in 15 bits, twice."""
    bits = _checked(mask, 10, 0x537) ^ 0x5412
    near = [(8, y) for y in (0, 1, 2, 3, 4, 5, 7, 8)] + [(x, 8) for x in (7, 5, 4, 3, 2, 1, 0)]
    far = [(size - 1 - i, 8) for i in range(8)] + [(8, size - 7 + i) for i in range(7)]
    found = {place: bool(bits >> i & 1) for places in (near, far) for i, place in enumerate(places)}
    return found | {(8, size - 8): True}


def _version(size: int, version: int) -> dict[tuple[int, int], bool]:
    bits, found = _checked(version, 12, 0x1F25), {}
    for i in range(18):
        across, along = size - 11 + i % 3, i // 3
        found[across, along] = found[along, across] = bool(bits >> i & 1)
    return found


def _checked(value: int, count: int, generator: int) -> int:
    """The value with `count` bits behind it that check it (Bose, Chaudhuri and Hocquenghem)."""
    rest = value << count
    for i in range(rest.bit_length() - 1, count - 1, -1):
        rest ^= (generator << i - count) * (rest >> i & 1)
    return value << count | rest


def penalty(grid: Grid) -> int:
    """How hard a mask makes it to read: long runs, blocks, what looks like a finder, and uneven darkness."""
    size = len(grid)
    lines = [*grid, *map(list, zip(*grid, strict=True))]
    runs = sum(long - 2 for line in lines for long in _runs(line) if long >= 5)
    blocks = sum(
        grid[y][x] == grid[y][x + 1] == grid[y + 1][x] == grid[y + 1][x + 1]
        for y in range(size - 1)
        for x in range(size - 1)
    )
    texts = ["".join("#" if dark else "." for dark in line) for line in lines]
    looks = sum(t[i : i + 11] in ("#.###.#....", "....#.###.#") for t in texts for i in range(size - 10))
    dark = sum(map(sum, grid)) / size**2
    return runs + 3 * blocks + 40 * looks + 10 * int(abs(dark - 0.5) * 20)


def _runs(line: list[bool]) -> Iterator[int]:
    long = 1
    for a, b in pairwise(line):
        if a == b:
            long += 1
        else:
            yield long
            long = 1
    yield long


def _dark_runs(row: list[bool]) -> Iterator[tuple[int, int]]:
    start = 0
    for long in _runs(row):
        if row[start]:
            yield start, long
        start += long
