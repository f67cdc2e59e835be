from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core.errors import DataError
from augury.core.forecast import QUANTILES, Forecast
from augury.core.labelspec import LABELS, default_horizons
from augury.core.timeframe import Timeframe
from augury.models.consensus import Consensus, Source, agree, handoff_confidence, ladder, matches, quality
from augury.models.consensus.agreement import direction, table_weight
from augury.models.consensus.durations import durations
from augury.models.consensus.effective import correlations, effective_sources
from augury.models.consensus.handoff import CASCADE

NOW = datetime(2026, 11, 20, 21, tzinfo=UTC)
SESSION = 390


def said(
    timeframe: str, horizon: str = "5d", label: str = "BULLISH", confidence: float = 0.5, **changes: Any
) -> Source:
    proba = {"p_bearish": 0.2, "p_neutral": 0.3, "p_bullish": 0.5}
    fields: dict[str, Any] = {
        "symbol": "AAA", "timeframe": timeframe, "horizon": horizon, "made_at": NOW, "data_until": NOW,
        "matures_at": NOW + timedelta(days=7), "version": "v", "artifact_hash": "a" * 64, "label_spec_hash": "b" * 64,
        "data_hash": "c" * 64, "feature_hash": "d" * 64, "label": label, "confidence": confidence, "agreement": None,
        "current_price": 100.0, "expected_return": 0.01, "verdict": "skill", **proba,
        "quantiles": {name: (level - 0.5) / 10 for name, level in QUANTILES.items()},
    }  # fmt: skip
    return Source(Forecast(**(fields | changes)), f"{timeframe} {horizon}")


def one(*sources: Source, **options: Any) -> Consensus:
    (found,) = agree(sources, SESSION, **options)
    return found


def wave(shift: float) -> dict[date, float]:
    return {date(2026, 9, 1) + timedelta(days=day): float(np.sin(day * 0.7 + shift)) for day in range(60)}


@pytest.mark.parametrize(
    ("confidences", "labels", "targets", "wanted"),
    [
        ((0.60, 0.70), ("BULLISH", "BULLISH"), (100.0, 102.0), 0.90),
        ((0.60, 0.70), ("NEUTRAL", "BULLISH"), (100.0, 107.0), 0.75),
        ((0.35, 0.70), ("BULLISH", "BEARISH"), (100.0, 120.0), 0.425),
        ((0.50, 0.70), ("BULLISH", "BEARISH"), (100.0, 120.0), 0.60),
        ((0.40, 0.70), ("BULLISH", "BEARISH"), (100.0, 120.0), 0.50),
        ((0.95, 0.95), ("NEUTRAL", "NEUTRAL"), (100.0, 100.0), 1.0),
    ],
)
def test_the_hand_off_is_the_worked_example(
    confidences: tuple[float, float], labels: tuple[str, str], targets: tuple[float, float], wanted: float
) -> None:
    assert handoff_confidence(confidences, labels, targets) == pytest.approx(wanted, abs=1e-12)
    assert handoff_confidence(confidences[::-1], labels[::-1], targets[::-1]) == pytest.approx(wanted, abs=1e-12)


def test_a_hand_off_is_null_without_a_neighbour() -> None:
    found = one(said("m15", "1w"), said("h4"), said("d1"))
    handoffs = {voice.timeframe: voice.handoff for voice in found.voices}
    assert handoffs["m15"] is None
    assert handoffs["h4"] == handoffs["d1"] == found.handoffs[0][2]
    assert [pair[:2] for pair in found.handoffs] == [("h4", "d1")]


def test_horizons_match_by_duration_not_by_name() -> None:
    assert matches("1w", "5d", SESSION)
    assert not matches("4h", "1d", SESSION)
    assert matches("24h", "1d", 1440)
    assert {said.horizon for said in agree([said("m15", "1w"), said("h1")], SESSION)} == {"5d"}


def test_every_duration_but_the_shortest_and_longest_is_seen_from_two_timeframes() -> None:
    horizons = [(frame, str(h)) for frame in CASCADE for h in default_horizons(frame)]
    named = durations([h for _, h in horizons], SESSION)
    seen: dict[str, set[Timeframe]] = {}
    for frame, horizon in horizons:
        seen.setdefault(named[horizon], set()).add(frame)
    assert len(horizons) == 22
    assert {name for name, frames in seen.items() if len(frames) == 1} == {"4h", "45d", "60d", "120d", "180d", "360d"}


@pytest.mark.parametrize(("rho", "wanted"), [(0.0, 3.0), (0.5, 1.5), (0.8, 1.154), (1.0, 1.0)])
def test_effective_sources_are_the_worked_examples(rho: float, wanted: float) -> None:
    matrix = np.full((3, 3), rho) + (1 - rho) * np.eye(3)
    assert effective_sources(np.ones(3), matrix) == pytest.approx(wanted, abs=5e-4)
    assert effective_sources(np.array([0.6, 0.3, 0.1]), np.full((3, 3), 0.5) + 0.5 * np.eye(3)) == pytest.approx(
        1.370, abs=5e-4
    )


