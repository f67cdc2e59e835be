"""Label specs: one per horizon, thresholds that grow with the square root of time."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest

from augury.core.errors import UsageError
from augury.core.labelspec import CODES, LABELS, LabelSpec, base_label, default_horizons
from augury.core.timeframe import Horizon, Timeframe

XNYS = SimpleNamespace(minutes_per_session=390)


def test_class_order_is_bearish_neutral_bullish_with_codes_minus_1_0_1() -> None:
    assert dict(zip(LABELS, CODES, strict=True)) == {"BEARISH": -1, "NEUTRAL": 0, "BULLISH": 1}


@pytest.mark.parametrize(
    ("timeframe", "bars", "threshold", "horizons"),
    [
        ("m15", 5, 0.0020, "4h 1d 1w"),
        ("h1", 5, 0.0030, "1d 5d 15d 30d"),
        ("h4", 3, 0.0050, "5d 15d 30d 45d 90d"),
        ("d1", 5, 0.0090, "5d 15d 30d 60d 90d 120d"),
        ("w1", 4, 0.0180, "30d 90d 180d 360d"),
    ],
)
def test_every_timeframe_has_the_base_label_and_horizons_of_the_table(
    timeframe: str, bars: int, threshold: float, horizons: str
) -> None:
    frame = Timeframe.parse(timeframe)
    assert base_label(frame) == (bars, threshold)
    assert " ".join(str(horizon) for horizon in default_horizons(frame)) == horizons


def test_the_threshold_grows_with_the_square_root_of_the_horizon() -> None:
    base = LabelSpec.of(Timeframe.D1, Horizon.parse("5d"), XNYS)
    far = LabelSpec.of(Timeframe.D1, Horizon.parse("20d"), XNYS)
    assert (base.horizon_bars, base.threshold) == (5, 0.009)
    assert (far.horizon_bars, far.threshold) == (20, 0.018)
    assert LabelSpec.of(Timeframe.W1, Horizon.parse("30d"), XNYS).threshold == pytest.approx(0.018 * math.sqrt(6 / 4))


def test_a_spec_reads_back_and_every_fact_changes_its_hash() -> None:
    spec = LabelSpec(Timeframe.D1, "5d", 5, 0.009)
    assert LabelSpec.from_json(spec.to_json()) == spec
    changed = [{"horizon_bars": 6}, {"threshold": 0.01}, {"price_field": "adj_close"}, {"timeframe": Timeframe.W1}]
    others = {replace(spec, **change).hash for change in changed}
    assert len(others | {spec.hash}) == len(changed) + 1


@pytest.mark.parametrize("bars", [0, -1, 5001])
def test_a_horizon_outside_1_to_5000_bars_is_refused(bars: int) -> None:
    with pytest.raises(UsageError, match=r"outside 1\.\.5000"):
        LabelSpec(Timeframe.D1, "5d", bars, 0.009)


@pytest.mark.parametrize("threshold", [-0.001, 1.0, 0.9 * 100, float("nan"), float("inf")])
def test_a_threshold_in_percent_or_not_finite_is_refused(threshold: float) -> None:
    with pytest.raises(UsageError, match="it is a fraction"):
        LabelSpec(Timeframe.D1, "5d", 5, threshold)
