"""F01, F02, L03, L04, Q03: whatever looks ahead is named, by column, stage and first row; Augury itself does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module

import numpy as np
import polars as pl
import pytest
from known_truth import majority, make_prediction

from augury.core.bars import Bars
from augury.core.errors import InsufficientHistory, UsageError
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.recipe import Recipe
from augury.core.tables import LabelledTable
from augury.core.timeframe import Timeframe
from augury.data.synthetic import SyntheticMarket
from augury.features import build
from augury.labels import attach
from augury.labels.splits import time_ordered
from augury.proof.audit import Division, Stage, audit, beside, name_suspects, own_stages
from augury.proof.audit.histories import moments, noise_after
from augury.proof.audit.own import STAGES
from augury.proof.evaluation import evaluate
from augury.proof.judge import Evidence, judge

C = pl.col("close")
RETURN = (C / C.shift(1) - 1.0).over("symbol")
AHEAD = (C.shift(-1) / C - 1.0).over("symbol")
WEEK = pl.col("ts").dt.truncate("1w")
LEAKS: dict[str, tuple[pl.Expr, str]] = {
    "whole_window": (((C - C.mean()) / C.std()).over("symbol"), "whole-window z-norm"),
    "scaled": ((RETURN - RETURN.mean()) / RETURN.std(), "full-sample scaler"),
    "centred": (C.rolling_mean(11, center=True).over("symbol"), "centred rolling"),
    "filled": (C.rolling_mean(30).backward_fill().over("symbol"), "backfill"),
    "tomorrow": (RETURN.shift(-1).over("symbol"), "shift(-1)"),
    "encoded": (AHEAD.mean().over("symbol", pl.col("ts").dt.weekday()), "target encoding"),
    "weekly": (C.last().over("symbol", WEEK), "left-labelled resample"),
}
VARIANTS: dict[str, tuple[pl.Expr, str]] = {
    "centred_returns": (RETURN.rolling_std(5, center=True).over("symbol"), "centred rolling"),
    "next_close": (C.shift(-1).over("symbol"), "shift(-1)"),
    "smooth_tomorrow": (C.rolling_mean(20).shift(-1).over("symbol"), "shift(-1)"),
    "in_five": ((C.shift(-5) / C - 1.0).over("symbol"), "shift(-5)"),
    "by_symbol": (AHEAD.mean().over("symbol"), "target encoding"),
    "ranked": (C.rank().over("symbol"), "full-sample statistic"),
    "bars_left": ((pl.len() - pl.int_range(pl.len())).over("symbol"), "length of the history"),
}
SOUND: dict[str, pl.Expr] = {
    "mean": C.rolling_mean(20).over("symbol"),
    "smooth": C.ewm_mean(span=20).over("symbol"),
    "expanding": ((C - C.cum_sum() / C.cum_count()) / C).over("symbol"),
    "filled_forward": C.rolling_mean(30).forward_fill().over("symbol"),
    "cross_section": C.rank().over("ts"),
}


@pytest.fixture(scope="module")
def bars() -> Bars:
    return SyntheticMarket(n_symbols=4, n_bars=400, gaps=12).bars()


def planted(columns: dict[str, pl.Expr], name: str = "mine") -> Stage:
    def run(given: Bars) -> pl.DataFrame:
        return given.frame.select("symbol", "ts", **columns)

    return Stage(name, run)


@pytest.mark.parametrize(("column", "expected"), [(name, kind) for name, (_, kind) in (LEAKS | VARIANTS).items()])
def test_each_planted_leak_is_named_with_its_stage_column_kind_and_first_row(
    bars: Bars, column: str, expected: str
) -> None:
    stage = planted(SOUND | {column: (LEAKS | VARIANTS)[column][0]})
    leak = (found := audit([stage], bars, cuts=12)).leaks[0]
    assert (leak.stage, leak.column, leak.kind) == ("mine", column, expected)
    assert len(found.leaks) == 1
    full = stage.run(bars).filter((pl.col("symbol") == leak.symbol) & (pl.col("ts") == leak.ts))
    assert full.height == 1
    assert leak.ts <= leak.cut
    assert leak.value == pytest.approx(full[column][0])
    assert leak.value != leak.other


def test_leaks_of_one_symbol_keep_their_names(bars: Bars) -> None:
    found = audit([planted({name: leak for name, (leak, _) in LEAKS.items()})], bars.of("SYN002"), cuts=20)
    expected = {name: kind for name, (_, kind) in LEAKS.items()}
    # One symbol cannot tell the whole window of a symbol from the whole sample.
    assert {leak.column: leak.kind for leak in found.leaks} == expected | {"scaled": "whole-window z-norm"}


def test_values_that_look_back_only_are_clean_and_counted(bars: Bars) -> None:
    report = audit([planted(SOUND)], bars, cuts=6)
    assert report.clean
    assert report.leaks == ()
    (stage,) = report.stages
    assert (stage.columns, stage.cuts) == (len(SOUND), 6)
    rows = sum((bars.frame["ts"] <= cut).sum() for cut in report.cuts)
    assert report.values == 2 * rows * len(SOUND)


@pytest.mark.parametrize("chosen", [("cut",), ("noise",), ("cut", "noise")])
def test_each_probe_sees_what_the_other_cannot(bars: Bars, chosen: tuple[str, ...]) -> None:
    repaired = pl.when(C.shift(-1).over("symbol") > 1.3 * C).then(1.3 * C).otherwise(C)
    only = {"noise": repaired, "cut": VARIANTS["bars_left"][0]}
    report = audit([planted(only)], bars, cuts=8, probes=chosen)
    assert {leak.column: leak.probes for leak in report.leaks} == {name: (name,) for name in chosen}


def test_one_bit_is_enough(bars: Bars) -> None:
    rounding = C * (1.0 + 2.0**-52 * (pl.len() % 2))
    report = audit([planted({"rounded": rounding})], bars, cuts=12)
    assert [leak.column for leak in report.leaks] == ["rounded"]


def test_a_row_that_is_there_only_when_the_future_is_known_leaks(bars: Bars) -> None:
    stage = Stage(
        "mine", lambda given: given.frame.filter(C.shift(-1).over("symbol") > C).select("symbol", "ts", "open")
    )
    report = audit([stage], bars, cuts=6)
    assert [(leak.column, leak.kind) for leak in report.leaks] == [("(rows)", "rows depend on the future")]


def test_chance_is_not_called_a_leak_of_the_future_but_is_named(bars: Bars) -> None:
    rng = np.random.default_rng(3)
    stage = Stage(
        "mine", lambda given: given.frame.select("symbol", "ts", dice=pl.Series(rng.random(given.frame.height)))
    )
    assert [leak.kind for leak in audit([stage], bars, cuts=4).leaks] == ["not repeatable"]


def labelled(given: Bars, reach: int, told: int) -> pl.DataFrame:
    ahead = (C.shift(-reach) / C - 1.0).over("symbol")
    return given.frame.select("symbol", "ts", target=ahead, known_at=pl.col("ts").shift(-told).over("symbol"))


def test_a_label_may_look_ahead_to_its_end_and_not_one_bar_beyond(bars: Bars) -> None:
    assert audit([Stage("labels", lambda given: labelled(given, 5, 5))], bars, cuts=8).clean
    (leak,) = audit([Stage("labels", lambda given: labelled(given, 6, 5))], bars, cuts=8).leaks
    assert (leak.stage, leak.column) == ("labels", "target")


def fitted_share(given: Bars, border: datetime, *, peeks: bool) -> pl.DataFrame:
    rows = given.frame if peeks else given.frame.filter(pl.col("ts") <= border)
    learned = pl.Series("centre", [float(rows["close"].mean())])  # type: ignore[arg-type]
    return pl.DataFrame({"symbol": ["(all)"], "ts": pl.Series([border], dtype=pl.Datetime("us", "UTC"))}).hstack(
        [learned]
    )


@pytest.mark.parametrize("peeks", [False, True])
def test_parameters_fitted_on_a_slice_may_not_move_with_later_rows(bars: Bars, peeks: bool) -> None:
    border: datetime = bars.frame["ts"].unique().sort()[160]
    report = audit([Stage("fit", lambda given: fitted_share(given, border, peeks=peeks), border)], bars, cuts=12)
    assert report.clean is not peeks
    assert [(leak.column, leak.ts) for leak in report.leaks] == ([("centre", border)] if peeks else [])


def divided(given: Bars, divide: Callable[[LabelledTable], tuple[pl.DataFrame, pl.DataFrame]]) -> pl.DataFrame:
    table = attach(build(given), given, LabelSpec(Timeframe.D1, "5d", 5, 0.009)).known()
    sides = zip(("train", "scored"), divide(table), strict=True)
    return pl.concat(frame.select(pl.lit("a").alias("fold"), pl.lit(side).alias("side"), "symbol", "ts", "label_end")
                     for side, frame in sides)  # fmt: skip


def shuffled(table: LabelledTable) -> tuple[pl.DataFrame, pl.DataFrame]:
    mixed = table.frame.sample(fraction=1.0, shuffle=True, seed=5)
    return mixed.head(len(table) * 7 // 10), mixed.tail(len(table) * 3 // 10)


def unpurged(table: LabelledTable) -> tuple[pl.DataFrame, pl.DataFrame]:
    dates = table.frame["ts"].unique().sort()
    border = dates[len(dates) * 7 // 10]
    return table.frame.filter(pl.col("ts") < border), table.frame.filter(pl.col("ts") >= border)


def ordered(table: LabelledTable) -> tuple[pl.DataFrame, pl.DataFrame]:
    split = time_ordered(table)
    return split.train.frame, split.valid.frame


@pytest.mark.parametrize(
    ("divide", "kind"), [(shuffled, "shuffled split"), (unpurged, "missing purge"), (ordered, None)]
)
def test_a_division_that_mixes_past_and_future_is_named(bars: Bars, divide: Callable[..., object], kind: str) -> None:
    report = audit([Division("sampler", lambda given: divided(given, divide))], bars, cuts=3)  # type: ignore[arg-type]
    assert [(leak.stage, leak.kind, leak.probes) for leak in report.leaks] == (
        [("sampler", kind, ("order",))] if kind else []
    )


@pytest.fixture(scope="module")
def market() -> Bars:
    """Three symbols, and one that is listed later: a short history does not have it."""
    given = SyntheticMarket(n_symbols=4, n_bars=720, gaps=12).bars()
    listed = given.frame["ts"].unique().sort()[500]
    return given.with_frame(given.frame.filter((pl.col("symbol") != "SYN001") | (pl.col("ts") >= listed)))


@pytest.fixture(scope="module")
def own(market: Bars) -> list[Stage | Division]:
    return own_stages(market)


def test_augury_s_own_features_labels_panel_graphs_and_splits_look_at_nothing_ahead(
    market: Bars, own: list[Stage | Division]
) -> None:
    assert [stage.name for stage in own] == list(STAGES)
    names = {"features", "labels", "structure", "windows", "news", "panel", "graphs", "splits"}
    quick = [stage for stage in own if stage.name in names]
    report = audit(quick, market, cuts=8)
    assert [leak.to_json() for leak in report.leaks] == []
    assert {stage.verdict for stage in report.stages} == {"clean"}


def test_augury_s_own_fits_weights_and_forecasts_do_not_move_with_later_bars(
    market: Bars, own: list[Stage | Division]
) -> None:
    slow = [stage for stage in own if stage.name in {"transform fits", "transforms", "weights", "forecasts"}]
    report = audit(slow, market, cuts=1)
    assert [leak.to_json() for leak in report.leaks] == []
    assert {stage.name: stage.verdict for stage in report.stages} == dict.fromkeys([one.name for one in slow], "clean")


def test_the_audit_of_the_own_path_sees_a_leak_planted_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Volatility told one bar early reaches the bands of every forecast, and nothing that does not read it."""
    market = SyntheticMarket(n_symbols=1, n_bars=300).bars()
    early = pl.col("close").pct_change().abs().rolling_mean(20).shift(-1).over("symbol").alias("vol")
    monkeypatch.setattr(import_module("augury.labels.attach"), "volatility", lambda price: early)
    small = Recipe(name="small", members={"logreg": {}}, folds=2)
    monkeypatch.setattr(import_module("augury.proof.audit.own"), "_SMALL", small)
    found = {(leak.stage, leak.column) for leak in audit(own_stages(market, "starter"), market, cuts=1).leaks}
    assert ("forecasts", "q95") in found
    assert not any(stage in {"features", "labels", "splits"} for stage, _ in found)


