"""The server: `python -m mdp_widgets --port 8866`. One line says where the explorer is.

Voila with a template of ours. `/` is the explorer, `/teach` and `/inspect` the other notebooks; nothing else
is served: no sources, no folders, no files but plotly.js and Voila's own. Without further options it listens
to this machine only; with `--address` it asks everybody for a token (docs/how-to/workshop.md).
"""

import argparse
import os
import secrets
import socket
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mdp.core.errors import MdpError
from mdp.operations import Parser

from .addresses import base_of, host_of, origin_of, wrong_address, wrong_url

HERE = Path(__file__).resolve().parents[1]
REPO = HERE.parent
# A checkout keeps the notebooks beside the packages, a wheel inside of this one.
NOTEBOOKS = next(f for f in (HERE / "notebooks", REPO / "notebooks") if f.is_dir() or f.parent == REPO)
# Address -> notebook. Only these can be opened.
PAGES = {
    "/": "explore.ipynb", "/teach": "teach.ipynb", "/inspect": "inspect.ipynb", "/examples": "examples.ipynb",
}  # fmt: skip
# A kernel takes some 50 MB; half a year of idleness is as good as none.
MOST_PAGES, MOST_MINUTES, LONGEST_TOKEN = 10_000, 250_000, 200
LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Options:
    """How to serve. `token` "" asks for none, which only `LOCAL` addresses allow; `made_up` says that it
    was."""

    port: int = 8866
    address: str = "localhost"
    token: str = ""
    warm: int = 1
    pages: int = 30
    idle: float | None = None
    browser: bool = False
    url: str = ""
    classroom: bool = False
    made_up: bool = False

    @property
    def local(self) -> bool:
        return self.address in LOCAL

    @property
    def link(self) -> str:
        """What to open in a browser."""
        return self.link_to("")

    def link_to(self, page: str) -> str:
        """The link to a page of those that ask for the token."""
        return self._site + page + (f"?token={quote(self.token)}" if self.token else "")

    def teacher_link(self, key: str) -> str:
        """The link to the teacher's page of a class."""
        return f"{self._site}teacher?key={quote(key)}"

    @property
    def _site(self) -> str:
        if self.url:
            return self.origin + self.base
        host = "localhost" if self.local and self.address != "::1" else self.address
        if host in ("0.0.0.0", "::", ""):
            host = own_address()
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}/"

    @property
    def base(self) -> str:
        """The path below which everything is: `/`, or `/path/` of the address that visitors see."""
        return base_of(self.url)

    @property
    def origin(self) -> str:
        """What a browser sends as its origin, behind a proxy."""
        return origin_of(self.url)

    @property
    def hosts(self) -> list[str]:
        """Names that visitors may know this server by, beside localhost."""
        return [host_of(self.url)] if self.url else []


