"""Lineage: where data came from, one record for each transformation, back to the files.

A record says which content (``child_hash``) was made of which (``parents``), how, when and by which Augury.
Content is named by its hash: that of a file's bytes, or the data version of bars. Records are only ever
added. The symbols of the lake are datasets with a version ``MAJOR.MINOR.PATCH``: bars of another kind
(columns, adjustment, calendar …), stored bars revised, bars appended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, insert, select

import augury
from augury.core.clock import Clock
from augury.core.errors import NotFound, UnknownName, UsageError
from augury.core.typing import Json
from augury.records.database import reading, transaction
from augury.records.tables import LINEAGE_KINDS, lineage

CHANGES: Final = ("schema", "revised", "appended")
"""What happened to a dataset; each moves one number of its version, the first the first."""

_FIRST: Final = "1.0.0"
_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Derivation:
    """One transformation.

    Parameters
    ----------
    child_hash : str
        What was made (64 hex).
    kind : str
        One of ``LINEAGE_KINDS``: ``file`` and ``source`` are origins, the rest have parents.
    parents : tuple of str
        Hashes of what it was made of.
    parameters : dict
        How: the path, the symbol, the layout that was understood …
    rows : int or None
        Rows made; None where there are none to count.
    dataset : str or None
        Which dataset is now this content, e.g. ``d1/SPY``.
    change : str or None
        One of ``CHANGES``; None for the first content of a dataset.
    version, made_at, software : str, datetime, str
        Filled in when it is recorded.
    """

    child_hash: str
    kind: str
    parents: tuple[str, ...] = ()
    parameters: Json = field(default_factory=dict)
    rows: int | None = None
    dataset: str | None = None
    change: str | None = None
    version: str | None = None
    made_at: datetime | None = None
    software: str = ""


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A record on the way back; ``depth`` 0 is how the asked content itself was made."""

    depth: int
    derivation: Derivation


@dataclass(frozen=True)
class Lineage:
    """The lineage of a store.

    Parameters
    ----------
    engine : Engine
    clock : Clock
        Says when a record is made.
    """

    engine: Engine
    clock: Clock

    def record(self, derivations: Iterable[Derivation]) -> list[str | None]:
        """Write transformations, in order, all or none; one that says nothing new is not written again.

        Returns
        -------
        list of str or None
            The version each dataset has now; None for content that is no dataset.

        Raises
        ------
        UnknownName
            Not a kind, or not a change.
        """
        with transaction(self.engine) as connection:
            return [self._add(connection, one) for one in derivations]

    def current(self, dataset: str) -> Derivation | None:
        """Return the newest record of a dataset; None when there is none."""
        with reading(self.engine) as connection:
            return _newest(connection, dataset)

    def resolve(self, prefix: str) -> str:
        """Complete a hash from its first characters.

        Raises
        ------
        NotFound
            No record has such a child or parent.
        UsageError
            Not hexadecimal, or several hashes begin so; names them.
        """
        wanted = prefix.strip().lower()
        if not wanted or len(wanted) > 64 or set(wanted) - set("0123456789abcdef"):
            raise UsageError(f"'{prefix[:70]}' is no hash: up to 64 of 0-9 a-f", fix="augury data list")
        with reading(self.engine) as connection:
            rows = connection.execute(select(lineage.c.child_hash).where(lineage.c.child_hash.startswith(wanted)))
            found = sorted({row.child_hash for row in rows})
        if not found:
            raise NotFound(f"nothing recorded of data {prefix}", fix="augury data list")
        if len(found) > 1:
            shown = ", ".join(name[: len(wanted) + 8] for name in found[:_SHOWN])
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            raise UsageError(
                f"{len(found)} hashes begin with {wanted}: {shown}{more}; give more characters",
                fix=f"augury data lineage {found[0][: len(wanted) + 8]}",
            )
        return str(found[0])

    def ancestors(self, child: str) -> list[Ancestor]:
        """Return every record from some content back to its origins, each once, nearest first.

        Parameters
        ----------
        child : str
            A hash, or the beginning of one.

        Raises
        ------
        NotFound, UsageError
            As :meth:`resolve`.
        """
        frontier, seen, found = [self.resolve(child)], set[str](), list[Ancestor]()
        with reading(self.engine) as connection:
            depth = 0
            while frontier:
                seen.update(frontier)
                rows = connection.execute(
                    select(lineage).where(lineage.c.child_hash.in_(frontier)).order_by(lineage.c.id)
                ).all()
                made = [_read(row) for row in rows]
                found += [Ancestor(depth, one) for one in made]
                frontier = sorted({parent for one in made for parent in one.parents} - seen)
                depth += 1
        return found

    def _add(self, connection: Connection, one: Derivation) -> str | None:
        if one.kind not in LINEAGE_KINDS:
            raise UnknownName(f"unknown kind '{one.kind}' (known: {', '.join(LINEAGE_KINDS)})")
        if one.change is not None and one.change not in CHANGES:
            raise UnknownName(f"unknown change '{one.change}' (known: {', '.join(CHANGES)})")
        before = None if one.dataset is None else _newest(connection, one.dataset)
        if before is not None and before.child_hash == one.child_hash:
            if _known(connection, one):
                return before.version
            version = before.version
        else:
            if one.dataset is None and _known(connection, one):
                return None
            version = None if one.dataset is None else _next(before.version if before else None, one.change)
        connection.execute(
            insert(lineage).values(
                child_hash=one.child_hash,
                kind=one.kind,
                parents_json=list(one.parents),
                parameters_json=one.parameters,
                rows=one.rows,
                dataset=one.dataset,
                change=one.change if before is not None else None,
                version=version,
                made_at=self.clock.now(),
                software=f"augury {augury.__version__}",
            )
        )
        return version


def _next(version: str | None, change: str | None) -> str:
    """Count a version on; what is not said to be smaller counts as another schema.

    Examples
    --------
    >>> _next(None, None), _next("1.0.0", "appended"), _next("1.2.3", "revised"), _next("1.2.3", "schema")
    ('1.0.0', '1.0.1', '1.3.0', '2.0.0')
    """
    if version is None:
        return _FIRST
    numbers = [int(part) for part in version.split(".")]
    at = CHANGES.index(change or "schema")
    return ".".join(str(number) for number in [*numbers[:at], numbers[at] + 1, *([0] * (2 - at))])


def _newest(connection: Connection, dataset: str) -> Derivation | None:
    newest = select(lineage).where(lineage.c.dataset == dataset).order_by(lineage.c.id.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return None if row is None else _read(row)


def _known(connection: Connection, one: Derivation) -> bool:
    rows: Sequence[Row[Any]] = connection.execute(
        select(lineage).where(lineage.c.child_hash == one.child_hash, lineage.c.kind == one.kind)
    ).all()
    said = (one.parents, one.parameters, one.dataset)
    return any((old.parents, old.parameters, old.dataset) == said for old in map(_read, rows))


def _read(row: Row[Any]) -> Derivation:
    found = row._mapping
    plain = {item.name: found[item.name] for item in fields(Derivation) if item.name in found}
    return Derivation(**plain, parents=tuple(found["parents_json"]), parameters=found["parameters_json"])
