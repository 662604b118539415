"""Pages of the site that are made from the code: a hook of mkdocs (`make docs`).

`tutorial/python.md` becomes the notebook, and the help of every command follows `reference/commands.md`. What
stands in docs/ is for readers of the repository; the rest is made anew each time and stored nowhere, so that
it cannot fall behind.
"""

import argparse
import json
from pathlib import Path

from mdp.cli import fill
from mdp.operations import OPERATIONS

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "python.ipynb"


def tutorial(_: str) -> str:
    """The notebook's text and code as Markdown, in the place of the page that leads to it."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    parts = ["".join(c["source"]) for c in cells]
    code = [c["cell_type"] == "code" for c in cells]
    parts = [f"```python\n{p}\n```" if c else p for c, p in zip(code, parts, strict=True)]
    note = "This page is the notebook `notebooks/python.ipynb`. Run it with `make lab`; the tests run it too."
    return "\n\n".join([parts[0], note, *parts[1:]]) + "\n"


def commands(page: str) -> str:
    """The page, and every command with its arguments, from its parser."""
    parts = [page.rstrip()]
    for name, operation in OPERATIONS.items():
        parser = argparse.ArgumentParser(
            prog=f"mdp {name}", formatter_class=lambda prog: argparse.HelpFormatter(prog, width=84)
        )
        fill(parser, operation)
        parts += [f"## {name}", operation.__doc__, f"```text\n{parser.format_help()}```"]
    return "\n\n".join(parts) + "\n"


WORKER = "assets/iframe-worker.js"
PAGES = {"tutorial/python.md": tutorial, "reference/commands.md": commands}


def on_page_markdown(markdown, page, config, files):
    """Make what of a page comes from the code."""
    make = PAGES.get(page.file.src_uri)
    return make(markdown) if make else markdown


def on_post_page(output, page, config):
    """The stand-in for workers (mkdocs.yml) is in the site, so its address is relative to each page."""
    return output.replace(f'src="{WORKER}"', f'src="{"../" * page.url.count("/")}{WORKER}"')
