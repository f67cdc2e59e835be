"""Limits: per key and per tenant, in memory and in a real Redis, by one set of rules."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from augury.core.clock import FixedClock
from augury.records.accounts.usage import Call
from augury.runs.workspace import Workspace
from augury.service.accounts import cells as module
from augury.service.accounts.caller import Caller
from augury.service.accounts.cells import Cells, Day, MemoryCells, RedisCells, Subject
from augury.service.accounts.limits import PLANS, Decision, Limits

Both = Callable[[], Cells]
NOW = datetime(2026, 11, 16, 22, tzinfo=UTC)


@pytest.fixture(params=["memory", "redis"])
def make_cells(request: pytest.FixtureRequest) -> Both:
    """Where limits count; what is made twice in Redis is two processes that share one count."""
    if request.param == "memory":
        return MemoryCells
    import redis

    url = str(request.getfixturevalue("redis_server"))
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return lambda: RedisCells(url)


def caller(key: str = "k1", plan: str = "free", **changes: Any) -> Caller:
    return Caller(**{"tenant_id": "t1", "plan": plan, "name": key, "scopes": frozenset(), "key_id": key, **changes})  # type: ignore[arg-type]


def taken(limits: Limits, callers: list[Caller], *, leaving: bool = True, in_turn: bool = False) -> list[Decision]:
    """Ask for all of them at once, or one after the other."""

    async def one(who: Caller) -> Decision:
        decision = await limits.take(who)
        if decision.allowed and leaving:
            limits.leave(who)
        return decision

    async def everyone() -> list[Decision]:
        try:
            if in_turn:
                return [await one(who) for who in callers]
            return list(await asyncio.gather(*(one(who) for who in callers)))
        finally:
            await limits.cells.close()

    return asyncio.run(everyone())


def run(work: Awaitable[Any]) -> Any:
    async def alone() -> Any:
        return await work

    return asyncio.run(alone())


def test_ten_a_second_with_a_burst_of_five_lets_five_of_fifty_through(make_cells: Both) -> None:
    async def fifty() -> list[Any]:
        cells, subject = make_cells(), Subject("example", 0.1, 5)
        found = await asyncio.gather(*(cells.take([subject]) for _ in range(50)))
        await cells.close()
        return list(found)

    began = time.monotonic()
    found = asyncio.run(fifty())
    # Time goes on while the fifty arrive: every tenth of a second one more is let through, and no more than that.
    refilled = (time.monotonic() - began) / 0.1 + 1
    assert 5 <= sum(one.allowed for one in found) <= 5 + refilled
    assert all(0 < one.retry_s <= 0.1 + 1e-6 for one in found if not one.allowed)


def test_the_61st_call_in_a_minute_of_the_free_plan_is_refused_with_the_second_it_is_free_again(
    make_cells: Both,
) -> None:
    decisions = taken(Limits(make_cells()), [caller()] * 61, in_turn=True)
    assert [one.allowed for one in decisions] == [True] * 60 + [False]
    assert decisions[0].remaining == 59
    last = decisions[-1]
    assert (last.limit, last.remaining, last.window) == (60, 0, "minute")
    assert 0 < last.retry_after_s <= 1
    assert 58 < last.reset_s <= 60


def test_two_hundred_calls_at_once_overspend_nothing(make_cells: Both) -> None:
    decisions = taken(Limits(make_cells()), [caller(f"k{index % 7}") for index in range(200)])
    assert sum(one.allowed for one in decisions) == 60


def test_many_keys_of_one_tenant_share_its_limit_and_other_tenants_do_not(make_cells: Both) -> None:
    limits = Limits(make_cells())
    mine = [caller(f"k{index}") for index in range(80)]
    decisions = taken(limits, [*mine, caller("theirs", tenant_id="t2")])
    assert sum(one.allowed for one in decisions[:80]) == 60
    assert {one.subject for one in decisions[:80] if not one.allowed} == {"tenant"}
    assert decisions[80].allowed


def test_a_refused_call_counts_against_neither_the_key_nor_the_tenant(make_cells: Both) -> None:
    narrow, wide = Subject("key", 60.0, 1), Subject("tenant", 60.0, 3)

    async def ask() -> list[bool]:
        cells = make_cells()
        found = [await cells.take([narrow, wide]) for _ in range(5)]
        rest = [await cells.take([Subject(f"key{index}", 60.0, 1), wide]) for index in range(3)]
        await cells.close()
        return [one.allowed for one in (*found, *rest) if one is not None]

    # One of five passed the key; the four that did not left the tenant its other two.
    assert run(ask()) == [True, False, False, False, False, True, True, False]


def test_the_day_of_a_plan_counts_on_from_what_was_used_before_and_ends_at_midnight(make_cells: Both) -> None:
    day = Day("day:t1:2026-11-16", 5, 7_200.0)

    async def ask() -> list[Any]:
        cells = make_cells()
        found: list[Any] = [await cells.take([], day)]
        await cells.begin(day, 3, {})
        await cells.begin(day, 0, {})  # a second process begins: what is known stays
        found += [await cells.take([], day) for _ in range(3)]
        await cells.close()
        return found

    unknown, *found = run(ask())
    assert unknown is None
    assert [one.allowed for one in found] == [True, True, False]
    assert (found[-1].subject, found[-1].retry_s) == (-1, 7_200.0)


def test_what_was_used_before_a_restart_still_counts(empty_workspace: Workspace) -> None:
    store = empty_workspace.store
    tenant = store.people.add_tenant("smiths", "free")
    store.usage.add([_call(tenant.id, index, NOW - timedelta(seconds=2)) for index in range(50)])
    store.usage.add([_call(tenant.id, 100 + index, NOW - timedelta(hours=3)) for index in range(948)])
    limits = Limits.open("", store.usage)
    found = taken(limits, [caller(tenant_id=tenant.id)] * 20, in_turn=True)
    # 998 of the day's 1,000 are gone, and 48 of the minute's 60.
    assert [one.allowed for one in found] == [True, True] + [False] * 18
    assert found[0].remaining == 11
    assert found[-1].window == "day"
    assert found[-1].retry_after_s == pytest.approx(2 * 3600)


def test_a_warning_is_given_once_at_80_and_once_at_100_percent(empty_workspace: Workspace) -> None:
    store = empty_workspace.store
    tenant = store.people.add_tenant("smiths", "free")
    store.usage.add([_call(tenant.id, index, NOW - timedelta(hours=3)) for index in range(795)])
    said: list[tuple[str, date, int, int, int]] = []
    limits = Limits.open("", store.usage, lambda *warning: said.append(warning))
    taken(limits, [caller(tenant_id=tenant.id)] * 10)
    assert said == [(tenant.id, NOW.date(), 80, 800, 1000)]
    assert store.usage.warn(*said[0]) is True
    assert store.usage.warn(*said[0]) is False
    assert [(one.tenant_id, one.percent, one.used) for one in store.usage.warnings()] == [(tenant.id, 80, 800)]
    assert store.usage.warnings(after=store.usage.warnings()[0].id) == []


def test_a_sandbox_key_is_limited_like_the_free_plan_in_every_plan() -> None:
    decisions = taken(Limits(MemoryCells()), [caller(plan="partner", sandbox=True)] * 61)
    assert [one.allowed for one in decisions].count(True) == 60
    assert decisions[-1].subject == "caller"


def test_a_tenant_holds_only_so_many_calls_open_at_once() -> None:
    limits, who = Limits(MemoryCells()), caller(plan="pro")
    decisions = taken(limits, [who] * (PLANS["pro"].at_once + 1), leaving=False)
    assert [one.allowed for one in decisions].count(False) == 1
    assert decisions[-1].window == "at once"
    limits.leave(who)
    assert taken(limits, [who])[0].allowed


def test_two_processes_count_together_in_redis(redis_server: str) -> None:
    async def ask() -> int:
        first, second = RedisCells(redis_server), RedisCells(redis_server)
        subject = Subject("both", 60.0, 10)
        found = await asyncio.gather(*((first, second)[index % 2].take([subject]) for index in range(40)))
        await first.close()
        await second.close()
        return sum(one.allowed for one in found if one is not None)

    assert run(ask()) == 10


def test_without_redis_this_process_counts_alone_and_answering_goes_on() -> None:
    limits = Limits(RedisCells("redis://127.0.0.1:1/0"))
    decisions = taken(limits, [caller()] * 61)
    assert [one.allowed for one in decisions].count(True) == 60


def test_names_nobody_asks_for_any_more_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SUBJECTS_MAX", 10)
    cells = MemoryCells()

    async def ask() -> None:
        for index in range(30):
            await cells.take([Subject(f"name {index}", 1e-9, 1)])

    run(ask())
    assert len(cells._arrivals) <= 11


def test_a_take_that_is_given_back_is_free_again(make_cells: Both) -> None:
    async def ask() -> list[bool]:
        cells, subject = make_cells(), Subject("try", 60.0, 1)
        first = await cells.take([subject])
        await cells.give_back([subject])
        second, third = await cells.take([subject]), await cells.take([subject])
        await cells.close()
        return [one.allowed for one in (first, second, third) if one is not None]

    assert run(ask()) == [True, True, False]


def _call(tenant_id: str, index: int, at: datetime) -> Call:
    return Call(tenant_id, "k1", None, f"{index:032x}", at, "GET", "/v1/forecasts", 200, 1.0, 1)


def test_a_new_day_begins_with_all_of_its_calls(empty_workspace: Workspace) -> None:
    store = empty_workspace.store
    tenant = store.people.add_tenant("smiths", "free")
    store.usage.add([_call(tenant.id, index, NOW - timedelta(hours=3)) for index in range(1_000)])
    limits = Limits.open("", store.usage)
    assert not taken(limits, [caller(tenant_id=tenant.id)])[0].allowed
    limits.clock = FixedClock(NOW + timedelta(hours=2, seconds=1))
    assert taken(limits, [caller(tenant_id=tenant.id)])[0].allowed
