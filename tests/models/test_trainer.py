"""``ModelTrainer`` takes plain arrays or frames and gives a full record of each member."""

import numpy as np
import polars as pl
import pytest

from augury.core.errors import UnknownName
from augury.core.labelspec import LABELS
from augury.core.timeframe import Timeframe
from augury.labels.splits import prepare_train_validation_split
from augury.models.trainer import ModelTrainer


@pytest.fixture(scope="module")
def parts(table_of):
    table = table_of(400).known()
    features = table.frame.select(table.manifest.names)
    labels = pl.Series([LABELS[code + 1] for code in table.y])
    train_f, valid_f, train_l, valid_l = prepare_train_validation_split(features, labels)
    return train_f, train_l, valid_f, valid_l


def test_all_models_have_a_record_with_every_figure(parts):
    records = ModelTrainer("AAPL", "1d").train_all_models(*parts)
    assert list(records) == ["rf", "gb", "lgbm"]
    for name, record in records.items():
        assert record.name == name
        assert (record.n_train, record.n_valid, record.n_features) == (274, 120, 6)
        assert record.train_accuracy >= record.valid_accuracy > 0.4
        for figure in (record.balanced_accuracy, record.precision, record.recall, record.f1):
            assert 0 < figure <= 1
        assert record.log_loss > 0
        assert np.array(record.confusion).sum() == 120
        assert np.trace(record.confusion) / 120 == pytest.approx(record.valid_accuracy)
        assert record.seconds > 0


def test_single_members_are_those_of_the_default_settings(parts):
    trainer = ModelTrainer("AAPL", Timeframe.D1)
    forest, boosted = trainer.train_random_forest(*parts), trainer.train_gradient_boosting(*parts)
    assert (forest.name, boosted.name) == ("rf", "gb")
    assert forest.member.get_params()["n_estimators"] == 200
    assert forest.member.classes_.tolist() == [-1, 0, 1]


def test_the_horizon_of_the_timeframe_reaches_the_member(parts):
    record = ModelTrainer("AAPL", "w1").train_all_models(*parts, members=("lgbm",))["lgbm"]
    assert record.member.horizon_bars == 4


def test_codes_and_arrays_do_as_well_as_names_and_frames(parts):
    train_f, train_l, valid_f, valid_l = parts
    codes = [np.array([LABELS.index(label) - 1 for label in part]) for part in (train_l, valid_l)]
    trainer = ModelTrainer("AAPL", "d1")
    named = trainer.train_gradient_boosting(*parts)
    plain = trainer.train_gradient_boosting(train_f.to_numpy(), codes[0], valid_f.to_numpy(), codes[1])
    assert (named.valid_accuracy, named.log_loss) == (plain.valid_accuracy, plain.log_loss)


def test_unknown_labels_and_members_are_refused_by_name(parts):
    train_f, train_l, valid_f, valid_l = parts
    with pytest.raises(UnknownName, match="'UP' is not among"):
        ModelTrainer("AAPL", "d1").train_random_forest(train_f, ["UP"] * len(train_l), valid_f, valid_l)
    with pytest.raises(UnknownName, match="unknown member 'forest'"):
        ModelTrainer("AAPL", "d1").train_all_models(*parts, members=("forest",))
