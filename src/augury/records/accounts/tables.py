"""Tables of people: tenants, users, sessions, keys, what they used, and what is theirs alone.

Identifiers are 128 random bits in hex, so that none can be guessed from another. A row of a tenant
carries ``tenant_id``; forecasts, versions and bars belong to the installation and carry none.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from augury.records.columns import HASH, JsonText, UtcTime, key, metadata

HOME: Final = "home"
"""The tenant of the people who run this installation; it is there from the first migration on."""
ROLES: Final = ("reader", "trader", "admin")
PLANS: Final = ("free", "pro", "partner")
_ID: Final = String(32)


def _id() -> Column[str]:
    return Column("id", _ID, primary_key=True)


def _tenant(*, primary_key: bool = False) -> Column[str]:
    return Column("tenant_id", _ID, ForeignKey("tenants.id"), primary_key=primary_key, nullable=False)


def _user(*, nullable: bool = False) -> Column[str]:
    return Column("user_id", _ID, ForeignKey("users.id"), nullable=nullable)


def _words(column: str, words: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(word) for word in words)})", name=column)


tenants = Table(
    "tenants",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("plan", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    _words("plan", PLANS),
)

users = Table(
    "users",
    metadata,
    _id(),
    _tenant(),
    Column("name", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("settings_json", JsonText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
    _words("role", ROLES),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", HASH, primary_key=True),
    _user(),
    Column("created_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)
"""Only the hash of a session's token is kept: a copy of the database opens no session."""

api_keys = Table(
    "api_keys",
    metadata,
    _id(),
    _tenant(),
    _user(nullable=True),
    Column("name", Text, nullable=False),
    Column("key_hash", HASH, nullable=False, unique=True),
    Column("hint", String(24), nullable=False),
    Column("scopes_json", JsonText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
    Column("rotated_to", _ID),
)
"""``hint`` is the beginning of a key that people recognise it by; the key itself is shown once and kept nowhere."""

invitations = Table(
    "invitations",
    metadata,
    Column("code_hash", HASH, primary_key=True),
    _tenant(),
    Column("role", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
)
"""One-time codes that make an account: the first one is printed when the service starts without users."""

usage = Table(
    "usage",
    metadata,
    key(),
    _tenant(),
    Column("key_id", _ID),
    Column("user_id", _ID),
    Column("request_id", String(32), nullable=False, unique=True),
    Column("at", UtcTime, nullable=False),
    Column("method", String(8), nullable=False),
    Column("route", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("latency_ms", Double, nullable=False),
    Column("units", Integer, nullable=False),
)
"""One row a call; ``units`` is what it is billed as (one per window or forecast, at least one)."""
Index("ix_usage_tenant", usage.c.tenant_id, usage.c.at)

idempotency = Table(
    "idempotency",
    metadata,
    _tenant(primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request_hash", HASH, nullable=False),
    Column("status", Integer),
    Column("headers_json", JsonText),
    Column("body", LargeBinary),
    Column("created_at", UtcTime, nullable=False),
)
"""The answer to a request that may be sent twice; ``status`` is null while the first is being answered."""

webhooks = Table(
    "webhooks",
    metadata,
    _id(),
    _tenant(),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("events_json", JsonText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
    Column("disabled_reason", Text),
)
"""``secret`` signs, so it must be readable; it is shown once and appears in no answer and no log."""

webhook_messages = Table(
    "webhook_messages",
    metadata,
    _id(),
    Column("webhook_id", _ID, ForeignKey("webhooks.id"), nullable=False),
    Column("event", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("payload_json", JsonText, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("next_at", UtcTime),
    Column("last_at", UtcTime),
    Column("last_status", Integer),
    Column("last_error", Text),
    UniqueConstraint("webhook_id", "event", "subject"),
)
"""``subject`` is what the message is about (a row, a job …): the same news is told to one address once."""
Index("ix_webhook_messages_due", webhook_messages.c.state, webhook_messages.c.next_at)

webhook_cursors = Table(
    "webhook_cursors",
    metadata,
    Column("event", Text, primary_key=True),
    Column("position", Text, nullable=False),
)
"""How far each kind of news has been read."""

watchlist = Table(
    "watchlist",
    metadata,
    _id(),
    _tenant(),
    _user(),
    Column("symbol", String(24), nullable=False),
    Column("position", Double, nullable=False),
    Column("note", Text, nullable=False),
    Column("stamps_json", JsonText, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("user_id", "symbol"),
)
"""``stamps_json`` holds when each field was last written, so that two phones that were offline merge field by field."""

positions = Table(
    "positions",
    metadata,
    _id(),
    _tenant(),
    _user(),
    Column("symbol", String(24), nullable=False),
    Column("timeframe", String(4), nullable=False),
    Column("quantity", Double, nullable=False),
    Column("entry_price", Double, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("exit_price", Double),
    Column("closed_at", UtcTime),
    Column("forecast_id", Integer),
)
"""Paper positions: bought and sold at prices the lake knows, never at an exchange."""

backtests = Table(
    "backtests",
    metadata,
    _id(),
    _tenant(),
    Column("name", Text, nullable=False),
    Column("settings_json", JsonText, nullable=False),
    Column("report_json", JsonText, nullable=False),
    Column("data_hash", HASH),
    Column("made_by", Text, nullable=False),
    Column("made_at", UtcTime, nullable=False),
)
Index("ix_backtests_tenant", backtests.c.tenant_id, backtests.c.made_at)

audit_trail = Table(
    "audit_trail",
    metadata,
    key(),
    _tenant(),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("request_id", String(32)),
    Column("data_json", JsonText, nullable=False),
)
"""Who did what: sign-ins, keys, promotions, rollbacks; only added to."""
Index("ix_audit_trail_tenant", audit_trail.c.tenant_id, audit_trail.c.id)
