"""Who may import whom, as pyproject.toml draws it (import-linter), and a typed front door (mypy)."""

import ast
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]


def test_no_import_runs_upward_and_the_waist_knows_no_torch():
    command = [
        sys.executable,
        "-c",
        "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())",
    ]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "4 kept, 0 broken" in done.stdout


def test_the_public_api_is_typed():
    done = subprocess.run([sys.executable, "-m", "mypy"], cwd=REPO, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_names_of_reconstruction_are_imported_from_where_they_are_defined():
    borrowed = {  # module -> what it imports itself
        f"reconstruction.{file.stem}": {
            alias.name
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for file in (REPO / "mdp" / "reconstruction").glob("[!_]*.py")
    }
    for folder in ("mdp", "tests"):
        for file in (REPO / folder).rglob("*.py"):
            text, at_home = file.read_text(), file.parent.name == "reconstruction"
            for node in ast.walk(ast.parse(text)) if at_home or "reconstruction." in text else ():
                if isinstance(node, ast.ImportFrom) and node.module:
                    inside = at_home and node.level == 1
                    home = f"{'reconstruction.' if inside else ''}{node.module}".removeprefix("mdp.")
                    for alias in node.names:
                        assert alias.name not in borrowed.get(home, ()), f"{file}: {alias.name} of {home}"
