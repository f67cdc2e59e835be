from __future__ import annotations

import pytest

from augury.core.errors import UnknownName, UsageError
from augury.runs.cells import plan_cells


def test_without_horizons_a_timeframe_brings_its_own_list() -> None:
    assert [cell.horizon for cell in plan_cells(["SPY"], ["w1"])] == ["30d", "90d", "180d", "360d"]


def test_repeated_requests_are_one_cell() -> None:
    assert len(plan_cells(["SPY", "SPY"], ["d1", "1d"], ["5d"])) == 1


@pytest.mark.parametrize("symbol", ["../x", "", "a b", "x" * 25, "=cmd()", "\u202eSPY"])
def test_a_malformed_symbol_is_refused_by_name(symbol: str) -> None:
    with pytest.raises(UnknownName, match="is not a symbol"):
        plan_cells([symbol], ["d1"])


@pytest.mark.parametrize("horizon", ["0d", "-1d", "5", "d", "1001d", "5y"])
def test_a_horizon_that_is_no_duration_is_refused(horizon: str) -> None:
    with pytest.raises(UsageError, match="horizon"):
        plan_cells(["SPY"], ["d1"], [horizon])


def test_an_unknown_timeframe_offers_the_near_one() -> None:
    with pytest.raises(UnknownName, match="did you mean"):
        plan_cells(["SPY"], ["d11"])
