"""``python -m augury.features.kernels``: build the library again after a change of the C sources."""

import sys

from augury.features.kernels.compiler import build

sys.stdout.write(f"{build()}\n")
