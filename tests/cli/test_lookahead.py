"""``augury lookahead``: a user's features, split and model; Augury's own path; exit codes; what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augury.core.hashing import sha256_file
from augury.data.synthetic import SyntheticMarket
from augury.records.store import Store

FEATURES = """
import polars as pl

CLOSE = pl.col("close")
GAIN = (CLOSE / CLOSE.shift(1) - 1).over("symbol")
AHEAD = (CLOSE.shift(-1) / CLOSE - 1).over("symbol")


def features(bars):
    return bars.select(
        "symbol",
        "ts",
        sound=CLOSE.rolling_mean(10).over("symbol"),
        whole_window=((CLOSE - CLOSE.mean()) / CLOSE.std()).over("symbol"),
        scaled=(GAIN - GAIN.mean()) / GAIN.std(),
        centred=CLOSE.rolling_mean(11, center=True).over("symbol"),
        filled=CLOSE.rolling_mean(30).backward_fill().over("symbol"),
        tomorrow=GAIN.shift(-1).over("symbol"),
        encoded=AHEAD.mean().over("symbol", pl.col("ts").dt.weekday()),
        weekly=CLOSE.last().over("symbol", pl.col("ts").dt.truncate("1w")),
    )


def split(bars):
    end = pl.col("ts").shift(-5).over("symbol")
    rows = bars.select("symbol", "ts", label_end=end).drop_nulls()
    mixed = rows.sample(fraction=1.0, shuffle=True, seed=1).with_row_index("at")
    side = pl.when(pl.col("at") < 0.7 * pl.len()).then(pl.lit("train")).otherwise(pl.lit("scored"))
    return mixed.with_columns(side=side, fold=pl.lit("first"))
"""
MODEL = """
import numpy as np


class Honest:
    def fit(self, X, y):
        self.centre = X[:, 0].mean()
        return self

    def predict(self, X):
        return X[:, 0] - self.centre


class Centred:
    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        share = 1 / (1 + np.exp(-(X[:, 0] - X[:, 0].mean()) / X[:, 0].std()))
        return np.column_stack([1 - share, share])
