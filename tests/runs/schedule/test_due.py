from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from augury.core.errors import UsageError
from augury.runs.durable import KINDS
from augury.runs.schedule import ENTRIES
from augury.runs.schedule.entry import AfterClose, Cron, Entry, InSession, due


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(when: Cron | AfterClose | InSession, first: str, last: str) -> list[str]:
    found = due(Entry("", "train", when), moment(first), moment(last))
    return [f"{one:%m-%d %H:%M}" for one in found]


def test_forecasts_follow_the_closes_of_the_market_half_days_and_summer_time_too() -> None:
    assert times(AfterClose(15, "XNYS"), "2026-11-25", "2026-12-01") == [
        "11-25 21:15", "11-27 18:15", "11-30 21:15",
    ]  # fmt: skip
    assert times(AfterClose(15, "XNYS"), "2026-03-06", "2026-03-10") == ["03-06 21:15", "03-09 20:15"]
    assert times(AfterClose(15, "XNYS"), "2026-10-30", "2026-11-03") == ["10-30 20:15", "11-02 21:15"]


def test_a_market_that_closes_on_the_utc_day_of_its_session_is_found_once() -> None:
    assert times(AfterClose(15, "XASX"), "2026-06-01", "2026-06-04") == ["06-01 06:15", "06-02 06:15", "06-03 06:15"]


def test_intraday_forecasts_fall_within_the_session_half_days_and_summer_time_too() -> None:
    assert times(InSession(15, "XNYS"), "2026-11-27", "2026-11-30") == ["11-27 15:15", "11-27 16:15", "11-27 17:15"]
    whole = times(InSession(15, "XNYS"), "2026-11-30", "2026-12-01")
    assert (len(whole), whole[0], whole[-1]) == (6, "11-30 15:15", "11-30 20:15")
    assert times(InSession(15, "XNYS"), "2026-07-06", "2026-07-07")[0] == "07-06 14:15"
    assert len(times(InSession(15, "24/7"), "2026-11-28", "2026-11-30")) == 48


def test_a_wall_time_is_due_exactly_once_on_both_days_on_which_clocks_move() -> None:
    nightly = Cron("30 2 * * *", "America/New_York")
    assert times(nightly, "2026-03-07", "2026-03-10") == ["03-07 07:30", "03-08 07:30", "03-09 06:30"]
    early = Cron("30 1 * * *", "America/New_York")
    assert times(early, "2026-10-31", "2026-11-03") == ["10-31 05:30", "11-01 05:30", "11-02 06:30"]


def test_the_schedule_is_the_same_however_finely_it_is_asked_for() -> None:
    start, end = moment("2026-03-06"), moment("2026-03-12")
    for when in (
        Cron("30 2 * * *", "America/New_York"),
        Cron("*/20 * * * *", "Europe/Berlin"),
        AfterClose(15, "XLON"),
        InSession(15, "XLON"),
    ):
        entry = Entry("", "train", when)
        steps = [start + timedelta(minutes=97) * number for number in range(int((end - start) / timedelta(minutes=97)))]
        whole = due(entry, start, steps[-1])
        if not isinstance(when, Cron):
            steps = [start, *steps[1:-1:4], steps[-1]]
        pieces = [one for a, b in pairwise(steps) for one in due(entry, a, b)]
        assert pieces == whole


def test_the_house_schedule_is_that_of_the_specification() -> None:
    shown = {name: str(entry.when) for name, entry in ENTRIES}
    assert shown["retrain"] == "0 0 1 * *"
    assert shown["weights"] == "0 5 * * MON"
    assert shown["drift"] == "0 10 * * MON-FRI"
    assert shown["forecast"] == "15 min after the close"
    assert shown["forecast_intraday"] == "every hour at :15 while its market is open"
    assert shown["monitor"] == "0 6,18 * * *"
    assert shown["validate"] == "0 7 * * SUN"
    assert (shown["maintain"], shown["audit"]) == ("0 8 1 * *", "0 8 1 1,4,7,10 *")
    assert (shown["update"], shown["refresh"]) == ("5 * * * *", "20 * * * *")


@pytest.mark.parametrize("name", ENTRIES.names())
def test_every_entry_names_a_job_there_is_with_settings_it_takes(name: str) -> None:
    entry = ENTRIES.load(name)
    KINDS.load(entry.kind).complete(entry.settings)
    when = entry.when if isinstance(entry.when, Cron) else replace(entry.when, calendar="XNYS")
    assert due(Entry("", entry.kind, when), moment("2026-11-01"), moment("2027-01-10"))


@pytest.mark.parametrize("wrong", [Cron("nonsense"), Cron("61 * * * *"), Cron("0 0 * * *", "Mars/Base")])
def test_a_time_that_is_not_understood_is_refused(wrong: Cron) -> None:
    with pytest.raises(UsageError):
        times(wrong, "2026-01-01", "2026-02-01")


def test_moments_without_a_zone_are_refused() -> None:
    with pytest.raises(UsageError, match="zone"):
        due(Entry("", "train", Cron("0 0 * * *")), datetime(2026, 1, 1), datetime(2026, 1, 2))