def own_address() -> str:
    """This machine's address in its network, as others see it; its name where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a reserved address: nothing is sent, only a route is chosen
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()


def environment() -> None:
    """What Voila and the kernels need to find; set before Voila is imported."""

    def put_first(variable: str, path: Path) -> None:
        rest = os.environ.get(variable)
        os.environ[variable] = f"{path}{os.pathsep}{rest}" if rest else str(path)

    put_first("JUPYTER_PATH", HERE / "share")
    put_first("PYTHONPATH", REPO)
    # The page does small sums; many kernels share one machine.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Every page has a kernel of its own: nobody else needs to hear what it told its kernel.
    os.environ.setdefault("JUPYTER_WIDGETS_ECHO", "0")


def taken(port: int) -> bool:
    """Whether something listens on the port already."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def parse(argv: list[str] | None = None) -> tuple[Options, bool]:
    """The options, and whether long work (measuring, training) may be started from the pages."""
    parser = Parser(prog="python -m mdp_widgets", description="Serve the explorer.")
    parser.add_argument("--port", type=int, default=8866)
    parser.add_argument(
        "--address", default="localhost",
        help="where to listen: localhost (default), or 0.0.0.0 for a workshop",
    )  # fmt: skip
    parser.add_argument(
        "--url", default="", metavar="https://HOST/PATH/",
        help="the address that visitors see, where another server stands in front of this one",
    )  # fmt: skip
    parser.add_argument(
        "--token", default="", help="what visitors must know; made up where other machines can visit"
    )
    parser.add_argument(
        "--pages", type=int, default=30, metavar="N", help="pages open at once (default 30)",
    )  # fmt: skip
    parser.add_argument(
        "--warm", type=int, default=1, metavar="N",
        help="kernels that stand ready, so that a page opens at once (default 1)",
    )  # fmt: skip
    parser.add_argument(
        "--idle", type=float, metavar="MINUTES",
        help="take a page's kernel back when nobody used it for so long (default: never while it is open)",
    )  # fmt: skip
    parser.add_argument(
        "--long-work", action=argparse.BooleanOptionalAction, default=True,
        help="whether pages may start measuring, fine-tuning and other long work here",
    )  # fmt: skip
    parser.add_argument(
        "--class", action="store_true", dest="classroom",
        help="run a class: pupils join by nickname, and a second link is printed for the teacher",
    )  # fmt: skip
    parser.add_argument(
        "--browser", action=argparse.BooleanOptionalAction, default=False, help="open the page in a browser"
    )
    values = vars(parser.parse_args(argv))
    long_work = values.pop("long_work")
    options = Options(**values)
    if (not options.local or options.url) and not options.token:
        options = Options(**{**values, "token": secrets.token_urlsafe(9), "made_up": True})
    return options, long_work


def opened_class(options: Options) -> tuple[Options, Any]:
    """The class's desk, None without one, and the options with the token that open pages know.

    Raises:
        MdpError: the class cannot be kept.
    """
    from ..classroom.desk import Desk
    from ..classroom.journal import Journal, journal_path

    journal = Journal(journal_path(options.port))
    if not options.classroom:
        journal.discard_forgotten(time.time())
        return options, None
    desk = Desk.opened(journal, options.token, options.made_up)
    return replace(options, token=desk.keys.token), desk


def refusal(options: Options) -> str:
    """What is wrong with the options, as a sentence; "" if nothing is."""
    if not 1 <= options.port <= 65535:
        return f"{options.port} is not a port. Choose one from 1024 to 65535."
    if options.url and wrong_url(options.url):
        return wrong_url(options.url)
    if options.pages < 1 or options.warm < 0:
        return "There must be room for at least one page, and the number of warm kernels cannot be negative."
    if options.pages > MOST_PAGES or options.warm > options.pages:
        return f"--pages takes up to {MOST_PAGES}, and no more kernels can stand ready than there are pages."
    if options.idle is not None and not 0 < options.idle <= MOST_MINUTES:
        return f"{options.idle:g} is not a number of idle minutes. Give one above 0, or leave --idle out."
    if not options.token.isprintable() or len(options.token) > LONGEST_TOKEN:
        return f"The token is not printable, or longer than {LONGEST_TOKEN} characters. Choose another one."
    if taken(options.port):
        return (
            f"Port {options.port} is in use; another explorer may run at http://localhost:{options.port}/. "
            f"Choose another port, such as PORT={options.port + 1}."
        )
    return wrong_address(options.address, options.port)


def main(argv: list[str] | None = None) -> int:
    options, long_work = parse(argv)
    wrong = refusal(options)
    if wrong:
        print(wrong, file=sys.stderr)
        return 2
    environment()
    if not long_work:
        os.environ["MDP_LONG_WORK"] = "off"  # mdp.jobs looks at it, in every kernel
    try:
        from .app import make_server

        try:
            options, desk = opened_class(options)
        except MdpError as error:
            print(error, file=sys.stderr)
            return 2
        make_server(options, desk).start()
    except KeyboardInterrupt:  # before it listened
        return 130
    return 0
