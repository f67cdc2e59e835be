"""``augury`` and ``python -m augury``: the one place where errors become exit codes."""

from __future__ import annotations

import os
import sys

from augury.core.threads import calm


def main() -> None:
    """Run the command line and exit with a documented code."""
    calm()
    from augury.cli.app import run

    sys.exit(run(sys.argv[1:], environ=os.environ))


if __name__ == "__main__":
    main()
