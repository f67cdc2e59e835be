"""Compiled parts: a folder of C sources becomes a shared library beside them, built when Augury is installed.

The folder holds one header, ``NAME.h``, and any number of ``.c`` files; the library is ``_NAME.so``
and carries the hash of the sources it was built from as ``augury_NAME_source``: one built from
other sources is refused. Uses the system's C compiler; where there is none the build takes one from
the package index (``ziglang``), so that a fresh machine needs nothing installed by hand.

Only the standard library is imported at the top: the build hook loads this file before Augury is
installed.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

# Sums stay in their written order and a * b + c is rounded twice: the same bits on every machine.
_FLAGS = ("-O3", "-std=c11", "-fPIC", "-shared", "-ffp-contract=off", "-fno-math-errno", "-Wall", "-Wextra")


class NativeFolder:
    """The C sources of one folder and the library they become.

    Parameters
    ----------
    folder : Path
        Holds exactly one ``.h`` and at least one ``.c``.

    Examples
    --------
    >>> import augury.features.kernels as kernels
    >>> machine = NativeFolder(Path(kernels.__file__).parent)
    >>> machine.name, machine.library.name, len(machine.source_hash())
    ('machine', '_machine.so', 16)
    """

    def __init__(self, folder: Path) -> None:
        headers, self.sources = sorted(folder.glob("*.h")), sorted(folder.glob("*.c"))
        if len(headers) != 1 or not self.sources:
            raise RuntimeError(
                f"{folder} has {len(headers)} headers and {len(self.sources)} C files: one header names it"
            )
        self.header = headers[0]
        self.name = self.header.stem
        self.library = folder / f"_{self.name}.so"

    def source_hash(self) -> str:
        """Hash of header and sources, 16 hex characters."""
        digest = hashlib.sha256()
        for path in (self.header, *self.sources):
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]

    def build(self) -> Path:
        """Compile the sources beside themselves; the old library stands until the new one is whole.

        Raises
        ------
        RuntimeError
            There is no compiler, or it refused the sources; with its words.
        """
        command = compiler()
        if command is None:
            raise RuntimeError("no C compiler was found -> run: pip install ziglang, or install gcc or clang")
        fresh = self.library.with_name(f"_{self.name}.{os.getpid()}.so")
        sources = [str(path) for path in self.sources]
        line = [*command, *_FLAGS, f'-DSOURCE_HASH="{self.source_hash()}"', *sources, "-o", str(fresh), "-lm"]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            fresh.unlink(missing_ok=True)
            raise RuntimeError(f"{' '.join(command)} could not compile {self.name}:\n{done.stderr}")
        fresh.replace(self.library)
        return self.library

    def load(self, fix: str) -> ctypes.CDLL:
        """Load the library and check that it was built from these sources.

        Parameters
        ----------
        fix : str
            The command that builds it, said in the error.

        Raises
        ------
        CorruptArtifact
            It is absent, of other sources, or of another machine.
        """
        from augury.core.errors import CorruptArtifact

        try:
            found = ctypes.CDLL(str(self.library))
            built = text_of(found, f"augury_{self.name}_source")
        except (OSError, ValueError) as error:
            raise CorruptArtifact(f"the compiled {self.name} cannot be loaded: {error}", fix=fix) from error
        if built != self.source_hash():
            raise CorruptArtifact(f"the compiled {self.name} was built from other sources than these", fix=fix)
        return found


def text_of(library: ctypes.CDLL, name: str) -> str:
    """Read a text constant of a library.

    Raises
    ------
    ValueError
        The library has no such name.
    """
    return (ctypes.c_char_p.in_dll(library, name).value or b"").decode()


def compiler() -> list[str] | None:
    """The command of a C compiler: ``$CC``, the system's, or the one of the ``ziglang`` package."""
    for name in (os.environ.get("CC", ""), "cc", "gcc", "clang"):
        if name and shutil.which(name.split()[0]):
            return name.split()
    found = subprocess.run([sys.executable, "-m", "ziglang", "version"], capture_output=True, check=False)
    return [sys.executable, "-m", "ziglang", "cc"] if found.returncode == 0 else None


def native_folders(package: Path) -> list[NativeFolder]:
    """Every folder of C sources below a package, in the order of their paths."""
    return [NativeFolder(folder) for folder in sorted({path.parent for path in package.rglob("*.c")})]
