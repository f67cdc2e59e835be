"""Champion against challenger, A/B tests and their statistics; BEY-08, REC-05, REC-07."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from augury.core.clock import FixedClock
from augury.core.errors import DataError, GateRefused, NotFound, UsageError
from augury.core.forecast import Forecast
from augury.core.labelspec import LabelSpec
from augury.core.outcome import Outcome
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.core.version import VersionManifest
from augury.data.calendar import market_calendar
from augury.records.ledger.paired import pairs_of
from augury.records.registry.ab import bucket
from augury.runs.cells import Cell
from augury.runs.registry import ab
from augury.runs.registry.challenge import challenged, decide, groups_of, judge
from augury.runs.registry.comparison import compare_versions
from augury.runs.workspace import Workspace

START = datetime(2026, 1, 5, tzinfo=UTC)
NOW = datetime(2026, 12, 1, tzinfo=UTC)
CELL = Cell("AAA", "m15", "1h")
WHERE = ("AAA", "m15", "1h")
SPEC = LabelSpec(Timeframe.M15, "1h", 4, 0.002)
QUANTILES = ("q025", "q05", "q10", "q25", "q50", "q75", "q90", "q95", "q975")
Play = Callable[..., None]


def opened(folder: Path, url: str) -> Workspace:
    values: dict[str, Any] = {"data_dir": folder, "workers": 1, "database_url": url}
    return Workspace.open(Settings.load(values, environ={}, start=folder), clock=FixedClock(NOW))


@pytest.fixture
def two(tmp_path: Path, database_url: str, speaking: Any) -> Iterator[Any]:
    with opened(tmp_path, database_url) as place:
        yield place, *both(place, speaking)


def both(place: Workspace, speaking: Any) -> tuple[VersionManifest, VersionManifest]:
    challenger = speaking.publish(place, "AAA", SPEC, START - timedelta(days=2))
    champion = speaking.publish(place, "AAA", SPEC, START - timedelta(days=1), degraded=True)
    place.store.versions.challenge(*WHERE, challenger.version, by="test")
    return champion, challenger


def play(
    place: Workspace, sides: Any, days: int, per_day: int, rates: tuple[float, float],
    seed: int = 0, flags: tuple[str, ...] = (), start: datetime = START,
) -> None:  # fmt: skip
    """Let both versions speak of the same bars of some sessions, right with their own rate, and score them."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[Forecast, bool]] = []
    sessions = market_calendar("XNYS").sessions(start, start + timedelta(days=2 * days + 9)).to_list()[:days]
    for session in sessions:
        for k in range(per_day):
            at = session + timedelta(hours=15, minutes=5 * k)
            for manifest, rate in zip(sides, rates, strict=True):
                right = bool(rng.random() < rate)
                beside = ("shadow",) if manifest is sides[1] else ()
                rows.append((_say(manifest, at, right, (*flags, *beside)), right))
    written = place.store.ledger.append([said for said, _ in rows], NOW)
    scored = [_score(row.id, said, right) for row, (said, right) in zip(written, rows, strict=True)]
    place.store.evaluations.record(scored)


def _say(manifest: VersionManifest, at: datetime, right: bool, flags: tuple[str, ...]) -> Forecast:
    p = (0.1, 0.2, 0.7) if right else (0.7, 0.2, 0.1)
    return Forecast(
        *WHERE, at, at, at + timedelta(hours=1), manifest.version, manifest.content_hash, SPEC.hash, "d" * 64,
        manifest.features.hash, "BULLISH" if right else "BEARISH", *p, 0.7, None, 100.0, 0.0,
        {name: 0.001 * i for i, name in enumerate(QUANTILES)}, "skill", flags=tuple(sorted(flags)),
    )  # fmt: skip


def _score(forecast_id: int, said: Forecast, right: bool) -> Outcome:
    return Outcome(
        forecast_id, *WHERE, said.version, 4, said.made_at, said.data_until, said.matures_at, said.matures_at,
        said.label, "BULLISH", 0.7, False, 101.0, 0.01, 0.0, None, 0.0, True, True, True, 0.001,
        0.14 if right else 1.34, "FULL_HIT" if right else "MISS",
    )  # fmt: skip


