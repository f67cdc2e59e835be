"""``python -m augury.features.kernels``: build the library again after a change of the C sources."""

import sys
from pathlib import Path

from augury.core.native import NativeFolder

sys.stdout.write(f"{NativeFolder(Path(__file__).parent).build()}\n")
