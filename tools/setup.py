"""Brings everything the platform needs: `python3 tools/setup.py [--test]`. Run by `make`.

This file is read by whatever Python is there: it must parse on old ones, far enough to say so.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Python %d.%d is too old: the platform needs 3.11 or newer, and nothing was installed.\n"
        "Install one (python.org, your package manager, pyenv), then run: make PYTHON=python3.11"
        % sys.version_info[:2]
    )

from provision.run import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
