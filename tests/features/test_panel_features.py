"""FEA-11: panel groups with validity flags; a missing source is absent by name; targets can not be selected."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, LeakError, UsageError
from augury.core.timeframe import Timeframe
from augury.data.panel.roles import Roles
from augury.features import build, feature_set
from augury.features.names import PANEL_GROUPS
from augury.features.panel.market import market_beside
from augury.features.panel.peers import peer_beside
from augury.features.panel.sectors import sector_beside
from augury.features.panel.table import PanelTable, panel_table

START = datetime(2015, 1, 1, tzinfo=UTC)
LONG = {"mom_252_21", "gap_ema200", "high_252_gap", "low_252_gap", "amihud_20"}


@pytest.fixture(scope="module")
def full(crowd: Bars, sector_records: pl.DataFrame) -> PanelTable:
    return table_of(crowd, sector_records, fit_until=START + timedelta(days=149))


def table_of(bars: Bars, records: pl.DataFrame, fit_until: datetime) -> PanelTable:
    return panel_table(
        bars,
        market=market_beside(bars),
        sectors=sector_beside(bars, records),
        graph=peer_beside(bars),
        fit_until=fit_until,
    )


def absent(answer: PanelTable) -> dict[str, tuple[tuple[str, ...], str]]:
    return {each.group: (each.features, each.reason) for each in answer.absent}


def test_the_set_has_the_thirty_two_names_in_order() -> None:
    names = feature_set("panel32")
    assert len(set(names)) == 32
    assert names[:6] == ("past_ret_1", "past_ret_5", "past_ret_10", "past_ret_20", "past_ret_60", "mom_252_21")
    assert names[-7:] == (
        "beta_60", "alpha_60", "idio_vol_60", "rel_strength_20", "sector_ret_20", "rel_sector_5", "peer_ret_1",
    )  # fmt: skip


def test_a_full_panel_has_every_feature_and_a_flag_for_each_group(full: PanelTable) -> None:
    assert full.absent == ()
    flags = [f"valid_{group}" for group in PANEL_GROUPS]
    assert full.table.frame.columns == ["symbol", "ts", *feature_set("panel32"), *flags]
    assert full.roles.inputs == (*feature_set("panel32"), *flags)
    assert full.table.X.shape == (full.table.frame.height, 32)


def test_a_null_stays_null_and_lowers_the_flag_of_its_group(full: PanelTable) -> None:
    frame = full.table.frame
    for group, names in PANEL_GROUPS.items():
        known = frame.select(pl.all_horizontal(pl.col(name).is_not_null() for name in names)).to_series()
        assert frame[f"valid_{group}"].equals(known.alias(f"valid_{group}")), group
    young = frame.filter((pl.col("symbol") == "S07") & (pl.col("ts") == START + timedelta(days=60)))
    assert young["past_ret_60"][0] is None
    assert young["valid_past_returns"][0] is False
    assert young["valid_sector"][0] is False
    assert young["valid_averages"][0] is False
    assert not frame.select(pl.col(pl.Float32).is_nan().any()).row(0).count(True)


def test_a_group_without_source_is_absent_by_name(crowd: Bars, sector_records: pl.DataFrame) -> None:
    answer = panel_table(crowd, sectors=sector_beside(crowd, sector_records))
    assert absent(answer)["cross"] == (PANEL_GROUPS["cross"], "needs market_close")
    assert absent(answer)["peers"] == (("peer_ret_1",), "needs peer_mean_1")
    assert not {"beta_60", "peer_ret_1", "valid_cross", "valid_peers"} & set(answer.table.frame.columns)
    assert {"sector_ret_20", "valid_sector"} <= set(answer.table.frame.columns)
    assert answer.absent[-1].to_json() == {"group": "peers", "features": ["peer_ret_1"], "reason": "needs peer_mean_1"}


def test_a_fit_slice_without_rows_decides_nothing_and_is_refused(crowd: Bars) -> None:
    with pytest.raises(UsageError, match="no bar lies in the fit slice, which ends at 2014-12-31"):
        panel_table(crowd, fit_until=START - timedelta(days=1))


def test_a_source_without_volume_loses_that_group_and_keeps_the_rest(crowd: Bars) -> None:
    silent = crowd.with_frame(crowd.frame.with_columns(pl.lit(0.0).alias("volume")))
    answer = panel_table(silent)
    assert absent(answer)["volume"] == (PANEL_GROUPS["volume"], "needs volume")
    assert "past_ret_1" in answer.table.manifest.names


def test_a_group_more_than_seventy_percent_null_on_the_fit_slice_is_dropped(
    crowd: Bars, sector_records: pl.DataFrame
) -> None:
    records = sector_records.filter(pl.col("symbol").is_in(["S00", "S02", "S06", "S08"]))
    answer = panel_table(crowd, sectors=sector_beside(crowd, records), fit_until=START + timedelta(days=100))
    features, reason = absent(answer)["sector"]
    assert features == PANEL_GROUPS["sector"]
    assert "% null on" in reason
    assert not {"sector_ret_20", "valid_sector"} & set(answer.table.frame.columns)


def test_rows_behind_the_fit_slice_do_not_decide_what_is_dropped(crowd: Bars, sector_records: pl.DataFrame) -> None:
    early = START + timedelta(days=30)
    answer = table_of(crowd, sector_records, early)
    cut = crowd.with_frame(crowd.frame.filter(pl.col("ts") <= early))
    assert {"averages", "cross", "peers"} <= set(absent(answer))
    assert set(absent(answer)) == set(absent(table_of(cut, sector_records, early)))


def test_twenty_cuts_and_noise_after_them_change_nothing(
    crowd: Bars, sector_records: pl.DataFrame, full: PanelTable
) -> None:
    rng = np.random.default_rng(0)
    for k in np.linspace(2, 148, 20).astype(int).tolist():
        known = pl.col("ts") <= START + timedelta(days=k)
        part = table_of(crowd.with_frame(crowd.frame.filter(known)), sector_records, START + timedelta(days=k)).table
        names = ["symbol", "ts", *part.manifest.names]
        assert part.frame.select(names).equals(full.table.frame.filter(known).select(names))
    factor = pl.Series(rng.lognormal(0.0, 0.5, crowd.frame.height))
    prices = [
        pl.when(known).then(name).otherwise(pl.col(name) * factor).alias(name)
        for name in ("open", "high", "low", "close")
    ]
    noisy = table_of(
        crowd.with_frame(crowd.frame.with_columns(prices)), sector_records, START + timedelta(days=k)
    ).table
    names = ["symbol", "ts", *noisy.manifest.names]
    assert noisy.frame.select(names).filter(known).equals(full.table.frame.filter(known).select(names))


def test_prices_in_another_unit_change_nothing(crowd: Bars, sector_records: pl.DataFrame, full: PanelTable) -> None:
    factor = pl.col("symbol").str.slice(1).cast(pl.Float64) * 3.0 + 0.1
    scaled = crowd.with_frame(crowd.frame.with_columns(pl.col("open", "high", "low", "close") * factor))
    other = table_of(scaled, sector_records, START + timedelta(days=149)).table.frame
    for name in full.table.manifest.names:
        np.testing.assert_allclose(
            other[name].to_numpy(), full.table.frame[name].to_numpy(), rtol=2e-5, atol=1e-6, err_msg=name
        )


def test_a_target_beside_the_features_can_never_be_selected(full: PanelTable) -> None:
    frame = full.table.frame.with_columns(pl.lit(0.1).alias("fwd_ret_5"), pl.lit("Energy").alias("industry"))
    roles = Roles.from_manifest(full.table.manifest, frame.columns)
    assert roles.role("fwd_ret_5") == "target"
    assert roles.role("industry") == "meta"
    assert roles.select(frame).columns == list(full.roles.inputs)
    with pytest.raises(LeakError, match="'fwd_ret_5' is a target"):
        roles.select(frame, ["past_ret_1", "fwd_ret_5"])
    with pytest.raises(LeakError):
        Roles({"fwd_ret_5": "feature"})
    with pytest.raises(UsageError, match="name it past_ret_5 or fwd_ret_5"):
        Roles.from_manifest(full.table.manifest, ["returns_5"])


def test_two_sources_of_one_column_and_two_rows_for_one_bar_are_refused(crowd: Bars) -> None:
    market = market_beside(crowd)
    with pytest.raises(DataError, match="two sources beside the bars give market_close"):
        panel_table(crowd, market=market, graph=market)
    with pytest.raises(DataError, match="two rows"):
        panel_table(crowd, market=pl.concat([market, market.head(1)]))


def test_panel_features_equal_their_definitions(make_walk: Callable[..., pl.DataFrame]) -> None:
    frame = make_walk("AAA", 320, 1)
    table = build(Bars(frame, Timeframe.D1, synthetic=True), "all").frame
    h, low, c, v = (frame[name].to_numpy() for name in ("high", "low", "close", "volume"))
    r = np.append(np.nan, c[1:] / c[:-1] - 1.0)
    money = c * v
    ema = np.empty_like(c)
    ema[0] = c[0]
    for k in range(1, len(c)):
        ema[k] = ema[k - 1] + 2.0 / 201.0 * (c[k] - ema[k - 1])
    for t in (253, 290, 319):
        year = 252.0

        def last(x: np.ndarray, n: int, t: int = t) -> np.ndarray:
            return x[t - n + 1 : t + 1]

        impact = [np.abs(last(r, n)).sum() / last(money, n).sum() for n in (20, 120)]
        expected = {
            **{f"past_ret_{n}": c[t] / c[t - n] - 1.0 for n in (1, 5, 10, 20, 60, 120)},
            "mom_252_21": c[t - 21] / c[t - 252] - 1.0,
            **{f"vol_{n}": last(r, n).std(ddof=1) * np.sqrt(year) for n in (5, 20, 60)},
            "parkinson_20": np.sqrt((np.log(last(h, 20) / last(low, 20)) ** 2).mean() * year / (4.0 * np.log(2.0))),
            "gap_sma20": c[t] / last(c, 20).mean() - 1.0,
            "gap_sma60": c[t] / last(c, 60).mean() - 1.0,
            "gap_ema200": c[t] / ema[t] - 1.0,
            "turnover_z60": (money[t] - last(money, 60).mean()) / last(money, 60).std(ddof=1),
            "amihud_20": impact[0] / impact[1] - 1.0,
            "high_252_gap": c[t] / last(h, 252).max() - 1.0,
            "low_252_gap": c[t] / last(low, 252).min() - 1.0,
        }
        for name, value in expected.items():
            assert table[name][t] == pytest.approx(value, rel=2e-3, abs=1e-7), (name, t)
        assert table["macd_hist_atr"][t] == table["macd_histogram"][t]
