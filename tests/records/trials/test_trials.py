"""The trial ledger; BEY-03, Q05, in both databases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import delete, insert, text, update

from augury.core.errors import DataError, NotFound, StoreError
from augury.records.database import transaction
from augury.records.trials.tables import trials as table
from augury.records.trials.trials import Trial

DATA = "d" * 64


def trial(number: int = 0, **changes: object) -> Trial:
    return replace(Trial("d1/SPY", DATA, "train", {"seed": number}, "accuracy", 0.5, 150.0), **changes)


def returns(number: int, mean: float = 0.0, n: int = 300) -> np.ndarray:
    return mean + 0.01 * np.random.default_rng(number).normal(size=n)


def backtest(number: int, mean: float = 0.0) -> Trial:
    series = returns(number, mean)
    value = float(series.mean() / series.std(ddof=1) * 252**0.5)
    return Trial("d1/SPY", DATA, "backtest", {"number": number}, "sharpe", value, 300.0, series)


def test_the_same_configuration_again_is_the_same_trial(store) -> None:
    assert [store.trials.record(trial()), store.trials.record(trial()), store.trials.record(trial(1))] == [
        True, False, True,
    ]  # fmt: skip
    assert store.trials.count("d1/SPY") == store.trials.count(DATA) == 2
    assert len(store.trials.list("d1/SPY")) == 2


def test_on_more_bars_of_a_dataset_it_is_the_same_trial_with_another_figure(store) -> None:
    store.trials.record(trial())
    assert store.trials.record(trial(data_version="e" * 64, value=0.52))
    assert store.trials.count("d1/SPY") == 1
    assert [row.value for row in store.trials.list("d1/SPY")] == [0.52, 0.5]


def test_another_kind_setting_or_metric_is_told_apart(store) -> None:
    for one in (trial(), trial(kind="backtest"), trial(1), trial(metric="ic", value=0.1), trial(dataset="d1/QQQ")):
        assert store.trials.record(one)
    assert store.trials.count("d1/SPY") == 3  # the metric is another figure of the same configuration
    assert store.trials.count("d1/QQQ") == 1
    assert store.trials.count("w1/SPY") == 0


def test_a_failed_trial_counts_and_its_value_is_null(store, make) -> None:
    store.trials.record(trial(value=None, metric="rank_ic"))
    (found,) = store.trials.list()
    assert (found.value, found.scored_at, found.software[:6]) == (None, make.now, "augury")
    assert store.trials.count("d1/SPY") == 1


def test_a_series_comes_back_bit_for_bit(store) -> None:
    store.trials.record(backtest(3))
    (found,) = store.trials.list()
    assert found.series is not None
    assert found.series.tobytes() == returns(3).tobytes()
    assert found.series_hash == backtest(3).series_hash


def test_200_random_trials_are_counted_and_the_best_of_them_is_refused(store) -> None:
    for number in range(200):
        store.trials.record(backtest(number))
    best = store.trials.best("d1/SPY", "sharpe")
    found = store.trials.deflated(best)
    assert found.trials == 200
    assert found.value == pytest.approx(best.value)
    assert found.value > 1.5
    assert not found.believed
    assert found.pbo is not None
    # One trial alone would have been believed: the ledger is what refuses it.
    assert store.trials.deflated(replace(best, dataset="alone")).believed


def test_a_planted_signal_among_them_is_believed(store) -> None:
    for number in range(60):
        store.trials.record(backtest(number, 0.004 if number == 7 else 0.0))
    best = store.trials.best("d1/SPY", "sharpe")
    assert best.settings == {"number": 7}
    found = store.trials.deflated(best)
    assert found.believed
    assert found.pbo is not None
    assert found.pbo < 0.05


def test_a_trial_that_was_not_recorded_counts_as_one_more(store) -> None:
    store.trials.record(backtest(0))
    assert store.trials.deflated(backtest(1)).trials == 2
    assert store.trials.deflated(backtest(0)).trials == 1


def test_a_trial_named_without_its_series_is_deflated_with_the_recorded_one(store) -> None:
    for number in range(3):
        store.trials.record(backtest(number))
    assert store.trials.deflated(replace(backtest(1), series=None)) == store.trials.deflated(backtest(1))


def test_only_series_of_the_same_metric_length_and_data_stand_beside_a_trial(store) -> None:
    one = backtest(0)
    store.trials.record(one)
    for number, changes in enumerate(
        ({"data_version": "e" * 64}, {"metric": "rank_ic"}, {"series": returns(1, n=299)}, {"horizon_bars": 5}), 1
    ):
        store.trials.record(replace(backtest(number), **changes))
    found = store.trials.deflated(one)
    assert (found.trials, found.pbo) == (5, None)


def test_a_correlation_without_series_is_deflated_and_an_accuracy_is_not(store) -> None:
    assert store.trials.deflated(trial(metric="rank_ic", value=0.05)).trials == 1
    with pytest.raises(DataError, match="only sharpe, rank_ic, ic"):
        store.trials.deflated(trial())
    with pytest.raises(NotFound, match="no trial with a sharpe"):
        store.trials.best("d1/SPY", "sharpe")


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": float("nan")}, {"dataset": ""}, {"metric": "sharpe"},
        {"series": np.array([1.0, np.nan])}, {"series": np.ones((2, 2))},
    ],
)  # fmt: skip
def test_what_could_not_be_deflated_or_found_again_is_refused(store, wrong) -> None:
    with pytest.raises(DataError):
        store.trials.record(trial(**wrong))
    assert store.trials.count("d1/SPY") == 0


def test_the_trial_ledger_only_grows(store) -> None:
    store.trials.record(trial())
    for statement in (update(table).values(value=0.99), delete(table)):
        with pytest.raises(StoreError, match="trials is append-only"), transaction(store.engine) as connection:
            connection.execute(statement)
    if store.engine.dialect.name == "postgresql":
        with pytest.raises(StoreError, match="append-only"), transaction(store.engine) as connection:
            connection.execute(text("TRUNCATE trials"))
    else:
        with transaction(store.engine) as connection:
            row = dict(connection.execute(table.select()).one()._mapping) | {"id": 2, "value": 0.99}
        with pytest.raises(StoreError, match="trials is append-only"), transaction(store.engine) as connection:
            connection.execute(insert(table).prefix_with("OR REPLACE").values(**row))
    assert store.trials.count("d1/SPY") == 1
    assert store.trials.list()[0].value == 0.5
