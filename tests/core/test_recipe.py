"""A recipe is complete: nothing else changes the result."""

from __future__ import annotations

import pytest

from augury.core.errors import UsageError
from augury.core.recipe import Recipe


def test_a_recipe_reads_back_and_a_changed_setting_changes_its_hash() -> None:
    recipe = Recipe(horizons=("5d",))
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert recipe.replace(seed=7).hash != recipe.hash
    assert recipe.replace(seed=recipe.seed).hash == recipe.hash


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"members": {}}, "at least one member"),
        ({"folds": 1}, r"folds=1 is outside 2\.\.20"),
        ({"train_fraction": 0.95}, r"train_fraction=0\.95 is outside"),
        ({"fold": 5}, "unknown recipe key 'fold'"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Recipe().replace(**changes)