def test_three_copies_are_one_source_and_agree_with_nobody() -> None:
    histories = {(frame, "5d"): wave(0) for frame in ("h1", "h4", "d1")}
    found = one(said("h1"), said("h4"), said("d1"), histories=histories)
    assert found.n_eff == pytest.approx(1.0)
    assert (found.label, found.agreement) == ("BULLISH", None)
    assert "single_source" in found.flags


def test_a_consensus_carries_what_is_to_be_known_of_its_sources() -> None:
    found = one(said("h4", flags=("adapted",)), said("d1", flags=("replay", "synthetic")))
    assert {"adapted", "replay", "synthetic"} <= set(found.flags)
    assert "adapted" not in one(said("h4"), said("d1")).flags


def test_one_source_has_no_agreement() -> None:
    found = one(said("d1"))
    assert (found.n_eff, found.agreement, found.handoffs) == (1.0, None, ())


def test_independent_sources_agree() -> None:
    histories = {("h1", "5d"): wave(0), ("h4", "5d"): wave(np.pi / 2), ("d1", "5d"): wave(np.pi)}
    found = one(said("h1"), said("h4"), said("d1", label="BEARISH"), histories=histories)
    weights = {voice.timeframe: voice.weight for voice in found.voices}
    assert sum(weights.values()) == pytest.approx(1)
    assert found.n_eff > 1.2
    assert found.agreement == pytest.approx(weights["h1"] + weights["h4"])


def test_shrinking_brings_sources_together_and_never_apart() -> None:
    days = wave(0)
    measured = correlations([days, wave(np.pi / 2), {day: -value for day, value in days.items()}, {}])
    raw = float(np.corrcoef(list(days.values()), list(wave(np.pi / 2).values()))[0, 1])
    assert measured[0, 1] == pytest.approx(0.8 * raw + 0.16)
    assert measured[0, 2] == pytest.approx(-0.64)
    assert measured[0, 3] == 0.8


def test_abstainers_do_not_vote() -> None:
    loud = said("d1", label="NEUTRAL", confidence=0.9, flags=("abstain",))
    found = one(said("h4", confidence=0.4), loud)
    assert found.label == "BULLISH"
    assert [(voice.timeframe, voice.weight, voice.handoff) for voice in found.voices] == [
        ("h4", 1.0, None), ("d1", 0.0, None)
    ]  # fmt: skip
    assert found.confidence == 0.4


def test_when_all_abstain_the_row_abstains_and_keeps_its_bands() -> None:
    found = one(*(said(frame, label="NEUTRAL", flags=("abstain",)) for frame in ("h4", "d1")))
    assert (found.label, found.agreement, found.n_eff) == ("NEUTRAL", None, 0.0)
    assert {"abstain", "single_source"} <= set(found.flags)
    assert found.quantiles["q10"] < found.quantiles["q50"] < found.quantiles["q90"]


@pytest.mark.parametrize(
    ("sessions", "row"),
    [
        (0.6, (1.0, 0.8, 0.5, 0.3, 0.1)),
        (1, (0.8, 1.0, 0.8, 0.5, 0.3)),
        (7, (0.8, 1.0, 0.8, 0.5, 0.3)),
        (30, (0.3, 0.5, 1.0, 0.9, 0.5)),
        (90, (0.1, 0.3, 0.8, 1.0, 0.8)),
        (120, (0.05, 0.1, 0.5, 0.8, 1.0)),
    ],
)
def test_the_table_of_weights_is_the_published_one(sessions: float, row: tuple[float, ...]) -> None:
    assert tuple(table_weight(sessions, str(frame)) for frame in CASCADE) == row


def test_weights_are_table_times_confidence_times_hand_off() -> None:
    found = one(said("h4", confidence=0.6), said("d1", confidence=0.7), said("m15", "1w", confidence=0.5))
    raw = {"m15": 0.8 * 0.5, "h4": 0.8 * 0.6 * 0.9, "d1": 0.5 * 0.7 * 0.9}
    for voice in found.voices:
        assert voice.weight == pytest.approx(raw[voice.timeframe] / sum(raw.values()))


@pytest.mark.parametrize(
    ("bear", "neutral", "bull", "wanted"),
    [(0.5, 0.0, 0.5, "NEUTRAL"), (0.2, 0.4, 0.4, "NEUTRAL"), (0.25, 0.1, 0.3, "NEUTRAL"), (0.6, 0.0, 0.4, "BEARISH")],
)
def test_a_direction_must_lead(bear: float, neutral: float, bull: float, wanted: str) -> None:
    assert direction({"BEARISH": bear, "NEUTRAL": neutral, "BULLISH": bull}) == wanted