def test_a_better_challenger_is_promoted_on_paired_outcomes(two: Any) -> None:
    place, *sides = two
    play(place, sides, 25, 8, (0.3, 0.8))
    assert challenged(place) == [CELL]
    found = judge(place, [CELL])
    assert (found.state, found.n, found.evidence >= 20) == ("promote", 200, True)
    assert found.difference == pytest.approx(0.5, abs=0.1)
    assert 0 < found.discordant < found.n
    assert decide(place, found, by="loop") == "promote"
    assert place.store.versions.champion(*WHERE) == sides[1].version
    assert place.store.versions.challenger(*WHERE) is None
    assert "promote after" in place.store.journal.list("promotion")[-1].text


def test_a_worse_challenger_is_rejected_and_the_champion_stays(two: Any) -> None:
    place, *sides = two
    play(place, sides, 25, 8, (0.8, 0.3))
    found = judge(place, [CELL])
    assert decide(place, found, by="loop") == "reject"
    assert place.store.versions.champion(*WHERE) == sides[0].version
    assert place.store.versions.get(*WHERE, sides[1].version).status == "rejected"
    assert place.store.journal.list("challenge")[-1].data["rejected"]


def test_an_open_question_waits_and_is_given_up_at_the_limit(two: Any) -> None:
    place, *sides = two
    play(place, sides, 30, 4, (0.5, 0.5), seed=3)
    waiting = judge(place, [CELL])
    assert decide(place, waiting, by="loop") in ("continue", "insufficient")
    assert place.store.versions.challenger(*WHERE) == sides[1].version
    futile = judge(place, [CELL], days_max=30)
    assert (futile.state, futile.days) == ("futile", 30)
    decide(place, futile, by="loop")
    assert place.store.versions.challenger(*WHERE) is None
    assert place.store.versions.get(*WHERE, sides[1].version).status != "rejected"


def test_equal_challengers_are_promoted_in_at_most_five_percent(tmp_path: Path, speaking: Any) -> None:
    """The statistic itself is simulated in tests/proof; here the way to it: rows, days and order."""
    promoted = 0
    for seed in range(3):
        (tmp_path / str(seed)).mkdir()
        with opened(tmp_path / str(seed), "") as place:
            play(place, both(place, speaking), 20, 5, (0.5, 0.5), seed)
            promoted += judge(place, [CELL]).state == "promote"
    assert promoted == 0


def test_replays_prove_nothing_and_only_the_first_word_of_a_bar_counts(two: Any) -> None:
    place, *sides = two
    play(place, sides, 3, 4, (0.0, 1.0), flags=("replay",))
    assert judge(place, [CELL]).n == 0
    play(place, sides, 3, 4, (0.5, 0.5), seed=1, start=START + timedelta(days=14))
    before = pairs_of(place.store.engine, *WHERE, *(side.version for side in sides))
    again = [_say(side, pair.data_until, True, ()) for pair in before for side in sides]
    later = [replace(said, made_at=said.made_at + timedelta(minutes=1)) for said in again]
    written = place.store.ledger.append(later, NOW)
    place.store.evaluations.record([_score(row.id, said, True) for row, said in zip(written, later, strict=True)])
    assert pairs_of(place.store.engine, *WHERE, *(side.version for side in sides)) == before
    assert len(before) == 12


def test_what_cannot_be_judged_is_named(two: Any) -> None:
    place, *_ = two
    with pytest.raises(NotFound, match="no champion"):
        judge(place, [Cell("BBB", "m15", "1h")])
    with pytest.raises(NotFound):
        judge(place, [])
    with pytest.raises(DataError, match="not judged together"):
        judge(place, [CELL, Cell("AAA", "d1", "5d")])
    assert groups_of([CELL, Cell("AAA", "d1", "5d"), Cell("BBB", "m15", "1h")]) == [
        [CELL, Cell("BBB", "m15", "1h")],
        [Cell("AAA", "d1", "5d")],
    ]


