"""Members are fitted out of fold and once on all rows; what fails says so."""

import numpy as np
import pytest

import augury.models.training as training
from augury.core.errors import InsufficientHistory, MissingExtra, ModelError, UnknownName, UsageError
from augury.core.recipe import Recipe
from augury.models.tabular.gb import GradientBoosting
from augury.models.tabular.rf import RandomForest
from augury.models.training import fit_members


@pytest.fixture(scope="module")
def fitted(table_of, small_recipe):
    return fit_members(table_of(500, horizon_bars=5).known(), small_recipe)


def test_every_member_is_ready_with_its_facts(fitted):
    assert [(entry.name, entry.status, entry.reason) for entry in fitted.entries] == [
        ("gb", "ready", ""), ("lgbm", "ready", ""), ("rf", "ready", ""),
    ]  # fmt: skip
    for entry in fitted.entries:
        assert (entry.facts["n_rows"], entry.facts["n_features"], entry.facts["n_folds"]) == (495, 6, 3)
        assert "seconds" not in entry.facts
    assert set(fitted.seconds) == {"rf", "gb", "lgbm"}


def test_out_of_fold_rows_are_the_later_blocks_and_each_has_one_answer_a_member(fitted):
    rows = fitted.out_of_fold.rows
    assert rows.dtype == np.int64
    assert np.array_equal(rows, np.arange(rows[0], 495))
    for proba in fitted.out_of_fold.proba.values():
        assert proba.shape == (len(rows), 3)
        assert proba.sum(axis=1) == pytest.approx(1)


def test_no_out_of_fold_row_is_answered_by_a_model_whose_labels_reach_it(table_of, monkeypatch):
    asked = []

    class Spy(GradientBoosting):
        def fit(self, X, y):
            self.seen = len(X)
            return super().fit(X, y)

        def predict_proba(self, X):
            asked.append((self.seen, len(X)))
            return super().predict_proba(X)

    monkeypatch.setattr(training, "RECIPE_MEMBERS", Stock({"gb": Spy}))
    table = table_of(400, horizon_bars=5).known()
    made = fit_members(table, Recipe(members={"gb": {"n_estimators": 2}}, folds=4))
    assert len(made.out_of_fold.rows) == sum(n for _, n in asked[:4])
    start = int(made.out_of_fold.rows[0])
    for seen, n in asked[:4]:
        assert seen + 5 <= start, "the last train label must end before the first answered row"
        start += n


def test_the_same_recipe_gives_the_same_answers_whatever_the_order_of_members(table_of, fitted, small_recipe):
    names = ["lgbm", "rf", "gb"]
    turned = small_recipe.replace(members={name: small_recipe.members[name] for name in names})
    again = fit_members(table_of(500, horizon_bars=5).known(), turned)
    for name in names:
        assert np.array_equal(again.out_of_fold.proba[name], fitted.out_of_fold.proba[name])


def test_the_horizon_and_the_seed_reach_the_members(fitted, table_of, small_recipe):
    assert fitted.members["lgbm"].horizon_bars == 5
    assert fitted.members["rf"].random_state == 42
    other = fit_members(table_of(300).known(), small_recipe.replace(seed=7, members={"rf": {"n_estimators": 3}}))
    assert other.members["rf"].random_state == 7


class Stock:
    """A catalogue of test members."""

    def __init__(self, kinds):
        self.kinds = kinds

    def load(self, name):
        kind = self.kinds[name]
        if isinstance(kind, Exception):
            raise kind
        return kind


class Raising(GradientBoosting):
    def _fit(self, X, codes):
        raise ValueError("cannot do this")


class NotANumber(GradientBoosting):
    def _proba(self, X):
        return np.full((len(X), len(self.classes_)), np.nan)


class Hungry(RandomForest):
    rows_min = 1000


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        (Raising, "failed", "ValueError: cannot do this"),
        (NotANumber, "failed", "not probabilities"),
        (Hungry, "unavailable", "needs 1000"),
        (MissingExtra("torch is not installed", fix='pip install "augury[deep]"'), "unavailable", 'augury[deep]"'),
    ],
)
def test_a_member_that_cannot_is_recorded_with_its_reason_and_the_others_go_on(
    table_of, monkeypatch, kind, status, reason
):
    monkeypatch.setattr(training, "RECIPE_MEMBERS", Stock({"odd": kind, "gb": GradientBoosting}))
    made = fit_members(table_of(300).known(), Recipe(members={"odd": {}, "gb": {"n_estimators": 3}}, folds=2))
    ready, odd = made.entries
    assert (odd.status, ready.status) == (status, "ready")
    assert reason in odd.reason
    assert list(made.members) == list(made.out_of_fold.proba) == ["gb"]


def test_the_order_a_recipe_is_written_in_changes_no_bit(table_of, small_recipe, fitted):
    turned = small_recipe.replace(members=dict(reversed(small_recipe.members.items())))
    again = fit_members(table_of(500, horizon_bars=5).known(), turned)
    assert list(again.out_of_fold.proba) == list(fitted.out_of_fold.proba) == ["gb", "lgbm", "rf"]
    assert turned.hash == small_recipe.hash


def test_when_no_member_is_left_the_cell_fails_with_every_reason(table_of, monkeypatch):
    monkeypatch.setattr(training, "RECIPE_MEMBERS", Stock({"a": Raising, "b": Hungry}))
    with pytest.raises(ModelError, match=r"a: ValueError: cannot do this; b: .*needs 1000"):
        fit_members(table_of(300).known(), Recipe(members={"a": {}, "b": {}}, folds=2))


def test_wrong_settings_and_names_stop_at_once(table_of):
    table = table_of(300).known()
    with pytest.raises(UsageError, match="no setting 'trees'"):
        fit_members(table, Recipe(members={"rf": {"trees": 3}}))
    with pytest.raises(UnknownName, match="did you mean 'lgbm'"):
        fit_members(table, Recipe(members={"lgbn": {}}))


def test_too_few_rows_is_insufficient_history(table_of):
    with pytest.raises(InsufficientHistory, match="49 train rows"):
        fit_members(table_of(50).known(), Recipe())


def test_a_short_history_is_divided_into_as_many_folds_as_it_carries(table_of):
    made = fit_members(table_of(70, horizon_bars=5).known(), Recipe(members={"gb": {"n_estimators": 2}}))
    assert made.entries[0].facts["n_folds"] == 3


def test_a_class_that_a_fold_never_saw_has_probability_zero_there(table_of):
    table = table_of(300).known()
    frame = table.frame.with_row_index("at")
    label = frame["label"].to_numpy().copy()
    label[:120] = np.where(label[:120] == 1, 0, label[:120])
    table = table.with_frame(table.frame.with_columns(label=label))
    made = fit_members(table, Recipe(members={"rf": {"n_estimators": 5}}, folds=4))
    proba = made.out_of_fold.proba["rf"]
    assert (proba[:60, 2] == 0).all()
    assert proba[-60:, 2].max() > 0


def test_progress_is_reported_up_to_one(table_of):
    events = []
    fit_members(
        table_of(200).known(),
        Recipe(members={"gb": {"n_estimators": 2}, "rf": {"n_estimators": 2}}, folds=2),
        lambda what, share: events.append((what, share)),
    )
    assert [what for what, _ in events] == [
        "gb fold 1/2",
        "gb fold 2/2",
        "gb fitted",
        "rf fold 1/2",
        "rf fold 2/2",
        "rf fitted",
    ]
    shares = [share for _, share in events]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
