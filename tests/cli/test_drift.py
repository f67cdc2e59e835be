from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from augury.core.settings import Settings
from augury.proof.drift.metrics import PerformanceMetrics
from augury.runs.monitoring import daily_check
from augury.runs.monitoring.daily_check import DriftReport
from augury.runs.workspace import Workspace

TODAY = datetime.now(UTC).date()


def row(level: str, symbol: str = "AAA", day: date = TODAY) -> PerformanceMetrics:
    bad = level in ("DRIFT", "EMERGENCY")
    return PerformanceMetrics(symbol, "d1", day, 0.3, 60, 0.55, -0.25, bad, level, 0.0001, 60.0, day)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    def set_rows(*rows: PerformanceMetrics, pending: tuple[int, ...] = ()) -> list[Any]:
        asked: list[Any] = []

        def check(symbols: list[str], **options: Any) -> DriftReport:
            asked.append((symbols, options["day"], options["dry_run"]))
            return DriftReport(TODAY, rows, pending)

        monkeypatch.setattr(daily_check, "run_daily_drift_check", check)
        return asked

    return set_rows


@pytest.mark.parametrize(
    ("levels", "pending", "code"),
    [
        (("NORMAL",), (), 0),
        (("NORMAL", "MONITOR", "INSUFFICIENT_DATA", "NO_DATA"), (), 0),
        (("NORMAL",), (7,), 75),
        (("NO_DATA", "NO_DATA"), (), 75),
        (("NORMAL", "DRIFT"), (7,), 5),
        (("EMERGENCY", "NO_DATA"), (), 5),
    ],
)
def test_the_exit_code_tells_alert_from_missing_data(
    call: Any, found: Any, levels: tuple[str, ...], pending: tuple[int, ...], code: int
) -> None:
    found(*(row(level) for level in levels), pending=pending)
    ran = call("drift", "check", "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["exit_code"]) == (code, code)
    assert [one["level"] for one in told["rows"]] == list(levels)
    assert ("all normal" in told["text"]) == (set(levels) == {"NORMAL"})


def test_symbols_may_follow_the_flag_and_a_day_may_be_named(call: Any, found: Any) -> None:
    asked = found(row("NORMAL"))
    assert call("drift", "check", "--symbols", "AAPL", "SPY", "--day", "2026-03-02", "--dry-run").code == 0
    assert asked == [(["AAPL", "SPY"], date(2026, 3, 2), True)]
    assert call("drift", "check", "--day", "yesterday").code == 2


def test_the_table_and_the_sentence_are_of_the_same_rows(call: Any, found: Any) -> None:
    found(row("DRIFT"), row("NORMAL", "BBB"))
    ran = call("drift", "check")
    assert ran.code == 5
    assert "AAA d1" in ran.out
    assert "-25.0 pt" in ran.out
    assert "1 DRIFT, 1 NORMAL; worst is AAA d1 DRIFT" in ran.err
    assert "DRIFT" in call("drift", "check", "--csv").out


def test_an_empty_store_has_no_data_and_an_unknown_symbol_names_the_command(call: Any, market: Path) -> None:
    assert call("drift", "check").code == 75
    ran = call("drift", "check", "--symbols", "ZZZ")
    assert ran.code == 4
    assert "no version answers for ZZZ" in ran.err
    assert "augury train --symbol ZZZ" in ran.err


def test_the_status_sums_up_the_stored_days(call: Any, market: Path) -> None:
    assert call("drift", "status").code == 0
    with Workspace.open(Settings.load({"data_dir": market}, environ={})) as workspace:
        rows = [row("DRIFT", day=TODAY - timedelta(days=back)) for back in (2, 1, 0)]
        workspace.store.drift.record(rows, datetime.now(UTC))
    (told,) = json.loads(call("drift", "status", "--symbols", "AAA", "--json").out)
    assert (told["recommendation"], told["days_judged"], told["level"]) == ("monitor_closely", 3, "DRIFT")
    assert "monitor_closely" in call("drift", "status").out
    unknown = call("drift", "status", "--symbols", "ZZZ")
    assert unknown.code == 4
    assert "augury drift check --symbols ZZZ" in unknown.err
