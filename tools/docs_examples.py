"""A griffe extension for `make docs`: examples become blocks of code, and defaults are shown as values."""

import re

import griffe

from mdp import operations
from tools.docs_fences import fenced


class Examples(griffe.Extension):
    """Look at every object when it has been read."""

    def on_object(self, *, obj: griffe.Object, **_) -> None:
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)
        for parameter in obj.parameters if obj.is_function else ():
            # `seconds=150.0`, not the record and field in which that is written.
            named = re.fullmatch(r"(\w+Options)\.(\w+)", str(parameter.default))
            if named:
                parameter.default = repr(getattr(getattr(operations, named[1]), named[2]))
