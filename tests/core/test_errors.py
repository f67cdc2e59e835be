"""Every error has an exit code, a stable name and a next command."""

from __future__ import annotations

import inspect

import pytest

from augury.core import errors
from augury.core.errors import AuguryError

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, AuguryError)]
CODES = {
    "AuguryError": 1,
    "UsageError": 2,
    "MissingExtra": 2,
    "UnknownName": 2,
    "DataError": 3,
    "InsufficientHistory": 3,
    "LeakError": 3,
    "NotFound": 4,
    "NotTrained": 4,
    "StaleModel": 4,
    "CorruptArtifact": 4,
    "GateRefused": 5,
    "SuspectLeak": 5,
    "StoreError": 1,
    "StorageFull": 1,
    "StoreBusy": 75,
}


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_the_exit_code_tells_what_kind_of_failure_it_was(name: str, code: int) -> None:
    assert getattr(errors, name)("x").exit_code == code


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_is_drawn_in_the_tree_carries_facts_and_prints_its_fix(kind: type[AuguryError]) -> None:
    error = kind("asked X, found Y", fix="augury doctor", symbol="AAPL")
    assert kind.__name__ in (errors.__doc__ or "")
    assert error.code == kind.__name__
    assert error.facts == {"symbol": "AAPL"}
    assert str(error) == "asked X, found Y -> run: augury doctor"
    assert str(kind("asked X")) == "asked X"


def test_the_text_for_an_untrained_symbol_is_the_promised_one() -> None:
    error = errors.NotTrained("no trained model for AAPL d1", fix="augury train --symbol AAPL --timeframe d1")
    assert str(error) == "no trained model for AAPL d1 -> run: augury train --symbol AAPL --timeframe d1"