"""


@pytest.fixture
def bars(tmp_path: Path) -> str:
    SyntheticMarket(n_symbols=3, n_bars=320).bars().frame.write_parquet(tmp_path / "bars.parquet")
    return str(tmp_path / "bars.parquet")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "leaky.py").write_text(FEATURES)
    (tmp_path / "mymodel.py").write_text(MODEL)
    return tmp_path


def test_the_eight_planted_leaks_of_a_user_file_are_each_named_and_it_exits_5(call, bars: str, files: Path) -> None:
    ran = call("lookahead", "--features", str(files / "leaky.py"), "--bars", bars, "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["verdict"]) == (5, "leaks")
    leaks = [leak for stage in told["stages"] for leak in stage["leaks"]]
    assert {(leak["stage"], leak["column"]): leak["kind"] for leak in leaks} == {
        ("leaky", "whole_window"): "whole-window z-norm",
        ("leaky", "scaled"): "full-sample scaler",
        ("leaky", "centred"): "centred rolling",
        ("leaky", "filled"): "backfill",
        ("leaky", "tomorrow"): "shift(-1)",
        ("leaky", "encoded"): "target encoding",
        ("leaky", "weekly"): "left-labelled resample",
        ("leaky split", "first"): "shuffled split",
    }
    assert all(leak["symbol"].startswith("SYN") and leak["ts"].startswith("201") for leak in leaks)


def test_the_table_names_stage_column_kind_and_first_row(call, bars: str, files: Path) -> None:
    ran = call("lookahead", "--features", str(files / "leaky.py"), "--bars", bars, "--cuts", "8")
    assert ran.code == 5
    (line,) = [line for line in ran.out.splitlines() if "tomorrow" in line]
    assert [word in line for word in ("leaky", "shift(-1)", "SYN00", "cut noise")] == [True] * 4
    assert "8 columns looked ahead" in ran.err


def test_a_family_file_is_clean_and_the_values_compared_are_counted(call, bars: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from augury.features.family import Family, Feature\n"
        "from augury.features.language import close, lag\n"
        "FAMILY = Family('mine', 'an example', (Feature('gain', 4, close / lag(close, 3) - 1.0),))\n"
    )
    ran = call("lookahead", "--features", str(tmp_path / "mine.py"), "--bars", bars, "--cuts", "4")
    assert ran.code == 0
    assert "clean:" in ran.err
    assert "values are equal bit for bit at 4 cuts of 960 bars" in ran.err


@pytest.mark.parametrize("target", ["mymodel.py:Honest", "mymodel:Honest"])
def test_a_model_by_import_path_that_forecasts_row_by_row_is_clean(call, bars: str, files: Path, target: str) -> None:
    ran = call("lookahead", "--model", target, "--set", "starter", "--bars", bars, "--cuts", "4")
    assert ran.code == 0, ran.err
    assert "model Honest" in ran.out


def test_a_model_whose_answers_depend_on_later_rows_exits_5(call, bars: str, files: Path) -> None:
    ran = call(
        "lookahead", "--model", "mymodel.py:Centred", "--set", "starter", "--bars", bars, "--cuts", "4", "--json"
    )
    (stage,) = json.loads(ran.out)["stages"]
    assert (ran.code, stage["stage"], stage["verdict"]) == (5, "model Centred", "leaks")
    assert [leak["column"] for leak in stage["leaks"]] == ["p(0)", "p(1)"]


def test_without_bars_the_synthetic_market_is_used_and_named(call, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def features(bars):\n    return bars.select('symbol', 'ts', 'close')\n")
    ran = call("lookahead", "--features", str(tmp_path / "mine.py"), "--cuts", "2")
    assert ran.code == 0
    assert "(synthetic market)" in ran.err


def test_augury_s_own_path_of_one_symbol_of_the_lake_is_clean(call, market: Path) -> None:
    ran = call("lookahead", "--symbol", "SYN001", "--timeframe", "d1", "--cuts", "2", "--set", "starter", "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["verdict"]) == (0, "clean")
    assert "left out, too few symbols or bars: panel, graphs" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--features", "nowhere.py"), 4, "no file nowhere.py"),
        (("--features", "empty.py"), 2, "defines none of FAMILY"),
        (("--model", "mymodel"), 2, "names no model"),
        (("--model", "mymodel.py:Absent"), 2, "has no class 'Absent'"),
        (("--model", "no_such_module:Model"), 2, "there is no module 'no_such_module'"),
        (("--features", "broken.py"), 3, "'broken' could not be run on 960 bars: ColumnNotFoundError"),
        (("--features", "narrow.py"), 2, "returns 1 rows for 960 bars without symbol and ts"),
    ],
)
def test_what_cannot_be_audited_is_refused_with_the_reason(
    call, bars: str, files: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (files / "empty.py").write_text("")
    (files / "broken.py").write_text("def features(bars):\n    return bars.select('closing')\n")
    (files / "narrow.py").write_text("def features(bars):\n    return bars.select('close').head(1)\n")
    ran = call("lookahead", *arguments, "--bars", bars)
    assert ran.code == code
    assert said in ran.err


def test_every_audit_is_kept_with_the_hash_of_what_it_read_and_without_its_folders(
    call, bars: str, files: Path, tmp_path: Path
) -> None:
    model = f"{files / 'mymodel.py'}:Honest"
    assert call("lookahead", "--features", str(files / "leaky.py"), "--bars", bars, "--cuts", "3").code == 5
    ran = call("lookahead", "--model", model, "--bars", bars, "--cuts", "3")
    assert "kept as entry 2 of the journal" in ran.err
    with Store.open(tmp_path / "store") as store:
        first, second = store.journal.list("lookahead")
    assert (first.subject, first.level, first.data["verdict"]) == ("leaky.py", "warning", "leaks")
    assert first.data["leaking"] == len(first.data["leaks"]) >= 5
    assert "looked ahead at 3 cuts, first 'whole_window' of leaky" in first.text
    assert first.data["of"] == [{"name": "leaky.py", "sha256": sha256_file(files / "leaky.py")}]
    assert (second.subject, second.level) == ("mymodel.py:Honest", "info")
    assert str(tmp_path) not in str((first, second))


def test_where_nothing_can_be_kept_the_verdict_and_its_exit_stand(call, bars: str, files: Path, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no folder")
    ran = call("lookahead", "--features", str(files / "leaky.py"), "--bars", bars, "--cuts", "3")
    assert ran.code == 5
    assert "the audit was not kept: the data folder" in ran.err
