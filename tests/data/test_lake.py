from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, NotFound, StorageFull, StoreBusy, ValidationError
from augury.core.timeframe import Timeframe
from augury.data.lake import Lake
from augury.data.resample import to_weekly
from augury.data.synthetic import SyntheticMarket

D1 = Timeframe.D1


def files(lake: Lake) -> dict[str, bytes]:
    return {str(path.relative_to(lake.root)): path.read_bytes() for path in sorted(lake.root.rglob("*.parquet"))}


def changed(bars: Bars, row: int, **values: float) -> Bars:
    at = pl.int_range(pl.len()) == row
    columns = [pl.when(at).then(pl.lit(value)).otherwise(pl.col(name)).alias(name) for name, value in values.items()]
    return bars.with_frame(bars.frame.with_columns(columns))


def test_what_is_written_is_read_with_the_same_version(lake: Lake, bars: Bars) -> None:
    assert lake.write(bars) == bars.data_version == lake.read(None, D1).data_version
    assert lake.read(None, D1).frame.equals(bars.frame)
    assert lake.read(["SYN002"], D1).frame.equals(bars.of("SYN002").frame)
    assert lake.read(["SYN002"], D1).synthetic


def test_one_changed_close_changes_the_version(lake: Lake, bars: Bars) -> None:
    lake.write(bars)
    assert lake.write(changed(bars, 5, close=bars.frame["close"][5] + 1e-9)) != bars.data_version


def test_the_same_bars_are_the_same_bytes(lake: Lake, bars: Bars, tmp_path: Path) -> None:
    lake.write(bars)
    code = (
        "import sys; from pathlib import Path; from augury.data.lake import Lake;"
        "from augury.data.synthetic import SyntheticMarket as M;"
        "Lake(Path(sys.argv[1])).write(M(n_symbols=3, n_bars=120).bars())"
    )
    for threads in ("1", "4"):
        other = tmp_path / threads
        subprocess.run(
            [sys.executable, "-c", code, str(other)], check=True, env=os.environ | {"POLARS_MAX_THREADS": threads}
        )
        assert files(Lake(other)) == files(lake)


def test_writing_replaces_only_the_symbols_given(lake: Lake, bars: Bars) -> None:
    lake.write(bars)
    before = files(lake)
    lake.write(bars.of("SYN001").with_frame(bars.of("SYN001").frame.head(10)))
    after = files(lake)
    assert {name for name in after if after[name] != before[name]} == {"d1/SYN001.parquet"}


def test_appending_the_same_bars_again_changes_no_byte(lake: Lake, bars: Bars) -> None:
    lake.write(bars)
    before = files(lake)
    assert lake.append(bars) == 0
    assert files(lake) == before


def test_appending_in_pieces_gives_the_bytes_of_writing_at_once(lake: Lake, bars: Bars, tmp_path: Path) -> None:
    whole = Lake(tmp_path / "whole")
    whole.write(bars)
    cut = bars.frame["ts"][60]
    assert lake.append(bars.with_frame(bars.frame.filter(pl.col("ts") <= cut))) == 3 * 61
    assert lake.append(bars) == 3 * 59
    assert files(lake) == files(whole)


def test_a_changed_old_bar_is_a_conflict_and_nothing_is_written(lake: Lake, bars: Bars) -> None:
    old = bars.with_frame(bars.frame.filter(pl.col("ts") < bars.frame["ts"][100]))
    lake.write(old)
    before = files(lake)
    with pytest.raises(ValidationError, match="SYN002 d1: 1 stored bars differ") as caught:
        lake.append(changed(bars, 120 + 7, close=1.25))
    assert caught.value.facts["code"] == "CONFLICT"
    assert files(lake) == before


def test_a_revision_must_be_asked_for(lake: Lake, bars: Bars) -> None:
    lake.write(bars)
    revised = changed(bars, 7, close=1.25)
    assert lake.append(revised, revise=True) == 1
    assert lake.read(None, D1).data_version == revised.data_version


def test_bars_of_another_kind_are_not_stitched_on(lake: Lake, bars: Bars) -> None:
    lake.write(bars)
    for other in (Bars(bars.frame, D1, provider="file"), Bars(bars.frame, D1, provider="synthetic", adjustment="raw")):
        with pytest.raises(DataError, match="not stitched together"):
            lake.append(other)


def test_unsorted_or_double_bars_are_refused(lake: Lake, bars: Bars) -> None:
    for frame in (bars.frame.reverse(), pl.concat([bars.frame, bars.frame.tail(1)]), bars.frame.clear()):
        with pytest.raises(ValidationError):
            lake.write(bars.with_frame(frame))
    assert not lake.root.exists()


