"""State flows one way: views observe the state, and change it through its methods only."""

import ast
from pathlib import Path

import mdp_widgets
from mdp_widgets.state.explorer_state import ExplorerState

ROOM = Path(mdp_widgets.__file__).parent
STATE = {"selection", "s"}  # what views call it


def writes(path):
    """(line, trait) of every assignment to a trait of the state."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr in ExplorerState.class_trait_names():
                of = target.value
                if getattr(of, "id", getattr(of, "attr", "")) in STATE:
                    yield node.lineno, target.attr


def test_no_view_assigns_to_the_state(tmp_path):
    files = [path for path in ROOM.rglob("*.py") if path.parent.name != "state"]
    found = [f"{path.relative_to(ROOM)}:{line} {trait}" for path in files for line, trait in writes(path)]
    assert len(files) > 50 and found == []
    wrong = tmp_path / "view.py"
    wrong.write_text("s.budget = 1\nself.selection.tab = ''\nself.budget = 2\n")
    assert list(writes(wrong)) == [(1, "budget"), (2, "tab")]
