"""The manifest of a model version: everything needed to believe it and to load it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from augury.core.hashing import sha256_json
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest
from augury.core.recipe import Recipe
from augury.core.score import Score, Verdict
from augury.core.typing import Json

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class MemberEntry:
    """One member as it took part.

    ``status`` is ``ready``, ``unavailable`` (an optional package or enough history is missing) or
    ``failed`` (it raised); the reason is kept and the weight is renormalised away, never replaced
    by a neutral answer. ``facts`` holds what the fit decided and the member's own scores.
    """

    name: str
    status: str
    reason: str = ""
    settings: Json = field(default_factory=dict)
    facts: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SliceFacts:
    """Where a slice lies: first and last ``ts`` (RFC 3339) and rows."""

    first: str
    last: str
    n: int


@dataclass(frozen=True)
class VersionManifest:
    """Immutable description of one version; ``content_hash`` covers all but names and times.

    Parameters
    ----------
    symbol, timeframe, horizon, calendar : str
    data_version : str
        Content hash of the bars.
    data_first, data_last : str
        ``ts`` of the first and last bar used, RFC 3339.
    features : FeatureManifest
    label_spec : LabelSpec
    recipe : Recipe
    members : tuple of MemberEntry
    weights : dict
        Member to weight; sums to 1.
    slices : dict
        ``train`` and ``valid``.
    scores : tuple of Score
        With n and interval; only those of slice ``report`` may be quoted.
    verdict : Verdict
    synthetic, degraded : bool
    events : tuple of dict
        What happened while fitting that a reader should know (dominance guard, dropped member …).
    libraries : dict
        Package to version.
    files : dict
        Relative path to sha256, every file of the folder but ``manifest.json``.
    version, created_at, parent : str
        Name (UTC time + 6 hex of the content hash), moment, version it was refreshed from.
    """

    symbol: str
    timeframe: str
    horizon: str
    calendar: str
    data_version: str
    data_first: str
    data_last: str
    features: FeatureManifest
    label_spec: LabelSpec
    recipe: Recipe
    members: tuple[MemberEntry, ...]
    weights: dict[str, float]
    slices: dict[str, SliceFacts]
    scores: tuple[Score, ...]
    verdict: Verdict
    synthetic: bool = False
    degraded: bool = False
    events: tuple[Json, ...] = ()
    libraries: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    version: str = ""
    created_at: str = ""
    parent: str = ""

    @cached_property
    def content_hash(self) -> str:
        """Hash of everything but version, created_at and parent (64 hex)."""
        named = {"version", "created_at", "parent", "content_hash"}
        return sha256_json({key: value for key, value in self._fields().items() if key not in named})

    @property
    def cell(self) -> str:
        """``SYMBOL timeframe horizon``, as written in messages."""
        return f"{self.symbol} {self.timeframe} {self.horizon}"

    def _fields(self) -> Json:
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "format": FORMAT,
            "features": self.features.to_json(),
            "label_spec": self.label_spec.to_json(),
            "recipe": self.recipe.to_json(),
            "members": [{name: getattr(one, name) for name in MemberEntry.__slots__} for one in self.members],
            "slices": {name: {"first": one.first, "last": one.last, "n": one.n} for name, one in self.slices.items()},
            "scores": [score.to_json() for score in self.scores],
            "verdict": self.verdict.to_json(),
            "events": list(self.events),
        }

    def to_json(self) -> Json:
        """Write as a JSON object; what members settled and what happened is shared with it, not copied."""
        # Not dataclasses.asdict: it copies every value, and a forecast reads hundreds of manifests.
        return self._fields() | {"content_hash": self.content_hash}

    @classmethod
    def from_json(cls, value: Json) -> VersionManifest:
        """Read what :meth:`to_json` wrote."""
        rest = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        return cls(
            **rest
            | {
                "features": FeatureManifest.from_json(value["features"]),
                "label_spec": LabelSpec.from_json(value["label_spec"]),
                "recipe": Recipe.from_json(value["recipe"]),
                "members": tuple(MemberEntry(**member) for member in value["members"]),
                "slices": {name: SliceFacts(**facts) for name, facts in value["slices"].items()},
                "scores": tuple(Score.from_json(score) for score in value["scores"]),
                "verdict": Verdict.from_json(value["verdict"]),
                "events": tuple(value["events"]),
            }
        )
