"""Plant every fault of ``faults.yaml`` in a copy of the source and see its guard turn red: ``make faults``.

A test that cannot fail guards nothing. Prints one line a fault; exits 1 when a fault survives or is stale.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


def prove(fault: dict[str, Any]) -> str:
    """Return ``caught``, ``SURVIVED`` or ``STALE``."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "src", Path(folder) / "src", ignore=shutil.ignore_patterns("__pycache__"))
        path = Path(folder) / "src" / "augury" / fault["file"]
        text = path.read_text()
        if fault["old"] not in text:
            return "STALE"
        path.write_text(text.replace(fault["old"], fault["new"], 1))
        environment = os.environ | {"PYTHONPATH": str(Path(folder) / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
        if path.suffix == ".c":
            subprocess.run(
                [sys.executable, "-m", "augury.features.kernels"], env=environment, check=True, capture_output=True
            )
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *fault["guard"].split()]
        ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        # 1 is a failed test; anything else (nothing collected, a usage error) proves nothing.
        return "caught" if ran.returncode == 1 else "SURVIVED"


def main() -> int:
    faults = yaml.safe_load((ROOT / "tests/faults/faults.yaml").read_text())
    wanted = [fault for fault in faults if len(sys.argv) < 2 or sys.argv[1] in fault["name"]]
    ends = []
    for fault in wanted:
        ends.append(prove(fault))
        print(f"{ends[-1]:9} {fault['trap']} {fault['name']}", flush=True)
    print(f"{ends.count('caught')} of {len(ends)} planted faults caught")
    return 0 if set(ends) == {"caught"} else 1


if __name__ == "__main__":
    sys.exit(main())
