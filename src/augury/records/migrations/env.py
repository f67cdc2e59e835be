"""What Alembic runs first: the scripts work on the connection (and in the transaction) given to them."""

from __future__ import annotations

from alembic import context

import augury.records.tables  # noqa: F401 - the tables register themselves
from augury.records.columns import metadata


def run() -> None:
    """Run the asked migrations inside the caller's transaction."""
    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()


# Alembic executes this file under this name; importing it (to read its documentation) does nothing.
if __name__ == "env_py":
    run()
