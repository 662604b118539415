"""What a page sends to its kernel, looked at before Jupyter reads it: nothing in it is trusted.

Jupyter believes the counts in a frame, which can make it count to 2**64 in the one thread that serves all.
Its two formats are described in jupyter_client's documentation of messaging ("websocket protocols").
"""

import json
import struct
from itertools import pairwise
from typing import Any

# Bytes of one frame; a page's own are some kilobytes, a picture that it was asked for some megabytes.
LONGEST = 10_000_000
# Buffers of one message, and bytes and parts of widgets that one page may make its kernel hold.
MOST_BUFFERS = 100
HELD_BYTES = 50_000_000
HELD_PARTS = 20_000

V1 = "v1.kernel.websocket.jupyter.org"
PARTS = ("header", "parent_header", "metadata", "content")
COMMS = ("comm_open", "comm_msg", "comm_close")
CHANNELS = ("shell", "control", "stdin", "iopub")


class BadFrame(Exception):
    """A frame that no page of ours sends; the channel that brought it is closed."""


def read_frame(frame: str | bytes, protocol: str | None) -> dict[str, Any]:
    """The message in a frame: "channel", "header", "parent_header", "metadata", "content", and the number of
    its "buffers".

    Raises:
        BadFrame: it is not as Jupyter's protocol has it.
    """
    if len(frame) > LONGEST:
        raise BadFrame("too long")
    try:
        if protocol == V1:
            message = _v1(frame)
        elif isinstance(frame, bytes):
            message = _binary(frame)
        else:
            message = json.loads(frame)
        return _checked(message)
    except (ValueError, TypeError, KeyError, IndexError, struct.error, RecursionError) as error:
        raise BadFrame(type(error).__name__) from None


def _v1(frame: str | bytes) -> dict[str, Any]:
    """Little-endian: how many offsets, the offsets, the channel, four JSON objects, buffers."""
    if isinstance(frame, str):
        raise BadFrame("a text on the binary protocol")
    count = int.from_bytes(frame[:8], "little")
    if not 6 <= count <= 6 + MOST_BUFFERS or len(frame) < 8 * (count + 1):
        raise BadFrame("an implausible count")
    parts = _parts(frame, struct.unpack_from(f"<{count}Q", frame, 8), 8 * (count + 1))
    read = {name: json.loads(part) for name, part in zip(PARTS, parts[1:5], strict=True)}
    return {**read, "channel": parts[0].decode(), "buffers": parts[5:]}


def _binary(frame: bytes) -> dict[str, Any]:
    """Big-endian, of 32 bits: how many offsets, the offsets, one JSON object, buffers."""
    (count,) = struct.unpack_from("!I", frame)
    if not 1 <= count <= 1 + MOST_BUFFERS or len(frame) < 4 * (count + 1):
        raise BadFrame("an implausible count")
    offsets = (*struct.unpack_from(f"!{count}I", frame, 4), len(frame))
    first, *buffers = _parts(frame, offsets, 4 * (count + 1))
    return {**json.loads(first), "buffers": buffers}


def _parts(frame: bytes, offsets: tuple[int, ...], least: int) -> list[bytes]:
    ends = (least, *offsets, len(frame))
    if any(a > b for a, b in pairwise(ends)):
        raise BadFrame("offsets that lead elsewhere")
    return [frame[a:b] for a, b in pairwise(offsets)]


def _checked(message: Any) -> dict[str, Any]:
    if not isinstance(message, dict):
        raise BadFrame("no message")
    channel = message.get("channel")
    if channel is not None and channel not in CHANNELS:
        raise BadFrame("no such channel")
    for name in PARTS:
        if not isinstance(message.get(name), dict):
            raise BadFrame(f"no {name}")
    if not all(isinstance(message["header"].get(key), str) for key in ("msg_id", "msg_type")):
        raise BadFrame("no type")
    if not all(isinstance(message["header"].get(key, ""), str) for key in ("version", "session", "username")):
        raise BadFrame("a header of other types")
    buffers = message.get("buffers", [])
    if not isinstance(buffers, list) or not all(isinstance(one, bytes) for one in buffers):
        raise BadFrame("no buffers")
    # A kernel keys its widgets by this; what else is in them is theirs to check.
    if message["header"]["msg_type"] in COMMS and not isinstance(message["content"].get("comm_id"), str):
        raise BadFrame("a message of no widget")
    restart = message["content"].get("restart")
    if message["header"]["msg_type"] == "shutdown_request" and not isinstance(restart, bool):
        raise BadFrame("an end of other words")
    # Half of a character, which neither Jupyter nor the kernel can send on.
    json.dumps([message[name] for name in PARTS], ensure_ascii=False).encode()
    return message


class Held:
    """What messages of one page make its kernel hold: the latest size of each part of each widget.

    A page of ours opens one comm, to ask for the widgets that the kernel has made, and changes a few values.
    """

    def __init__(self) -> None:
        self._sizes: dict[tuple[str, str], int] = {}
        self._total = 0
        self._opened = 0

    def take(self, message: dict[str, Any], size: int) -> None:
        """Count a message in. Raises BadFrame where it would make the kernel hold more than a page needs."""
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "comm_open":
            self._opened += 1
            if content.get("target_name") != "jupyter.widget.control" or self._opened > MOST_BUFFERS:
                raise BadFrame("a widget of the page's own")
        if kind not in ("comm_open", "comm_msg"):
            return
        comm, data = str(content.get("comm_id")), content.get("data")
        state = data.get("state") if isinstance(data, dict) else None
        # Of a custom message nothing stays but what its reader keeps: the latest.
        for key in state if isinstance(state, dict) else ("",):
            part = comm[:100], key[:100]
            self._total += size - self._sizes.get(part, 0)
            self._sizes[part] = size
        if len(self._sizes) > HELD_PARTS or self._total > HELD_BYTES:
            raise BadFrame("more than a page needs")
