"""What the proof commands say about the demo's own versions: their JSON, asked in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import Any, Final

LONGEST: Final = 40
"""Characters of a text worth a place on the page: hashes and messages are longer."""
ASKED: Final = (
    ("lookahead", "--json"),
    ("parity", "--json"),
    ("repro", "^GSPC", "--timeframe", "d1", "--horizon", "5d", "--json"),
)


def measure() -> list[dict[str, Any]]:
    """Train the demo in a folder of its own and ask each command; one that is not there is left out."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        _augury("demo", "--out", folder, "-q", "--json")
        for words in ASKED:
            done = _augury(*words, "--data-dir", folder)
            try:
                answer = json.loads(done.stdout)
            except json.JSONDecodeError:
                print(f"left out: augury {' '.join(words)}: {done.stderr.strip()[-200:]}", file=sys.stderr)
                continue
            rows.append({"command": "augury " + " ".join(words), "exit": done.returncode, "facts": _plain(answer)})
    return rows


def _augury(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "augury", *words], capture_output=True, text=True, timeout=600)


def _plain(answer: Any) -> dict[str, Any]:
    """Short values as they are, lists as their length."""
    facts = answer if isinstance(answer, dict) else {"rows": answer}
    counted = {key: len(value) if isinstance(value, list) else value for key, value in facts.items()}
    return {
        key: value
        for key, value in counted.items()
        if isinstance(value, bool | int | float | str) and len(str(value)) <= LONGEST
    }
