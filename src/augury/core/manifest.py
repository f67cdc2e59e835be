"""The feature manifest: the allow-list of columns a model may see, and its hash."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

from augury.core.errors import SchemaMismatch
from augury.core.hashing import sha256_json
from augury.core.typing import Json


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """What one feature declares about itself.

    Parameters
    ----------
    name : str
        Column name, lower case.
    family : str
        The file in ``features/families`` it comes from.
    inputs : tuple of str
        Bar columns it reads; a source that lacks one does not get the feature.
    lookback_bars : int
        Bars that must exist before the value is non-null, the current one included, >= 1.
    unit : str
        ``fraction``, ``ratio``, ``score``, ``flag`` …
    scale_free : bool
        True when multiplying all prices by a constant changes nothing.
    source : str
        Paper or reference of the definition.
    version : int
        Raised when the formula changes, so that the manifest's hash changes.
    """

    name: str
    family: str
    inputs: tuple[str, ...]
    lookback_bars: int
    unit: str = "ratio"
    scale_free: bool = True
    source: str = ""
    version: int = 1


_FIELDS = tuple(item.name for item in fields(FeatureSpec))


@dataclass(frozen=True)
class FeatureManifest:
    """An ordered list of features; a model refuses columns whose manifest hash differs.

    Examples
    --------
    >>> manifest = FeatureManifest((FeatureSpec("rsi_14", "momentum", ("close",), 15),))
    >>> manifest.names, len(manifest.hash), FeatureManifest.from_json(manifest.to_json()) == manifest
    (('rsi_14',), 64, True)
    """

    features: tuple[FeatureSpec, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def hash(self) -> str:
        """Hash of names, order and formula versions (64 hex)."""
        return sha256_json([[feature.name, feature.version] for feature in self.features])

    @property
    def lookback_bars(self) -> int:
        """Bars needed before every feature is non-null."""
        return max((feature.lookback_bars for feature in self.features), default=1)

    def check(self, names: tuple[str, ...]) -> None:
        """Refuse columns that are missing, extra or reordered; nothing is filled in.

        Raises
        ------
        SchemaMismatch
            Listing the difference.
        """
        if names == self.names:
            return
        missing = [name for name in self.names if name not in names]
        extra = [name for name in names if name not in self.names]
        what = [f"missing {missing}"] if missing else []
        what += [f"extra {extra}"] if extra else []
        what = what or ["the same names in another order"]
        raise SchemaMismatch(
            f"features differ from the manifest {self.hash[:12]} ({len(self.names)} columns): {'; '.join(what)}",
            fix="augury train --symbol SYMBOL --timeframe TIMEFRAME",
            missing=missing,
            extra=extra,
        )

    def to_json(self) -> Json:
        """Write as a JSON object."""
        # Not dataclasses.asdict: it copies every value, and a forecast reads dozens of manifests.
        specs = [{name: getattr(feature, name) for name in _FIELDS} for feature in self.features]
        return {"hash": self.hash, "features": [spec | {"inputs": list(spec["inputs"])} for spec in specs]}

    @classmethod
    def from_json(cls, value: Json) -> FeatureManifest:
        """Read what :meth:`to_json` wrote."""
        specs = (FeatureSpec(**(item | {"inputs": tuple(item["inputs"])})) for item in value["features"])
        return cls(tuple(specs))
