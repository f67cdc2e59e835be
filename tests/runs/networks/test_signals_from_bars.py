"""Signals leave a model, a report on later rows and a trial; a ranker begins from an encoder of earlier days."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from augury.core.errors import LeakError, UsageError
from augury.core.settings import Settings
from augury.data.synthetic import SyntheticMarket
from augury.models.deep.panels.forecaster import PanelForecaster
from augury.models.signals.model import SignalModel
from augury.proof.holdout import Guard
from augury.records.tracking import experiments
from augury.runs.networks import NetworkRequest, NetworkRun, train_network
from augury.runs.pretraining import pretrain_file
from augury.runs.workspace import Workspace

TREES = {"body_settings": {"n_estimators": 30, "learning_rate": 0.1}}


@pytest.fixture
def workspace(tmp_path):
    with Workspace.open(Settings.load({"data_dir": tmp_path})) as opened:
        yield opened


def bars_file(folder: Path, ic: float, n_symbols: int = 2, n_bars: int = 900) -> Path:
    path = folder / "bars.parquet"
    SyntheticMarket(n_symbols=n_symbols, n_bars=n_bars, ic=ic, regimes=False, seed=11).bars().frame.write_parquet(path)
    return path


def trained(path: Path, workspace: Workspace, guard: Guard | None = None, **changes: object) -> NetworkRun:
    asked = NetworkRequest(path, "signals", **({"horizon": ("1d",), "network_settings": TREES} | changes))  # type: ignore[arg-type]
    return train_network(asked, workspace.settings.data_dir, workspace.store.trials, guard)


def test_a_planted_signal_is_reported_beside_its_base_rates_and_noise_is_not(tmp_path, workspace):
    done = trained(bars_file(tmp_path, 0.5), workspace)
    (line,) = experiments(workspace.settings.data_dir)
    assert line == done.experiment
    figures = line.metrics
    assert figures["brier_gain"] > 0.01
    assert figures["buy_precision"] > figures["buy_base"] + 0.05
    assert figures["sell_precision"] > figures["sell_base"] + 0.05
    assert SignalModel.load(done.folder).spec.horizon == "1d"
    assert workspace.store.trials.count("panel/bars.parquet") == 1
    assert [told.split(":")[0] for told in done.lines[:2]] == ["IsBuy", "IsSell"]
    assert trained(bars_file(tmp_path, 0.0), workspace).experiment.metrics["brier_gain"] < 0.005


def test_the_report_decides_nothing(tmp_path, workspace):
    path = bars_file(tmp_path, 0.5)
    kept = SignalModel.load(trained(path, workspace).folder)
    bars = SyntheticMarket(n_symbols=2, n_bars=900, ic=0.5, regimes=False, seed=11).bars()
    moments = bars.frame["ts"].unique().sort()
    guard = Guard("panel/bars.parquet", moments[-1])  # one day fewer: the report slice begins elsewhere
    rows = kept.rows(bars)
    first = kept.classifier.facts()["rows"]
    assert sum(first.values()) < 0.8 * len(rows.returns)
    shorter = SignalModel.load(trained(path, workspace, guard).folder)
    assert sum(shorter.classifier.facts()["rows"].values()) <= sum(first.values())


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"network_settings": {"boddy": "lgbm"}}, "did you mean 'body'"),
        ({"pretrained": Path("x")}, "no encoder"),
        ({"horizon": ("1d", "5d")}, "one horizon"),
    ],
)
def test_settings_signals_do_not_have_are_refused(tmp_path, workspace, changes, match):
    with pytest.raises(UsageError, match=match):
        trained(bars_file(tmp_path, 0.5), workspace, **changes)


def ranked(path: Path, workspace: Workspace, **changes: object) -> NetworkRun:
    usual = {"epochs": 2, "horizon": ("1d",), "entry": "close", "lookback": 5, "training": {"threads": 1}, "folds": 1}
    asked = NetworkRequest(path, "lstm", network_settings={"hidden": 32}, **(usual | changes))  # type: ignore[arg-type]
    return train_network(asked, workspace.settings.data_dir, workspace.store.trials)


def test_a_ranker_begins_from_an_encoder_of_earlier_days_and_of_no_other(tmp_path, workspace):
    path = bars_file(tmp_path, 0.2, n_symbols=24, n_bars=520)
    early = pretrain_file(path, tmp_path / "early", kind="panel", small=True, epochs=1, until=date(2011, 5, 1))
    assert json.loads((early.path.parent / "encoder.json").read_text())["data_until"] < "2011-05-01"
    done = ranked(path, workspace, pretrained=early.path, frozen=True)
    assert done.lines[0].startswith("encoder weights loaded: 4/4 tensors")
    assert done.lines[1] == "unfreezing scheduled: never"
    assert PanelForecaster.load(done.folder).facts()["transfer"]["sha256"] == early.sha256
    described = early.path.parent / "encoder.json"
    described.write_text(json.dumps(json.loads(described.read_text()) | {"data_until": "2011-12-31"}))
    with pytest.raises(LeakError, match="the select slice begins"):
        ranked(path, workspace, pretrained=early.path, frozen=True)


@pytest.mark.parametrize("changes", [{"frozen": True}, {"unfreeze": (1,)}, {"horizon": ("1w",)}])
def test_flags_that_mean_nothing_to_a_ranker_are_refused(tmp_path, workspace, changes):
    with pytest.raises(UsageError):
        ranked(bars_file(tmp_path, 0.2, n_symbols=24, n_bars=520), workspace, **changes)
