"""Webhooks, their messages, news, backtests and requests that are sent twice, in both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from augury.core.errors import NotFound
from augury.records.accounts.idempotency import ABANDONED, KEPT
from augury.records.accounts.tables import HOME
from augury.records.accounts.webhooks import DELIVERED, FAILED, LEASE, WAITING
from augury.records.loop.jobs import JobRequest
from augury.records.loop.news import READERS, NewsDesk
from augury.records.store import Store

NOW = datetime(2026, 11, 21, 10, 58, tzinfo=UTC)
URL = "https://example.com/hook"
LIMITS = {"attempts": 1, "time_limit_s": 1.0}


def desk(store: Store) -> NewsDesk:
    return NewsDesk(store.engine, store.clock, HOME)


def a_job_ends(store: Store, tenant_id: str | None = HOME) -> str:
    job = store.jobs.submit(JobRequest("forecast", {}, LIMITS, tenant_id=tenant_id))
    store.jobs.end(job.id, "succeeded", "", result={})
    return job.id


def test_every_kind_of_news_is_told_once_from_where_the_desk_began(store: Store, make: Any) -> None:
    hook = store.webhooks.add(HOME, URL, list(READERS), "whsec_x")
    first = make.version(store)
    store.ledger.append([make.forecast(first)], NOW)
    desk(store).begin()
    second = make.version(store, answer=1, created_at=NOW + timedelta(seconds=1))
    store.ledger.append([make.forecast(second), make.forecast(second, NOW, flags=("shadow",))], NOW)
    job = a_job_ends(store)
    assert desk(store).gather(store.webhooks.list()) == 3
    assert desk(store).gather(store.webhooks.list()) == 0
    told = {one.event: one for one in store.webhooks.messages(HOME, hook.id)}
    assert set(told) == {"forecast.created", "model.promoted", "job.finished"}
    assert told["forecast.created"].payload["data"]["version"] == second.version
    assert told["job.finished"].payload["data"]["id"] == job


def test_what_belongs_to_a_tenant_or_to_the_installation_is_told_to_nobody_else(store: Store) -> None:
    other = store.people.add_tenant("other")
    mine, theirs = (store.webhooks.add(tenant, URL, ["job.finished"], "whsec_x") for tenant in (HOME, other.id))
    desk(store).begin()
    for tenant in (HOME, other.id, None):
        a_job_ends(store, tenant)
    assert desk(store).gather(store.webhooks.list()) == 3
    assert len(store.webhooks.messages(HOME, mine.id)) == 2
    assert len(store.webhooks.messages(other.id, theirs.id)) == 1


def test_a_message_is_taken_by_one_sender_until_its_lease_is_over(open_store: Callable[..., Store]) -> None:
    store = open_store()
    hook = store.webhooks.add(HOME, URL, ["job.finished"], "whsec_x")
    desk(store).begin()
    a_job_ends(store)
    desk(store).gather(store.webhooks.list())
    (due,) = store.webhooks.due()
    taken = store.webhooks.claim(due.id)
    assert taken is not None
    assert (taken[0].attempts, taken[1].id) == (1, hook.id)
    assert open_store().webhooks.claim(due.id) is None
    later = open_store(NOW + LEASE)
    again = later.webhooks.claim(due.id)
    assert again is not None, "its sender died"
    store.webhooks.tried(taken[0], FAILED, error="too late")
    assert later.webhooks.message(HOME, hook.id, due.id).state != FAILED
    later.webhooks.tried(again[0], DELIVERED, status=200)
    assert later.webhooks.message(HOME, hook.id, due.id).state == DELIVERED
    assert later.webhooks.replay(HOME, hook.id, due.id).state == WAITING
    later.webhooks.disable(hook.id, "gone")
    assert [one.state for one in later.webhooks.messages(HOME, hook.id)] == [FAILED]
    later.webhooks.remove(HOME, hook.id)
    assert later.webhooks.list() == []


def test_messages_are_listed_page_by_page_the_newest_first(store: Store) -> None:
    hook = store.webhooks.add(HOME, URL, ["job.finished"], "whsec_x")
    desk(store).begin()
    for _ in range(5):
        a_job_ends(store)
    desk(store).gather(store.webhooks.list())
    whole = [one.id for one in store.webhooks.messages(HOME, hook.id)]
    first = [one.id for one in store.webhooks.messages(HOME, hook.id, limit=2)]
    assert first + [one.id for one in store.webhooks.messages(HOME, hook.id, before=first[-1])] == whole
    with pytest.raises(NotFound):
        store.webhooks.messages("other", hook.id)


def test_backtests_are_kept_whole_and_belong_to_their_tenant(store: Store) -> None:
    report = {"figures": {"net": {"sharpe": 0.1 + 0.2}}, "curve": [{"net": 1.0}], "summary": "naïve"}
    made = [
        store.backtests.add(HOME, name, {"symbols": ["SPY"]}, report, data_hash="d" * 64, by="ada") for name in "abc"
    ]
    assert store.backtests.get(HOME, made[0].id) == made[0]
    with pytest.raises(NotFound):
        store.backtests.get("other", made[0].id)
    whole = [one.id for one in store.backtests.list(HOME)]
    first = store.backtests.list(HOME, limit=1)[0].id
    assert [first, *(one.id for one in store.backtests.list(HOME, before=first))] == whole
    assert sorted(whole) == sorted(one.id for one in made)
    assert store.backtests.list("other") == []


def test_a_request_that_is_sent_twice_is_one_until_it_is_forgotten(open_store: Callable[..., Store]) -> None:
    store = open_store()
    keys, other = store.idempotency, store.people.add_tenant("other").id
    assert keys.begin(HOME, "k", "a" * 64)[0]
    assert not keys.begin(HOME, "k", "a" * 64)[0]
    assert keys.begin(other, "k", "a" * 64)[0]
    keys.answer(HOME, "k", 201, {"location": "/x"}, b"\x00{}")
    known = keys.begin(HOME, "k", "b" * 64)[1]
    assert (known.request_hash, known.status, known.headers, known.body) == (
        "a" * 64, 201, {"location": "/x"}, b"\x00{}",
    )  # fmt: skip
    assert open_store(NOW + ABANDONED).idempotency.begin(other, "k", "a" * 64)[0], "its process died"
    keys.release(other, "k")
    assert keys.begin(other, "k", "c" * 64)[0]
    assert open_store(NOW + KEPT).idempotency.begin(HOME, "k", "b" * 64)[0]