def test_the_newest_bars_can_be_asked_for(lake: Lake, bars: Bars) -> None:
    lake.write(bars)
    newest = lake.read(["SYN001", "SYN003"], D1, last=4)
    assert newest.frame.height == 8
    assert newest.of("SYN003").frame.equals(bars.of("SYN003").frame.tail(4))


@pytest.mark.parametrize("symbol", ["^GSPC", "BRK.B", "A_B", "EUR/USD", "RELIANCE.NS", "GC=F", ".X", "a-b"])
def test_every_well_formed_symbol_has_a_file_of_its_own(lake: Lake, bars: Bars, symbol: str) -> None:
    one = bars.of("SYN001")
    named = one.with_frame(one.frame.with_columns(pl.lit(symbol).alias("symbol")))
    lake.write(named)
    assert lake.read([symbol], D1).symbols == [symbol]
    assert [entry.symbol for entry in lake.entries()] == [symbol]
    assert len(files(lake)) == 1


def test_entries_tell_what_is_stored_without_reading_the_bars(lake: Lake, bars: Bars) -> None:
    lake.write(bars)
    lake.write(to_weekly(bars.of("SYN001")))
    entries = lake.entries()
    assert [(entry.symbol, str(entry.timeframe)) for entry in entries] == [
        ("SYN001", "d1"), ("SYN002", "d1"), ("SYN003", "d1"), ("SYN001", "w1"),
    ]  # fmt: skip
    first = entries[0]
    assert (first.rows, first.provider, first.synthetic, first.close_only) == (120, "synthetic", True, False)
    assert first.first == datetime(2010, 1, 4, tzinfo=UTC)
    assert first.data_version == lake.read(["SYN001"], D1).data_version


def test_what_is_absent_is_said_with_what_is_there_and_the_command(lake: Lake, bars: Bars) -> None:
    with pytest.raises(NotFound, match="stored: none"):
        lake.read(None, D1)
    lake.write(bars)
    with pytest.raises(NotFound, match="did you mean 'SYN001'") as caught:
        lake.read(["SYN01"], D1)
    assert caught.value.fix == "augury data import FILE --symbol SYN01 --timeframe d1"
    with pytest.raises(NotFound) as caught:
        lake.read(["^GSPC"], D1)
    assert caught.value.fix == "augury data import --provider arch --symbols ^GSPC"
    with pytest.raises(NotFound, match="no w1 bars"):
        lake.read(["SYN001"], Timeframe.W1)


def test_stray_temporary_files_are_not_bars(lake: Lake, bars: Bars) -> None:
    lake.write(bars)
    (lake.root / "d1" / ".SYN009.parquet.1234abcd.tmp").write_bytes(b"half")
    assert len(lake.entries()) == 3
    assert lake.read(None, D1).symbols == bars.symbols


def test_real_and_invented_bars_do_not_share_a_frame(lake: Lake, bars: Bars) -> None:
    lake.write(bars.of("SYN001"))
    lake.write(Bars(bars.of("SYN002").frame, D1))
    with pytest.raises(DataError, match="synthetic"):
        lake.read(None, D1)


def test_a_second_writer_is_told_to_come_back(lake: Lake, bars: Bars) -> None:
    lake.write(bars)
    with lake._writing(), pytest.raises(StoreBusy, match="another process is writing"):
        lake.write(bars)
    assert lake.append(bars) == 0


def test_a_folder_that_cannot_be_written_is_a_named_error(
    tmp_path: Path, bars: Bars, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path)
    lake.write(bars)
    before = files(lake)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(StorageFull, match="nothing was changed"):
        lake.write(changed(bars, 3, close=2.0))
    assert files(lake) == before
    assert list(tmp_path.rglob("*.tmp")) == []


_FLIP = """
import sys
from pathlib import Path
from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket as M
lake, both = Lake(Path(sys.argv[1])), [M(n_symbols=1, n_bars=400, seed=s).bars() for s in (1, 2)]
while True:
    for bars in both:
        lake.write(bars)
        print("written", flush=True)
"""


@pytest.mark.parametrize("writes", [1, 4, 9])
def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_bars(tmp_path: Path, writes: int) -> None:
    whole = {SyntheticMarket(n_symbols=1, n_bars=400, seed=seed).bars().data_version for seed in (1, 2)}
    with subprocess.Popen([sys.executable, "-c", _FLIP, str(tmp_path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for _ in range(writes):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    lake = Lake(tmp_path)
    assert lake.read(None, D1).data_version in whole
    lake.write(lake.read(None, D1))  # the dead writer holds no lock
