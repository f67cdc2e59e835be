"""The generated test of a family: it finds each broken promise and names it; the house's own families keep all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from augury.core.errors import NotFound, UsageError
from augury.features.contract import Breach, breaches, load_family
from augury.features.family import Family, Feature
from augury.features.feature_sets import FAMILIES
from augury.features.language import Term, close, column, ema, high, lag, mean, rolling, volume


def promises(*features: Feature) -> list[tuple[str, str]]:
    return [(breach.feature, breach.promise) for breach in breaches(Family("tried", "", features))]


def across(function: object) -> Term:
    """A function that looks from one window to the next, which the words cannot say."""
    return rolling(function, close, bars=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FAMILIES.names())
def test_every_family_of_the_house_keeps_every_promise(name: str) -> None:
    assert breaches(FAMILIES.load(name)) == []


def test_a_feature_that_sees_the_next_bar_is_not_causal() -> None:
    ahead = across(lambda w: np.append(w[1:, 0], w[-1, 0]) / w[:, 0])
    assert ("ahead", "causal") in promises(Feature("ahead", 1, ahead))


def test_a_feature_scaled_by_the_whole_sample_is_not_causal() -> None:
    assert ("scaled", "causal") in promises(Feature("scaled", 1, across(lambda w: w[:, 0] / w.max())))


def test_a_feature_in_price_units_says_so_or_is_named() -> None:
    gain = close - lag(close, 3)
    assert promises(Feature("gain", 4, gain)) == [("gain", "scale-free")]
    assert promises(Feature("gain", 4, gain, scale_free=False)) == []


def test_a_lookback_that_is_too_short_leaves_a_value_unknown_and_is_named() -> None:
    assert promises(Feature("short", 5, close / mean(close, 20))) == [("short", "finite")]


def test_an_infinite_feature_is_named_with_its_bar() -> None:
    found = breaches(Family("tried", "", (Feature("broken", 1, high / (high - close)),)))
    assert found[0].promise == "finite"
    assert "infinite at bar" in found[0].found


def test_a_constant_is_not_alive_but_a_flag_may_be_quiet() -> None:
    assert promises(Feature("same", 1, close / close)) == [("same", "alive")]
    assert promises(Feature("never", 1, close > 2.0 * high, unit="flag")) == []


def test_recursions_joined_columns_and_volume_are_tried_too() -> None:
    good = (
        Feature("a", 30, ema(close, 30) / close),
        Feature("b", 3, mean(column("anything"), 3), unit="ratio"),
        Feature("c", 2, lag(volume + 1.0, 1) / (volume + 1.0), unit="ratio"),
    )
    assert promises(*good) == []


def test_a_breach_is_a_json_object() -> None:
    assert Breach("a", "causal", "b").to_json() == {"feature": "a", "promise": "causal", "found": "b"}


@pytest.mark.parametrize(
    ("text", "message"),
    [("x = 1\n", "defines no FAMILY"), ("from augury.features.families.trend import FAMILY\n", "is named 'trend'")],
)
def test_a_file_without_its_family_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(UsageError, match=message):
        load_family(tmp_path / "mine.py")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"absent\.py"):
        load_family(tmp_path / "absent.py")
