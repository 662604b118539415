"""Pages of the site that are made from the code: a hook of mkdocs (`make docs`).

`tutorial/python.md` is the notebook, `reference/commands.md` the help of every command. They are made anew
each time and stored nowhere, so that they cannot fall behind.
"""

import argparse
import json
from pathlib import Path

from mdp.cli import fill
from mdp.operations import OPERATIONS

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "python.ipynb"


def tutorial() -> str:
    """The notebook's text and code as Markdown."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    parts = ["".join(c["source"]) for c in cells]
    code = [c["cell_type"] == "code" for c in cells]
    parts = [f"```python\n{p}\n```" if c else p for c, p in zip(code, parts, strict=True)]
    note = "This page is the notebook `notebooks/python.ipynb`. Run it with `make lab`; the tests run it too."
    return "\n\n".join([parts[0], note, *parts[1:]]) + "\n"


def commands() -> str:
    """Every command with its arguments, from its parser."""
    parts = [
        "# Commands",
        "`mdp COMMAND`, or `python -m mdp COMMAND` in a checkout. Exit status: 0 done, 1 failed, 2 the input "
        "was wrong or cannot be met, 130 cancelled.",
    ]
    for name, operation in OPERATIONS.items():
        parser = argparse.ArgumentParser(
            prog=f"mdp {name}", formatter_class=lambda prog: argparse.HelpFormatter(prog, width=84)
        )
        fill(parser, operation)
        parts += [f"## {name}", operation.__doc__, f"```text\n{parser.format_help()}```"]
    return "\n\n".join(parts) + "\n"


WORKER = "assets/iframe-worker.js"
PAGES = {"tutorial/python.md": tutorial, "reference/commands.md": commands}


def on_files(files, config):
    """Add the pages to those of docs/."""
    from mkdocs.structure.files import File

    for path, make in PAGES.items():
        files.append(File.generated(config, path, content=make()))
    return files


def on_post_page(output, page, config):
    """The stand-in for workers (mkdocs.yml) is in the site, so its address is relative to each page."""
    return output.replace(f'src="{WORKER}"', f'src="{"../" * page.url.count("/")}{WORKER}"')
