"""F09: the sector of a day is the one of that day; medians leave the symbol itself out."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, UsageError
from augury.features import build, manifest_for
from augury.features.panel.day_grid import DayGrid, past_return
from augury.features.panel.sectors import codes_on, median_of_others, sector_beside

MOVED = date(2015, 1, 1) + timedelta(days=60)


def column(frame: pl.DataFrame, symbol: str, name: str) -> pl.Series:
    return frame.filter(pl.col("symbol") == symbol)[name]


def test_the_median_of_the_others_equals_the_plain_definition() -> None:
    rng = np.random.default_rng(1)
    values = np.round(rng.normal(size=(30, 17)), 1)
    values[rng.random(values.shape) < 0.3] = np.nan
    groups = rng.integers(-1, 3, values.shape)
    found = median_of_others(values, groups)
    for day, symbol in np.ndindex(values.shape):
        inside = (groups[day] == groups[day, symbol]) & ~np.isnan(values[day])
        others = [values[day, k] for k in np.flatnonzero(inside) if k != symbol]
        enough = groups[day, symbol] >= 0 and inside.sum() >= 3
        assert found[day, symbol] == pytest.approx(np.median(others) if enough else np.nan, nan_ok=True)


def test_returns_of_the_others_are_taken_over_the_same_dates(crowd: Bars, sector_records: pl.DataFrame) -> None:
    grid = DayGrid.of(crowd.frame)
    closes = grid.spread(crowd.frame["close"])
    beside = sector_beside(crowd, sector_records)
    for h in (1, 5, 20, 60):
        moves = past_return(closes, h)[120]
        others = [
            moves[k] for k, name in enumerate(grid.symbols) if int(name[1:]) % 2 == 0 and name not in ("S00", "S04")
        ]
        expected = np.nanmedian(others)
        row = beside.filter((pl.col("symbol") == "S00") & (pl.col("ts") == grid.days[120]))
        assert row[f"sector_median_{h}"][0] == pytest.approx(expected)
        assert row["sector_members"][0] == 11.0


def test_a_symbol_that_changes_sector_changes_it_on_that_day_and_not_before(
    crowd: Bars, sector_records: pl.DataFrame
) -> None:
    energy, health, mover = (
        column(sector_beside(crowd, sector_records), name, "sector_median_1") for name in ("S00", "S01", "S04")
    )
    assert codes_on(crowd.of("S04").frame["ts"], ["S04"], sector_records)[:, 0].tolist() == [0] * 60 + [1] * 90
    near = np.abs(mover[1:60] - energy[1:60]).mean() < np.abs(mover[1:60] - health[1:60]).mean()  # type: ignore[operator]
    far = np.abs(mover[60:] - energy[60:]).mean() > np.abs(mover[60:] - health[60:]).mean()  # type: ignore[operator]
    assert near
    assert far


def test_a_record_that_begins_later_changes_nothing_before_it(crowd: Bars, sector_records: pl.DataFrame) -> None:
    last = (pl.col("symbol") == "S04") & pl.col("valid_to").is_null()
    newest = sector_records.with_columns(pl.when(last).then(pl.lit("Energy")).otherwise("sector").alias("sector"))
    before = pl.col("ts").dt.date() < MOVED
    one, other = sector_beside(crowd, sector_records), sector_beside(crowd, newest)
    assert one.filter(before).equals(other.filter(before))
    assert not one.filter(~before).equals(other.filter(~before))


def test_below_three_members_or_without_a_record_there_is_no_sector(crowd: Bars, sector_records: pl.DataFrame) -> None:
    few = sector_records.filter(pl.col("symbol").is_in(["S00", "S02", "S01", "S05", "S09"]))
    beside = sector_beside(crowd, few)
    assert column(beside, "S00", "sector_median_1").null_count() == 150
    assert column(beside, "S00", "sector_members").unique().to_list() == [2.0]
    assert column(beside, "S01", "sector_median_1").null_count() == 1
    assert column(beside, "S06", "sector_members").null_count() == 150


def test_two_records_for_one_day_and_records_without_validity_are_refused(
    crowd: Bars, sector_records: pl.DataFrame
) -> None:
    with pytest.raises(DataError, match="overlaps"):
        sector_beside(crowd, pl.concat([sector_records, sector_records.head(1)]))
    with pytest.raises(UsageError, match="no column valid_from"):
        sector_beside(crowd, sector_records.drop("valid_from"))


def test_twenty_cuts_and_noise_after_them_change_nothing(crowd: Bars, sector_records: pl.DataFrame) -> None:
    whole = sector_beside(crowd, sector_records)
    rng = np.random.default_rng(0)
    days = crowd.frame["ts"].unique().sort()
    for k in np.linspace(2, len(days) - 2, 20).astype(int):
        known = pl.col("ts") <= days[int(k)]
        prefix = crowd.with_frame(crowd.frame.filter(known))
        assert sector_beside(prefix, sector_records).equals(whole.filter(known))
        factor = pl.Series(rng.lognormal(0.0, 0.5, crowd.frame.height))
        noisy = crowd.frame.with_columns(
            pl.when(known).then("close").otherwise(pl.col("close") * factor).alias("close")
        )
        assert sector_beside(crowd.with_frame(noisy), sector_records).filter(known).equals(whole.filter(known))


def test_scaling_each_symbol_by_its_own_constant_changes_nothing(crowd: Bars, sector_records: pl.DataFrame) -> None:
    factor = pl.col("symbol").str.slice(1).cast(pl.Float64) * 3.0 + 0.1
    scaled = crowd.with_frame(crowd.frame.with_columns(pl.col("close") * factor))
    one, other = sector_beside(crowd, sector_records), sector_beside(scaled, sector_records)
    for name in one.columns[2:]:
        np.testing.assert_allclose(other[name].to_numpy(), one[name].to_numpy(), rtol=1e-9, atol=1e-12)


def test_a_symbol_stands_against_its_sector(crowd: Bars, sector_records: pl.DataFrame) -> None:
    beside = sector_beside(crowd, sector_records)
    manifest = manifest_for(crowd, "all", beside=beside)
    table = build(crowd, manifest, beside=beside).frame
    close = column(crowd.frame, "S06", "close")
    own = (close / close.shift(20) - 1.0)[100]
    median = column(beside, "S06", "sector_median_20")[100]
    assert column(table, "S06", "rel_sector_20")[100] == pytest.approx(own - median, rel=1e-5)
    moves = column(beside, "S06", "sector_median_1").to_numpy()
    z = (moves[100] - moves[41:101].mean()) / moves[41:101].std(ddof=1)
    assert column(table, "S06", "sector_z_60")[100] == pytest.approx(z, rel=1e-5)
    sd = moves[81:101].std(ddof=1) * np.sqrt(252.0)
    assert column(table, "S06", "sector_vol_20")[100] == pytest.approx(sd, rel=2e-3)
    assert column(table, "S06", "sector_momentum")[100] == pytest.approx(column(beside, "S06", "sector_median_60")[100])