def test_a_comparison_shows_the_paired_test_with_its_interval(two: Any) -> None:
    place, *sides = two
    play(place, sides, 27, 8, (0.3, 0.7))
    found = compare_versions(place, CELL, "@champion", "@challenger")
    assert found.verdict.startswith("B is better: hit rate +0.")
    hit = found.paired[0]
    assert hit.low is not None
    assert hit.low < hit.value < hit.high
    assert (hit.n, hit.n_eff) == (216, 54.0)


def told(place: Workspace, key: str) -> str:
    """The version that answers a key; the draw is remembered."""
    return ab.drawn(place, [place.store.ab.get("spring")], [CELL], key, remember=True)[CELL].version


def test_sixty_four_keys_keep_their_arm_after_a_restart(tmp_path: Path, database_url: str, speaking: Any) -> None:
    keys = [f"reader {i}" for i in range(64)]
    with opened(tmp_path, database_url) as place:
        sides = both(place, speaking)
        test = ab.start(place, "spring", [CELL], share=0.3, by="ann")
        first = [told(place, key) for key in keys]
        assert set(first) == {side.version for side in sides}
        assert [place.store.ab.assign("spring", key) for key in keys] == [test.arm(key) for key in keys]
    with opened(tmp_path, database_url) as place:
        assert [told(place, key) for key in keys] == first
        assert sum(place.store.ab.counts("spring").values()) == 64
        ab.conclude(place, "spring", by="ann")
        assert told(place, keys[0]) == first[0]
        with pytest.raises(UsageError, match="has ended"):
            place.store.ab.assign("spring", "somebody new")


@pytest.mark.parametrize("share", [0.5, 0.1, 0.02])
def test_shares_lie_within_binomial_bounds(share: float) -> None:
    n = 20_000
    found = sum(bucket("spring", f"key {i}") < share * 10_000 for i in range(n))
    low, high = binom.interval(0.99, n, share)
    assert low <= found <= high
    other = sum(bucket("autumn", f"key {i}") == bucket("spring", f"key {i}") for i in range(2000))
    assert other <= 3


def test_a_test_finds_the_better_arm_and_promotes_it(two: Any) -> None:
    place, *sides = two
    begun = replace(place, store=replace(place.store, clock=FixedClock(START - timedelta(hours=1))))
    test = ab.start(begun, "spring", [CELL], effect=0.1, by="ann")
    assert test.settings["required_n"] == ab.required_n(0.1) == 310
    play(place, sides, 40, 8, (0.2, 0.8))
    found = ab.status(place, "spring")
    assert (found.shares_ok, found.verdict) == (True, "B is better")
    assert found.metrics[0].b - found.metrics[0].a == pytest.approx(0.6, abs=0.1)
    assert all(one.p <= one.p_holm <= 1 for one in found.metrics)
    ended = ab.conclude(place, "spring", by="ann", promoting=True)
    assert ended.test.state == "concluded"
    assert place.store.ab.get("spring").verdict["verdict"] == "B is better"
    assert place.store.versions.champion(*WHERE) == sides[1].version
    with pytest.raises(UsageError, match="not running"):
        ab.conclude(place, "spring", by="ann")


def test_equal_arms_promote_nothing(two: Any) -> None:
    place, *sides = two
    begun = replace(place, store=replace(place.store, clock=FixedClock(START - timedelta(hours=1))))
    ab.start(begun, "spring", [CELL], share=0.3, by="ann")
    play(place, sides, 25, 8, (0.5, 0.5), seed=2)
    found = ab.status(place, "spring")
    assert found.verdict in ("no difference shown", "insufficient")
    with pytest.raises(GateRefused, match="not promoted"):
        ab.conclude(place, "spring", by="ann", promoting=True)
    assert place.store.ab.get("spring").state == "running"
    with pytest.raises(UsageError, match="already"):
        ab.start(place, "spring", [CELL], by="ann")
    with pytest.raises(UsageError, match="nothing would be compared"):
        ab.start(place, "same", [CELL], b="@champion", by="ann")
