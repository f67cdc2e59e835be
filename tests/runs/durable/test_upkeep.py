"""What keeps a store true while nobody looks: bars that have closed, champions judged again, every byte read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.clock import FixedClock
from augury.core.errors import CorruptStore, DataError, GateRefused, HoldoutSealed, ValidationError
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.data.calendar import market_calendar
from augury.data.sources import yahoo
from augury.data.sources._bars import between
from augury.data.synthetic import SyntheticMarket
from augury.runs.cells import Cell
from augury.runs.durable import KINDS
from augury.runs.durable.kind import Bench
from augury.runs.durable.submission import submit
from augury.runs.proving import validation
from augury.runs.proving.validation import revalidated
from augury.runs.training import train
from augury.runs.workspace import Workspace

WHOLE = SyntheticMarket(n_symbols=1, n_bars=520, ic=0.1).bars()
KNOWN = 500


@dataclass(frozen=True)
class Vendor:
    """Tells the synthetic bars as a vendor would, the forming one included."""

    bars: Bars = WHOLE
    asked: list[datetime | None] = field(default_factory=list)
    name: str = "yahoo"
    title: str = "vendor"
    synthetic: bool = False
    historical: bool = False
    timeframes: tuple[Timeframe, ...] = (Timeframe.D1,)

    def load(
        self,
        symbols: Sequence[str] | None = None,
        *,
        timeframe: Timeframe = Timeframe.D1,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Bars:
        self.asked.append(start)
        return between(live(self.bars), start, end)


def live(bars: Bars) -> Bars:
    return replace(bars, provider="yahoo", adjustment="split+adj", synthetic=False)


def after_close(row: int) -> datetime:
    return market_calendar("XNYS").close_of(WHOLE.frame["ts"][row]) + timedelta(minutes=5)


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Workspace]:
    settings = Settings.load({"data_dir": tmp_path, "workers": 1}, environ={}, start=tmp_path)
    with Workspace.open(settings, clock=FixedClock(after_close(KNOWN - 1))) as opened:
        opened.lake.write(live(WHOLE.with_frame(WHOLE.frame.head(KNOWN))))
        yield opened


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    told = Vendor()
    monkeypatch.setattr(yahoo, "SOURCE", told)
    return told


def at(workspace: Workspace, moment: datetime) -> Workspace:
    clock = FixedClock(moment)
    return replace(workspace, clock=clock, store=replace(workspace.store, clock=clock))


def walked(workspace: Workspace, kind: str, said: list[str] | None = None, **settings: Any) -> list[Json]:
    """Plan and make every part; an error is raised."""
    chosen = KINDS.load(kind)
    assert chosen.make is not None
    job = submit(workspace, kind, settings)
    bench = Bench(
        workspace, job, workspace.clock.now(), (said if said is not None else []).append, lambda: None, submit
    )  # type: ignore[arg-type]
    results = [chosen.make(bench, part) for part in chosen.plan(bench)]
    return [*results, chosen.finish(bench, results)]


def test_bars_that_have_closed_are_added_and_the_forming_one_is_not(stored: Workspace, vendor: Vendor) -> None:
    later = at(stored, after_close(KNOWN + 2) - timedelta(hours=3))
    *_, told = walked(later, "update")
    assert (told["added"], told["revised"]) == (2, [])
    assert vendor.asked == [WHOLE.frame["ts"][KNOWN - 1]]
    kept = later.lake.read(["SYN001"], Timeframe.D1)
    assert kept.frame.equals(WHOLE.frame.head(KNOWN + 2))
    assert kept.data_version == live(WHOLE.with_frame(WHOLE.frame.head(KNOWN + 2))).data_version
    assert walked(later, "update") == [{"added": 0, "revised": [], "skipped": []}]


def test_a_vendor_is_asked_nothing_while_its_market_is_shut(stored: Workspace, vendor: Vendor) -> None:
    friday = next(row for row in range(KNOWN - 8, KNOWN) if WHOLE.frame["ts"][row].isoweekday() == 5)
    stored.lake.write(live(WHOLE.with_frame(WHOLE.frame.head(friday + 1))))
    walked(at(stored, WHOLE.frame["ts"][friday] + timedelta(days=2, hours=15)), "update")
    assert vendor.asked == []
    walked(at(stored, after_close(friday + 1)), "update")
    assert len(vendor.asked) == 1


def test_series_that_nobody_can_update_are_named_with_the_reason(stored: Workspace, vendor: Vendor) -> None:
    frame = WHOLE.frame.head(KNOWN).with_columns(symbol=pl.lit("MINE"))
    stored.lake.write(replace(WHOLE, frame=frame, provider="file", synthetic=False))
    stored.lake.write(replace(WHOLE, frame=frame.with_columns(symbol=pl.lit("OLD")), synthetic=True))
    said: list[str] = []
    *_, told = walked(at(stored, after_close(KNOWN)), "update", said)
    assert told["added"] == 1
    assert told["skipped"] == ["OLD d1", "MINE d1"]
    assert said == ["not updated, imported from a file: MINE d1", "not updated, bundled history of synthetic: OLD d1"]


def test_a_history_that_was_adjusted_again_replaces_the_stored_one_whole(
    stored: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices = pl.col("open", "high", "low", "close")
    monkeypatch.setattr(yahoo, "SOURCE", Vendor(WHOLE.with_frame(WHOLE.frame.with_columns(prices * 0.99))))
    *_, told = walked(at(stored, after_close(KNOWN)), "update")
    assert (told["added"], told["revised"]) == (1, ["SYN001 d1"])
    kept = stored.lake.read(["SYN001"], Timeframe.D1).frame
    assert kept["close"].to_list() == (WHOLE.frame["close"] * 0.99).head(KNOWN + 1).to_list()


def test_a_revised_history_that_would_lose_bars_is_refused(stored: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    shorter = WHOLE.frame.with_columns(pl.col("volume") + 1).tail(100)
    monkeypatch.setattr(yahoo, "SOURCE", Vendor(WHOLE.with_frame(shorter)))
    with pytest.raises(ValidationError, match="CONFLICT") as caught:
        walked(at(stored, after_close(KNOWN)), "update")
    assert "augury data import --provider yahoo --symbols SYN001 --timeframe d1" in str(caught.value)
    assert stored.lake.read(["SYN001"], Timeframe.D1).frame.height == KNOWN


@pytest.fixture
def trained(stored: Workspace, tiny: Recipe) -> Workspace:
    (outcome,) = train(stored, [Cell("SYN001", "d1", "5d")], tiny)
    assert outcome.manifest is not None
    return stored


def test_champions_are_judged_on_their_own_rows_after_the_lake_has_grown(trained: Workspace, vendor: Vendor) -> None:
    later = at(trained, after_close(KNOWN + 15))
    walked(later, "update")
    said, told = walked(later, "validate")
    assert told == {"passed": 1, "failed": 0}
    assert said["text"].endswith("scores as stored")


def test_a_version_whose_bars_were_revised_is_not_judged_on_others(trained: Workspace) -> None:
    frame = WHOLE.frame.head(KNOWN).with_columns(pl.col("volume") * 2)
    trained.lake.write(live(WHOLE.with_frame(frame)))
    with pytest.raises(DataError, match=r"was trained on bars .* the lake holds .* the same bars"):
        walked(trained, "validate")


def test_a_champion_that_no_longer_scores_as_it_did_fails_with_the_first_figure_that_differs(
    trained: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = validation.judge_split

    def other(*given: Any) -> Any:
        scores, verdict = same(*given)
        return (replace(scores[0], value=scores[0].value + 0.25), *scores[1:]), verdict

    monkeypatch.setattr(validation, "judge_split", other)
    with pytest.raises(GateRefused, match=r"SYN001 d1 5d .* does not score as it did: \w+ was 0\.\d+, is 0\.\d+"):
        walked(trained, "validate")


def test_rows_that_were_sealed_since_are_not_read(trained: Workspace) -> None:
    (row,) = trained.store.versions.list()
    trained.store.holdout.seal("d1/SYN001", WHOLE.frame["ts"][KNOWN - 60], by="test")
    with pytest.raises(HoldoutSealed):
        revalidated(trained, row)


def test_a_store_is_read_to_its_last_byte_and_a_changed_one_is_named(trained: Workspace) -> None:
    assert [said["text"] for said in walked(trained, "audit")[:3]] == [
        "0 forecasts and 0 consensus rows verified",
        "1 versions verified",
        "1 series verified",
    ]
    (row,) = trained.store.versions.list()
    folder, manifest = trained.store.artifacts.open(row.symbol, row.timeframe, row.horizon, row.version)
    (folder / next(iter(manifest.files))).write_bytes(b"changed")
    with pytest.raises(CorruptStore, match="1 of 1 versions are damaged, the first: SYN001 d1 5d"):
        walked(trained, "audit")
