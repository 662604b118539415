"""plotly.js as our pages load it: the plotly package's own file, arranged so that a browser starts it sooner.

The file is one function in a function in a function. A browser that compiles functions when they are first
called reads its 4.8 MB again on every level, on the thread that draws the page: 1.8 s on two slow cores. At
the top level and marked as wanted whole, it is compiled once, aside: 0.7 s are left (measured in Chromium;
a browser that does not know the mark ignores it).
"""

import re
from pathlib import Path

import plotly

PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"

# https://github.com/WICG/explicit-javascript-compile-hints-file-based
WANTED_WHOLE = "//# allFunctionsCalledOnLoad\n"
WRAPPED = re.compile(
    r"^(?P<licence>\s*/\*.*?\*/\s*)?"
    r"\(\s*function\s*\(root, factory\).{0,400}?\(\) => \{\s*(?P<body>\"use strict\";var Plotly=.*)"
    r"window\.Plotly = Plotly;\s*return Plotly;\s*\}\)\);?\s*$",
    re.DOTALL,
)


def plotly_js() -> str:
    """The script; it sets `window.Plotly`. A file in another shape than we know is only marked."""
    return arranged(PLOTLY_JS.read_text(encoding="utf-8"))


def arranged(text: str) -> str:
    """The same script without its outermost functions, marked to be compiled whole."""
    found = WRAPPED.match(text)
    if found is None:
        return WANTED_WHOLE + text
    return f"{WANTED_WHOLE}{found['licence'] or ''}{found['body']}window.Plotly = Plotly;\n"