def _of(name: str, market: Bars) -> set[str]:
    stages = [stage for stage in own_stages(market, "starter") if stage.name == name]
    return {leak.column for leak in audit(stages, market, cuts=6).leaks}


def test_a_swing_told_a_bar_early_a_headline_laid_on_the_bar_before_and_a_moved_window_are_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    market = SyntheticMarket(n_symbols=2, n_bars=260).bars()
    join, cut = beside.news_columns, beside.extract_windows
    early = timedelta(microseconds=2)
    with monkeypatch.context() as wrong:
        wrong.setattr(beside, "SWING_BARS", 1)
        assert _of("structure", market) == {"swing_label"}
    with monkeypatch.context() as wrong:
        before = pl.col("published_at") - early
        wrong.setattr(beside, "news_columns", lambda news, bars: join(news.with_columns(before), bars))
        assert "news_score_mean" in _of("news", market)
    with monkeypatch.context() as wrong:
        wrong.setattr(beside, "extract_windows", lambda bars: cut(bars, stride=30 + bars.frame.height % 7))
        assert _of("windows", market)


def test_closes_alone_are_audited_without_structure_and_windows() -> None:
    market = SyntheticMarket(n_symbols=1, n_bars=150).bars()
    empty = [pl.lit(None, dtype=pl.Float64).alias(name) for name in ("open", "high", "low", "volume")]
    closes = replace(market, frame=market.frame.with_columns(empty), close_only=True)
    report = audit(own_stages(closes), closes, cuts=2)
    names = [stage.name for stage in report.stages]
    assert names[:3] == ["features", "labels", "news"]
    assert "transforms" in names
    assert not {"structure", "windows"} & set(names)
    assert not report.leaks