def test_returns_count_from_the_newest_price() -> None:
    old = said("d1", current_price=50.0, expected_return=1.0, data_until=NOW - timedelta(hours=20))
    found = one(said("h4", expected_return=0.0), old)
    assert found.current_price == 100.0
    assert found.expected_return == pytest.approx(0.0)


def test_a_source_whose_future_is_over_is_left_out() -> None:
    past = said("d1", made_at=NOW - timedelta(days=9), data_until=NOW - timedelta(days=9), matures_at=NOW)
    found = one(said("h4"), past)
    assert [voice.timeframe for voice in found.voices] == ["h4"]


def test_sources_of_two_symbols_are_refused() -> None:
    with pytest.raises(DataError, match="one symbol"):
        agree([said("h4"), said("d1", symbol="BBB")], SESSION)


def test_a_consensus_survives_its_json() -> None:
    found = replace(one(said("h4"), said("d1")), ladder={"take_profits": [1.0], "stop": None})
    assert Consensus.from_json(found.to_json()) == found


frames = st.lists(st.sampled_from([str(frame) for frame in CASCADE]), min_size=1, max_size=5, unique=True)
numbers = st.floats(-0.2, 0.2).map(lambda x: round(x, 6))


@hypothesis.settings(max_examples=40)
@given(frames, st.data())
def test_bands_hold_their_median_and_are_at_least_the_narrowest_source(names: list[str], data: st.DataObject) -> None:
    sources = []
    for name in names:
        ladder_ = dict(zip(QUANTILES, sorted(data.draw(st.lists(numbers, min_size=9, max_size=9))), strict=True))
        label, sure = data.draw(st.sampled_from(LABELS)), data.draw(st.floats(0.34, 1.0))
        price = data.draw(st.floats(50, 150))
        sources.append(said(name, label=label, confidence=sure, quantiles=ladder_, current_price=price))
    found = one(*sources)
    values = list(found.quantiles.values())
    assert values == sorted(values)
    scaled = [
        {key: s.forecast.current_price * (1 + v) / found.current_price - 1 for key, v in s.forecast.quantiles.items()}
        for s in sources
    ]
    for low, high in (("q25", "q75"), ("q10", "q90"), ("q025", "q975")):
        narrowest = min(ladder[high] - ladder[low] for ladder in scaled)
        assert found.quantiles[high] - found.quantiles[low] >= narrowest - 1e-12
    assert 0 <= found.confidence <= 1 + 1e-12
    assert 1 - 1e-9 <= found.n_eff <= len(names) + 1e-9


def test_the_band_of_the_narrowest_source_is_held() -> None:
    narrow = {name: 0.05 + (level - 0.5) / 100 for name, level in QUANTILES.items()}
    found = one(said("h4", quantiles=narrow, confidence=0.34), said("d1", confidence=0.99))
    for name, level in QUANTILES.items():
        assert level <= 0.5 or found.quantiles[name] >= narrow[name] - 1e-12
    assert found.quantiles["q50"] < narrow["q50"]


@pytest.mark.parametrize(
    ("age", "factor", "issue"),
    [(0, 1.0, ()), (5.99, 0.95 ** (5.99 / 6), ()), (6, 0.95, ("stale",)), (12, 0.95**2, ("stale_critical",))],
)
def test_quality_fades_with_age_and_names_its_issues(age: float, factor: float, issue: tuple[str, ...]) -> None:
    found = quality(0.6, 0.8, age)
    assert found.value == pytest.approx(0.48 * factor)
    assert found.issues == issue


def test_a_ladder_is_monotone_and_mirrors_with_its_direction() -> None:
    rng = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, 300)))
    high, low, price = close * 1.01, close * 0.99, float(close[-1])
    up, down = ladder("BULLISH", price, high, low, close), ladder("BEARISH", price, high, low, close)
    assert up is not None
    assert down is not None
    assert [price, *up.take_profits] == sorted([price, *up.take_profits])
    assert [price, *down.take_profits] == sorted([price, *down.take_profits], reverse=True)
    assert up.stop == down.take_profits[0]
    assert down.stop == up.take_profits[0]
    assert ladder("BULLISH", price, high * 0.1, low * 0.1, close * 0.1) is None
    assert ladder("NEUTRAL", price, high, low, close) is None


def test_a_swing_is_a_level_only_once_two_bars_have_followed() -> None:
    close = np.array([100.0, 101, 105, 101, 100])
    assert ladder("BULLISH", 100.0, close[:4], close[:4], close[:4]) is None
    found = ladder("BULLISH", 100.0, close, close, close)
    assert found is not None
    assert found.take_profits == (105.0,)
