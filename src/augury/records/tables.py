"""The tables: what is remembered, one :class:`sqlalchemy.Table` each.

The migrations build them; a test holds both against each other. Names of columns are the names of
the values that travel (``core.forecast.Forecast`` …); ``*_json`` is canonical JSON text, ``*_at``,
``ts`` and ``*_until`` are UTC moments, prices and returns are doubles.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

import augury.records.accounts.tables
import augury.records.loop.tables
import augury.records.trials.tables  # noqa: F401 - their tables are part of the same schema
from augury.core.forecast import QUANTILES
from augury.core.labelspec import LABELS
from augury.records.columns import HASH, JsonText, UtcTime, key, metadata

STATUSES: Final = ("candidate", "shadow", "promoted", "retired", "rejected")
LINEAGE_KINDS: Final = ("file", "source", "import", "symbol", "append", "resample", "features")
RUN_STATUSES: Final = ("succeeded", "failed", "interrupted")


def _of(target: str, *, name: str, primary_key: bool = False, nullable: bool = False) -> Column[int]:
    return Column(name, Integer, ForeignKey(f"{target}.id"), primary_key=primary_key, nullable=nullable)


def _words(column: str, words: tuple[str, ...]) -> CheckConstraint:
    quoted = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({quoted})", name=column)


def _cell(*, primary_key: bool = False) -> list[Column[Any]]:
    return [
        _of("symbols", name="symbol_id", primary_key=primary_key),
        Column("timeframe", String(4), primary_key=primary_key, nullable=False),
        Column("horizon", String(8), primary_key=primary_key, nullable=False),
    ]


symbols = Table(
    "symbols",
    metadata,
    key(),
    Column("ticker", String(24), nullable=False),
    Column("asset_class", Text),
    Column("venue", Text),
    Column("currency", String(3)),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("primary_source", Text),
    UniqueConstraint("ticker", "valid_from"),
)
Index(
    "uq_symbols_ticker_open",
    symbols.c.ticker,
    unique=True,
    sqlite_where=symbols.c.valid_to.is_(None),
    postgresql_where=symbols.c.valid_to.is_(None),
)

bars = Table(
    "bars",
    metadata,
    _of("symbols", name="symbol_id", primary_key=True),
    Column("timeframe", String(4), primary_key=True),
    Column("ts", UtcTime, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("open", Double),
    Column("high", Double),
    Column("low", Double),
    Column("close", Double, nullable=False),
    Column("volume", Double),
    Column("adj_close", Double),
    Column("is_final", Boolean, nullable=False),
    Column("ingested_at", UtcTime, nullable=False),
)

data_versions = Table(
    "data_versions",
    metadata,
    Column("hash", HASH, primary_key=True),
    _of("symbols", name="symbol_id", primary_key=True),
    Column("timeframe", String(4), nullable=False),
    Column("first_ts", UtcTime, nullable=False),
    Column("last_ts", UtcTime, nullable=False),
    Column("rows", Integer),
    Column("provider", Text),
    Column("adjustment", Text),
    Column("parents_json", JsonText),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("first_ts <= last_ts", name="range"),
)

lineage = Table(
    "lineage",
    metadata,
    key(),
    Column("child_hash", HASH, nullable=False),
    Column("kind", Text, nullable=False),
    Column("parents_json", JsonText, nullable=False),
    Column("parameters_json", JsonText, nullable=False),
    Column("rows", Integer),
    Column("dataset", Text),
    Column("change", Text),
    Column("version", Text),
    Column("made_at", UtcTime, nullable=False),
    Column("software", Text, nullable=False),
    _words("kind", LINEAGE_KINDS),
    CheckConstraint("(dataset IS NULL) = (version IS NULL)", name="dataset"),
)
Index("ix_lineage_child_hash", lineage.c.child_hash)
Index("ix_lineage_dataset", lineage.c.dataset)

label_specs = Table(
    "label_specs",
    metadata,
    key(),
    Column("timeframe", String(4), nullable=False),
    Column("horizon", String(8), nullable=False),
    Column("horizon_bars", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("threshold", Double, nullable=False),
    Column("price_field", Text, nullable=False),
    Column("hash", HASH, nullable=False, unique=True),
    CheckConstraint("horizon_bars >= 1", name="horizon_bars"),
)

model_versions = Table(
    "model_versions",
    metadata,
    key(),
    *_cell(),
    Column("version", String(32), nullable=False),
    Column("manifest_json", JsonText, nullable=False),
    Column("sha256", HASH, nullable=False),
    Column("verdict", Text, nullable=False),
    _of("model_versions", name="parent_id", nullable=True),
    Column("status", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("files_removed_at", UtcTime),
    UniqueConstraint("symbol_id", "timeframe", "horizon", "version"),
    _words("status", STATUSES),
)

aliases = Table(
    "aliases",
    metadata,
    *_cell(primary_key=True),
    Column("alias", String(24), primary_key=True),
    _of("model_versions", name="version_id"),
    Column("updated_at", UtcTime, nullable=False),
    Column("updated_by", Text, nullable=False),
)

alias_log = Table(
    "alias_log",
    metadata,
    key(),
    *_cell(),
    Column("alias", String(24), nullable=False),
    _of("model_versions", name="version_id"),
    _of("model_versions", name="previous_version_id", nullable=True),
    Column("updated_at", UtcTime, nullable=False),
    Column("updated_by", Text, nullable=False),
)

training_runs = Table(
    "training_runs",
    metadata,
    key(),
    _of("symbols", name="symbol_id"),
    Column("timeframe", String(4), nullable=False),
    Column("horizon", String(8)),
    Column("run_date", UtcTime, nullable=False),
    Column("lookback_days", Integer),
    Column("n_training_samples", Integer),
    Column("n_validation_samples", Integer),
    Column("ensemble_validation_accuracy", Double),
    Column("ci_low", Double),
    Column("ci_high", Double),
    Column("baseline_accuracy", Double),
    Column("model_performances_json", JsonText, nullable=False),
    Column("weights_json", JsonText, nullable=False),
    Column("version", String(32)),
    Column("models_artifact_path", Text),
    Column("status", Text, nullable=False),
    Column("error_message", Text),
    Column("seconds", Double, nullable=False),
    Column("settings_json", JsonText, nullable=False),
    _words("status", RUN_STATUSES),
    CheckConstraint("(status = 'succeeded') = (error_message IS NULL)", name="reason"),
    CheckConstraint("seconds >= 0", name="seconds"),
)
Index("ix_training_runs_cell", *(training_runs.c[name] for name in ("symbol_id", "timeframe", "horizon")))

_LADDER = " AND ".join(f"{low} <= {high}" for low, high in zip(list(QUANTILES), list(QUANTILES)[1:], strict=False))

forecasts = Table(
    "forecasts",
    metadata,
    key(),
    *_cell(),
    Column("seq", Integer, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("data_until", UtcTime, nullable=False),
    Column("matures_at", UtcTime, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    _of("model_versions", name="version_id"),
    Column("artifact_hash", HASH, nullable=False),
    _of("label_specs", name="label_spec_id"),
    Column("data_hash", HASH, nullable=False),
    Column("feature_hash", HASH, nullable=False),
    Column("label", String(8), nullable=False),
    Column("p_bearish", Double, nullable=False),
    Column("p_neutral", Double, nullable=False),
    Column("p_bullish", Double, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("agreement", Double),
    Column("current_price", Double, nullable=False),
    Column("expected_return", Double, nullable=False),
    *(Column(name, Double, nullable=False) for name in QUANTILES),
    Column("verdict", Text, nullable=False),
    Column("weights_json", JsonText, nullable=False),
    Column("flags_json", JsonText, nullable=False),
    Column("content_hash", HASH, nullable=False),
    Column("prev_hash", HASH, nullable=False),
    Column("row_hash", HASH, nullable=False, unique=True),
    UniqueConstraint("symbol_id", "timeframe", "horizon", "seq"),
    UniqueConstraint(
        "symbol_id", "timeframe", "horizon", "made_at", "version_id", "content_hash", name="uq_forecasts_said"
    ),
    _words("label", LABELS),
    CheckConstraint("abs(p_bearish + p_neutral + p_bullish - 1.0) <= 1e-6", name="distribution"),
    CheckConstraint("p_bearish >= 0 AND p_neutral >= 0 AND p_bullish >= 0", name="probabilities"),
    CheckConstraint("data_until <= made_at AND made_at < matures_at", name="moments"),
    CheckConstraint("confidence >= 0 AND confidence <= 1", name="confidence"),
    CheckConstraint(_LADDER, name="bands"),
    CheckConstraint("seq >= 1", name="seq"),
)
Index("ix_forecasts_content_hash", forecasts.c.content_hash)
Index("ix_forecasts_matures_at", forecasts.c.matures_at)

forecast_heads = Table(
    "forecast_heads",
    metadata,
    *_cell(primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("row_hash", HASH, nullable=False),
)
"""The end of each cell's chain, so that a deleted tail is missed."""

