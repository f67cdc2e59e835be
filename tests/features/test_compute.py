"""Files of bars become files of features, chunk by chunk: the same bits, whole or not at all."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, NotFound, UnknownName, UsageError
from augury.data.synthetic import SyntheticMarket
from augury.features import build
from augury.features.compute import compute_file
from augury.features.news_columns import news_columns, read_news


@pytest.fixture
def file(panel: Bars, tmp_path: Path) -> Path:
    panel.frame.write_parquet(tmp_path / "bars.parquet")
    return tmp_path / "bars.parquet"


@pytest.mark.parametrize("chunk_rows", [1, 300, 1_000_000])
def test_chunks_change_no_bit(chunk_rows: int, file: Path, panel: Bars, tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    done = compute_file(
        file, tmp_path / "out.arrow", calendar=panel.calendar, chunk_rows=chunk_rows,
        on_chunk=lambda *step: told.append(step),
    )  # fmt: skip
    expected = build(panel, "technical")
    assert pl.read_ipc(done.path).equals(expected.frame)
    assert done.manifest == expected.manifest
    assert told[-1][0] == told[-1][1]
    assert told[-1][2] == done.rows == panel.frame.height


def test_the_manifest_lies_beside_the_file(file: Path, panel: Bars, tmp_path: Path) -> None:
    done = compute_file(file, tmp_path / "out.arrow", calendar=panel.calendar)
    said = json.loads((tmp_path / "out.arrow.manifest.json").read_text())
    assert said["hash"] == done.manifest.hash


def test_a_layout_that_is_not_canonical_is_read_whole(panel: Bars, tmp_path: Path) -> None:
    one = panel.of("AAA").frame.drop("symbol").rename({"ts": "Date", "close": "Close"})
    one.write_csv(tmp_path / "AAA.csv")
    with pytest.raises(UsageError, match="no column names the symbol"):
        compute_file(tmp_path / "AAA.csv", tmp_path / "out.arrow")
    panel.of("AAA").frame.with_columns(pl.col("ts").dt.date()).rename({"ts": "Date"}).write_csv(tmp_path / "many.csv")
    done = compute_file(tmp_path / "many.csv", tmp_path / "out.arrow", calendar="24/7", timeframe="d1")
    assert (done.rows, done.symbols) == (300, 1)


def test_a_bad_price_in_a_late_chunk_leaves_no_file(file: Path, panel: Bars, tmp_path: Path) -> None:
    late = pl.when((pl.col("symbol") == "CCC") & (pl.int_range(pl.len()).over("symbol") == 9))
    panel.frame.with_columns(late.then(-1.0).otherwise(pl.col("close")).alias("close")).write_parquet(file)
    with pytest.raises(DataError, match="close of CCC 2015-01-10"):
        compute_file(file, tmp_path / "out.arrow", chunk_rows=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bars.parquet"]


def test_a_missing_file_and_an_unknown_set_are_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"absent\.parquet"):
        compute_file(tmp_path / "absent.parquet", tmp_path / "out.arrow")
    with pytest.raises(UnknownName, match="did you mean 'technical'"):
        compute_file(file, tmp_path / "out.arrow", feature_set="tecnical")


@pytest.fixture(scope="module")
def market() -> Bars:
    return SyntheticMarket(n_symbols=3, n_bars=120).bars()


def headlines(market: Bars, every: int) -> pl.DataFrame:
    """A good or bad headline on every so many sessions, at noon in New York."""
    rows = market.frame.gather_every(every).select("symbol", "ts").with_row_index()
    words = (
        pl.when(pl.col("index") % 2 == 0)
        .then(pl.lit("profit surges to a record"))
        .otherwise(pl.lit("shares plunge on loss"))
    )
    return rows.select("symbol", (pl.col("ts") + timedelta(hours=17)).alias("published_at"),
                       (words + pl.col("index").cast(pl.String)).alias("headline"))  # fmt: skip


def test_the_sentiment_family_lives_where_news_cover_the_bars(market: Bars) -> None:
    frame, verdict = news_columns(headlines(market, 2), market)
    assert verdict.kept
    table = build(market, "sentiment", beside=frame)
    assert len(table.manifest.names) == 34
    assert set(table.frame["sentiment_mean"].drop_nulls().sign().unique()) == {-1.0, 1.0}


def test_sparse_news_drop_the_whole_family_by_name_and_leave_no_zero_column(market: Bars) -> None:
    frame, verdict = news_columns(headlines(market, 60), market)
    assert not verdict.kept
    assert "news" in str(verdict)
    assert build(market, "sentiment", beside=frame).manifest.names == ()


def test_a_headline_one_second_after_the_close_changes_no_feature_of_that_day(market: Bars) -> None:
    news = headlines(market, 2)
    day = market.frame.filter(pl.col("symbol") == market.symbols[0])["ts"][60]
    close = day + timedelta(hours=21 if day.month in (1, 2, 11, 12) else 20)

    def features(at: timedelta) -> pl.DataFrame:
        row = {"symbol": [market.symbols[0]], "published_at": [close + at], "headline": ["fraud and loss"]}
        extra = pl.DataFrame(row, schema=news.schema)
        frame, _ = news_columns(pl.concat([news, extra]), market)
        table = build(market, "sentiment", beside=frame).frame
        return table.filter((pl.col("symbol") == market.symbols[0]) & (pl.col("ts") <= day))

    plain, _ = news_columns(news, market)
    without = build(market, "sentiment", beside=plain).frame
    without = without.filter((pl.col("symbol") == market.symbols[0]) & (pl.col("ts") <= day))
    assert features(timedelta(seconds=1)).equals(without)
    assert not features(timedelta(hours=-2)).equals(without)


def test_a_file_of_headlines_says_what_it_lacks(tmp_path: Path) -> None:
    pl.DataFrame({"symbol": ["A"], "text": ["x"]}).write_parquet(tmp_path / "news.parquet")
    with pytest.raises(DataError, match=r"lacks \['published_at', 'headline'\]"):
        read_news(tmp_path / "news.parquet")
    with pytest.raises(NotFound):
        read_news(tmp_path / "absent.parquet")
