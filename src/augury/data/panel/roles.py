"""What each column of a panel is for: a model receives what is declared feature or flag, nothing else.

key       symbol and ts
price     open, high, low, close, volume, adj_close
feature   a number a model may read
flag      0 or 1 beside the features, e.g. valid_volume
target    what is to be forecast; can never be selected
exposure  what a portfolio is held neutral to
meta      everything else: a new column stays here until someone declares it
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl

from augury.core.bars import BAR_SCHEMA
from augury.core.errors import LeakError, NotFound, SchemaMismatch, UnknownName, UsageError
from augury.core.hashing import sha256_json
from augury.core.manifest import FeatureManifest
from augury.core.suggestion import did_you_mean
from augury.core.tables import FORWARD_RETURN, LABEL, LABEL_END
from augury.core.typing import Json

ROLES: Final = ("key", "price", "feature", "flag", "target", "exposure", "meta")
KEYS: Final = ("symbol", "ts")
PRICES: Final = (*(name for name in BAR_SCHEMA if name not in KEYS), "adj_close")
VALID: Final = "valid_"
"""Prefix of the flag that tells where a group of columns is known."""
_TARGET: Final = re.compile(rf"{FORWARD_RETURN}(_.*)?|{LABEL}|{LABEL_END}")
_AMBIGUOUS: Final = re.compile(r"returns?_(h|\d+[a-z]*)")


@dataclass(frozen=True)
class Roles:
    """The declared role of each column, in the order of declaration.

    Parameters
    ----------
    declared : mapping of str to str
        Column name to one of ``ROLES``. The order of features, then of flags, is the order in which
        a model sees them.

    Raises
    ------
    UnknownName
        A role that does not exist.
    UsageError
        A name that does not say which way it looks (``returns_5``).
    LeakError
        A forward return or a label declared as anything but target.

    Examples
    --------
    >>> roles = Roles({"rsi_14": "feature", "valid_volume": "flag", "fwd_ret_5": "target"})
    >>> roles.inputs, roles.role("sector"), roles.role("close")
    (('rsi_14', 'valid_volume'), 'meta', 'price')
    """

    declared: Mapping[str, str]

    def __post_init__(self) -> None:
        for name, role in self.declared.items():
            _check(name, role)

    def role(self, name: str) -> str:
        """Return the role of a column; keys and prices are known by name, the undeclared are meta."""
        if name in KEYS:
            return "key"
        return self.declared.get(name, "price" if name in PRICES else "target" if _TARGET.fullmatch(name) else "meta")

    def named(self, role: str) -> tuple[str, ...]:
        """Return the declared columns of one role, in order."""
        return tuple(name for name, found in self.declared.items() if found == role)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """What a model may read: the features, then the flags."""
        return self.named("feature") + self.named("flag")

    @cached_property
    def hash(self) -> str:
        """Hash of names, roles and their order (64 hex)."""
        return sha256_json(list(self.declared.items()))

    def select(self, frame: pl.DataFrame, names: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the columns a model may read, in declared order; nulls stay null.

        Parameters
        ----------
        frame : pl.DataFrame
            With at least every feature and flag.
        names : sequence of str, optional
            Only these, in this order; each must be a feature or a flag.

        Raises
        ------
        LeakError
            A target was asked for.
        SchemaMismatch
            A column of another role was asked for, or a declared one is missing from the frame.

        Examples
        --------
        >>> frame = pl.DataFrame({"fwd_ret_5": [0.1], "rsi_14": [55.0], "sector": ["Energy"]})
        >>> Roles({"rsi_14": "feature", "fwd_ret_5": "target"}).select(frame).columns
        ['rsi_14']
        """
        wanted = self.inputs if names is None else tuple(names)
        self.check_inputs(wanted)
        if missing := [name for name in wanted if name not in frame.columns]:
            raise SchemaMismatch(
                f"{len(wanted)} inputs are declared, the frame lacks {missing[:8]}; nothing is filled in for them",
                missing=missing,
            )
        return frame.select(wanted)

    def check_inputs(self, names: Iterable[str]) -> None:
        """Refuse names that no model may read.

        Raises
        ------
        LeakError
            One is a target.
        SchemaMismatch
            One is of another role, or not declared.
        """
        for name in names:
            role = self.role(name)
            if role == "target":
                raise LeakError(f"'{name}' is a target: it is what is to be forecast and can never be an input")
            if role not in ("feature", "flag"):
                hint = did_you_mean(name, self.inputs)
                raise SchemaMismatch(f"'{name}' has role {role}{hint}: inputs are declared feature or flag", name=name)

    def to_json(self) -> Json:
        """Write as ``{role: [names]}``, the form of a roles file."""
        return {role: list(self.named(role)) for role in ROLES if self.named(role)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Roles:
        """Read what :meth:`to_json` wrote, or a feature manifest.

        Raises
        ------
        UsageError
            Not a mapping of roles to lists of names, or a column under two roles.
        """
        if "features" in value:
            return cls.from_manifest(FeatureManifest.from_json(dict(value)))
        declared: dict[str, str] = {}
        for role, names in value.items():
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise UsageError(f"role '{role}' needs a list of column names, found {names!r:.60}")
            for name in names:
                if name in declared:
                    raise UsageError(f"column '{name}' is declared {declared[name]} and {role}: one role each")
                declared[name] = role
        return cls(declared)

    @classmethod
    def from_manifest(cls, manifest: FeatureManifest, columns: Iterable[str] = ()) -> Roles:
        """Declare a manifest's features and, of the other columns, those whose name says what they are.

        Parameters
        ----------
        manifest : FeatureManifest
            Its columns become features, in its order.
        columns : iterable of str
            Further columns of the panel: ``valid_*`` become flags, forward returns and labels
            targets; the rest stay meta.
        """
        return cls.of_columns(manifest.names, columns)

    @classmethod
    def of_columns(cls, features: Iterable[str], columns: Iterable[str]) -> Roles:
        """Declare named features, and of the other columns those whose name says what they are.

        Examples
        --------
        >>> Roles.of_columns(["rsi_14"], ["rsi_14", "valid_volume", "fwd_ret_5", "sector"]).to_json()
        {'feature': ['rsi_14'], 'flag': ['valid_volume'], 'target': ['fwd_ret_5']}
        """
        declared = dict.fromkeys(features, "feature")
        for name in columns:
            _refuse_ambiguous(name)
            if name not in declared and (role := _by_name(name)):
                declared[name] = role
        return cls(declared)

    @classmethod
    def read(cls, path: Path) -> Roles:
        """Read a roles file, YAML or JSON: ``{role: [names]}``, or a feature manifest.

        Raises
        ------
        NotFound
            There is no such file.
        UsageError
            It is not such a mapping.
        """
        if not path.is_file():
            raise NotFound(f"no such roles file: {path}", path=str(path))
        value = _parsed(path)
        if not isinstance(value, dict):
            raise UsageError(f"{path.name} must map roles to lists of columns, found {type(value).__name__}")
        return cls.from_json(value)


def _parsed(path: Path) -> Any:
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"roles file {path.name} cannot be read: {' '.join(str(error).split())[:160]}") from error


def _check(name: str, role: str) -> None:
    if role not in ROLES:
        hint = did_you_mean(role, ROLES)
        raise UnknownName(f"column '{name}': unknown role '{role}'{hint} (known: {', '.join(ROLES)})", name=role)
    if (role == "key") != (name in KEYS):
        raise UsageError(f"column '{name}' is declared {role}: the keys of a panel are symbol and ts, no others")
    _refuse_ambiguous(name)
    if _TARGET.fullmatch(name) and role != "target":
        raise LeakError(f"column '{name}' is declared {role}: it looks ahead, so its role is target")


def _refuse_ambiguous(name: str) -> None:
    if (found := _AMBIGUOUS.fullmatch(name)) is not None:
        past, ahead = f"past_ret_{found[1]}", f"fwd_ret_{found[1]}"
        raise UsageError(f"column '{name}' does not say which way it looks: name it {past} or {ahead}", name=name)


def _by_name(name: str) -> str:
    if _TARGET.fullmatch(name):
        return "target"
    return "flag" if name.startswith(VALID) else ""
