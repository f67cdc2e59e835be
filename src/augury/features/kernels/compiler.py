"""Builds the shared library of the feature machine; runs when Augury is installed.

    python -m augury.features.kernels        after a change of the C sources

Uses the system's C compiler. Where there is none the build takes one from the package index
(``ziglang``), so that a fresh machine needs nothing installed by hand. Only the standard library
is imported here: the build hook loads this file before Augury is installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCES = ("machine.c", "structure.c", "recursions.c")
LIBRARY = FOLDER / "_machine.so"
_FLAGS = ("-O3", "-std=c11", "-fPIC", "-shared", "-ffp-contract=off", "-fno-math-errno", "-Wall", "-Wextra")


def source_hash() -> str:
    """Hash of the C sources; a library built from others is refused."""
    digest = hashlib.sha256()
    for name in ("machine.h", *SOURCES):
        digest.update((FOLDER / name).read_bytes())
    return digest.hexdigest()[:16]


def compiler() -> list[str] | None:
    """The command of a C compiler: ``$CC``, the system's, or the one of the ``ziglang`` package."""
    for name in (os.environ.get("CC", ""), "cc", "gcc", "clang"):
        if name and shutil.which(name.split()[0]):
            return name.split()
    found = subprocess.run([sys.executable, "-m", "ziglang", "version"], capture_output=True, check=False)
    return [sys.executable, "-m", "ziglang", "cc"] if found.returncode == 0 else None


def build() -> Path:
    """Compile the sources beside themselves; the old library stands until the new one is whole.

    Raises
    ------
    RuntimeError
        There is no compiler, or it refused the sources; with its words.
    """
    command = compiler()
    if command is None:
        raise RuntimeError("no C compiler was found -> run: pip install ziglang, or install gcc or clang")
    fresh = LIBRARY.with_name(f"_machine.{os.getpid()}.so")
    sources = [str(FOLDER / name) for name in SOURCES]
    line = [*command, *_FLAGS, f'-DSOURCE_HASH="{source_hash()}"', *sources, "-o", str(fresh), "-lm"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        fresh.unlink(missing_ok=True)
        raise RuntimeError(f"{' '.join(command)} could not compile the feature machine:\n{done.stderr}")
    fresh.replace(LIBRARY)
    return LIBRARY
