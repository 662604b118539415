"""Addresses that somebody types: the one that visitors see, behind a proxy, and the one to listen on."""

import errno
import ipaddress
import re
import socket
from urllib.parse import unquote, urlsplit

USUAL = {"http": 80, "https": 443}
LONGEST = 500


def wrong_url(url: str) -> str:
    """What is wrong with `--url`, as a sentence; "" if nothing is."""
    try:
        parts = urlsplit(url)
        right = (
            parts.scheme in USUAL
            and url.isprintable()
            and len(url) <= LONGEST
            and "@" not in parts.netloc
            and not (parts.query or parts.fragment)
            and (parts.port is None or parts.port > 0)
            and _is_host(host_of(url))
            and _is_path(parts.path)
        )
    except ValueError:
        right = False
    if right:
        return ""
    return f"--url {_shown(url)} is no address of a site. Give one such as https://example.org/pruning/."


def host_of(url: str) -> str:
    """The name in an address as browsers send it: small letters, and those of other alphabets as xn--….

    >>> host_of("https://Müller.example/x/"), host_of("https://[::1]:8/")
    ('xn--mller-kva.example', '::1')

    Raises:
        ValueError: there is none, or one that cannot be written so.
    """
    name = urlsplit(url).hostname or ""
    return name if ":" in name or name.isascii() else name.encode("idna").decode()


def origin_of(url: str) -> str:
    """What a browser sends as the origin of a page at this address: without the port that its scheme has.

    >>> origin_of("HTTPS://Example.org:443/x/"), origin_of("http://example.org:8000/")
    ('https://example.org', 'http://example.org:8000')
    """
    parts, host = urlsplit(url), host_of(url)
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, USUAL.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def base_of(url: str) -> str:
    """The path below which everything is: `/`, or `/path/`."""
    path = urlsplit(url).path.strip("/")
    return f"/{path}/" if path else "/"


def wrong_address(address: str, port: int) -> str:
    """Why nothing can listen there, as a sentence; "" if something can."""
    said: OSError | ValueError | None = None
    try:
        found = socket.getaddrinfo(address or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, place in found:
            try:
                with socket.socket(family, kind, protocol) as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(place)
                    return ""
            except OSError as error:
                said = error
    except (OSError, ValueError) as error:  # no such name, or none that can be one
        said = error
    if isinstance(said, OSError) and said.errno == errno.EADDRINUSE:
        return f"Port {port} is in use at {_shown(address)}. Choose another one with --port."
    reason = getattr(said, "strerror", None) or "it is no address"
    return (
        f"Nothing can listen at --address {_shown(address)}, port {port}: {reason}. Use localhost, 0.0.0.0, "
        "or an address of this machine."
    )


def _is_host(name: str) -> bool:
    if ":" in name:
        ipaddress.IPv6Address(name)
        return True
    label = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
    return len(name) <= 253 and re.fullmatch(rf"{label}(\.{label})*", name) is not None


def _is_path(path: str) -> bool:
    """Whether a browser asks for it as it stands: no empty parts, none that lead elsewhere."""
    plain = re.fullmatch(r"([A-Za-z0-9._~@/-]|%[0-9A-Fa-f]{2})*", path)
    parts = [unquote(part) for part in path.strip("/").split("/")] if path.strip("/") else []
    return bool(plain) and all(p.strip(".") and p.isprintable() and not set(p) & set("/\\") for p in parts)


def _shown(text: str) -> str:
    text = text if text.isprintable() else ascii(text)
    return text if len(text) <= 100 else f"{text[:100]}…"
