"""Levels, pivots and the volume profile, against a plain second writing and against planted shapes."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import polars as pl
import pytest

from augury.core.errors import UsageError
from augury.core.typing import Floats
from augury.features import machine
from augury.features.families.levels import FAMILY as LEVELS
from augury.features.families.profile import FAMILY as PROFILE
from augury.features.language import Term, close, high, levels, pivots, profile, typical, volume
from augury.features.program import Program, compile_terms

FEATURES = (*LEVELS.features, *PROFILE.features)
NAMES = [feature.name for feature in FEATURES]
TICK = 0.25
COLUMNS = ("open", "high", "low", "close", "volume")


def program() -> Program:
    return compile_terms([f.formula for f in FEATURES], [f.lookback_bars for f in FEATURES])


def computed(columns: dict[str, Floats], terms: Sequence[Term] = ()) -> Floats:
    """One row for each feature, or for each of some terms, in double precision."""
    work = compile_terms(terms, [1] * len(terms)) if terms else program()
    rows = len(columns["close"])
    given = [columns[str(name)] for name in work.columns]
    return machine.run(work, given, machine.segments(np.array([0]), rows), double=True).values


def cut(columns: dict[str, Floats], first: int, last: int) -> dict[str, Floats]:
    return {name: column[first:last].copy() for name, column in columns.items()}


def ticked(n: int, seed: int, deviation: float = 3.0) -> dict[str, Floats]:
    """A walk in whole ticks, so that closes repeat, levels meet and prices stand on borders of bins.

    One bar in fifteen is flat, one in forty is not traded; volumes have fractions, so that the order
    of their additions shows in the last bits.
    """
    rng = np.random.default_rng(seed)
    last = 400 + np.cumsum(np.round(rng.normal(0.0, deviation, n)))
    first = np.append(400, last[:-1])
    top = np.maximum(first, last) + rng.integers(0, 4, n)
    bottom = np.minimum(first, last) - rng.integers(0, 4, n)
    traded = np.exp(rng.normal(3.0, 0.8, n))
    flat = rng.random(n) < 1 / 15
    first[flat] = top[flat] = bottom[flat] = last[flat]
    traded[rng.random(n) < 1 / 40] = 0.0
    columns = dict(zip(COLUMNS, (first, top, bottom, last), strict=False))
    return {name: column * TICK for name, column in columns.items()} | {"volume": traded}


@pytest.fixture(scope="module")
def walks(make_walk: Callable[..., pl.DataFrame]) -> list[dict[str, Floats]]:
    frame = make_walk("AAA", 400, 5)
    smooth = {name: frame[name].to_numpy().copy() for name in COLUMNS}
    return [smooth, ticked(400, 1), ticked(400, 2, 1.2), ticked(400, 3, 8.0)]


def shaped(closes: Sequence[float], spread: float = 0.5) -> dict[str, Floats]:
    """Bars around some closes, each reaching ``spread`` above and below its own, with volume 1."""
    at = np.array(closes, dtype=float)
    return {"open": at, "high": at + spread, "low": at - spread, "close": at, "volume": np.ones(len(at))}


class Plain:
    """The definitions once more, in loops over lists; prices are exact fractions, so ties are ties."""

    def __init__(self, columns: dict[str, Floats]) -> None:
        self.H, self.L, self.C = ([Fraction(v) for v in columns[n].tolist()] for n in ("high", "low", "close"))
        self.V = columns["volume"].tolist()
        self.TP = [(h + low + c) / 3 for h, low, c in zip(self.H, self.L, self.C, strict=True)]
        self.A = [float(self.H[0] - self.L[0])]
        for k in range(1, len(self.C)):
            span = max(self.H[k], self.C[k - 1]) - min(self.L[k], self.C[k - 1])
            self.A.append(float(span) / 14 + 13 / 14 * self.A[-1])

    def levels(self, t: int) -> list[tuple[float, int]]:
        turns = []
        for j in range(t - 55, t - 4):
            before, after = self.C[j - 5 : j], self.C[j + 1 : j + 6]
            over = self.C[j] > max(before) and self.C[j] >= max(after)
            under = self.C[j] < min(before) and self.C[j] <= min(after)
            turns += [self.C[j]] if over or under else []
        groups: list[list[Fraction]] = []
        for turn in sorted(turns):
            if groups and float(turn - groups[-1][0]) <= 0.5 * self.A[t] + 1e-9:
                groups[-1].append(turn)
            else:
                groups.append([turn])
        return [(sum(group, Fraction(0)) / len(group), len(group)) for group in groups]  # type: ignore[misc]

    def support(self, t: int) -> tuple[Fraction, int]:
        below = [level for level in self.levels(t) if level[0] <= self.C[t]]
        return max(below) if below else (min(self.L[t - 59 : t + 1]), 0)  # type: ignore[return-value]

    def resistance(self, t: int) -> tuple[Fraction, int]:
        above = [level for level in self.levels(t) if level[0] > self.C[t]]
        return min(above) if above else (max(self.H[t - 59 : t + 1]), 0)  # type: ignore[return-value]

    def broke(self, t: int, below: bool) -> bool:
        return self.C[t] < self.support(t - 1)[0] if below else self.C[t] > self.resistance(t - 1)[0]

    def days(self, t: int, below: bool) -> float:
        hits = [back for back in range(60) if t - back >= 61 and self.broke(t - back, below)]
        return min(hits, default=60) / 60

    def pivot(self, t: int, x: list[Fraction], sign: int, which: int) -> float:
        found = []
        for j in range(t - 57, t - 1):
            around = [sign * x[k] for k in (j - 2, j - 1, j + 1, j + 2)]
            here = sign * x[j]
            if here > around[0] and here > around[1] and here >= around[2] and here >= around[3]:
                found.append(float(x[j]))
        return found[-which] if len(found) >= which else math.nan

    def shelves(self, t: int) -> tuple[list[float], Fraction, Fraction]:
        window = self.TP[t - 59 : t + 1]
        bottom, top = min(window), max(window)
        bins = [0.0] * 30
        for price, traded in zip(window, self.V[t - 59 : t + 1], strict=True):
            bins[min(29, int((price - bottom) * 30 / (top - bottom)))] += traded
        return bins, bottom, (top - bottom) / 30

    def poc(self, t: int) -> float:
        bins, bottom, width = self.shelves(t)
        return float(bottom + width * (bins.index(max(bins)) + Fraction(1, 2)))

    def nodes(self, t: int) -> list[float]:
        bins, bottom, width = self.shelves(t)
        return [float(bottom + width * (k + Fraction(1, 2))) for k in range(30) if bins[k] > 1.5 * math.fsum(bins) / 30]

    def near(self, t: int, price: float) -> float:
        return float("nan") if math.isnan(price) else float(abs(price - self.C[t]) <= 0.5 * self.A[t])

    def value(self, name: str, t: int) -> float:
        c, low, high = float(self.C[t]), min(self.L[t - 59 : t + 1]), max(self.H[t - 59 : t + 1])
        writing: dict[str, Callable[[], float]] = {
            "distance_to_nearest_support": lambda: (c - float(self.support(t)[0])) / c,
            "distance_to_nearest_resistance": lambda: (float(self.resistance(t)[0]) - c) / c,
            "support_strength": lambda: min(self.support(t)[1], 5) / 5,
            "resistance_strength": lambda: min(self.resistance(t)[1], 5) / 5,
            "broke_support": lambda: float(self.broke(t, below=True)),
            "broke_resistance": lambda: float(self.broke(t, below=False)),
            "days_since_support_break": lambda: self.days(t, below=True),
            "days_since_resistance_break": lambda: self.days(t, below=False),
            "latest_high_pivot": lambda: math.log(self.pivot(t, self.H, 1, 1) / self.pivot(t, self.H, 1, 2)),
            "latest_low_pivot": lambda: math.log(self.pivot(t, self.L, -1, 1) / self.pivot(t, self.L, -1, 2)),
            "dist_to_high_pivot": lambda: self.pivot(t, self.H, 1, 1) / c - 1,
            "dist_to_low_pivot": lambda: 1 - self.pivot(t, self.L, -1, 1) / c,
            "vap_poc_price": lambda: (self.poc(t) - float(low)) / float(high - low),
            "dist_to_vap_poc": lambda: 1 - self.poc(t) / c,
            "hvn_proximity": lambda: max((1 / (1 + abs(c - x) / self.A[t]) for x in self.nodes(t)), default=0.0),
            "near_resistance_zone": lambda: self.near(t, self.pivot(t, self.H, 1, 1)),
            "near_support_zone": lambda: self.near(t, self.pivot(t, self.L, -1, 1)),
            "volume_concentration_score": lambda: sum(sorted(self.shelves(t)[0])[-3:]) / sum(self.V[t - 59 : t + 1]),
        }
        return writing[name]()


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_equals_its_definition_written_plainly(name: str, walks: list[dict[str, Floats]]) -> None:
    lookback = FEATURES[NAMES.index(name)].lookback_bars
    step = 37 if name.startswith("days_since") else 7
    for columns in walks:
        plain, values = Plain(columns), computed(columns)[NAMES.index(name)]
        assert np.isnan(values[: lookback - 1]).all()
        for t in (lookback - 1, *range(lookback, 400, step)):
            assert values[t] == pytest.approx(plain.value(name, t), rel=1e-9, abs=1e-9, nan_ok=True), t


def test_every_feature_of_the_two_families_is_known_at_its_lookback_and_varies(walks: list[dict[str, Floats]]) -> None:
    for name, feature, row in zip(NAMES, FEATURES, computed(walks[0]), strict=True):
        known = row[feature.lookback_bars - 1 :]
        assert not np.isnan(known).any(), name
        assert len(np.unique(known)) >= (2 if feature.unit == "flag" else 3), name


def test_a_value_is_bit_equal_when_the_history_is_cut_behind_it(walks: list[dict[str, Floats]]) -> None:
    for columns in walks:
        whole = computed(columns)
        for rows in np.linspace(2, 399, 20).astype(int).tolist():
            part = computed(cut(columns, 0, rows))
            assert part.tobytes() == np.ascontiguousarray(whole[:, :rows]).tobytes()


def test_noise_after_a_bar_changes_nothing_at_it(walks: list[dict[str, Floats]]) -> None:
    rng = np.random.default_rng(0)
    for columns in walks:
        for t in (70, 200, 301):
            factor = np.where(np.arange(400) > t, np.exp(rng.normal(0.0, 0.5, 400)), 1.0)
            noisy = computed({name: column * factor for name, column in columns.items()})
            assert noisy[:, : t + 1].tobytes() == np.ascontiguousarray(computed(columns)[:, : t + 1]).tobytes()


@pytest.mark.parametrize("factor", [0.001, 1.3, 10_000.0, 1.0 / 3.0])
def test_prices_in_another_unit_change_nothing(factor: float, walks: list[dict[str, Floats]]) -> None:
    for columns in walks:
        scaled = {name: column * (1.0 if name == "volume" else factor) for name, column in columns.items()}
        np.testing.assert_allclose(computed(scaled), computed(columns), rtol=0.0, atol=1e-9)


def test_the_last_row_is_bit_equal_from_the_reach_of_the_program_alone(walks: list[dict[str, Floats]]) -> None:
    work = program()
    reach = work.reach_bars
    for columns in walks:
        given = [columns[str(name)] for name in work.columns]
        for t in (130, 200, 333, 399):
            before = machine.run(work, [x[:t] for x in given], machine.segments(np.array([0]), t))
            part = machine.segments(np.array([0]), reach + 1)
            part["before"], part["skip"], part["stateful"] = t - reach, reach, 1
            tail = [x[t - reach : t + 1] for x in given]
            row = machine.run(work, tail, part, states=before.states, double=True).values[:, 0]
            assert row.tobytes() == np.ascontiguousarray(computed(columns)[:, t]).tobytes()


@pytest.mark.parametrize(
    ("word", "n"),
    [
        (lambda n: levels(close, high - close, n, around=5), 61),
        (lambda n: levels(close, high - close, n, around=1), 256),
        (lambda n: pivots(high, n, around=2), 60),
        (lambda n: pivots(high, n, around=3), 7),
        (lambda n: profile(typical, volume, close, n, bins=30), 60),
        (lambda n: profile(typical, volume, close, n, bins=64), 256),
        (lambda n: profile(typical, volume, close, n, bins=3), 3),
    ],
    ids=["levels", "levels, longest", "pivots", "pivots, shortest", "profile", "profile, largest", "profile, smallest"],
)
def test_a_window_alone_gives_what_it_gives_within_a_history(
    word: Callable[[int], tuple[Term, ...]], n: int, walks: list[dict[str, Floats]]
) -> None:
    for columns in walks:
        whole = computed(columns, word(n))
        for t in range(n - 1, 400, 5):
            alone = computed(cut(columns, t - n + 1, t + 1), word(n))
            assert alone[:, -1].tobytes() == np.ascontiguousarray(whole[:, t]).tobytes()


def test_a_bin_that_was_empty_for_long_fills_again_as_if_from_the_start() -> None:
    # Bars that hold the range still, so that bins live on for thousands of bars and most are empty most of the time.
    rng = np.random.default_rng(6)
    columns = shaped(np.where(np.arange(3000) % 20 < 2, np.arange(3000) % 2, rng.random(3000) ** 3) + 50.0, spread=0.0)
    columns["volume"] = rng.random(3000)
    terms = profile(close, volume, close, 60, bins=64)
    whole = computed(columns, terms)
    for t in range(2400, 3000, 7):
        alone = computed(cut(columns, t - 59, t + 1), terms)
        assert alone[:, -1].tobytes() == np.ascontiguousarray(whole[:, t]).tobytes()


def valley(*more: tuple[int, float]) -> dict[str, Floats]:
    """Closes that fall to 100 at bar 70 and rise again; every twentieth bar reaches far, so that only levels break."""
    closes = [100.0 + 0.5 * abs(k - 70) for k in range(120)]
    for k, price in more:
        closes[k] = price
    columns = shaped(closes)
    columns["low"][::20], columns["high"][::20] = 1.0, 1000.0
    return columns


def named(columns: dict[str, Floats]) -> dict[str, Floats]:
    return dict(zip(NAMES, computed(columns), strict=True))


def test_a_turning_point_becomes_a_level_exactly_five_bars_later() -> None:
    values = named(valley())
    assert np.argmax(values["support_strength"] > 0.0) == 75
    assert values["distance_to_nearest_support"][74] == pytest.approx((102.0 - 1.0) / 102.0)
    assert values["distance_to_nearest_support"][75] == pytest.approx((102.5 - 100.0) / 102.5)


def test_a_close_below_the_support_of_the_day_before_fires_that_days_flag_and_no_other() -> None:
    values = named(valley((90, 99.5)))
    assert np.flatnonzero(values["broke_support"] == 1.0).tolist() == [90]
    assert values["days_since_support_break"][[89, 90, 93]].tolist() == [1.0, 0.0, 3.0 / 60.0]


def test_a_close_on_the_support_has_not_broken_it() -> None:
    values = named(valley((90, 100.0)))
    assert not np.any(values["broke_support"] == 1.0)
    assert values["distance_to_nearest_support"][90] == 0.0


def test_a_close_above_the_resistance_of_the_day_before_fires_that_days_flag_and_no_other() -> None:
    columns = valley((90, 99.5))
    turned = {name: 300.0 - columns[name] for name in ("open", "close")} | {"volume": columns["volume"]}
    turned["high"], turned["low"] = turned["close"] + 0.5, turned["close"] - 0.5
    turned["low"][::20], turned["high"][::20] = 1.0, 1000.0
    assert np.flatnonzero(named(turned)["broke_resistance"] == 1.0).tolist() == [90]


@pytest.mark.parametrize(
    ("apart", "level", "touches"), [(0.25, 100.125, 2.0), (0.5, 100.25, 2.0), (0.75, 100.75, 1.0), (3.0, 103.0, 1.0)]
)
def test_turning_points_within_reach_of_the_lowest_are_one_level_at_their_mean(
    apart: float, level: float, touches: float
) -> None:
    for factor in (1.0, 1.0 / 3.0, 1.3, 0.001):
        columns = shaped([100.0 + min(abs(k - 60), abs(k - 80) + apart) for k in range(100)])
        scaled = {name: column * factor for name, column in columns.items()}
        below, count, _, _ = computed(scaled, levels(close, high - close, 61, around=5))
        assert (below[85] / factor, count[85]) == (pytest.approx(level), touches)
        assert (below[84] / factor, count[84]) == (pytest.approx(100.0), 1.0)


def test_of_equal_closes_the_first_is_the_turning_point() -> None:
    columns = valley((71, 100.0), (72, 100.0))
    _, count, _, _ = computed(columns, levels(close, (high - close) * 0.0, 61, around=5))
    assert np.argmax(count > 0.0) == 75
    assert np.nanmax(count) == 1.0


@pytest.mark.parametrize(("name", "sign"), [("dist_to_high_pivot", 1.0), ("dist_to_low_pivot", -1.0)])
def test_a_pivot_is_known_exactly_two_bars_later(name: str, sign: float) -> None:
    columns = shaped([100.0 - sign * 0.1 * k for k in range(120)], spread=1.0)
    side = "high" if sign > 0 else "low"
    columns[side][80] += sign * 5.0
    row = computed(columns)[NAMES.index(name)]
    assert np.argmin(np.isnan(row)) == 82
    assert row[82] == pytest.approx(sign * (columns[side][80] / columns["close"][82] - 1.0))
    assert np.isnan(row[80 + 58 :]).all()


def test_a_price_that_does_not_move_leaves_pivots_and_profile_unknown_and_lies_on_its_levels() -> None:
    values = named(shaped([50.0] * 130, spread=0.0))
    for name in ("latest_high_pivot", "near_support_zone", "vap_poc_price", "hvn_proximity", "dist_to_vap_poc"):
        assert np.isnan(values[name]).all(), name
    for name in ("distance_to_nearest_support", "distance_to_nearest_resistance", "support_strength"):
        assert (values[name][60:] == 0.0).all(), name
    assert (values["days_since_support_break"][61:] == 1.0).all()


def test_a_window_without_trade_has_no_profile_and_the_next_with_trade_has_one() -> None:
    columns = ticked(300, 7)
    columns["volume"][100:180] = 0.0
    row = computed(columns)[NAMES.index("volume_concentration_score")]
    assert np.flatnonzero(np.isnan(row[59:])).tolist() == [t - 59 for t in range(159, 180)]


@pytest.mark.parametrize("name", ["close", "volume"])
def test_an_unknown_value_makes_the_profile_unknown_as_long_as_it_is_in_the_window(name: str) -> None:
    columns, holed = ticked(300, 8), ticked(300, 8)
    holed[name][120] = np.nan
    terms = profile(typical, volume, high, 60, bins=30)
    whole, other = computed(columns, terms), computed(holed, terms)
    for row in other:
        assert np.flatnonzero(np.isnan(row[59:])).tolist() == [t - 59 for t in range(120, 180)]
    assert other[:, 180:].tobytes() == whole[:, 180:].tobytes()


def test_nothing_is_infinite_however_calm_the_market(walks: list[dict[str, Floats]]) -> None:
    rng = np.random.default_rng(4)
    calm = np.repeat(50.0 + np.cumsum(rng.integers(-1, 2, 12)) * 1e-9, 30)
    for columns in (*walks, shaped(calm.tolist(), spread=0.0), shaped(calm.tolist(), spread=1e-13)):
        assert not np.isinf(computed(columns)).any()


def test_a_price_on_the_border_of_two_bins_counts_in_the_upper_one() -> None:
    # 0 to 30 ticks in 30 bins: every price stands on a border. The bin of tick 12 is made the fullest.
    ticks = [k % 31 for k in range(62)]
    columns = shaped([3.0 + 0.1 * k for k in ticks], spread=0.0)
    columns["volume"][np.array(ticks) == 12] = 3.0
    for factor in (1.0, 0.001, 1.3, 10_000.0, 0.7):
        at = {name: column * (1.0 if name == "volume" else factor) for name, column in columns.items()}
        poc, _, _ = computed(at, profile(typical, volume, close, 62, bins=30))
        assert poc[-1] / factor == pytest.approx(3.0 + 0.1 * 12.5)


def test_of_equally_full_bins_the_lowest_is_the_fullest() -> None:
    columns = shaped([1.0, 2.0, 4.0, 2.0, 4.0, 1.0], spread=0.0)
    poc, distance, three = computed(columns, profile(typical, volume, close, 6, bins=3))
    assert poc[-1] == pytest.approx(1.5)  # two bars in each of the bins 1 to 2 (1, 1), 2 to 3 (2, 2), 3 to 4 (4, 4)
    assert distance[-1] == math.inf
    assert three[-1] == 1.0


def test_windows_and_counts_the_machine_has_no_room_for_are_refused() -> None:
    for word in (
        lambda: profile(typical, volume, close, 257, bins=30),
        lambda: profile(typical, volume, close, 60, bins=65),
        lambda: pivots(high, 4, around=2),
        lambda: levels(close, high, 61, around=0),
    ):
        with pytest.raises(UsageError, match="not"):
            word()
