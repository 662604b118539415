"""What a picture's pixels mean: every mode that Pillow opens becomes 8 bits, grey or colour, or is refused.

- 8 bits a channel (L, RGB, CMYK, YCbCr, HSV, palettes, bilevel) keep their values. 16 bits a channel with
  colours are opened by Pillow as their upper 8 bits.
- Whatever is transparent stands on white, as on paper; colours hidden under it do not count.
- 16-bit grey (I;16 and its byte orders) is scaled by 65535, its range, whatever the picture holds.
- 32-bit integers (I), which is also how 16-bit grey is opened from some formats, are taken for 16 bits:
  scaled by 65535 likewise, and refused outside 0..65535.
- Either is refused where its highest value is 1..255: that is 8 bits in a wider coat, and would turn black.
- Floats (F) within 0..1 are scaled by 255, others within 0..255 stand as they are; anything else, and what is
  not finite, is refused.
- Of several frames or pages the first is taken. A camera's note on how it was held (EXIF) is followed.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ..core.errors import BadFile, first_line

GREY, COLOUR = ("1", "L"), ("RGB", "RGBX", "CMYK", "YCbCr", "HSV", "P")
TRANSPARENT = ("LA", "PA", "RGBA", "La", "RGBa")


def read(path: Path) -> Image.Image:
    """A picture on disk, in mode L or RGB.

    Raises:
        BadFile: the file is gone, damaged or no picture, or its values have no stated meaning.
    """
    try:
        with Image.open(path) as image:
            image.load()
            return eight_bits(image)
    except Exception as error:  # a damaged file makes Pillow's readers raise all kinds of errors
        raise BadFile(
            f"The image {path} cannot be read ({reason(error)}). Remove it or replace it."
        ) from None


def reason(error: Exception) -> str:
    """Why a picture cannot be read, in a few words that do not name it again."""
    if isinstance(error, FileNotFoundError):
        return "it is not there"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, Image.UnidentifiedImageError):
        return "no picture in a format that is known"
    return first_line(error)


def eight_bits(image: Image.Image) -> Image.Image:
    """A decoded picture in mode L or RGB. Raises ValueError, saying why it has no stated meaning."""
    image = _upright(image)
    mode = image.mode
    if mode == "I" or mode.startswith("I;16"):
        return _of_integers(image)
    if mode == "F":
        return _of_floats(image)
    if mode in TRANSPARENT or (mode in (*GREY, *COLOUR) and image.has_transparency_data):
        return _on_white(image)
    if mode in GREY:
        return image.convert("L")
    if mode in COLOUR:
        return image.convert("RGB")
    raise ValueError(f"colours of the kind {mode}, which are not understood; save it as RGB")


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a note that is damaged says nothing; the pixels are good
        return image


def _scaled(image: Image.Image, full: float) -> Image.Image:
    values = np.asarray(image).astype(np.float64)  # (height, width)
    return Image.fromarray(np.rint(values * (255 / full)).astype(np.uint8))


def _of_integers(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise ValueError(f"integers from {low} to {high}, where 0 to 65535 is understood")
    if 0 < high <= 255:  # 8 bits in a wider coat, of which scaling would leave black
        raise ValueError(f"16 or 32 bits with values up to {high} only; save it with 8 bits")
    return _scaled(image, 65535)


def _of_floats(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise ValueError("some of its values are not numbers")
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 255:
        raise ValueError(f"floats from {low:.4g} to {high:.4g}, where 0 to 1, or 0 to 255, is understood")
    return _scaled(image, 1 if high <= 1 else 255)


def _on_white(image: Image.Image) -> Image.Image:
    grey = image.mode in ("LA", "La", "L", "1")
    if image.mode == "La":
        image = image.convert("LA")
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("L" if grey else "RGB")
