"""The documentation: every link leads somewhere, and every page is in the site's menu."""

import re
from pathlib import Path

import pytest

from tools.docs_fences import fenced
from tools.docs_pages import PAGES

REPO = Path(__file__).resolve().parents[1]
DOCS = REPO / "docs"
TEXTS = sorted([*REPO.glob("*.md"), *DOCS.rglob("*.md")])
LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", TEXTS, ids=lambda p: str(p.relative_to(REPO)))
def test_every_link_leads_to_something(page):
    made = {(DOCS / name).resolve() for name in PAGES}
    links = [t.partition("#")[0] for t in LINK.findall(page.read_text(encoding="utf-8"))]
    targets = [t for t in links if t and not re.match(r"[a-z]+:", t)]
    missing = [t for t in targets if not ((page.parent / t).exists() or (page.parent / t).resolve() in made)]
    assert not missing
    if page.is_relative_to(DOCS):  # the site holds nothing but docs/
        assert all((page.parent / t).resolve().is_relative_to(DOCS) for t in targets)


def test_files_of_the_documentation_that_code_names_exist():
    named = re.compile(r"docs/[\w./-]+\.(?:md|json|svg|png|webp)")
    folders = ("mdp", "mdp_widgets", "tools", "benchmarks")
    sources = [p for f in folders for p in (REPO / f).rglob("*.py")] + [REPO / "Makefile"]
    found = {name for p in sources for name in named.findall(p.read_text(encoding="utf-8"))}
    assert found
    assert [name for name in sorted(found) if not (REPO / name).exists()] == []


def test_every_page_is_in_the_menu():
    pages = {str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md")} | set(PAGES)
    menu = re.findall(r": ([\w/-]+\.md)$", (REPO / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    assert sorted(menu) == sorted(pages)


def test_the_site_asks_nobody_else():
    settings = (REPO / "mkdocs.yml").read_text(encoding="utf-8")
    assert "font: false" in settings and "http" not in settings
    # offline would take its stand-in for workers from elsewhere, but for a file of this name
    assert "polyfills: [assets/iframe-worker.js]" in settings and (DOCS / "assets/iframe-worker.js").exists()
    assert "inventories: []" in settings


def test_pages_made_from_code():
    commands, tutorial = PAGES["reference/commands.md"](), PAGES["tutorial/python.md"]()
    assert "## finetune" in commands and "--budget" in commands
    assert tutorial.startswith("# The researcher's path") and "```python\nnet = mdp.prunable(" in tutorial


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
