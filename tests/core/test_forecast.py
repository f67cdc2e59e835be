"""The forecast refuses to exist when it breaks a promise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core.errors import AuguryError, DataError, NotAForecast
from augury.core.forecast import FLAGS, QUANTILES, Forecast

SAID = datetime(2018, 12, 31, 21, tzinfo=UTC)
GOOD = Forecast(
    symbol="^GSPC",
    timeframe="d1",
    horizon="5d",
    made_at=SAID,
    data_until=SAID,
    matures_at=SAID + timedelta(days=8),
    version="20181231T210000Z-abcdef",
    artifact_hash="a" * 64,
    label_spec_hash="b" * 64,
    data_hash="c" * 64,
    feature_hash="d" * 64,
    label="BULLISH",
    p_bearish=0.2,
    p_neutral=0.3,
    p_bullish=0.5,
    confidence=0.5,
    agreement=None,
    current_price=2506.85,
    expected_return=0.004,
    quantiles={name: level - 0.5 for name, level in QUANTILES.items()},
    verdict="skill",
    weights={"rf": 1.0},
    flags=("replay",),
)


@pytest.mark.parametrize(
    "changes",
    [
        {"data_until": SAID + timedelta(seconds=1)},
        {"matures_at": SAID},
        {"made_at": SAID + timedelta(days=9)},
    ],
)
def test_what_is_said_after_the_outcome_or_before_its_data_is_no_forecast(changes: dict[str, datetime]) -> None:
    with pytest.raises(NotAForecast, match=r"data_until <= made_at < matures_at"):
        replace(GOOD, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p_bullish": 0.6}, "not a distribution"),
        ({"p_bearish": -0.1, "p_bullish": 0.8}, "not a distribution"),
        ({"expected_return": float("nan")}, "finite numbers only"),
        ({"current_price": float("inf")}, "finite numbers only"),
        ({"quantiles": GOOD.quantiles | {"q10": 0.9}}, "quantiles cross"),
        ({"quantiles": GOOD.quantiles | {"q50": float("nan")}}, "finite numbers only"),
        ({"label": "UP"}, "unknown"),
        ({"flags": ("guessed",)}, "unknown"),
    ],
)
def test_impossible_numbers_and_unknown_words_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        replace(GOOD, **changes)


def test_bands_are_the_named_quantiles() -> None:
    assert GOOD.band(80) == (GOOD.quantiles["q10"], GOOD.quantiles["q90"])
    assert GOOD.band(95) == (GOOD.quantiles["q025"], GOOD.quantiles["q975"])
    assert all(GOOD.band(90)[0] <= GOOD.band(level)[0] for level in (50, 80))


def test_a_row_reads_back_as_the_same_forecast() -> None:
    assert Forecast.from_json(GOOD.to_json()) == GOOD


def test_the_content_hash_ignores_when_and_under_which_name_it_was_said_and_nothing_else() -> None:
    later = replace(GOOD, made_at=SAID + timedelta(hours=1), version="other")
    assert later.content_hash == GOOD.content_hash
    others = [
        replace(GOOD, expected_return=0.0041),
        replace(GOOD, symbol="^IXIC"),
        replace(GOOD, flags=()),
        replace(GOOD, weights={"rf": 0.9, "gb": 0.1}),
        replace(GOOD, quantiles=GOOD.quantiles | {"q50": 0.001}),
    ]
    assert len({GOOD.content_hash, *(other.content_hash for other in others)}) == len(others) + 1


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.lists(st.floats(-1, 1), min_size=9, max_size=9))
def test_whatever_exists_is_a_distribution_with_an_ordered_ladder(parts: list[float], ladder: list[float]) -> None:
    names = ("p_bearish", "p_neutral", "p_bullish")
    try:
        made = replace(
            GOOD, **dict(zip(names, parts, strict=True)), quantiles=dict(zip(QUANTILES, ladder, strict=True))
        )
    except AuguryError:
        return
    assert abs(sum(made.probabilities) - 1) <= 1e-6
    assert list(made.quantiles.values()) == sorted(made.quantiles.values())


def test_flags_are_listed_in_order() -> None:
    assert sorted(FLAGS) == list(FLAGS)
