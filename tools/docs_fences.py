"""Examples in docstrings (`>>>`) as blocks of code, for `make docs`."""


def fenced(text: str) -> str:
    """`text` with a fence around every run of lines from a `>>>` to the next empty line."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        if not inside and line.lstrip().startswith(">>>"):
            lines += ["", "```pycon"]
            inside = True
        elif inside and not line.strip():
            lines.append("```")
            inside = False
        lines.append(line)
    return "\n".join([*lines, "```"] if inside else lines)
