"""Jobs, consensus, drift of features, alerts, tests between versions, and what was decided.

The tables of jobs and alerts of the first migration were never written to; they are made anew.

Revision ID: 0004
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from augury.records.migrations import append_only

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
HASH = sa.String(64)
GUARDED = ("journal", "consensus")


def upgrade() -> None:
    """Drop what was never used, create the tables, then close those that only grow."""
    op.drop_index("ix_job_events_job", table_name="job_events")
    for table in ("job_events", "jobs", "alerts"):
        op.drop_table(table)
    op.add_column("drift_monitoring", sa.Column("data_date", sa.Date()))
    op.add_column("drift_monitoring", sa.Column("notes_json", sa.Text()))
    _jobs()
    _decided()
    _consensus()
    _watched()
    _tests()
    for table in GUARDED:
        append_only.guard(op.get_bind(), table)


def downgrade() -> None:
    """Open the tables, drop them, and make those of the first migration again."""
    for table in GUARDED:
        append_only.unguard(op.get_bind(), table)
    for table in (
        *("ab_assignments", "ab_tests", "deliveries", "alerts", "alert_rules", "feature_drift"),
        *("consensus_heads", "consensus", "journal", "controls", "firings", "job_events", "jobs"),
    ):
        op.drop_table(table)
    for column in ("data_date", "notes_json"):
        op.drop_column("drift_monitoring", column)
    _first_tables()


def _table(name: str, *columns: Any, keys: tuple[str, ...] = ("id",), unique: tuple[tuple[str, ...], ...] = ()) -> None:
    own = [_whole("id")] if keys == ("id",) and not any(column.name == "id" for column in columns) else []
    ones = [sa.UniqueConstraint(*names, name=op.f(f"uq_{name}_{'_'.join(names)}")) for names in unique]
    op.create_table(name, *own, *columns, sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{name}")), *ones)


def _to(table: str, column: str, target: str, kind: Any = None) -> list[Any]:
    name = op.f(f"fk_{table}_{column}")
    return [
        sa.Column(column, kind or sa.Integer(), sa.ForeignKey(f"{target}.id", name=name), nullable=False),
    ]


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, MOMENT, nullable=nullable)


def _double(name: str, *, nullable: bool = True) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def _jobs() -> None:
    _table(
        "jobs", sa.Column("id", HASH, nullable=False), _text("kind"), _text("settings_json"), _text("queue"),
        _whole("priority"), _text("idempotency_key", nullable=True), _text("state"), _whole("attempt"),
        _double("progress"), _text("submitted_by"), _moment("submitted_at"), _moment("started_at", nullable=True),
        _moment("heartbeat_at", nullable=True), _moment("ended_at", nullable=True), _text("result_json", nullable=True),
        _text("error_json", nullable=True), unique=(("idempotency_key",),),
    )  # fmt: skip
    op.create_index("ix_jobs_state", "jobs", ["state", "submitted_at"], unique=False)
    _table(
        "job_events", *_to("job_events", "job_id", "jobs", HASH), _moment("ts"), _text("level"), _text("text"),
        _text("data_json", nullable=True),
    )  # fmt: skip
    op.create_index("ix_job_events_job", "job_events", ["job_id", "id"], unique=False)
    _table(
        "firings", _text("entry"), _moment("due_at"), _moment("fired_at"), sa.Column("job_id", HASH),
        _text("missed_json"), unique=(("entry", "due_at"),),
    )  # fmt: skip


def _decided() -> None:
    _table("controls", _text("name"), _text("value_json"), _text("set_by"), _moment("set_at"), keys=("name",))
    _table("journal", _moment("at"), _text("kind"), _text("subject"), _text("level"), _text("text"), _text("data_json"))
    op.create_index("ix_journal_subject", "journal", ["subject", "id"], unique=False)


def _consensus() -> None:
    _table(
        "consensus", *_to("consensus", "symbol_id", "symbols"), sa.Column("horizon", sa.String(8), nullable=False),
        _whole("seq"), _moment("made_at"), _moment("data_until"), _moment("matures_at"), _moment("recorded_at"),
        sa.Column("label", sa.String(8), nullable=False), _double("confidence", nullable=False), _double("agreement"),
        _double("n_eff", nullable=False), _double("expected_return", nullable=False), _text("content_json"),
        sa.Column("prev_hash", HASH, nullable=False), sa.Column("row_hash", HASH, nullable=False),
        unique=(("row_hash",), ("symbol_id", "horizon", "seq")),
    )  # fmt: skip

    _table(
        "consensus_heads", *_to("consensus_heads", "symbol_id", "symbols"),
        sa.Column("horizon", sa.String(8), nullable=False), _whole("seq"), sa.Column("row_hash", HASH, nullable=False),
        keys=("symbol_id", "horizon"),
    )  # fmt: skip


def _watched() -> None:
    _table(
        "feature_drift", *_to("feature_drift", "symbol_id", "symbols"),
        sa.Column("timeframe", sa.String(4), nullable=False), sa.Column("date", sa.Date(), nullable=False),
        _text("feature"), _double("psi"), _double("ks"), _double("wasserstein"), _double("limit", nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False), keys=("symbol_id", "timeframe", "date", "feature"),
    )  # fmt: skip
    _table(
        "alert_rules", _text("name"), _text("condition"), _text("severity"), _text("channels_json"),
        sa.Column("enabled", sa.Boolean(), nullable=False), _moment("updated_at"), unique=(("name",),),
    )  # fmt: skip
    _table(
        "alerts", _text("rule"), _text("subject"), _text("severity"), _text("state"), _moment("since"),
        _moment("updated_at"), _text("acknowledged_by", nullable=True), _double("value"), _text("text"),
        _text("rows_json", nullable=True),
    )  # fmt: skip
    op.create_index("ix_alerts_rule", "alerts", ["rule", "subject", "id"], unique=False)
    _table(
        "deliveries", *_to("deliveries", "alert_id", "alerts"), _text("channel"), _text("kind"), _text("state"),
        _whole("attempts"), _moment("at"), _text("error", nullable=True),
    )  # fmt: skip


def _tests() -> None:
    _table(
        "ab_tests", _text("name"), _text("arms_json"), _text("settings_json"), _text("state"),
        _text("verdict_json", nullable=True), _text("created_by"), _moment("created_at"),
        _moment("ended_at", nullable=True), unique=(("name",),),
    )  # fmt: skip
    _table(
        "ab_assignments", *_to("ab_assignments", "test_id", "ab_tests"), sa.Column("key_hash", HASH, nullable=False),
        _text("arm"), _moment("assigned_at"), keys=("test_id", "key_hash"),
    )  # fmt: skip


def _first_tables() -> None:
    _table(
        "alerts", _text("rule"), _text("state"), _moment("since"), _double("value"), _text("rows_json", nullable=True)
    )
    _table(
        "jobs", _text("kind"), _text("settings_json"), _text("state"), _whole("attempt"),
        _moment("lease_until", nullable=True), _double("progress"), _text("submitted_by"), _moment("submitted_at"),
        _moment("started_at", nullable=True), _moment("ended_at", nullable=True),
    )  # fmt: skip
    _table(
        "job_events", *_to("job_events", "job_id", "jobs"), _moment("ts"), _text("level"), _text("text"),
        _text("data_json", nullable=True),
    )  # fmt: skip
    op.create_index("ix_job_events_job", "job_events", ["job_id", "ts"], unique=False)
