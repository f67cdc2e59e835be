"""Window files: what is written is read back, and a file that breaks a rule is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from augury.core.errors import InsufficientHistory, NotFound, UsageError, ValidationError
from augury.data.synthetic import SyntheticMarket
from augury.labels import Windows, check_windows, extract_windows, overlap, read_windows, write_windows

LABELS = ["expansion", "consolidation"]


def labelled(n_bars: int = 1000) -> Windows:
    windows = extract_windows(SyntheticMarket(n_symbols=1, n_bars=n_bars).bars(), max_offset=5)
    n = len(windows)
    frame = windows.frame.with_columns(
        pl.Series("label", [LABELS[at % 2] for at in range(n)]),
        pl.Series("expansion_start", [30 + at for at in range(n)], dtype=pl.Int64),
        pl.Series("expansion_end", [50 + at for at in range(n)], dtype=pl.Int64),
    )
    return Windows(windows.prices, frame, windows.timeframe, windows.max_offset)


def stored(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path)


@pytest.mark.parametrize("name", ["w.parquet", "w.arrow", "w.feather"])
def test_windows_survive_their_file_bit_for_bit(tmp_path: Path, name: str) -> None:
    windows = labelled()
    write_windows(windows, tmp_path / name)
    back = read_windows(tmp_path / name)
    assert np.array_equal(back.prices, windows.prices)
    assert back.frame.equals(windows.frame)
    assert (back.timeframe, back.max_offset, back.notes) == (windows.timeframe, 5, ())


def test_the_same_windows_give_the_same_bytes(tmp_path: Path) -> None:
    write_windows(labelled(), tmp_path / "a.parquet")
    write_windows(labelled(), tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_the_file_has_the_documented_columns(tmp_path: Path) -> None:
    write_windows(labelled(), tmp_path / "w.parquet")
    table = stored(tmp_path / "w.parquet")
    assert table.schema["features"] == pl.List(pl.List(pl.Float64))
    assert set(table["features"].list.len()) == {105}
    assert {"window_id", "symbol", "start_ts", "end_ts", "label", "expansion_start", "expansion_end"} <= set(
        table.columns
    )


def rewritten(tmp_path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Path:
    path = tmp_path / "w.parquet"
    write_windows(labelled(), path)
    change(stored(path)).write_parquet(path)
    return path


def with_value(column: str, row: int, value: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def change(table: pl.DataFrame) -> pl.DataFrame:
        values = table[column].to_list()
        values[row] = value
        return table.with_columns(pl.Series(column, values, dtype=table.schema[column]))

    return change


def test_a_minimal_file_of_another_hand_is_read(tmp_path: Path) -> None:
    def minimal(table: pl.DataFrame) -> pl.DataFrame:
        naive = table.select("window_id", "symbol", pl.col("start_ts", "end_ts").dt.replace_time_zone(None), "features")
        return naive.with_columns(pl.col("features").cast(pl.List(pl.List(pl.Float32))))

    windows = read_windows(rewritten(tmp_path, minimal))
    assert windows.frame["label"].null_count() == len(windows) == 18
    assert (windows.max_offset, windows.timeframe) == (0, None)
    assert windows.frame["start_ts"][0] == labelled().frame["start_ts"][0]


def test_times_written_as_text_are_read_as_utc(tmp_path: Path) -> None:
    def as_text(table: pl.DataFrame) -> pl.DataFrame:
        return table.with_columns(pl.col("start_ts", "end_ts").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))

    assert read_windows(rewritten(tmp_path, as_text)).frame["end_ts"].equals(labelled().frame["end_ts"])


def test_a_window_of_104_bars_is_named(tmp_path: Path) -> None:
    def shorter(table: pl.DataFrame) -> pl.DataFrame:
        short = pl.int_range(pl.len()) == 17
        cut = pl.when(short).then(pl.col("features").list.head(104)).otherwise("features")
        return table.with_columns(cut.alias("features"))

    words = r"window 17 has 104 bars, needs 105 \(insufficient_history need=105 have=104\)"
    with pytest.raises(InsufficientHistory, match=words):
        read_windows(rewritten(tmp_path, shorter))


def test_of_106_bars_the_last_105_are_used_and_the_result_says_so(tmp_path: Path) -> None:
    def longer(table: pl.DataFrame) -> pl.DataFrame:
        first = pl.col("features").list.head(1)
        return table.with_columns(pl.concat_list(first, "features").alias("features"))

    windows = read_windows(rewritten(tmp_path, longer))
    assert np.array_equal(windows.prices, labelled().prices)
    assert windows.notes == ("18 windows have more than 105 bars: the last 105 are used",)


BAR = [[1.0, 1.2, 0.9, 1.1]] * 105


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_value("features", 3, [*BAR[:7], [1.0, 1.05, 0.9, 1.1], *BAR[8:]]), "window 3 bar 7: high 1.05 < max"),
        (with_value("features", 3, [*BAR[:7], [1.0, None, 0.9, 1.1], *BAR[8:]]), "window 3 bar 7: high is nan"),
        (with_value("features", 3, [*BAR[:7], [1.0, 1.2, 0.9], *BAR[8:]]), "window 3 bar 7 has not four prices"),
        (with_value("features", 3, [[1.0, 3.0, 0.0001, 1.0]] * 104 + [[0.0] * 4]), "window 3 bar 104: open is 0"),
        (with_value("end_ts", 2, None), "end_ts is missing.*never filled in"),
        (with_value("end_ts", 2, datetime(1999, 1, 1, tzinfo=UTC)), "TIME_ORDER"),
        (with_value("symbol", 2, None), "MISSING_KEY"),
        (with_value("expansion_start", 2, 29), "SPAN"),
        (with_value("expansion_end", 2, 75), "SPAN"),
        (with_value("expansion_end", 2, 32), "span 32..32"),
        (with_value("expansion_end", 2, None), "span 32..None"),
        (with_value("label", 2, "retracement"), "class 'retracement' has 1 windows"),
        (lambda table: table.with_columns(pl.lit("x").alias("window_id")), "DUPLICATE_ID"),
        (lambda table: table.with_columns(pl.lit(table["start_ts"][0]).alias("start_ts")), "DUPLICATE"),
        (lambda table: table.drop("end_ts"), "needs end_ts"),
        (lambda table: table.drop("features"), "needs features"),
        (lambda table: table.clear(), "no window"),
        (lambda table: table.with_columns(pl.lit("text").alias("features")), "features is String"),
        (lambda table: table.with_columns(pl.lit("x").alias("expansion_start")), "SCHEMA"),
        (lambda table: table.with_columns(pl.lit("soon").alias("end_ts")), "SCHEMA"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused_with_the_rule(
    tmp_path: Path, change: Callable[[pl.DataFrame], pl.DataFrame], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        read_windows(rewritten(tmp_path, change))


@pytest.mark.parametrize("low", [1e-9, 0.0, -1e-9])
def test_a_bar_spreads_over_at_most_twice_its_middle(low: float) -> None:
    windows = labelled()
    windows.prices[0, 0] = (1.0, 1e9, low, 1.0)
    spread = (1e9 - low) / (0.5 * (1e9 + low))
    codes = [finding.code for finding in check_windows(windows)]
    assert codes == ([] if low > 0 else ["BROKEN_BAR"])
    assert spread <= 2 or codes


def test_all_findings_come_at_once(tmp_path: Path) -> None:
    def several(table: pl.DataFrame) -> pl.DataFrame:
        return with_value("expansion_start", 2, 3)(with_value("end_ts", 5, None)(table))

    with pytest.raises(ValidationError) as error:
        read_windows(rewritten(tmp_path, several))
    assert error.value.facts["findings"] == ["MISSING_END", "SPAN"]


def test_a_class_more_than_ten_times_another_is_refused() -> None:
    windows = labelled(2500)
    n = len(windows)

    def with_classes(small: int) -> list[str]:
        frame = windows.frame.with_columns(pl.Series("label", ["a"] * small + ["b"] * (n - small)))
        frame = frame.with_columns(pl.lit(None, pl.Int64).alias(name) for name in ("expansion_start", "expansion_end"))
        return [finding.code for finding in check_windows(Windows(windows.prices, frame))]

    assert n == 47
    assert with_classes(4) == ["CLASS_RATIO"]
    assert with_classes(5) == []
    assert with_classes(1) == ["CLASS_SIZE", "CLASS_RATIO"]


def test_the_overlap_report_counts_bars_used_twice() -> None:
    windows = labelled()
    (row,) = overlap(windows).rows(named=True)
    used = np.zeros(2000, dtype=int)
    for first in windows.frame["raw_start_idx"]:
        used[first : first + 105] += 1
    assert (row["windows"], row["bars"], row["bars_twice"]) == (18, int((used > 0).sum()), int((used > 1).sum()))
    unknown = windows.frame.with_columns(pl.lit(None, pl.Int64).alias("raw_start_idx"))
    assert overlap(Windows(windows.prices, unknown)).row(0) == ("SYN001", 18, None, None, None)


def test_windows_of_another_length_or_with_a_broken_bar_are_not_written(tmp_path: Path) -> None:
    short = extract_windows(SyntheticMarket(n_symbols=1, n_bars=300).bars(), n_bars=50)
    with pytest.raises(InsufficientHistory, match="need=105 have=50"):
        write_windows(short, tmp_path / "w.parquet")
    windows = labelled()
    windows.prices[4, 9, 1] = 0.01
    with pytest.raises(ValidationError, match="window 4 bar 9"):
        write_windows(windows, tmp_path / "w.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_and_another_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nothing\.parquet"):
        read_windows(tmp_path / "nothing.parquet")
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(ValidationError, match=r"text\.parquet is not"):
        read_windows(tmp_path / "text.parquet")


def test_one_file_has_one_offset_rule(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="max_offset differs"):
        read_windows(rewritten(tmp_path, with_value("max_offset", 3, 0)))


def test_a_shift_of_the_end_never_goes_unnoticed(tmp_path: Path) -> None:
    windows = labelled()
    late = windows.frame.with_columns(pl.col("end_ts") - timedelta(days=4000))
    assert {finding.code for finding in check_windows(Windows(windows.prices, late))} == {"TIME_ORDER"}
