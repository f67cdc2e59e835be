"""A small task shared by the tests of the loop."""

from __future__ import annotations

import sys
from pathlib import Path

# Test files are imported one by one, without their folder on the path: the task is not found otherwise.
sys.path.insert(0, str(Path(__file__).parent))
