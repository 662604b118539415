"""`python -m mdp_widgets --port 8866` serves the explorer; so does `mdp-explorer`."""

import sys

from .server.serve import main

if __name__ == "__main__":
    sys.exit(main())
