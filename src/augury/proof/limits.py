"""The limits of the gates: one versioned file, each value with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Final

from augury.core.errors import UsageError
from augury.core.hashing import sha256_json

FILE: Final = "gates.yaml"


@dataclass(frozen=True)
class Limits:
    """Named values with reasons.

    Parameters
    ----------
    version : int
        Raised with every change of a value; the file's notes say why.
    values : dict
        ``gate.limit`` to value.
    reasons : dict
        ``gate.limit`` to why it is that value.

    Examples
    --------
    >>> limits = load_limits()
    >>> limits["overfit.gap_max"], limits.replace({"too_good.ic_max": 0.5})["too_good.ic_max"]
    (0.2, 0.5)
    """

    version: int
    values: dict[str, float]
    reasons: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        if name not in self.values:
            raise UsageError(f"unknown gate limit '{name}' (known: {', '.join(sorted(self.values))})")
        return self.values[name]

    @property
    def hash(self) -> str:
        """Content hash of the values (64 hex): a moved limit shows."""
        return sha256_json(self.values)

    def replace(self, changes: Mapping[str, float]) -> Limits:
        """Return limits with some values changed: a synthetic market may plant more than markets hold.

        Parameters
        ----------
        changes : mapping
            ``gate.limit`` to its other value.

        Raises
        ------
        UsageError
            An unknown name.
        """
        for name in changes:
            self[name]
        return Limits(self.version, {**self.values, **changes}, self.reasons)


@lru_cache(maxsize=1)
def load_limits() -> Limits:
    """Read the limits shipped with the package.

    Examples
    --------
    >>> limits = load_limits()
    >>> len(limits.hash), set(limits.values) == set(limits.reasons)
    (64, True)
    """
    return read_limits(FILE, "gates")


def read_limits(file: str, section: str) -> Limits:
    """Read a file of limits in this room: ``version``, dated ``notes``, and groups of values with reasons.

    Parameters
    ----------
    file : str
        Its name, e.g. ``gates.yaml``.
    section : str
        Under which the groups stand.
    """
    import yaml

    content = yaml.safe_load(resources.files("augury.proof").joinpath(file).read_text(encoding="utf-8"))
    entries = {f"{group}.{name}": entry for group, limits in content[section].items() for name, entry in limits.items()}
    return Limits(
        content["version"],
        {name: float(entry["value"]) for name, entry in entries.items()},
        {name: str(entry["reason"]) for name, entry in entries.items()},
    )
