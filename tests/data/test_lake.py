from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.errors import CorruptStore, DataError, NotFound, StorageFull, StoreBusy, ValidationError
from augury.core.hashing import sha256_json
from augury.core.timeframe import Timeframe
from augury.data.calendar.resample import to_weekly
from augury.data.lake import Lake
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
    with lake._root.writing(), pytest.raises(StoreBusy, match="another process is writing"):
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


def test_one_new_bar_touches_one_file_and_older_periods_are_never_rewritten(lake: Lake) -> None:
    bars = SyntheticMarket(n_symbols=4, n_bars=3200).bars()  # 2010 to 2022: two decades
    last = bars.frame.group_by("symbol", maintain_order=True).tail(1)
    lake.write(bars.with_frame(bars.frame.join(last, on=["symbol", "ts"], how="anti", maintain_order="left")))
    before = files(lake)
    assert len(before) == 8
    assert lake.append(bars.with_frame(last.filter(pl.col("symbol") == "SYN002"))) == 1
    after = files(lake)
    assert {name for name in after if after[name] != before.get(name)} == {"d1/SYN002.parquet"}
    assert set(after) == set(before)
    assert lake.append(bars) == 3
    assert lake.read(None, D1).data_version == bars.data_version
    assert files(lake).keys() == before.keys()


@pytest.mark.parametrize(("timeframe", "n_bars"), [("m1", 9000), ("m5", 9000), ("h1", 9000), ("h4", 3000), ("w1", 700)])
def test_every_timeframe_is_kept_in_periods_and_read_back(lake: Lake, timeframe: str, n_bars: int) -> None:
    start = datetime(2019, 12, 30, tzinfo=UTC) if timeframe != "w1" else datetime(2010, 1, 4, tzinfo=UTC)
    bars = SyntheticMarket(1, n_bars, timeframe=Timeframe.parse(timeframe), start=start, calendar="24/7").bars()
    cut = bars.with_frame(bars.frame.head(-1))
    lake.write(cut)
    assert lake.append(bars) == 1
    assert len(files(lake)) > 1
    assert lake.read(None, bars.timeframe).data_version == bars.data_version == lake.entries()[0].data_version


def test_the_newest_bars_are_read_without_opening_older_periods(lake: Lake) -> None:
    bars = SyntheticMarket(n_symbols=1, n_bars=3200).bars()
    lake.write(bars)
    (old,) = (lake.root / "d1" / "SYN001").iterdir()
    old.write_bytes(b"damaged")
    assert lake.read(["SYN001"], D1, last=300).frame.equals(bars.frame.tail(300))
    for last in (None, 3000):
        with pytest.raises(CorruptStore, match="not what the facts"):
            lake.read(["SYN001"], D1, last=last)
    old.unlink()
    with pytest.raises(CorruptStore, match="it is gone"):
        lake.read(["SYN001"], D1)


def test_a_revised_old_bar_replaces_its_period_and_leaves_no_stray_file(lake: Lake) -> None:
    bars = SyntheticMarket(n_symbols=1, n_bars=3200).bars()
    lake.write(bars)
    before = files(lake)
    revised = changed(bars, 7, close=1.25)
    assert lake.append(revised, revise=True) == 1
    assert lake.read(None, D1).data_version == revised.data_version
    assert len(files(lake)) == len(before) == 2
    assert set(files(lake)) != set(before)  # a sealed file is named by its content


def test_a_stray_period_of_a_killed_writer_is_never_read_and_goes_with_the_next_write(lake: Lake) -> None:
    bars = SyntheticMarket(n_symbols=1, n_bars=3200).bars()
    lake.write(bars)
    stray = lake.root / "d1" / "SYN001" / "2010-01-000000000000.parquet"
    stray.write_bytes(b"half")
    assert lake.read(None, D1).data_version == bars.data_version
    assert len(lake.entries()) == 1
    lake.write(bars)
    assert not stray.exists()


def test_a_reader_between_the_two_steps_of_a_write_sees_the_old_bars(lake: Lake, monkeypatch) -> None:
    old, new = (SyntheticMarket(n_symbols=1, n_bars=3200, seed=seed).bars() for seed in (1, 2))
    lake.write(old)
    put, seen = lake._root.put, []

    def looking(files: dict[str, bytes]) -> None:
        seen.append(Lake(lake.root).read(None, D1).data_version)
        put(files)

    monkeypatch.setattr(lake._root, "put", looking)
    lake.write(new)
    assert seen == [old.data_version] * 2
    assert lake.read(None, D1).data_version == new.data_version


def test_a_lake_of_one_file_a_symbol_is_read_and_brought_up_to_date_by_the_next_write(lake: Lake) -> None:
    bars = SyntheticMarket(n_symbols=1, n_bars=3200).bars()
    old = bars.with_frame(bars.frame.head(-1))
    ts = old.frame["ts"]
    facts = {
        "format": 1, "symbol": "SYN001", "rows": 3199, "first": iso(ts[0]), "last": iso(ts[-1]),
        "provider": "synthetic", "calendar": "XNYS", "adjustment": bars.adjustment, "synthetic": True,
        "close_only": False, "data_version": old.data_version,
    }  # fmt: skip
    (lake.root / "d1").mkdir(parents=True)
    facts |= {"seal": sha256_json(facts)}
    old.frame.write_parquet(lake.root / "d1" / "SYN001.parquet", metadata={"augury": json.dumps(facts)})
    assert lake.read(None, D1).data_version == old.data_version == lake.entries()[0].data_version
    assert lake.append(bars) == 1
    assert len(files(lake)) == 2
    assert lake.read(None, D1).data_version == bars.data_version


def test_symbols_with_and_without_adjusted_closes_are_read_together(lake: Lake, bars: Bars) -> None:
    lake.write(bars.of("SYN001"))
    other = bars.of("SYN002")
    lake.write(other.with_frame(other.frame.with_columns(pl.col("close").alias("adj_close"))))
    assert lake.read(None, D1).frame["adj_close"].null_count() == 120