forecast_evaluations = Table(
    "forecast_evaluations",
    metadata,
    _of("forecasts", name="forecast_id", primary_key=True),
    Column("evaluated_at", UtcTime, nullable=False),
    Column("realised_price", Double, nullable=False),
    Column("realised_return", Double, nullable=False),
    Column("realised_label", String(8), nullable=False),
    Column("direction_correct", Boolean),
    Column("error_pct", Double),
    Column("covered50", Boolean, nullable=False),
    Column("covered80", Boolean, nullable=False),
    Column("covered95", Boolean, nullable=False),
    Column("pinball", Double),
    Column("brier", Double),
    Column("outcome", Text, nullable=False),
    _words("realised_label", LABELS),
    _words("outcome", ("FULL_HIT", "DIRECTIONAL_HIT", "DIRECTIONAL_ONLY", "MISS")),
)

weights_log = Table(
    "weights_log",
    metadata,
    key(),
    _of("model_versions", name="version_id"),
    Column("method", Text, nullable=False),
    Column("alpha", Double),
    Column("weights_json", JsonText, nullable=False),
    Column("guard", Text),
    Column("fitted_on_from", UtcTime),
    Column("fitted_on_to", UtcTime),
    Column("n", Integer),
)

drift_monitoring = Table(
    "drift_monitoring",
    metadata,
    key(),
    _of("symbols", name="symbol_id"),
    Column("timeframe", String(4), nullable=False),
    Column("date", Date, nullable=False),
    Column("accuracy", Double),
    Column("n_predictions", Integer, nullable=False),
    Column("n_eff", Double, nullable=False),
    Column("baseline_accuracy", Double),
    Column("drift_margin", Double),
    Column("p_value", Double),
    Column("level", Text, nullable=False),
    Column("drift_detected", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("data_date", Date),
    Column("notes_json", JsonText),
    UniqueConstraint("symbol_id", "timeframe", "date"),
)
