"""Tables of what was tried and what is sealed: both only ever grow."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from augury.records.columns import HASH, JsonText, UtcTime, key, metadata

trials = Table(
    "trials",
    metadata,
    key(),
    Column("dataset", Text, nullable=False),
    Column("data_version", HASH, nullable=False),
    Column("kind", Text, nullable=False),
    Column("config_hash", HASH, nullable=False),
    Column("settings_json", JsonText, nullable=False),
    Column("metric", Text, nullable=False),
    Column("value", Double),
    Column("n", Double, nullable=False),
    Column("horizon_bars", Integer, nullable=False),
    Column("series", LargeBinary),
    Column("series_hash", HASH),
    Column("scored_at", UtcTime, nullable=False),
    Column("software", Text, nullable=False),
    UniqueConstraint("dataset", "data_version", "kind", "config_hash", "metric", name="uq_trials_scored"),
    CheckConstraint("(series IS NULL) = (series_hash IS NULL)", name="series"),
    CheckConstraint("n >= 0 AND horizon_bars >= 1", name="periods"),
)
Index("ix_trials_data_version", trials.c.data_version)

holdout_seals = Table(
    "holdout_seals",
    metadata,
    key(),
    Column("dataset", Text, nullable=False),
    Column("sealed_from", UtcTime, nullable=False),
    Column("sealed_by", Text, nullable=False),
    Column("sealed_at", UtcTime, nullable=False),
)
Index("ix_holdout_seals_dataset", holdout_seals.c.dataset)

holdout_opens = Table(
    "holdout_opens",
    metadata,
    key(),
    Column("dataset", Text, nullable=False),
    Column("sealed_from", UtcTime, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint("reason <> ''", name="reason"),
)
Index("ix_holdout_opens_dataset", holdout_opens.c.dataset)
