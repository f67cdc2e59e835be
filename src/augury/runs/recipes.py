"""Recipes by name or from a YAML file."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Final

from augury.core.errors import MissingExtra, NotFound, UnknownName, UsageError
from augury.core.recipe import Recipe
from augury.core.suggestion import did_you_mean
from augury.core.timeframe import Horizon
from augury.models.bands import BAND_SHAPES
from augury.models.members import RECIPE_MEMBERS

RECIPES: Final = {
    "default": Recipe(),
    "demo": Recipe(
        name="demo",
        members={
            "logreg": {},
            "rf": {"n_estimators": 60, "max_depth": 8},
            "gb": {"n_estimators": 30, "max_depth": 4},
            "lgbm": {"n_estimators": 200, "learning_rate": 0.05, "num_leaves": 15, "patience": 25},
        },
        folds=3,
        max_bars=3500,
    ),
}
"""``default`` has the full settings; ``demo`` is smaller so that a first look takes under a minute."""


def load_recipe(name: str) -> Recipe:
    """Return a named recipe, or read a YAML file.

    Parameters
    ----------
    name : str
        A key of ``RECIPES`` or a path that ends in ``.yaml`` or ``.yml``.

    Raises
    ------
    UnknownName
        No such recipe, member, feature set or weight rule, with the near miss.
    NotFound
        No such file.
    UsageError
        Not a mapping, an unknown key, or a value out of range.
    """
    if name in RECIPES:
        return RECIPES[name]
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        hint = did_you_mean(name, RECIPES)
        raise UnknownName(f"unknown recipe '{name}'{hint} (known: {', '.join(RECIPES)}, or a .yaml file)")
    return _read(path)


def _read(path: Path) -> Recipe:
    import yaml

    from augury.features.feature_sets import feature_set
    from augury.models.ensemble.mixing import check_weights

    if not path.is_file():
        raise NotFound(f"no such recipe file: {path}", fix="augury train --recipe default")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"recipe {path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise UsageError(f"recipe {path} must be a mapping, found {type(content).__name__}")
    try:
        recipe = Recipe.from_json({"name": path.stem} | content)
        for horizon in recipe.horizons:
            Horizon.parse(horizon)
        feature_set(recipe.feature_set)
        check_weights(recipe.weights)
        BAND_SHAPES.load(recipe.bands)
        for member, settings in recipe.members.items():
            _check_settings(member, settings)
    except UsageError as error:
        raise type(error)(f"recipe {path}: {error.message}", fix=error.fix, **error.facts) from error
    return recipe


def _check_settings(member: str, settings: dict[str, Any]) -> None:
    """Refuse a setting the member does not have, or of another kind than its default, before hours are spent."""
    try:
        known = inspect.signature(RECIPE_MEMBERS.load(member)).parameters
    except MissingExtra:
        return  # training records the member as unavailable, with the line that installs it
    for name, value in settings.items():
        if name not in known:
            hint = did_you_mean(str(name), known)
            raise UsageError(f"member '{member}' has no setting '{name}'{hint} (known: {', '.join(known)})")
        usual = known[name].default
        if isinstance(usual, int | float) and not isinstance(value, int | float) and value is not None:
            raise UsageError(f"member '{member}': {name}={value!r} is not a number (default {usual})")
