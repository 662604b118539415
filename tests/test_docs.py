"""The documentation: links lead somewhere, in the repository and on the site; every page is in its menu."""

import json
import re
import unicodedata
from pathlib import Path

import pytest

from mdp.operations import OPERATIONS
from tools.docs_fences import fenced
from tools.docs_pages import PAGES

REPO = Path(__file__).resolve().parents[1]
DOCS = REPO / "docs"
NOTEBOOKS = sorted((REPO / "notebooks").rglob("*.ipynb"))
TEXTS = sorted([*REPO.glob("*.md"), *DOCS.rglob("*.md"), *NOTEBOOKS])
LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    """A page without its code; of a notebook, the text between its cells of code."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """What `page.md#...` may name: headings as code hosts spell them, if the site spells them so too."""
    found = set()
    for heading in re.findall(r"^#+ (.+?)\s*$", prose(page), re.M):
        words = re.sub(r"[^\w\s-]", "", heading.lower())
        plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
        if words.replace(" ", "-") == re.sub(r"[-\s]+", "-", plain).strip("-"):
            found.add(words.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", TEXTS, ids=lambda p: str(p.relative_to(REPO)))
def test_every_link_leads_to_something(page):
    links = [t.partition("#") for t in LINK.findall(prose(page)) if not re.match(r"[a-z]+:", t)]
    targets = {t: (page.parent / t).resolve() if t else page for t, _, _ in links}
    assert [t for t, path in targets.items() if not path.exists()] == []
    # JupyterLab has names of its own for a notebook's headings.
    named = [(t, a) for t, _, a in links if a and targets[t].suffix == ".md"]
    nowhere = [f"{t}#{a}" for t, a in named if a not in anchors(targets[t])]
    assert nowhere == []
    # The site holds nothing but docs/; there the tutorial is the notebook itself.
    if page.is_relative_to(DOCS) and page != DOCS / "tutorial/python.md":
        assert all(path.is_relative_to(DOCS) for path in targets.values())


def test_files_of_the_documentation_that_code_names_exist():
    named = re.compile(r"docs/[\w./-]+\.(?:md|json|svg|png|webp)")
    folders = ("mdp", "mdp_widgets", "tools", "benchmarks")
    sources = [p for f in folders for p in (REPO / f).rglob("*.py")] + [REPO / "Makefile"]
    found = {name for p in sources for name in named.findall(p.read_text(encoding="utf-8"))}
    assert found
    assert [name for name in sorted(found) if not (REPO / name).exists()] == []


def test_every_page_is_in_the_menu():
    pages = {str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md")}
    menu = re.findall(r": ([\w/-]+\.md)$", (REPO / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    assert sorted(menu) == sorted(pages)


def test_the_site_asks_nobody_else():
    settings = (REPO / "mkdocs.yml").read_text(encoding="utf-8")
    assert "font: false" in settings and "http" not in settings
    # offline would take its stand-in for workers from elsewhere, but for a file of this name
    assert "polyfills: [assets/iframe-worker.js]" in settings and (DOCS / "assets/iframe-worker.js").exists()
    assert "inventories: []" in settings


def test_pages_made_from_code():
    commands, tutorial = (
        PAGES[name]((DOCS / name).read_text(encoding="utf-8"))
        for name in ("reference/commands.md", "tutorial/python.md")
    )
    assert commands.startswith("# Commands") and "## finetune" in commands and "--budget" in commands
    assert tutorial.startswith("# The researcher's path") and "```python\nnet = mdp.prunable(" in tutorial


def test_the_page_of_commands_names_each_of_them():
    page = (DOCS / "reference/commands.md").read_text(encoding="utf-8")
    assert [name for name in OPERATIONS if f"`{name}`" not in page] == []


def test_examples_become_code():
    assert fenced("Add.\n\n>>> 1 + 1\n2\n\nMore.") == "Add.\n\n\n```pycon\n>>> 1 + 1\n2\n```\n\nMore."
    assert fenced(">>> 1\n1").endswith("1\n```") and fenced("None here.") == "None here."


def test_the_moving_picture_is_small_and_moves():
    from PIL import Image

    path = DOCS / "explorer.webp"
    with Image.open(path) as picture:
        assert picture.n_frames > 10 and picture.width == 960
    assert path.stat().st_size < 2e6


def test_readme_is_short():
    assert len((REPO / "README.md").read_text(encoding="utf-8").splitlines()) <= 130


def test_what_is_said_of_coverage_is_what_its_page_says():
    page = (DOCS / "measurements/coverage.md").read_text(encoding="utf-8")
    listed, right = map(int, re.search(r"Of (\d+) architectures, (\d+) are pruned right", page).groups())
    told = r"[Aa]ll (\d+) (?:architectures|names).*?and so are\s+all\s+(\d+) of timm's (\d+) others"
    for name in ("README.md", "docs/how-to/your-model.md"):
        text = (REPO / name).read_text(encoding="utf-8")
        families, others, of = map(int, re.search(told, text, re.S).groups())
        assert (families + others, families + of) == (right, listed), name
