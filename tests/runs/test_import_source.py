from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.clock import FixedClock
from augury.core.errors import NotFound, UnknownName, UsageError, ValidationError
from augury.core.timeframe import Timeframe
from augury.data.lake import Lake
from augury.data.sources import SOURCES, yahoo
from augury.data.sources._bars import between, named, offered
from augury.runs.intake import import_source

DAY = datetime(2018, 12, 31, tzinfo=UTC)
BEFORE_CLOSE = FixedClock(datetime(2018, 12, 31, 20, tzinfo=UTC))


@dataclass(frozen=True)
class Vendor:
    """The bars of the index under the name DEMO, told as by a vendor."""

    bars: Bars = field(default_factory=lambda: SOURCES.load("arch").load(["^GSPC"]))
    name: str = "yahoo"
    title: str = "vendor"
    synthetic: bool = False
    historical: bool = False
    calendar: str = "XNYS"
    adjustment: str = "split+adj"
    timeframes: tuple[Timeframe, ...] = (Timeframe.D1,)

    def symbols(self) -> list[str]:
        return []

    def load(
        self,
        symbols: Sequence[str] | None = None,
        *,
        timeframe: Timeframe = Timeframe.D1,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Bars:
        named(self, symbols)
        offered(self, timeframe)
        frame = self.bars.frame.with_columns(symbol=pl.lit("DEMO"))
        return between(replace(self.bars.with_frame(frame), provider=self.name), start, end)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setattr(yahoo, "SOURCE", Vendor())
    return Lake(tmp_path / "lake")


def test_a_vendors_history_is_kept_without_the_forming_bar(lake: Lake) -> None:
    kept = import_source(lake, "yahoo", symbols=["DEMO"], clock=BEFORE_CLOSE)
    assert kept.mapped == ("1 bars that are still forming were left out",)
    stored = lake.read(["DEMO"], Timeframe.D1)
    assert stored.frame["ts"][-1] == datetime(2018, 12, 28, tzinfo=UTC)
    assert (stored.provider, stored.adjustment) == ("yahoo", "split+adj")
    assert stored.data_version == kept.bars.data_version


def test_a_span_is_added_to_what_is_stored_and_never_replaces_it(lake: Lake) -> None:
    import_source(lake, "yahoo", symbols=["DEMO"], clock=BEFORE_CLOSE)
    before = lake.read(["DEMO"], Timeframe.D1).frame
    later = FixedClock(datetime(2018, 12, 31, 22, tzinfo=UTC))
    import_source(lake, "yahoo", symbols=["DEMO"], start=datetime(2018, 12, 24, tzinfo=UTC), clock=later)
    after = lake.read(["DEMO"], Timeframe.D1).frame
    assert after.height == before.height + 1
    assert after.head(before.height).equals(before)


def test_a_span_that_tells_another_past_is_a_conflict(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    import_source(lake, "yahoo", symbols=["DEMO"], clock=BEFORE_CLOSE)
    vendor = Vendor()
    revised = vendor.bars.frame.with_columns(pl.col("volume") + 1)
    monkeypatch.setattr(yahoo, "SOURCE", Vendor(vendor.bars.with_frame(revised)))
    with pytest.raises(ValidationError, match="CONFLICT"):
        import_source(lake, "yahoo", symbols=["DEMO"], start=datetime(2018, 12, 1, tzinfo=UTC), clock=BEFORE_CLOSE)


def test_a_dry_run_writes_nothing(lake: Lake) -> None:
    assert import_source(lake, "yahoo", symbols=["DEMO"], dry_run=True, clock=BEFORE_CLOSE).checked.is_valid
    assert lake.entries() == []


def test_what_the_source_refuses_is_refused(lake: Lake) -> None:
    with pytest.raises(UsageError, match="name the symbols to load"):
        import_source(lake, "yahoo")
    with pytest.raises(UsageError, match="has no h1 bars"):
        import_source(lake, "yahoo", symbols=["DEMO"], timeframe="h1")
    with pytest.raises(NotFound, match="no d1 bars from 2030"):
        import_source(lake, "yahoo", symbols=["DEMO"], start=datetime(2030, 1, 1, tzinfo=UTC))
    with pytest.raises(UnknownName, match="did you mean 'yahoo'"):
        import_source(lake, "yahooo", symbols=["DEMO"])


def test_bundled_history_has_no_forming_bar_whatever_the_clock_says(lake: Lake) -> None:
    kept = import_source(lake, "arch", symbols=["^GSPC"], clock=BEFORE_CLOSE)
    assert (kept.bars.frame["ts"][-1], kept.mapped) == (DAY, ())
