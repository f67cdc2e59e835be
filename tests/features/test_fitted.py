"""FEA-08, F02, L04: what is fitted sees rows of the fit slice only. Generated from the catalogue of transforms."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import InsufficientHistory, UnknownName, UsageError
from augury.features import build
from augury.features.fitted import BAR, TRANSFORMS, Fitted, fit_on, stand_beside

KINDS = TRANSFORMS.names()
REGIMES = ("day_regimes", "garch", "hidden_regimes")


def bits(frame: pl.DataFrame) -> bytes:
    return b"".join(
        column.to_physical().fill_null(-777).to_numpy().tobytes() for column in frame.drop("symbol").iter_columns()
    )


@pytest.fixture(scope="module")
def market() -> pl.DataFrame:
    """Four symbols moving with a market whose volatility changes, 620 bars."""
    rng, n = np.random.default_rng(11), 620
    size = np.exp(np.cumsum(rng.normal(0.0, 0.08, n)) * 0.5) * 0.01
    common = rng.normal(size=n)
    days = [datetime(2016, 1, 4, tzinfo=UTC) + timedelta(days=k) for k in range(n)]
    frames = []
    for symbol in ("AAA", "BBB", "CCC", "DDD"):
        close = 50.0 * np.exp(np.cumsum(size * (0.7 * common + rng.normal(size=n))))
        spread = {"open": close, "high": close * 1.01, "low": close * 0.99, "close": close}
        values = spread | {"volume": np.exp(rng.normal(12.0, 0.5, n))}
        frames.append(
            pl.DataFrame({"symbol": symbol, "ts": days, **values}, schema_overrides={"ts": pl.Datetime("us", "UTC")})
        )
    return pl.concat(frames)


@pytest.fixture(scope="module")
def days(market: pl.DataFrame) -> pl.Series:
    return market["ts"].unique().sort()[:450]


@pytest.fixture(scope="module")
def learned(market: pl.DataFrame, days: pl.Series) -> dict[str, Fitted]:
    return {kind: fit_on(kind, market, days) for kind in KINDS}


def test_the_catalogue_has_the_transforms_of_the_room() -> None:
    assert KINDS == ["day_regimes", "garch", "hidden_regimes", "percentiles", "scaler", "winsor"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_is_shown_rows_of_the_fit_slice_and_no_others(
    kind: str, market: pl.DataFrame, days: pl.Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[pl.DataFrame] = []
    transform = TRANSFORMS.load(kind)
    fit = transform.fit

    def spy(rows: pl.DataFrame, **settings: Any) -> Any:
        seen.append(rows)
        return fit(rows, **settings)

    monkeypatch.setattr(transform, "fit", spy)
    found = fit_on(kind, market, days)
    (rows,) = seen
    assert set(rows["ts"].to_list()) == set(days.to_list())
    assert (found.first, found.last, found.rows) == (days.min(), days.max(), rows.height)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_outside_the_fit_slice_change_nothing_that_is_learned(
    kind: str, market: pl.DataFrame, days: pl.Series, learned: dict[str, Fitted]
) -> None:
    inside = pl.col("ts").is_in(days.to_list())
    noise = pl.Series(np.random.default_rng(1).uniform(0.1, 9.0, market.height))
    prices = pl.col("open", "high", "low", "close", "volume")
    shaken = market.with_columns(pl.when(inside).then(prices).otherwise(prices * noise))
    assert fit_on(kind, shaken, days) == learned[kind]
    assert fit_on(kind, market.filter(inside), days) == learned[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_transformed_value_is_bit_equal_when_the_history_is_cut_behind_it(
    kind: str, market: pl.DataFrame, learned: dict[str, Fitted]
) -> None:
    whole = learned[kind].transform(market)
    for border in market["ts"].unique().sort()[[2, 100, 300, 449, 455, 600]]:
        past = pl.col("ts") <= border
        assert bits(learned[kind].transform(market.filter(past))) == bits(whole.filter(past))


@pytest.mark.parametrize("kind", KINDS)
def test_noise_after_a_bar_changes_no_transformed_value_at_it(
    kind: str, market: pl.DataFrame, learned: dict[str, Fitted]
) -> None:
    border = market["ts"].unique().sort()[400]
    past = pl.col("ts") <= border
    noise = pl.Series(np.random.default_rng(2).uniform(0.5, 2.0, market.height))
    prices = pl.col("open", "high", "low", "close", "volume")
    shaken = market.with_columns(pl.when(past).then(prices).otherwise(prices * noise))
    one, other = (learned[kind].transform(frame).filter(past) for frame in (market, shaken))
    assert bits(one) == bits(other)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_learned_survives_json_and_a_second_fit_is_equal(
    kind: str, market: pl.DataFrame, days: pl.Series, learned: dict[str, Fitted]
) -> None:
    again = Fitted.from_json(json.loads(json.dumps(learned[kind].to_json())))
    assert again == learned[kind] == fit_on(kind, market, days)
    assert again.transform(market).equals(learned[kind].transform(market))


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_comes_back_in_order_and_what_was_unknown_stays_null(
    kind: str, market: pl.DataFrame, learned: dict[str, Fitted]
) -> None:
    found = learned[kind].transform(market)
    assert found.select("symbol", "ts").equals(market.select("symbol", "ts"))
    assert not any(found[name].is_nan().any() or found[name].is_infinite().any() for name in found.columns[2:])
    if kind not in REGIMES:
        gap = market.with_columns(pl.when(pl.col("close") > 50.0).then(pl.col("close")).alias("close"))
        assert learned[kind].transform(gap)["close"].is_null().equals(gap["close"].is_null())


def test_a_fit_slice_with_a_hole_gives_no_return_across_it(market: pl.DataFrame) -> None:
    """Combinatorial folds have train rows on both sides of the test rows."""
    days = market["ts"].unique().sort()
    holed = pl.concat([days[:200], days[320:]])
    level = pl.when(pl.col("ts") < days[200]).then(pl.col("close")).otherwise(pl.col("close") * 1000.0)
    lifted = market.with_columns(level.alias("close"))
    one, other = (fit_on("hidden_regimes", frame, holed).learned for frame in (market, lifted))
    for (_, x), (_, y) in zip(one.chains, other.chains, strict=True):  # type: ignore[attr-defined]
        np.testing.assert_allclose(y.variances, x.variances, rtol=1e-6)
    one, other = (fit_on("garch", frame, holed).learned for frame in (market, lifted))
    for (_, x), (_, y) in zip(one.parameters, other.parameters, strict=True):  # type: ignore[attr-defined]
        assert y.variance == pytest.approx(x.variance)
    one, other = (fit_on("day_regimes", frame, holed).learned for frame in (market, lifted))
    assert other.to_json() == pytest.approx(one.to_json())


def test_the_scaler_is_median_and_deviation_or_mean_and_sd() -> None:
    frame = _column([1.0, 2.0, 3.0, 4.0, 100.0, None])
    robust = fit_on("scaler", frame, frame["ts"])
    assert (robust.learned.centres, robust.learned.scales) == ((3.0,), (1.4826,))  # type: ignore[attr-defined]
    assert robust.transform(frame)["x"].round(4).to_list() == [-1.349, -0.6745, 0.0, 0.6745, 5.0, None]
    standard = fit_on("scaler", frame, frame["ts"], method="standard", clip=1.0)
    assert standard.learned.centres == (22.0,)  # type: ignore[attr-defined]
    assert standard.learned.scales == pytest.approx((np.std([1, 2, 3, 4, 100], ddof=1),))  # type: ignore[attr-defined]
    assert standard.transform(frame)["x"][4] == 1.0


def test_a_flag_is_scaled_by_its_standard_deviation() -> None:
    frame = _column([0.0] * 9 + [1.0])
    assert fit_on("scaler", frame, frame["ts"]).learned.scales == pytest.approx((np.std([0.0] * 9 + [1.0], ddof=1),))  # type: ignore[attr-defined]


@pytest.mark.parametrize("values", [[2.0, 2.0, 2.0], [None, None, None]])
def test_a_constant_column_cannot_be_scaled(values: list[float | None]) -> None:
    frame = _column(values)
    with pytest.raises(UsageError, match="'x' is constant or unknown on the fit slice"):
        fit_on("scaler", frame, frame["ts"])


def test_winsor_lets_96_of_100_through_as_they_are() -> None:
    frame = _column([float(k) for k in range(101)])
    found = fit_on("winsor", frame, frame["ts"]).transform(frame)["x"]
    assert (found.min(), found.max()) == (2.0, 98.0)
    assert (found == frame["x"]).sum() == 97


def test_percentiles_make_classes_of_equal_size() -> None:
    frame = _column([float(k) for k in range(100)])
    fitted = fit_on("percentiles", frame, frame["ts"], shares=(0.25, 0.5, 0.75))
    assert fitted.transform(frame)["x"].value_counts(sort=True)["count"].to_list() == [25] * 4


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("scaler", {"method": "median"}),
        ("scaler", {"clip": 0.0}),
        ("scaler", {"columns": ("y",)}),
        ("winsor", {"share": 0.5}),
        ("percentiles", {"shares": (0.7, 0.3)}),
        ("percentiles", {"shares": ()}),
    ],
)
def test_impossible_settings_are_refused(kind: str, settings: dict[str, Any]) -> None:
    frame = _column([1.0, 2.0, 3.0])
    with pytest.raises(UsageError):
        fit_on(kind, frame, frame["ts"], **settings)


def test_an_empty_fit_slice_and_an_unknown_transform_are_errors(market: pl.DataFrame) -> None:
    with pytest.raises(InsufficientHistory, match="lies in the fit slice of 1 dates"):
        fit_on("scaler", market, pl.Series([datetime(1999, 1, 1, tzinfo=UTC)], dtype=pl.Datetime("us", "UTC")))
    with pytest.raises(UnknownName, match="did you mean 'scaler'"):
        fit_on("scalar", market, market["ts"])
    with pytest.raises(InsufficientHistory, match="needs 272 sessions of 3 symbols"):
        fit_on("day_regimes", market, market["ts"].unique().sort()[:200])


def test_fitted_regimes_stand_beside_the_bars_and_enter_the_table(
    market: pl.DataFrame, learned: dict[str, Fitted]
) -> None:
    from augury.core.timeframe import Timeframe

    beside = stand_beside(market, *(learned[kind] for kind in REGIMES))
    table = build(Bars(market, Timeframe.D1, synthetic=True), "regime", beside=beside)
    assert {"hmm_p_wild", "garch_volatility", "day_regime"} < set(table.manifest.names)
    np.testing.assert_allclose(
        table.frame["hmm_p_calm"].drop_nulls().to_numpy(), beside["hmm_p_calm"].drop_nulls().to_numpy(), rtol=1e-6
    )
    assert not {"hmm_p_wild"} & set(build(Bars(market, Timeframe.D1, synthetic=True), "regime").manifest.names)


def test_regimes_of_days_are_thirds_of_the_fit_slice_and_one_a_day(
    market: pl.DataFrame, days: pl.Series, learned: dict[str, Fitted]
) -> None:
    found = learned["day_regimes"].transform(market)
    assert found.group_by("ts").agg(pl.col("day_regime").n_unique())["day_regime"].max() == 1
    inside = found.filter(pl.col("symbol") == "AAA", pl.col("ts").is_in(days.to_list())).drop_nulls()
    shares = [(inside["day_regime"] == k).mean() for k in range(3)]
    np.testing.assert_allclose(shares, [1 / 3] * 3, atol=0.03)


def test_mean_correlation_is_the_mean_over_pairs() -> None:
    from augury.features.transforms.day_regimes import mean_correlation

    returns = np.random.default_rng(3).normal(size=(30, 5)) + np.random.default_rng(4).normal(size=(30, 1))
    returns[3, 4] = np.nan
    matrix = np.corrcoef(returns[5:25].T)
    assert mean_correlation(returns, 20)[24] == pytest.approx(matrix[np.triu_indices(5, 1)].mean())
    matrix = np.corrcoef(returns[:20, :4].T)
    assert mean_correlation(returns, 20)[19] == pytest.approx(matrix[np.triu_indices(4, 1)].mean())


def _column(values: list[float | None]) -> pl.DataFrame:
    days = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=k) for k in range(len(values))]
    return pl.DataFrame(
        {"symbol": ["A"] * len(values), "ts": days, "x": values},
        schema={"symbol": pl.String, "ts": pl.Datetime("us", "UTC"), "x": pl.Float64},
    )


def test_bars_are_numbered_for_the_fit_by_their_place_in_the_whole_history(
    market: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[pl.DataFrame] = []
    monkeypatch.setattr(TRANSFORMS.load("winsor"), "fit", lambda rows: seen.append(rows))
    fit_on("winsor", market, market["ts"].unique().sort()[[5, 6, 9]])
    assert seen[0].filter(pl.col("symbol") == "BBB")[BAR].to_list() == [5, 6, 9]
