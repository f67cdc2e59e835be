"""The recipe: which members, how they are split, weighed and seeded."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from augury.core.errors import UsageError
from augury.core.hashing import sha256_json
from augury.core.seeds import DEFAULT_SEED
from augury.core.typing import Json

_KINDS: Final[dict[str, type]] = {
    "name": str, "members": dict, "horizons": tuple, "feature_set": str, "folds": int, "train_fraction": float,
    "weights": str, "max_bars": int, "seed": int, "calibration": str, "bands": str,
}  # fmt: skip
_WORDS: Final[dict[type, str]] = {
    str: "a text", dict: "a mapping", tuple: "a list", int: "a whole number", float: "a number",
}  # fmt: skip
CALIBRATIONS: Final = ("shrinkage", "isotonic")
_LATER: Final = {"calibration": "shrinkage", "bands": "conformal"}
"""Keys younger than the first versions: written only where they differ, so that the hashes of older recipes stand."""
BARS_MIN: Final = 100
"""Training needs as many labelled rows; fewer bars cannot give them."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of one training, complete: nothing else changes the result.

    Parameters
    ----------
    name : str
        Shown with every version made from it.
    members : dict
        Catalogue name of a member to the settings that differ from its defaults.
    horizons : tuple of str
        Empty means the timeframe's own list.
    feature_set : str
        Name of a feature set.
    folds : int
        Expanding out-of-fold folds for weights, bands and calibration, 2..20; more folds cost
        proportionally more time and give later rows better models.
    train_fraction : float
        0.5..0.9; the rest is the report slice.
    weights : str
        Rule of ``models/ensemble/weights``.
    max_bars : int
        Newest bars used, >= 100.
    seed : int
    calibration : str
        ``shrinkage`` draws probabilities to the class frequencies as far as they have not earned
        more; ``isotonic`` moves each class by a curve of its own, and leaves them ``raw`` where too
        few outcomes are known.
    bands : str
        Shape of ``models/bands`` that gives the bands their width from bar to bar.

    Examples
    --------
    >>> Recipe(members={"rf": {}}).replace(seed=7).seed
    7
    >>> Recipe.from_json({"foldz": 5})
    Traceback (most recent call last):
        ...
    augury.core.errors.UsageError: unknown recipe key 'foldz' (known: name, members, ...)
    """

    name: str = "default"
    members: dict[str, dict[str, Any]] = field(default_factory=lambda: {"logreg": {}, "rf": {}, "gb": {}, "lgbm": {}})
    horizons: tuple[str, ...] = ()
    feature_set: str = "starter"
    folds: int = 5
    train_fraction: float = 0.7
    weights: str = "ridge"
    max_bars: int = 5000
    seed: int = DEFAULT_SEED
    calibration: str = _LATER["calibration"]
    bands: str = _LATER["bands"]

    def __post_init__(self) -> None:
        for key, kind in _KINDS.items():
            value = getattr(self, key)
            allowed: tuple[type, ...] = (int, float) if kind is float else (kind,)
            if not isinstance(value, allowed) or isinstance(value, bool):
                raise UsageError(f"{key}={value!r} is a {type(value).__name__}, a recipe needs {_WORDS[kind]} there")
        for member, settings in self.members.items():
            if not isinstance(member, str) or not isinstance(settings, dict):
                raise UsageError(f"member {member!r} has settings {settings!r}, needed a mapping ({{}} for defaults)")
        for horizon in self.horizons:
            if not isinstance(horizon, str):
                raise UsageError(f"horizon {horizon!r} has no unit, e.g. 4h, 5d, 2w")
        if not self.members:
            raise UsageError("a recipe needs at least one member")
        if not 2 <= self.folds <= 20:
            raise UsageError(f"folds={self.folds} is outside 2..20")
        if not 0.5 <= self.train_fraction <= 0.9:
            raise UsageError(f"train_fraction={self.train_fraction} is outside 0.5..0.9")
        if self.calibration not in CALIBRATIONS:
            raise UsageError(f"calibration={self.calibration!r} is not one of {', '.join(CALIBRATIONS)}")
        if self.max_bars < BARS_MIN:
            raise UsageError(f"max_bars={self.max_bars} is below {BARS_MIN}")

    @property
    def hash(self) -> str:
        """Content hash (64 hex)."""
        return sha256_json(self.to_json())

    def replace(self, **changes: Any) -> Recipe:
        """Return a recipe with some settings changed."""
        return Recipe.from_json(self.to_json() | changes)

    def to_json(self) -> Json:
        """Write as a JSON object."""
        written = asdict(self) | {"horizons": list(self.horizons)}
        return {key: value for key, value in written.items() if key not in _LATER or value != _LATER[key]}

    @classmethod
    def from_json(cls, value: Json) -> Recipe:
        """Read a JSON object; unknown keys are errors.

        Raises
        ------
        UsageError
            An unknown key or a value out of range.
        """
        known = [item.name for item in fields(cls)]
        for key in value:
            if key not in known:
                raise UsageError(f"unknown recipe key '{key}' (known: {', '.join(known)})")
        horizons = value.get("horizons", ())
        return cls(**(value | {"horizons": tuple(horizons) if isinstance(horizons, list | tuple) else horizons}))
