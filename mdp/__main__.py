import os
import sys

from .cli import main

if __name__ == "__main__":
    code = main()
    if code == 130:  # Stopped on request: everything is saved, and torch alone takes half a second to leave.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
