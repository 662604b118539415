"""The link on the room's screen as a QR code: square for square what two other programs make and read."""

import hashlib

import pytest

from mdp_widgets.classroom.pages import join_code
from mdp_widgets.classroom.qr import penalty, qr, svg_path

# Each was read by ZXing (zxing-cpp 3.1) and is, square for square, segno 1.6's of the same mask.
READ = {14: "a8d3b19400d79a78", 42: "6129a6d7fbce6459", 106: "ba891027efd24d29", 152: "c53698f7530c03d0",
        180: "dd6764b9e9c12740"}  # fmt: skip


@pytest.mark.parametrize("length", READ)
def test_codes_are_those_that_others_have_read(length):
    text = ("http://192.168.1.20:8866/class?token=giraffe&" + "abcdefghij" * 20)[:length]
    grid = qr(text)
    marks = "".join(".#"[dark] for row in grid for dark in row)
    assert hashlib.sha256(marks.encode()).hexdigest()[:16] == READ[length]
    assert penalty(grid) > 0 and svg_path(grid).startswith("M0 0h7v1h-7z")


def test_what_is_too_long_has_no_code_and_neither_has_a_link_that_only_this_machine_opens():
    assert qr("x" * 181) is None
    assert join_code("http://localhost:8866/class") is None and join_code("http://h/" + "x" * 300) is None
    assert join_code("http://192.168.1.20:8866/class?token=giraffe")["size"] == 33
