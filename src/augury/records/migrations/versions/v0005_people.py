"""People: tenants, users, sessions, keys, usage, webhooks, watchlists, paper positions, and who did what.

Revision ID: 0005
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from augury.records.migrations import append_only

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ID = sa.String(32)
HASH = sa.String(64)
GUARDED = ("audit_trail",)


def upgrade() -> None:
    """Create the tables and the home tenant, then close the table that only grows."""
    op.add_column("jobs", sa.Column("tenant_id", ID))
    _who()
    _used()
    _told()
    _owned()
    home = {"id": "home", "name": "home", "plan": "partner", "created_at": datetime.now(UTC)}
    tenants = sa.table(
        "tenants", *(sa.column(name) for name in ("id", "name", "plan")), sa.column("created_at", MOMENT)
    )
    op.bulk_insert(tenants, [home])
    for table in GUARDED:
        append_only.guard(op.get_bind(), table)


def downgrade() -> None:
    """Open the table that only grew, and drop them all."""
    for table in GUARDED:
        append_only.unguard(op.get_bind(), table)
    for table in (
        *("audit_trail", "backtests", "positions", "watchlist", "webhook_cursors", "webhook_messages", "webhooks"),
        *("idempotency", "usage", "invitations", "api_keys", "sessions", "users", "tenants"),
    ):
        op.drop_table(table)
    op.drop_column("jobs", "tenant_id")


def _table(
    name: str, *columns: Any, keys: tuple[str, ...] = ("id",), unique: tuple[tuple[str, ...], ...] = (),
    words: dict[str, tuple[str, ...]] | None = None,
) -> None:  # fmt: skip
    known = {column.name for column in columns}
    own = [sa.Column("id", ID, nullable=False)] if keys == ("id",) and "id" not in known else []
    ones = [sa.UniqueConstraint(*names, name=op.f(f"uq_{name}_{'_'.join(names)}")) for names in unique]
    checks = [
        sa.CheckConstraint(f"{column} IN ({', '.join(map(repr, allowed))})", name=op.f(f"ck_{name}_{column}"))
        for column, allowed in (words or {}).items()
    ]
    op.create_table(name, *own, *columns, sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{name}")), *ones, *checks)


def _to(table: str, column: str, target: str, *, nullable: bool = False) -> sa.Column[Any]:
    name = op.f(f"fk_{table}_{column}")
    return sa.Column(column, ID, sa.ForeignKey(f"{target}.id", name=name), nullable=nullable)


def _tenant(table: str) -> sa.Column[Any]:
    return _to(table, "tenant_id", "tenants")


def _number() -> sa.Column[int]:
    return sa.Column("id", sa.Integer(), nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, MOMENT, nullable=nullable)


def _whole(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _double(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def _hash(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, HASH, nullable=nullable)


def _symbol() -> sa.Column[str]:
    return sa.Column("symbol", sa.String(24), nullable=False)


def _who() -> None:
    _table(
        "tenants", _text("name"), _text("plan"), _moment("created_at"), unique=(("name",),),
        words={"plan": ("free", "pro", "partner")},
    )  # fmt: skip
    _table(
        "users", _tenant("users"), _text("name"), _text("password_hash"), _text("role"), _text("settings_json"),
        _moment("created_at"), _moment("disabled_at", nullable=True), unique=(("name",),),
        words={"role": ("reader", "trader", "admin")},
    )  # fmt: skip
    _table(
        "sessions", _hash("token_hash"), _to("sessions", "user_id", "users"), _moment("created_at"),
        _moment("seen_at"), _moment("expires_at"), keys=("token_hash",),
    )  # fmt: skip
    _table(
        "api_keys", _tenant("api_keys"), _to("api_keys", "user_id", "users", nullable=True), _text("name"),
        _hash("key_hash"), sa.Column("hint", sa.String(24), nullable=False), _text("scopes_json"),
        _moment("created_at"), _moment("expires_at", nullable=True), _moment("revoked_at", nullable=True),
        sa.Column("rotated_to", ID), unique=(("key_hash",),),
    )  # fmt: skip
    _table(
        "invitations", _hash("code_hash"), _tenant("invitations"), _text("role"), _moment("created_at"),
        _moment("expires_at"), _moment("used_at", nullable=True), keys=("code_hash",),
    )  # fmt: skip


def _used() -> None:
    _table(
        "usage", _number(), _tenant("usage"), sa.Column("key_id", ID), sa.Column("user_id", ID),
        sa.Column("request_id", ID, nullable=False), _moment("at"), sa.Column("method", sa.String(8), nullable=False),
        _text("route"), _whole("status"), _double("latency_ms"), _whole("units"), unique=(("request_id",),),
    )  # fmt: skip
    op.create_index("ix_usage_tenant", "usage", ["tenant_id", "at"], unique=False)
    _table(
        "idempotency", _tenant("idempotency"), sa.Column("key", sa.String(255), nullable=False), _hash("request_hash"),
        _whole("status", nullable=True), _text("headers_json", nullable=True), sa.Column("body", sa.LargeBinary()),
        _moment("created_at"), keys=("tenant_id", "key"),
    )  # fmt: skip


def _told() -> None:
    _table(
        "webhooks", _tenant("webhooks"), _text("url"), _text("secret"), _text("events_json"), _moment("created_at"),
        _moment("disabled_at", nullable=True), _text("disabled_reason", nullable=True),
    )  # fmt: skip
    _table(
        "webhook_messages", _to("webhook_messages", "webhook_id", "webhooks"), _text("event"), _text("subject"),
        _text("payload_json"), _text("state"), _whole("attempts"), _moment("created_at"),
        _moment("next_at", nullable=True), _moment("last_at", nullable=True), _whole("last_status", nullable=True),
        _text("last_error", nullable=True), unique=(("webhook_id", "event", "subject"),),
    )  # fmt: skip
    op.create_index("ix_webhook_messages_due", "webhook_messages", ["state", "next_at"], unique=False)
    _table("webhook_cursors", _text("event"), _text("position"), keys=("event",))


def _owned() -> None:
    _table(
        "watchlist", _tenant("watchlist"), _to("watchlist", "user_id", "users"), _symbol(), _double("position"),
        _text("note"), _text("stamps_json"), _whole("removed"), _moment("updated_at"), unique=(("user_id", "symbol"),),
    )  # fmt: skip
    _table(
        "positions", _tenant("positions"), _to("positions", "user_id", "users"), _symbol(),
        sa.Column("timeframe", sa.String(4), nullable=False), _double("quantity"), _double("entry_price"),
        _moment("opened_at"), _double("exit_price", nullable=True), _moment("closed_at", nullable=True),
        _whole("forecast_id", nullable=True),
    )  # fmt: skip
    _table(
        "backtests", _tenant("backtests"), _text("name"), _text("settings_json"), _text("report_json"),
        _hash("data_hash", nullable=True), _text("made_by"), _moment("made_at"),
    )  # fmt: skip
    op.create_index("ix_backtests_tenant", "backtests", ["tenant_id", "made_at"], unique=False)
    _table(
        "audit_trail", _number(), _tenant("audit_trail"), _moment("at"), _text("actor"), _text("action"),
        _text("subject"), sa.Column("request_id", ID), _text("data_json"),
    )  # fmt: skip
    op.create_index("ix_audit_trail_tenant", "audit_trail", ["tenant_id", "id"], unique=False)
