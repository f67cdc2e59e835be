"""The catalogue: a folder is a kind, a file is a name, and it is imported when it is used.

Adding a member, check, source, feature family … is adding one file. Each file defines exactly one
public object named by the kind's convention (see :class:`Catalog`).

The file may also lie outside Augury: in ``$AUGURY_PLUGINS/<folder>/<name>.py``, where the folder has
the name of the catalogue's (``families``, ``checks``, ``sources``, ``tabular`` …). Such files are code of
the user and are run as such.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from augury.core.errors import UnknownName
from augury.core.suggestion import did_you_mean

T = TypeVar("T")
PLUGINS = "AUGURY_PLUGINS"
"""Environment variable that names the user's own folder of parts."""


@dataclass(frozen=True)
class Catalog(Generic[T]):
    """Everything of one kind, found by the name of its file.

    Parameters
    ----------
    kind : str
        The word used in messages, e.g. ``"member"``.
    packages : tuple of str
        Import paths of the folders, e.g. ``("augury.models.baseline", "augury.models.tabular")``.
    attribute : str
        The public name each file defines, e.g. ``"MEMBER"``.

    Examples
    --------
    >>> sources = Catalog("source", ("augury.data.sources",), "SOURCE")
    >>> "synthetic" in sources.names()
    True
    >>> sources.load("synthetc")
    Traceback (most recent call last):
        ...
    augury.core.errors.UnknownName: unknown source 'synthetc', did you mean 'synthetic'? ...
    """

    kind: str
    packages: tuple[str, ...]
    attribute: str

    def names(self) -> list[str]:
        """Every name, sorted; nothing is imported."""
        return sorted(name for package in self.packages for name in _files(package))

    def load(self, name: str) -> T:
        """Import one entry.

        Raises
        ------
        UnknownName
            With the nearest name and the whole list.
        """
        for package in self.packages:
            # An entry that is already imported needs no look at the folder: checks load dozens per frame.
            if f"{package}.{name}" in sys.modules or name in _files(package):
                _joined(package)
                found: T = getattr(importlib.import_module(f"{package}.{name}"), self.attribute)
                return found
        hint = did_you_mean(name, self.names())
        raise UnknownName(f"unknown {self.kind} '{name}'{hint} (known: {', '.join(self.names())})", name=name)

    def __iter__(self) -> Iterator[tuple[str, T]]:
        """Import and yield every entry with its name, sorted by name."""
        for name in self.names():
            yield name, self.load(name)


def _files(package: str) -> list[str]:
    # find_spec imports parents only, which are light; the files themselves stay unimported.
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        return []
    folders = {str(Path(folder)) for folder in spec.submodule_search_locations} | set(_plugins(package))
    return [found.name for found in pkgutil.iter_modules(sorted(folders)) if not found.name.startswith("_")]


def _plugins(package: str) -> list[str]:
    """The user's folder for a package, when there is one."""
    root = os.environ.get(PLUGINS, "")
    folder = Path(root) / package.rpartition(".")[2]
    return [str(folder.resolve())] if root and folder.is_dir() else []


def _joined(package: str) -> None:
    """Let files of the user's folder be imported as if they lay in the package."""
    for folder in _plugins(package):
        path = importlib.import_module(package).__path__
        if folder not in path:
            path.append(folder)
