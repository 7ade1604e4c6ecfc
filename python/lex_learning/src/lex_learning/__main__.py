"""`python -m lex_learning` is the command `lex-learning`."""

from __future__ import annotations

import sys

from lex_learning.cli import main

if __name__ == "__main__":
    sys.exit(main())
