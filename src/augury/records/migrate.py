"""The schema's age: what revision a store has, and how it is brought to the newest.

Opening a store that is up to date costs one SELECT; Alembic is imported only when there is work.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, inspect, text

from augury.core.errors import UsageError
from augury.records.database import reading, transaction

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER: Final = Path(__file__).parent / "migrations"
REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every revision this code knows, oldest first; a test holds it against the folder."""


def head() -> str:
    """Return the revision this code writes."""
    return REVISIONS[-1]


def current(engine: Engine) -> str | None:
    """Return the revision of a store; None for an empty one."""
    with reading(engine) as connection:
        return _revision(connection)


def upgrade(engine: Engine) -> None:
    """Bring a store to :func:`head`; two processes may do so at once, one of them does the work.

    Raises
    ------
    UsageError
        The store was written by a newer Augury.
    """
    if _known(engine, current(engine)) == head():
        return
    with transaction(engine) as connection:
        if _known(engine, _revision(connection)) != head():
            from alembic import command

            command.upgrade(_config(connection), "head")


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Take a store back to an older revision; ``base`` removes every table **and all that is in it**."""
    with transaction(engine) as connection:
        from alembic import command

        command.downgrade(_config(connection), revision)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


def _known(engine: Engine, revision: str | None) -> str | None:
    if revision is not None and revision not in REVISIONS:
        raise UsageError(
            f"the store {engine.url.render_as_string(hide_password=True)} has schema {revision}, this Augury knows"
            f" {head()} and older: it was written by a newer version",
            fix="pip install --upgrade augury",
        )
    return revision


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