def test_the_same_audit_twice_gives_the_same_report(bars: Bars) -> None:
    stage = planted(SOUND | {"tomorrow": LEAKS["tomorrow"][0]})
    one, two = (audit([stage], bars, cuts=5, seed=9).to_json() for _ in range(2))
    assert one == two
    assert audit([stage], bars, cuts=5, seed=10).cuts != audit([stage], bars, cuts=5, seed=9).cuts


def test_some_cuts_lie_among_the_first_bars_and_where_a_bar_is_missing(bars: Bars) -> None:
    dates = bars.frame["ts"].unique().sort()
    drawn = moments(bars, 20, 42)
    assert len(drawn) == 20
    assert drawn[0] < dates[30]
    short = bars.frame.group_by("ts").len().filter(pl.col("len") < 4)["ts"]
    assert len(set(drawn) & set(short.to_list())) >= 3


def test_noise_leaves_the_past_as_it_was_and_nothing_after_it(bars: Bars) -> None:
    cut: datetime = bars.frame["ts"].unique().sort()[200]
    other = noise_after(bars, cut, 1).frame
    past, later = pl.col("ts") <= cut, pl.col("ts") > cut
    assert other.filter(past).equals(bars.frame.filter(past))
    assert other.select("symbol", "ts").equals(bars.frame.select("symbol", "ts"))
    assert not (other.filter(later)["close"] == bars.frame.filter(later)["close"]).any()
    outside = (pl.max_horizontal("open", "close") > pl.col("high")) | (
        pl.min_horizontal("open", "close") < pl.col("low")
    )
    assert other.filter(outside).is_empty()


