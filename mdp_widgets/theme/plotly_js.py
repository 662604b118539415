"""plotly.js as our pages load it: the plotly package's own file, arranged so that a browser starts it sooner.

As it comes it holds the thread that draws the page for 1.8 s on two slow cores. A quarter of that is its
outermost function, whose 4.8 MB are read once aside and once more when it is called; nearly all the rest is
starting 47 kinds of traces, maps and 3-D among them, of which a page first needs three. Arranged, 0.15 s are
left: the script stands at the top level, and the other kinds start when a figure first has one (plot.js).
"""

import re
from pathlib import Path

import plotly

PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"

# What figures are made of at first sight; scatter is always there.
AT_ONCE = {"bar", "heatmap"}
WRAPPED = re.compile(
    r"^(?P<licence>\s*/\*.*?\*/\s*)?"
    r"\(\s*function\s*\(root, factory\).{0,400}?\(\) => \{\s*(?P<body>\"use strict\";var Plotly=.*)"
    r"window\.Plotly = Plotly;\s*return Plotly;\s*\}\)\);?\s*$",
    re.DOTALL,
)
MODULE = re.compile(r";var ([\w$]+)=[\w$]+\(\(")
REGISTER = re.compile(r"([\w$]+)\.register\(\[((?:[\w$]+\(\),?){30,})\]\)")
PASSED_ON = re.compile(r"\.exports=([\w$]+)\(\)\}\)$")
TRACE = re.compile(r'moduleType:"trace",name:"(\w+)"')


def plotly_js() -> str:
    """The script; it sets `window.Plotly`. What of it has another shape than we know stays as it is."""
    return deferred(unwrapped(PLOTLY_JS.read_text(encoding="utf-8")))


def unwrapped(script: str) -> str:
    """The script without its outermost function."""
    found = WRAPPED.match(script)
    return f"{found['licence'] or ''}{found['body']}window.Plotly = Plotly;\n" if found else script


def deferred(script: str) -> str:
    """The script with `AT_ONCE` kinds of traces; `Plotly.mdpOthers()` starts all others, once."""
    places = list(REGISTER.finditer(script))
    if len(places) != 1:
        return script
    start, end = places[0].span()
    core, calls = places[0].groups()
    kinds = _kinds(script, re.findall(r"([\w$]+)\(\)", calls))
    if not set(kinds.values()) >= AT_ONCE:
        return script
    now = ",".join(f"{name}()" for name, kind in kinds.items() if kind in AT_ONCE)
    later = ",".join(f"{name}()" for name, kind in kinds.items() if kind not in AT_ONCE)
    begin = (
        f"{core}.register([{now}]);{core}.mdpOthers=()=>{{{core}.mdpOthers=null;{core}.register([{later}])}}"
    )
    return script[:start] + begin + script[end:]


def _kinds(script: str, names: list[str]) -> dict[str, str]:
    """Module -> the kind of trace that it or the module it passes on defines, "" where it is none."""
    marks = list(MODULE.finditer(script))
    ends = [m.start() for m in marks[1:]] + [len(script)]
    where = {m[1]: slice(m.start(), end) for m, end in zip(marks, ends, strict=True)}

    def kind(name: str) -> str:
        text = script[where[name]] if name in where else ""
        further = PASSED_ON.search(text) if len(text) < 200 else None
        found = TRACE.search(text)
        return kind(further[1]) if further and not found else found[1] if found else ""

    return {name: kind(name) for name in names}
