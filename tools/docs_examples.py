"""A griffe extension for `make docs`: examples in docstrings (`>>>`) become blocks of code."""

import griffe

from tools.docs_fences import fenced


class Examples(griffe.Extension):
    """Put the fences in when an object has been read."""

    def on_object(self, *, obj: griffe.Object, **_) -> None:
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)
