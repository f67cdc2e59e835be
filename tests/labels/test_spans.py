"""Span targets, and position as a feature."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from augury.core.errors import DataError, LeakError, UsageError
from augury.data.synthetic import SyntheticMarket
from augury.features.relative import NAMES, RelativeFeatureTransform
from augury.labels import Windows, extract_windows, refuse_position, span_targets, targets_of
from augury.labels.windows.position import is_position
from augury.labels.windows.spans import UNKNOWN, span_of


def test_pointers_are_bars_of_the_inner_zone() -> None:
    targets = span_targets([30, 30, 73], [31, 74, 74])
    assert targets.start.tolist() == [0, 0, 43]
    assert targets.end.tolist() == [1, 44, 44]
    assert targets.centre.tolist() == pytest.approx([0.5 / 44, 0.5, 43.5 / 44])
    assert targets.length.tolist() == pytest.approx([1 / 44, 1.0, 1 / 44])


def test_the_mask_covers_the_span_with_both_ends() -> None:
    targets = span_targets([40], [45])
    assert np.flatnonzero(targets.mask[0]).tolist() == [40, 41, 42, 43, 44, 45]
    assert targets.mask.shape == (1, 105)


def test_a_window_without_span_is_masked_never_zero() -> None:
    targets = span_targets([None, 35], [None, 50])
    assert targets.known.tolist() == [False, True]
    assert (targets.start[0], targets.end[0]) == (UNKNOWN, UNKNOWN)
    assert np.isnan(targets.centre[0])
    assert np.isnan(targets.length[0])
    assert not targets.mask[0].any()
    assert targets.positive_weight == (105 - 16) / 16


@pytest.mark.parametrize(
    ("start", "end"), [(29, 40), (30, 75), (50, 50), (51, 50), (0, 104), (-5, 40), (None, 40), (40, None)]
)
def test_a_span_outside_the_zone_or_without_length_is_rejected(start: int | None, end: int | None) -> None:
    with pytest.raises(DataError, match=f"window 1: span {start}..{end} is refused.*30..74"):
        span_targets([31, start], [32, end])


def test_centre_and_length_give_every_span_back() -> None:
    pairs = [(start, end) for start in range(30, 75) for end in range(start + 1, 75)]
    first, last = (np.array(side) for side in zip(*pairs, strict=True))
    targets = span_targets(first, last)
    start, end = span_of(targets.centre, targets.length)
    assert np.array_equal(start, first - 30)
    assert np.array_equal(end, last - 30)


def test_the_weight_of_positive_bars_is_13_1_at_7_1_percent() -> None:
    targets = span_targets([40] * 20, [46] * 11 + [47] * 9)
    assert targets.mask.mean() == pytest.approx(0.071, abs=5e-4)
    assert targets.positive_weight == pytest.approx(13.1, abs=0.1)
    with pytest.raises(DataError, match="no window has a span"):
        _ = span_targets([None], [None]).positive_weight


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(UsageError, match="1 starts and 2 ends"):
        span_targets([30], [31, 32])


def windows_with_spans(max_offset: int, n_bars: int = 30_000) -> Windows:
    bars = SyntheticMarket(n_symbols=8, n_bars=n_bars // 8).bars()
    ts = bars.of("SYN001").frame["ts"]
    first = list(range(110, len(ts) - 120, 15))
    length = [8 + at % 3 for at in range(len(first))]
    spans = pl.DataFrame(
        {"start_ts": ts.gather(first), "end_ts": ts.gather([a + b for a, b in zip(first, length, strict=True)])}
    ).join(pl.DataFrame({"symbol": bars.symbols}), how="cross")
    return extract_windows(bars, spans=spans, max_offset=max_offset)


def position_only_hits(windows: Windows) -> tuple[int, int]:
    """Hits of the commonest start of the earlier half on the later half, and how many there are."""
    start = targets_of(windows).start[np.argsort(windows.frame["start_ts"].to_numpy(), kind="stable")]
    half = len(start) // 2
    guess = np.bincount(start[:half]).argmax()
    return int((start[half:] == guess).sum()), len(start) - half


def test_cut_at_fixed_places_position_alone_tells_every_span() -> None:
    hits, n = position_only_hits(windows_with_spans(0))
    assert hits == n


def test_cut_at_random_offsets_position_alone_scores_like_a_constant() -> None:
    hits, n = position_only_hits(windows_with_spans(44))
    # Spans of 8 to 10 bars leave 35 to 37 places: one place is right once in about 36.
    chance = 1 / 36
    assert n > 500
    assert abs(hits / n - chance) < 3.3 * np.sqrt(chance * (1 - chance) / n)


@pytest.mark.parametrize(
    "name",
    ["position", "bar_index", "position_in_window", "window_position", "BarIndex", "time_idx", "pos_sin",
     "relative_position", "bars_since_window_start", "bar_number", "window_offset", "raw_start_idx", "bars_to_end"],
)  # fmt: skip
def test_a_position_is_refused_by_its_name(name: str) -> None:
    windows = extract_windows(SyntheticMarket(n_symbols=1, n_bars=200).bars())
    with pytest.raises(LeakError, match=f"\\['{name}'\\] tell where in the window.*max_offset=0.*--max-offset 44"):
        refuse_position([*NAMES, name], windows)


def test_names_of_the_catalogue_are_no_positions() -> None:
    harmless = ["bb_position", "close_position", "open_position_in_range", "bars_since_swing", "kdj_k", "dist_to_high",
                "bars_since_high_20", "stoch_k", "time_of_day", "days_since", "price_position_52w"]  # fmt: skip
    assert not [name for name in [*NAMES, *harmless] if is_position(name)]


def test_a_position_is_allowed_when_windows_were_cut_at_random_offsets() -> None:
    windows = extract_windows(SyntheticMarket(n_symbols=1, n_bars=400).bars(), max_offset=20)
    refuse_position([*NAMES, "bar_index"], windows)
    with pytest.raises(LeakError, match="answer itself"):
        refuse_position(["expansion_start"], windows)


def test_a_position_under_another_name_is_found_by_its_values() -> None:
    windows = extract_windows(SyntheticMarket(n_symbols=1, n_bars=400).bars())
    values = RelativeFeatureTransform().fit_transform(windows.prices)
    refuse_position(NAMES, windows, values)
    ramp = np.broadcast_to(np.linspace(0, 1, 105), (len(windows), 105))[:, :, None].astype(np.float32)
    with pytest.raises(LeakError, match="'mystery'"):
        refuse_position([*NAMES, "mystery"], windows, np.concatenate([values, ramp], axis=2))
    with pytest.raises(UsageError, match="one column a name"):
        refuse_position(NAMES, windows, values[:, :, :3])
