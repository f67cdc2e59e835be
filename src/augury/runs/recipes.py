"""Recipes by name or from a YAML file."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Final

from augury.core.errors import NotFound, UnknownName, UsageError
from augury.core.recipe import Recipe
from augury.models import MEMBERS

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
        No such recipe or member, with the near miss.
    NotFound
        No such file.
    UsageError
        Not a mapping, an unknown key, or a value out of range.
    """
    if name in RECIPES:
        return RECIPES[name]
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        near = difflib.get_close_matches(name, RECIPES, n=1)
        hint = f", did you mean '{near[0]}'?" if near else ""
        raise UnknownName(f"unknown recipe '{name}'{hint} (known: {', '.join(RECIPES)}, or a .yaml file)")
    return _read(path)


def _read(path: Path) -> Recipe:
    import yaml

    if not path.is_file():
        raise NotFound(f"no such recipe file: {path}", fix="augury train --recipe default")
    try:
        content = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise UsageError(f"recipe {path} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise UsageError(f"recipe {path} must be a mapping, found {type(content).__name__}")
    recipe = Recipe.from_json({"name": path.stem} | content)
    for member in recipe.members:
        MEMBERS.load(member)
    return recipe
