"""Every mode that Pillow opens is right or refused in a sentence that names the file."""

import numpy as np
import pytest
from PIL import Image

from mdp.core.errors import BadFile
from mdp.datasets import pixels

RAMP = np.linspace(0, 255, 64).round().astype(np.uint8).reshape(8, 8)
COLOURS = np.stack([RAMP, RAMP[::-1], RAMP.T], axis=2)
ALL_MODES = ("1", "L", "P", "PA", "LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV",
             "I", "F", "I;16", "I;16L", "I;16B", "I;16N")  # fmt: skip


def close(image, values, most=0):
    return np.abs(np.asarray(image).astype(int) - values.astype(int)).max() <= most


def saved(tmp_path, image, name="x.png", **how):
    image.save(tmp_path / name, **how)
    return pixels.read(tmp_path / name)


@pytest.mark.parametrize("mode", ALL_MODES)
def test_every_mode_is_grey_or_colour_or_refused(mode):
    image = Image.new(mode, (3, 2))
    if mode == "LAB":
        with pytest.raises(ValueError, match="LAB"):
            pixels.eight_bits(image)
    else:
        assert pixels.eight_bits(image).mode in ("L", "RGB")


@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
@pytest.mark.parametrize("name", ["x.png", "x.tif", "x.pgm"])
def test_16_bits_are_scaled_by_their_range(tmp_path, dtype, name):
    image = Image.fromarray((RAMP.astype(np.uint16) * 257).astype(dtype))
    if name == "x.pgm":
        image = image.convert("I")
    assert close(saved(tmp_path, image, name), RAMP)


def test_a_dark_16_bit_picture_stays_dark(tmp_path):
    assert np.asarray(saved(tmp_path, Image.fromarray(np.full((4, 4), 300, np.uint16)))).max() == 1


def test_integers_of_32_bits_are_read_as_16_or_refused(tmp_path):
    values = RAMP.astype(np.int32) * 257
    assert close(saved(tmp_path, Image.fromarray(values), "x.tif"), RAMP)
    for odd in (values * 257, values - 9):
        with pytest.raises(BadFile, match=r"odd\.tif cannot be read .*integers from"):
            saved(tmp_path, Image.fromarray(odd.astype(np.int32)), "odd.tif")


@pytest.mark.parametrize("dtype", ["<u2", "i4"])
def test_8_bits_in_a_wider_coat_are_refused_and_black_is_black(tmp_path, dtype):
    with pytest.raises(BadFile, match="up to 252 only; save it with 8 bits"):
        saved(tmp_path, Image.fromarray(RAMP.astype(np.int32).clip(0, 252).astype(dtype)), "x.tif")
    assert not np.asarray(saved(tmp_path, Image.fromarray(np.zeros((4, 4), dtype)), "x.tif")).any()


def test_floats_are_shares_or_bytes_or_refused(tmp_path):
    shares = RAMP.astype(np.float32) / 255
    assert close(saved(tmp_path, Image.fromarray(shares), "x.tif"), RAMP)
    assert close(saved(tmp_path, Image.fromarray(shares * 255), "x.tif"), RAMP)
    odd_ones = (shares * 999, "floats from"), (shares - 1, "floats from"), (shares * np.nan, "not numbers")
    for odd, said in odd_ones:
        with pytest.raises(BadFile, match=rf"odd\.tif cannot be read .*{said}"):
            saved(tmp_path, Image.fromarray(odd), "odd.tif")


@pytest.mark.parametrize("mode", ["RGBX", "CMYK", "YCbCr", "HSV", "RGBA", "RGB"])
def test_opaque_colours_are_kept(mode):
    assert close(pixels.eight_bits(Image.fromarray(COLOURS).convert(mode)), COLOURS, 5)


def test_what_is_transparent_stands_on_white(tmp_path):
    alpha = np.where(np.arange(64).reshape(8, 8) % 2, 255, 0).astype(np.uint8)
    image = Image.fromarray(np.dstack([COLOURS, alpha]))
    right = np.where(alpha[..., None] == 255, COLOURS, 255)
    assert close(saved(tmp_path, image), right)
    assert close(pixels.eight_bits(image.convert("RGBa")), right, 1)
    grey = Image.merge("LA", [Image.fromarray(RAMP), Image.fromarray(alpha)])
    for one in (saved(tmp_path, grey), pixels.eight_bits(grey.convert("La"))):
        assert one.mode == "L" and close(one, np.where(alpha == 255, RAMP, 255), 1)


def test_palettes_with_and_without_transparency(tmp_path):
    image = Image.fromarray((np.arange(64) % 4).astype(np.uint8).reshape(8, 8), "P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    plain = np.asarray(saved(tmp_path, image))
    assert plain[0, :4].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]]
    clear = np.asarray(saved(tmp_path, image, transparency=1))
    assert clear[0, :4].tolist() == [[255, 0, 0], [255, 255, 255], [0, 0, 255], [9, 9, 9]]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_camera_held_sideways_and_a_damaged_note_of_it(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    assert saved(tmp_path, Image.new("RGB", (8, 4)), "x.jpg", exif=exif).size == (4, 8)
    damaged = b"Exif\x00\x00MM\x00*\x00\x00\xff\xff"
    assert saved(tmp_path, Image.new("RGB", (8, 4)), "x.jpg", exif=damaged).size == (8, 4)


def test_the_first_of_several_frames(tmp_path):
    frames = [Image.new("RGB", (4, 4), c) for c in ("red", "blue")]
    for name in ("x.png", "x.tif", "x.webp"):
        image = saved(tmp_path, frames[0], name, save_all=True, append_images=frames[1:])
        red = np.asarray(image)[0, 0].tolist()
        assert red[0] > 240 and red[2] < 15
