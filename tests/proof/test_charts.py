"""Charts: numbers land where they belong."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core.metrics.calibration import ReliabilityBin
from augury.proof.charts._svg import tag
from augury.proof.charts.fan import BASE, LEFT, RIGHT, TOP, WIDTH, FanStep, fan, nice_ticks
from augury.proof.charts.reliability import reliability_chart

STEPS = [
    FanStep(5, "5d", 101.0, {50: (99.0, 103.0), 80: (97.0, 105.0), 95: (95.0, 107.0)}),
    FanStep(60, "60d", 104.0, {50: (96.0, 112.0), 80: (90.0, 118.0), 95: (82.0, 126.0)}),
]


def drawn(steps: list[FanStep], closes: list[float]) -> ET.Element:
    text = fan("f", closes, steps, first="2018-01-02", last="2018-12-31", title="T", summary="S")
    return ET.fromstring(str(text))


def places(element: ET.Element) -> list[tuple[float, float]]:
    return [tuple(float(n) for n in pair.split(",")) for pair in element.attrib["points"].split()]


def test_everything_lies_on_the_paper_and_wider_bands_are_wider() -> None:
    chart = drawn(STEPS, [98.0, 102.0, 100.0])
    bands = {e.attrib["class"]: places(e) for e in chart if "band" in e.attrib.get("class", "")}
    for x, y in [pair for pairs in bands.values() for pair in pairs]:
        assert LEFT <= x <= WIDTH - RIGHT
        assert TOP <= y <= BASE
    heights = {name: pairs[3][1] - pairs[2][1] for name, pairs in bands.items()}
    assert heights["band band95"] > heights["band band80"] > heights["band band50"] > 0


def test_the_fan_opens_at_the_last_close() -> None:
    chart = drawn(STEPS, [98.0, 102.0, 100.0])
    closes = places(next(e for e in chart if e.attrib.get("class") == "closes"))
    median = places(next(e for e in chart if e.attrib.get("class") == "median"))
    assert closes[-1] == median[0]
    assert [x for x, _ in median] == sorted(x for x, _ in median)


def test_labels_of_near_horizons_never_touch() -> None:
    near = [FanStep(bars, f"{bars}d", 100.0, STEPS[0].bands) for bars in (1, 2, 3, 118, 119, 120)]
    labels = [e for e in drawn(near, [100.0] * 120) if e.attrib.get("text-anchor") == "middle"]
    at = sorted(float(e.attrib["x"]) for e in labels)
    assert "120d" in {e.text for e in labels}
    assert all(b - a >= 50 for a, b in pairwise(at))


@pytest.mark.parametrize("closes", [[100.0], [100.0, 100.0], [0.00012, 0.00011], [1e7, 1.2e7]])
def test_flat_tiny_and_huge_prices_are_drawn(closes: list[float]) -> None:
    flat = FanStep(5, "5d", closes[-1], dict.fromkeys((50, 80, 95), (closes[-1], closes[-1])))
    text = ET.tostring(drawn([flat], closes)).decode()
    assert "nan" not in text
    assert "inf" not in re.sub(r"class=\"[^\"]*\"", "", text)


@given(st.floats(1e-6, 1e6), st.floats(1e-3, 1e3))
def test_ticks_are_round_few_and_inside(low: float, ratio: float) -> None:
    high = low * (1 + ratio)
    ticks = nice_ticks(low, high)
    assert 1 <= len(ticks) <= 8
    assert all(low * (1 - 1e-6) - 1e-9 <= tick <= high * (1 + 1e-6) + 1e-9 for tick in ticks)


def test_a_dot_sits_at_what_was_said_and_what_came_true() -> None:
    half = ReliabilityBin(0.4, 0.5, 0.5, 0.5, 0.4, 0.6, 100)
    small = ReliabilityBin(0.9, 1.0, 1.0, 0.0, 0.0, 0.3, 4)
    chart = ET.fromstring(str(reliability_chart("r", [half, small], title="T", summary="S")))
    first, last = (e for e in chart if e.attrib.get("class") == "dot")
    assert (float(first.attrib["cx"]), float(first.attrib["cy"])) == (160.0, 128.0)
    assert (float(last.attrib["cx"]), float(last.attrib["cy"])) == (280.0, 248.0)
    assert float(first.attrib["r"]) > float(last.attrib["r"])


def test_text_and_attributes_are_escaped() -> None:
    assert str(tag("text", "<b>", id='"x')) == '<text id="&#34;x">&lt;b&gt;</text>'


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (2000, 3050, ["2,000", "2,250", "2,500", "2,750", "3,000"]),
        (1.0, 2.05, ["1.00", "1.25", "1.50", "1.75", "2.00"]),
    ],
)
def test_ticks_are_written_without_losing_a_digit(low: float, high: float, labels: list[str]) -> None:
    from augury.proof.charts.fan import _price

    ticks = nice_ticks(low, high)
    assert [_price(tick, ticks) for tick in ticks] == labels
