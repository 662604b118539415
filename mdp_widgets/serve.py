"""The server: `python -m mdp_widgets.serve --port 8866`. One line says where the explorer is.

Voila with a template of ours, on this machine only. `/` is the explorer, `/teach` and `/inspect` the other
notebooks; nothing else is served: no sources, no folders, no files but plotly.js and Voila's own.
"""

import argparse
import os
import socket
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parent
NOTEBOOKS = REPO / "notebooks"
# Address -> notebook. Only these can be opened.
PAGES = {"/": "explore.ipynb", "/teach": "teach.ipynb", "/inspect": "inspect.ipynb"}


def environment() -> None:
    """What Voila and the kernels need to find; set before Voila is imported."""

    def put_first(variable: str, path: Path) -> None:
        rest = os.environ.get(variable)
        os.environ[variable] = f"{path}{os.pathsep}{rest}" if rest else str(path)

    put_first("JUPYTER_PATH", HERE / "share")
    put_first("PYTHONPATH", REPO)
    # The page does small sums; many kernels share one machine.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def taken(port: int) -> bool:
    """Whether something listens on the port already."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m mdp_widgets.serve", description="Serve the explorer.")
    parser.add_argument("--port", type=int, default=8866)
    parser.add_argument(
        "--browser", action=argparse.BooleanOptionalAction, default=False, help="open the page in a browser"
    )
    parser.add_argument(
        "--warm",
        type=int,
        default=1,
        metavar="N",
        help="kernels that stand ready, so that a page opens at once (default 1)",
    )
    options = parser.parse_args(argv)
    address = f"http://localhost:{options.port}/"
    if not 1 <= options.port <= 65535:
        print(f"{options.port} is not a port. Choose one from 1024 to 65535.", file=sys.stderr)
        return 2
    if taken(options.port):
        print(
            f"Port {options.port} is in use; another explorer may run at {address}. "
            f"Choose another port, such as PORT={options.port + 1}.",
            file=sys.stderr,
        )
        return 2
    environment()
    from .server import make_server

    make_server(options.port, warm=options.warm, show=options.browser).start()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
