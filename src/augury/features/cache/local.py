"""The feature cache in one SQLite file: written in one transaction, readable while it is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

from augury.core.atomic import storage_errors
from augury.core.errors import CorruptStore, TemporaryError

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS piece (id INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB NOT NULL)",
    "CREATE INDEX IF NOT EXISTS piece_key ON piece (key)",
)
_BATCH = 500
_CHECKPOINT_PAGES = 16_384  # 64 MiB: not at every update of a large universe


class LocalBackend:
    """Pieces of bytes by key, in one file.

    Parameters
    ----------
    path : Path
        The file; it and its folder are made when absent.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> backend = LocalBackend(Path(mkdtemp()) / "features.sqlite")
    >>> backend.write({"a": b"one"}, {}); backend.write({}, {"a": b" two"})
    >>> backend.read(["a", "b"])
    [b'one two', None]
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._one_at_a_time = Lock()
        with storage_errors(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = self._opened()

    def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return what is kept under each key, its pieces joined; None where nothing is."""
        found: dict[str, list[bytes]] = {}
        with self._one_at_a_time:
            for first in range(0, len(keys), _BATCH):
                some = keys[first : first + _BATCH]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, value FROM piece WHERE key IN ({marks}) ORDER BY id"
                for key, value in self._connection.execute(query, some):
                    found.setdefault(key, []).append(value)
        return [b"".join(found[key]) if key in found else None for key in keys]

    def write(self, puts: Mapping[str, bytes], appends: Mapping[str, bytes]) -> None:
        """Replace some keys and lengthen others: all of it or nothing."""
        rows = [*puts.items(), *appends.items()]
        try:
            with self._one_at_a_time, self._connection as connection:
                connection.executemany("DELETE FROM piece WHERE key = ?", [(key,) for key in puts])
                connection.executemany("INSERT INTO piece (key, value) VALUES (?, ?)", rows)
        except sqlite3.OperationalError as error:
            raise TemporaryError(
                f"the feature cache {self.path} cannot be written now: {error}; nothing was changed",
                fix="try again when no other process writes it and the disk has room",
            ) from error

    def clear(self) -> None:
        """Forget everything."""
        with self._one_at_a_time, self._connection as connection:
            connection.execute("DELETE FROM piece")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=10.0, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            # A cache may lose its newest entries with the power; it never shows half of them.
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
            for line in _SCHEMA:
                connection.execute(line)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise CorruptStore(
                f"the feature cache {self.path} cannot be read: {error}", fix=f"rm {self.path}", path=str(self.path)
            ) from error
        return connection
