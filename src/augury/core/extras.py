"""Optional packages: loaded on first use, and when missing, the exact line that installs them."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

from augury.core.errors import MissingExtra


def _missing(package: str, extra: str) -> MissingExtra:
    return MissingExtra(
        f"{package} is not installed", fix=f'pip install "augury[{extra}]"', package=package, extra=extra
    )


def require(module: str, *, extra: str) -> ModuleType:
    """Import an optional module, or say how to get it.

    Parameters
    ----------
    module : str
        Import path, e.g. ``"torch"``.
    extra : str
        The extra of Augury that brings it, e.g. ``"deep"``.

    Raises
    ------
    MissingExtra
        With the pip line as ``fix``.

    Examples
    --------
    >>> require("json", extra="all").__name__
    'json'
    >>> require("no_such_package", extra="deep")
    Traceback (most recent call last):
        ...
    augury.core.errors.MissingExtra: no_such_package is not installed -> run: pip install "augury[deep]"
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise _missing(package, extra) from error


def installed(package: str, *, extra: str) -> None:
    """Say how to get an optional package that is missing, without importing it where it is there.

    Raises
    ------
    MissingExtra
        As :func:`require`.
    """
    if importlib.util.find_spec(package) is None:
        raise _missing(package, extra)


def package_folder(package: str, *, extra: str) -> Path:
    """Find where a package lies on disk without importing it (its data files are what is wanted)."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise _missing(package, extra)
    return Path(found.origin).parent
