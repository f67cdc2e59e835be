"""The log of weights, in either database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from augury.core.errors import NotFound
from augury.records.registry.weights_log import WeightsRow
from augury.records.store import Store

ROW = WeightsRow(
    "^GSPC",
    "d1",
    "5d",
    "",
    "ridge",
    {"rf": 0.7, "gb": 0.3},
    datetime(2026, 8, 24, tzinfo=UTC),
    datetime(2026, 11, 13, tzinfo=UTC),
    48,
    {"kept": True, "reason": "", "brier": 0.61},
    "dominance",
    10.0,
)


def test_refits_come_back_as_they_were_written_newest_first_and_once(store: Store, make: Any) -> None:
    row = replace(ROW, version=make.version(store).version)
    kept_not = replace(row, guard=None, alpha=None, facts={"kept": False, "reason": "worse"})
    assert store.weights_log.record(row)
    assert not store.weights_log.record(row)
    assert store.weights_log.record(kept_not)
    assert store.weights_log.list("^GSPC", "d1", "5d") == [kept_not, row]
    assert [one.kept for one in store.weights_log.list()] == [False, True]
    assert store.weights_log.list(limit=1) == [kept_not]
    assert store.weights_log.list("SPY") == []


def test_weights_of_a_version_that_was_never_registered_are_refused(store: Store) -> None:
    with pytest.raises(NotFound, match="no version 20261121T105800Z-1a2b3c"):
        store.weights_log.record(replace(ROW, version="20261121T105800Z-1a2b3c"))
