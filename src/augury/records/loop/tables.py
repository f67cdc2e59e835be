"""Tables of the loop: jobs, consensus, drift of features, alerts, tests between versions, and what was decided."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Double, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from augury.records.columns import HASH, JsonText, UtcTime, key, metadata

JOB_STATES = ("queued", "running", "succeeded", "failed", "cancelled", "dead")

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("settings_json", JsonText, nullable=False),
    Column("queue", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("idempotency_key", Text, unique=True),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("progress", Double),
    Column("submitted_by", Text, nullable=False),
    Column("submitted_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("heartbeat_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("result_json", JsonText),
    Column("error_json", JsonText),
    Column("tenant_id", String(32)),
)
"""What people see of a job; the engine of workflows keeps its own tables. ``id`` is the id of its workflow.

``tenant_id`` is null for jobs of the installation: asked for on its own machine or by its schedule.
"""
Index("ix_jobs_state", jobs.c.state, jobs.c.submitted_at)

job_events = Table(
    "job_events",
    metadata,
    key(),
    Column("job_id", String(64), ForeignKey("jobs.id"), nullable=False),
    Column("ts", UtcTime, nullable=False),
    Column("level", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("data_json", JsonText),
)
Index("ix_job_events_job", job_events.c.job_id, job_events.c.id)

firings = Table(
    "firings",
    metadata,
    key(),
    Column("entry", Text, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("fired_at", UtcTime, nullable=False),
    Column("job_id", String(64)),
    Column("missed_json", JsonText, nullable=False),
    UniqueConstraint("entry", "due_at"),
)
"""Due times of the schedule that were acted on; the constraint is the lease between two schedulers."""

controls = Table(
    "controls",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value_json", JsonText, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", UtcTime, nullable=False),
)
"""Switches that people set: ``pause:forecast``, ``pin:SYMBOL d1 5d`` …"""

journal = Table(
    "journal",
    metadata,
    key(),
    Column("at", UtcTime, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("data_json", JsonText, nullable=False),
)
"""What the loop did and why, in order; only added to."""
Index("ix_journal_subject", journal.c.subject, journal.c.id)

consensus = Table(
    "consensus",
    metadata,
    key(),
    Column("symbol_id", Integer, ForeignKey("symbols.id"), nullable=False),
    Column("horizon", String(8), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("data_until", UtcTime, nullable=False),
    Column("matures_at", UtcTime, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    Column("label", String(8), nullable=False),
    Column("confidence", Double, nullable=False),
    Column("agreement", Double),
    Column("n_eff", Double, nullable=False),
    Column("expected_return", Double, nullable=False),
    Column("content_json", JsonText, nullable=False),
    Column("prev_hash", HASH, nullable=False),
    Column("row_hash", HASH, nullable=False, unique=True),
    UniqueConstraint("symbol_id", "horizon", "seq"),
)
"""What the timeframes say together; chained and append-only like the ledger, the sources named in the content."""

consensus_heads = Table(
    "consensus_heads",
    metadata,
    Column("symbol_id", Integer, ForeignKey("symbols.id"), primary_key=True),
    Column("horizon", String(8), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("row_hash", HASH, nullable=False),
)
"""The end of each chain, so that a deleted tail is missed."""

feature_drift = Table(
    "feature_drift",
    metadata,
    Column("symbol_id", Integer, ForeignKey("symbols.id"), primary_key=True),
    Column("timeframe", String(4), primary_key=True),
    Column("date", Date, primary_key=True),
    Column("feature", Text, primary_key=True),
    Column("psi", Double),
    Column("ks", Double),
    Column("wasserstein", Double),
    Column("limit", Double, nullable=False),
    Column("flagged", Boolean, nullable=False),
)

alert_rules = Table(
    "alert_rules",
    metadata,
    key(),
    Column("name", Text, nullable=False, unique=True),
    Column("condition", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("channels_json", JsonText, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    key(),
    Column("rule", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("acknowledged_by", Text),
    Column("value", Double),
    Column("text", Text, nullable=False),
    Column("rows_json", JsonText),
)
Index("ix_alerts_rule", alerts.c.rule, alerts.c.subject, alerts.c.id)

deliveries = Table(
    "deliveries",
    metadata,
    key(),
    Column("alert_id", Integer, ForeignKey("alerts.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("error", Text),
)

ab_tests = Table(
    "ab_tests",
    metadata,
    key(),
    Column("name", Text, nullable=False, unique=True),
    Column("arms_json", JsonText, nullable=False),
    Column("settings_json", JsonText, nullable=False),
    Column("state", Text, nullable=False),
    Column("verdict_json", JsonText),
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
)

ab_assignments = Table(
    "ab_assignments",
    metadata,
    Column("test_id", Integer, ForeignKey("ab_tests.id"), primary_key=True),
    Column("key_hash", HASH, primary_key=True),
    Column("arm", Text, nullable=False),
    Column("assigned_at", UtcTime, nullable=False),
)
