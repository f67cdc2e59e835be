"""Triggers that let the ledger, and other tables of what has happened, grow and nothing else.

``forecasts`` refuses UPDATE, DELETE and (PostgreSQL) TRUNCATE; ``forecast_heads`` moves forward only.
SQLite's ``INSERT OR REPLACE`` deletes without firing DELETE triggers, so a row whose keys are taken
is refused before it is inserted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

_MESSAGE: Final = "the forecast ledger is append-only"
_SQLITE: Final = {
    "forecasts_no_update": f"BEFORE UPDATE ON forecasts BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END",
    "forecasts_no_delete": f"BEFORE DELETE ON forecasts BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END",
    "forecasts_no_replace": f"""BEFORE INSERT ON forecasts WHEN EXISTS (
        SELECT 1 FROM forecasts WHERE id = NEW.id OR row_hash = NEW.row_hash
        OR (symbol_id = NEW.symbol_id AND timeframe = NEW.timeframe AND horizon = NEW.horizon AND seq = NEW.seq)
        OR (symbol_id = NEW.symbol_id AND timeframe = NEW.timeframe AND horizon = NEW.horizon
            AND made_at = NEW.made_at AND version_id = NEW.version_id AND content_hash = NEW.content_hash)
    ) BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END""",
    "forecast_heads_forward": f"""BEFORE UPDATE ON forecast_heads WHEN NEW.seq <= OLD.seq
        OR NEW.symbol_id <> OLD.symbol_id OR NEW.timeframe <> OLD.timeframe OR NEW.horizon <> OLD.horizon
    BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END""",
    "forecast_heads_no_delete": f"BEFORE DELETE ON forecast_heads BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END",
    "forecast_heads_no_replace": f"""BEFORE INSERT ON forecast_heads WHEN EXISTS (
        SELECT 1 FROM forecast_heads WHERE symbol_id = NEW.symbol_id AND timeframe = NEW.timeframe
        AND horizon = NEW.horizon) BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END""",
}
_FUNCTION: Final = f"""CREATE FUNCTION augury_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{_MESSAGE}'; END $$"""
_POSTGRES: Final = {
    "forecasts_append_only": ("forecasts", "BEFORE UPDATE OR DELETE ON forecasts FOR EACH ROW"),
    "forecasts_no_truncate": ("forecasts", "BEFORE TRUNCATE ON forecasts FOR EACH STATEMENT"),
    "forecast_heads_forward": (
        "forecast_heads",
        """BEFORE UPDATE ON forecast_heads FOR EACH ROW WHEN (NEW.seq <= OLD.seq
        OR (NEW.symbol_id, NEW.timeframe, NEW.horizon) <> (OLD.symbol_id, OLD.timeframe, OLD.horizon))""",
    ),
    "forecast_heads_no_delete": ("forecast_heads", "BEFORE DELETE ON forecast_heads FOR EACH ROW"),
    "forecast_heads_no_truncate": ("forecast_heads", "BEFORE TRUNCATE ON forecast_heads FOR EACH STATEMENT"),
}


def install(connection: Connection) -> None:
    """Create the triggers of this database."""
    if connection.dialect.name == "sqlite":
        for name, rule in _SQLITE.items():
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {rule}")
        return
    connection.exec_driver_sql(_FUNCTION)
    for name, (_, rule) in _POSTGRES.items():
        connection.exec_driver_sql(f"CREATE TRIGGER {name} {rule} EXECUTE FUNCTION augury_append_only()")


def remove(connection: Connection) -> None:
    """Drop the triggers: the ledger can then be rewritten, which its hashes will show."""
    if connection.dialect.name == "sqlite":
        for name in _SQLITE:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        return
    for name, (table, _) in _POSTGRES.items():
        connection.exec_driver_sql(f"DROP TRIGGER {name} ON {table}")
    connection.exec_driver_sql("DROP FUNCTION augury_append_only()")


def guard(connection: Connection, table: str, unique: Sequence[str] = ()) -> None:
    """Let a table with a key ``id``, and perhaps one more unique key of several columns, grow and nothing else."""
    message = f"{table} is append-only"
    if connection.dialect.name == "sqlite":
        stop = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        same = " AND ".join(f"{name} = NEW.{name}" for name in unique)
        taken = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id{f' OR ({same})' if same else ''})"
        for name, rule in (("update", "UPDATE"), ("delete", "DELETE"), ("replace", "INSERT")):
            when = taken if name == "replace" else ""
            connection.exec_driver_sql(f"CREATE TRIGGER {table}_no_{name} BEFORE {rule} ON {table} {when} {stop}")
        return
    connection.exec_driver_sql(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}'; END $$"
    )
    for name, rule in (("rows", "UPDATE OR DELETE"), ("truncate", "TRUNCATE")):
        each = "ROW" if name == "rows" else "STATEMENT"
        connection.exec_driver_sql(
            f"CREATE TRIGGER {table}_append_only_{name} BEFORE {rule} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION {table}_append_only()"
        )


def unguard(connection: Connection, table: str) -> None:
    """Drop the triggers of :func:`guard`."""
    if connection.dialect.name == "sqlite":
        for name in ("update", "delete", "replace"):
            connection.exec_driver_sql(f"DROP TRIGGER {table}_no_{name}")
        return
    for name in ("rows", "truncate"):
        connection.exec_driver_sql(f"DROP TRIGGER {table}_append_only_{name} ON {table}")
    connection.exec_driver_sql(f"DROP FUNCTION {table}_append_only()")
