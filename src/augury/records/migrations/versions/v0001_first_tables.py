"""The first tables, and the triggers that make the ledger append-only.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from augury.records.migrations import append_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
HASH = sa.String(64)
TABLES = (
    *("job_events", "jobs", "alerts", "drift_monitoring"),
    *("forecast_evaluations", "forecast_heads", "forecasts", "weights_log"),
    *("training_runs", "alias_log", "aliases", "model_versions"),
    *("label_specs", "data_versions", "bars", "symbols"),
)
"""In the order in which they are dropped."""


def upgrade() -> None:
    """Create every table, then close the ledger against edits."""
    _market()
    _versions()
    _ledger()
    _operations()
    append_only.install(op.get_bind())


def _market() -> None:
    """What is known of the market."""
    op.create_table(
        "symbols",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticker", sa.String(24), nullable=False),
        sa.Column("asset_class", sa.Text()),
        sa.Column("venue", sa.Text()),
        sa.Column("currency", sa.String(3)),
        sa.Column("valid_from", sa.Date()),
        sa.Column("valid_to", sa.Date()),
        sa.Column("primary_source", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_symbols")),
        sa.UniqueConstraint("ticker", "valid_from", name=op.f("uq_symbols_ticker_valid_from")),
    )
    op.create_index(
        "uq_symbols_ticker_open",
        "symbols",
        ["ticker"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "bars",
        sa.Column("symbol_id", sa.Integer(), nullable=False),
        sa.Column("timeframe", sa.String(4), nullable=False),
        sa.Column("ts", MOMENT, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("open", sa.Double()),
        sa.Column("high", sa.Double()),
        sa.Column("low", sa.Double()),
        sa.Column("close", sa.Double(), nullable=False),
        sa.Column("volume", sa.Double()),
        sa.Column("adj_close", sa.Double()),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.Column("ingested_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["symbol_id"], ["symbols.id"], name=op.f("fk_bars_symbol_id")),
        sa.PrimaryKeyConstraint("symbol_id", "timeframe", "ts", "provider", "revision", name=op.f("pk_bars")),
    )
    op.create_table(
        "data_versions",
        sa.Column("hash", HASH, nullable=False),
        sa.Column("symbol_id", sa.Integer(), nullable=False),
        sa.Column("timeframe", sa.String(4), nullable=False),
        sa.Column("first_ts", MOMENT, nullable=False),
        sa.Column("last_ts", MOMENT, nullable=False),
        sa.Column("rows", sa.Integer()),
        sa.Column("provider", sa.Text()),
        sa.Column("adjustment", sa.Text()),
        sa.Column("parents_json", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("first_ts <= last_ts", name=op.f("ck_data_versions_range")),
        sa.ForeignKeyConstraint(["symbol_id"], ["symbols.id"], name=op.f("fk_data_versions_symbol_id")),
        sa.PrimaryKeyConstraint("hash", "symbol_id", name=op.f("pk_data_versions")),
    )
    op.create_table(
        "label_specs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("timeframe", sa.String(4), nullable=False),
        sa.Column("horizon", sa.String(8), nullable=False),
        sa.Column("horizon_bars", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("price_field", sa.Text(), nullable=False),
        sa.Column("hash", HASH, nullable=False),
        sa.CheckConstraint("horizon_bars >= 1", name=op.f("ck_label_specs_horizon_bars")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_specs")),
        sa.UniqueConstraint("hash", name=op.f("uq_label_specs_hash")),
    )


def _versions() -> None:
    """What was trained."""
    op.create_table(
        "model_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("symbol_id", sa.Integer(), nullable=False),
        sa.Column("timeframe", sa.String(4), nullable=False),
        sa.Column("horizon", sa.String(8), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("manifest_json", sa.Text(), nullable=False),
        sa.Column("sha256", HASH, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Integer()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "status IN ('candidate', 'shadow', 'promoted', 'retired', 'rejected')",
            name=op.f("ck_model_versions_status"),
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["model_versions.id"], name=op.f("fk_model_versions_parent_id")),
        sa.ForeignKeyConstraint(["symbol_id"], ["symbols.id"], name=op.f("fk_model_versions_symbol_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_versions")),
        sa.UniqueConstraint(
            "symbol_id",
            "timeframe",
            "horizon",
            "version",
            name=op.f("uq_model_versions_symbol_id_timeframe_horizon_version"),
        ),
    )
    op.create_table(
        "aliases",
        sa.Column("symbol_id", sa.Integer(), nullable=False),
        sa.Column("timeframe", sa.String(4), nullable=False),
        sa.Column("horizon", sa.String(8), nullable=False),
        sa.Column("alias", sa.String(24), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["symbol_id"], ["symbols.id"], name=op.f("fk_aliases_symbol_id")),
        sa.ForeignKeyConstraint(["version_id"], ["model_versions.id"], name=op.f("fk_aliases_version_id")),
        sa.PrimaryKeyConstraint("symbol_id", "timeframe", "horizon", "alias", name=op.f("pk_aliases")),
    )
    op.create_table(
        "alias_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("symbol_id", sa.Integer(), nullable=False),
        sa.Column("timeframe", sa.String(4), nullable=False),
        sa.Column("horizon", sa.String(8), nullable=False),
        sa.Column("alias", sa.String(24), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("previous_version_id", sa.Integer()),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["previous_version_id"], ["model_versions.id"], name=op.f("fk_alias_log_previous_version_id")
        ),
        sa.ForeignKeyConstraint(["symbol_id"], ["symbols.id"], name=op.f("fk_alias_log_symbol_id")),
        sa.ForeignKeyConstraint(["version_id"], ["model_versions.id"], name=op.f("fk_alias_log_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alias_log")),
    )
    op.create_table(
        "training_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("symbol_id", sa.Integer(), nullable=False),
        sa.Column("timeframe", sa.String(4), nullable=False),
        sa.Column("horizon", sa.String(8)),
        sa.Column("run_date", MOMENT, nullable=False),
        sa.Column("lookback_days", sa.Integer()),
        sa.Column("n_training_samples", sa.Integer()),
        sa.Column("n_validation_samples", sa.Integer()),
        sa.Column("ensemble_validation_accuracy", sa.Double()),
        sa.Column("ci_low", sa.Double()),
        sa.Column("ci_high", sa.Double()),
        sa.Column("baseline_accuracy", sa.Double()),
        sa.Column("model_performances_json", sa.Text(), nullable=False),
        sa.Column("weights_json", sa.Text(), nullable=False),
        sa.Column("version", sa.String(32)),
        sa.Column("models_artifact_path", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_message", sa.Text()),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("settings_json", sa.Text(), nullable=False),
        sa.CheckConstraint("(status = 'succeeded') = (error_message IS NULL)", name=op.f("ck_training_runs_reason")),
        sa.CheckConstraint("status IN ('succeeded', 'failed', 'interrupted')", name=op.f("ck_training_runs_status")),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_training_runs_seconds")),
        sa.ForeignKeyConstraint(["symbol_id"], ["symbols.id"], name=op.f("fk_training_runs_symbol_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_runs")),
    )
    op.create_index("ix_training_runs_cell", "training_runs", ["symbol_id", "timeframe", "horizon"], unique=False)
    op.create_table(
        "weights_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("alpha", sa.Double()),
        sa.Column("weights_json", sa.Text(), nullable=False),
        sa.Column("guard", sa.Text()),
        sa.Column("fitted_on_from", MOMENT),
        sa.Column("fitted_on_to", MOMENT),
        sa.Column("n", sa.Integer()),
        sa.ForeignKeyConstraint(["version_id"], ["model_versions.id"], name=op.f("fk_weights_log_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weights_log")),
    )


def _ledger() -> None:
    """What was said, and how it came out."""
    op.create_table(
        "forecasts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("symbol_id", sa.Integer(), nullable=False),
        sa.Column("timeframe", sa.String(4), nullable=False),
        sa.Column("horizon", sa.String(8), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("data_until", MOMENT, nullable=False),
        sa.Column("matures_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("artifact_hash", HASH, nullable=False),
        sa.Column("label_spec_id", sa.Integer(), nullable=False),
        sa.Column("data_hash", HASH, nullable=False),
        sa.Column("feature_hash", HASH, nullable=False),
        sa.Column("label", sa.String(8), nullable=False),
        sa.Column("p_bearish", sa.Double(), nullable=False),
        sa.Column("p_neutral", sa.Double(), nullable=False),
        sa.Column("p_bullish", sa.Double(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("agreement", sa.Double()),
        sa.Column("current_price", sa.Double(), nullable=False),
        sa.Column("expected_return", sa.Double(), nullable=False),
        sa.Column("q025", sa.Double(), nullable=False),
        sa.Column("q05", sa.Double(), nullable=False),
        sa.Column("q10", sa.Double(), nullable=False),
        sa.Column("q25", sa.Double(), nullable=False),
        sa.Column("q50", sa.Double(), nullable=False),
        sa.Column("q75", sa.Double(), nullable=False),
        sa.Column("q90", sa.Double(), nullable=False),
        sa.Column("q95", sa.Double(), nullable=False),
        sa.Column("q975", sa.Double(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("weights_json", sa.Text(), nullable=False),
        sa.Column("flags_json", sa.Text(), nullable=False),
        sa.Column("content_hash", HASH, nullable=False),
        sa.Column("prev_hash", HASH, nullable=False),
        sa.Column("row_hash", HASH, nullable=False),
        sa.CheckConstraint("label IN ('BEARISH', 'NEUTRAL', 'BULLISH')", name=op.f("ck_forecasts_label")),
        sa.CheckConstraint(
            "abs(p_bearish + p_neutral + p_bullish - 1.0) <= 1e-6", name=op.f("ck_forecasts_distribution")
        ),
        sa.CheckConstraint("confidence >= 0 AND confidence <= 1", name=op.f("ck_forecasts_confidence")),
        sa.CheckConstraint("data_until <= made_at AND made_at < matures_at", name=op.f("ck_forecasts_moments")),
        sa.CheckConstraint(
            "p_bearish >= 0 AND p_neutral >= 0 AND p_bullish >= 0", name=op.f("ck_forecasts_probabilities")
        ),
        sa.CheckConstraint(
            "q025 <= q05 AND q05 <= q10 AND q10 <= q25 AND q25 <= q50 AND "
            "q50 <= q75 AND q75 <= q90 AND q90 <= q95 AND q95 <= q975",
            name=op.f("ck_forecasts_bands"),
        ),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_forecasts_seq")),
        sa.ForeignKeyConstraint(["label_spec_id"], ["label_specs.id"], name=op.f("fk_forecasts_label_spec_id")),
        sa.ForeignKeyConstraint(["symbol_id"], ["symbols.id"], name=op.f("fk_forecasts_symbol_id")),
        sa.ForeignKeyConstraint(["version_id"], ["model_versions.id"], name=op.f("fk_forecasts_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecasts")),
        sa.UniqueConstraint("row_hash", name=op.f("uq_forecasts_row_hash")),
        sa.UniqueConstraint(
            "symbol_id", "timeframe", "horizon", "made_at", "version_id", "content_hash", name="uq_forecasts_said"
        ),
        sa.UniqueConstraint(
            "symbol_id", "timeframe", "horizon", "seq", name=op.f("uq_forecasts_symbol_id_timeframe_horizon_seq")
        ),
    )
    op.create_index("ix_forecasts_content_hash", "forecasts", ["content_hash"], unique=False)
    op.create_index("ix_forecasts_matures_at", "forecasts", ["matures_at"], unique=False)
    op.create_table(
        "forecast_heads",
        sa.Column("symbol_id", sa.Integer(), nullable=False),
        sa.Column("timeframe", sa.String(4), nullable=False),
        sa.Column("horizon", sa.String(8), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("row_hash", HASH, nullable=False),
        sa.ForeignKeyConstraint(["symbol_id"], ["symbols.id"], name=op.f("fk_forecast_heads_symbol_id")),
        sa.PrimaryKeyConstraint("symbol_id", "timeframe", "horizon", name=op.f("pk_forecast_heads")),
    )
    op.create_table(
        "forecast_evaluations",
        sa.Column("forecast_id", sa.Integer(), nullable=False),
        sa.Column("evaluated_at", MOMENT, nullable=False),
        sa.Column("realised_price", sa.Double(), nullable=False),
        sa.Column("realised_return", sa.Double(), nullable=False),
        sa.Column("realised_label", sa.String(8), nullable=False),
        sa.Column("direction_correct", sa.Boolean()),
        sa.Column("error_pct", sa.Double()),
        sa.Column("covered50", sa.Boolean(), nullable=False),
        sa.Column("covered80", sa.Boolean(), nullable=False),
        sa.Column("covered95", sa.Boolean(), nullable=False),
        sa.Column("pinball", sa.Double()),
        sa.Column("brier", sa.Double()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('FULL_HIT', 'DIRECTIONAL_HIT', 'DIRECTIONAL_ONLY', 'MISS')",
            name=op.f("ck_forecast_evaluations_outcome"),
        ),
        sa.CheckConstraint(
            "realised_label IN ('BEARISH', 'NEUTRAL', 'BULLISH')", name=op.f("ck_forecast_evaluations_realised_label")
        ),
        sa.ForeignKeyConstraint(["forecast_id"], ["forecasts.id"], name=op.f("fk_forecast_evaluations_forecast_id")),
        sa.PrimaryKeyConstraint("forecast_id", name=op.f("pk_forecast_evaluations")),
    )


def _operations() -> None:
    """What happens around it."""
    op.create_table(
        "drift_monitoring",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("symbol_id", sa.Integer(), nullable=False),
        sa.Column("timeframe", sa.String(4), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("accuracy", sa.Double()),
        sa.Column("n_predictions", sa.Integer(), nullable=False),
        sa.Column("n_eff", sa.Double(), nullable=False),
        sa.Column("baseline_accuracy", sa.Double()),
        sa.Column("drift_margin", sa.Double()),
        sa.Column("p_value", sa.Double()),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("drift_detected", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["symbol_id"], ["symbols.id"], name=op.f("fk_drift_monitoring_symbol_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift_monitoring")),
        sa.UniqueConstraint(
            "symbol_id", "timeframe", "date", name=op.f("uq_drift_monitoring_symbol_id_timeframe_date")
        ),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("rows_json", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("settings_json", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lease_until", MOMENT),
        sa.Column("progress", sa.Double()),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("submitted_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_table(
        "job_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("ts", MOMENT, nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("data_json", sa.Text()),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_events_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_events")),
    )
    op.create_index("ix_job_events_job", "job_events", ["job_id", "ts"], unique=False)


def downgrade() -> None:
    """Open the ledger, then drop every table, the newest first (indexes go with their tables)."""
    append_only.remove(op.get_bind())
    for table in TABLES:
        op.drop_table(table)