def test_what_could_not_be_compared_is_not_called_clean(bars: Bars) -> None:
    late = bars.frame["ts"].max()
    assert isinstance(late, datetime)
    report = audit([Stage("late", planted(SOUND).run, late + timedelta(days=1))], bars, cuts=4)
    assert (report.clean, report.stages[0].verdict) == (False, "not compared")


def test_an_audit_that_cannot_be_made_says_why(bars: Bars) -> None:
    with pytest.raises(UsageError, match="without \\['ts'\\]"):
        audit([Stage("mine", lambda given: given.frame.select("symbol", "close"))], bars)
    with pytest.raises(UsageError, match="answered a list"):
        audit([Stage("mine", lambda given: [1.0])], bars)  # type: ignore[arg-type,return-value]
    with pytest.raises(UsageError, match="probes"):
        audit([planted(SOUND)], bars, probes=("luck",))
    few = bars.with_frame(bars.frame.filter(pl.col("ts") < datetime(2010, 1, 12, tzinfo=UTC)))
    with pytest.raises(InsufficientHistory, match="12 are needed"):
        audit([planted(SOUND)], few)


def suspicious(strength: float) -> LabelledTable:
    """A labelled table with one more feature that holds tomorrow's return, diluted to a correlation."""
    given = SyntheticMarket(n_symbols=3, n_bars=500, ic=0.0).bars()
    table = attach(build(given), given, LabelSpec(Timeframe.D1, "5d", 5, 0.009)).known()
    outcome = table.forward_returns / table.forward_returns.std()
    noise = np.random.default_rng(1).normal(size=len(table))
    leak = pl.Series("handy", strength * outcome + np.sqrt(1.0 - strength**2) * noise).cast(pl.Float32)
    spec = FeatureSpec("handy", "planted", ("close",), 1)
    manifest = FeatureManifest((*table.manifest.features, spec))
    return LabelledTable(table.frame.with_columns(leak), manifest, table.spec, table.data_version)


def test_a_planted_column_with_an_ic_of_0_67_is_named_first() -> None:
    suspects = name_suspects(suspicious(0.67))
    assert suspects[0].column == "handy"
    assert suspects[0].ic == pytest.approx(0.67, abs=0.03)
    assert name_suspects(suspicious(0.0), 0.4) == ()


def test_the_gate_that_stops_it_names_the_column_and_the_command() -> None:
    table = suspicious(0.67)
    prediction = make_prediction(table, np.clip(0.3 * table.column("handy"), -1.0, 1.0))
    evidence = Evidence(prediction, table, evaluate(prediction, table, majority(table)), 0.5, 0.4, 1500, 5)
    verdict = judge(evidence)
    (gate,) = [gate for gate in verdict.gates if gate.code == "SUSPECT_LEAK"]
    assert (verdict.word, gate.passed) == ("refused", False)
    assert "suspect leak in 'handy' with ic +0.6" in gate.message
    assert "augury lookahead" in gate.message


def test_what_the_audit_named_is_suspect_whatever_its_correlation(bars: Bars) -> None:
    report = audit([planted({"rsi": LEAKS["whole_window"][0]})], bars, cuts=4)
    suspects = name_suspects(suspicious(0.67), report=report)
    assert [(suspect.column, suspect.kind) for suspect in suspects[:2]] == [
        ("rsi", "whole-window z-norm"),
        ("handy", ""),
    ]
