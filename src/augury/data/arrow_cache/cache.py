"""The Arrow cache: a panel laid out by day, mapped into memory, so that a day is read as fast as RAM.

    build_cache(Path("panel.parquet"), Path("panel.arrow"), roles)     # data.cache_build
    cache = ArrowCache.open(Path("panel.arrow"), source=Path("panel.parquet"))
    symbols, X = cache.day(moment)                                     # views, nothing is copied

The file is uncompressed Arrow IPC, sorted on (ts, symbol), in record batches of 64 Ki rows:

    ts, symbol      int64 µs UTC; a dictionary
    …               every column that is no input, as the source has it
    augury          a dictionary with one entry: the facts of the cache as JSON
    inputs          features, then flags, as rows of float32; a missing value is NaN

Facts and numbers are one file, so that they can not disagree.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from augury.core.bars import TIMESTAMP
from augury.core.clock import iso
from augury.core.errors import CorruptStore, NotFound, SchemaMismatch, UnknownName, UsageError
from augury.core.hashing import sha256_file, sha256_json
from augury.core.manifest import FeatureManifest
from augury.core.suggestion import did_you_mean
from augury.core.typing import Features, Ints
from augury.data.arrow_cache.blocks import Block, map_blocks
from augury.data.panel.roles import Roles

FORMAT: Final = 1
FACTS: Final = "augury"
INPUTS: Final = "inputs"
STALE: Final = "STALE_CACHE"
_DAMAGE: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, KeyError, TypeError)
_EPOCH: Final = np.datetime64(0, "us")


@dataclass(frozen=True, slots=True)
class CacheFacts:
    """What a cache says about itself.

    Parameters
    ----------
    source : str
        Name of the file it was made from; empty for a frame.
    source_sha256 : str
        Hash of that file's bytes (of the frame's values).
    schema_hash : str
        Hash of the source's column names and types.
    rows, days : int
        Rows, and different ``ts``.
    inputs : tuple of str
        Columns of the float32 matrix, in order.
    columns : tuple of str
        Every column of the source, in its order.
    roles : dict
        ``{role: [names]}`` of the declared columns.
    manifest_hash : str
        Hash of the feature manifest; empty when none was given.
    created : str
        When it was built, RFC 3339.
    """

    source: str
    source_sha256: str
    schema_hash: str
    rows: int
    days: int
    inputs: tuple[str, ...]
    columns: tuple[str, ...]
    roles: dict[str, list[str]]
    manifest_hash: str
    created: str

    def to_text(self) -> str:
        """Write as one sealed line of JSON."""
        facts = json.loads(json.dumps(asdict(self) | {"format": FORMAT}))
        return json.dumps(facts | {"seal": sha256_json(facts)}, sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> CacheFacts:
        """Read what :meth:`to_text` wrote; ValueError when it was changed or is of another format."""
        facts: dict[str, Any] = json.loads(text)
        if facts.pop("seal", None) != sha256_json(facts):
            raise ValueError("its facts were changed")
        if facts.pop("format") != FORMAT:
            raise ValueError("it was written by another version of Augury")
        return cls(**{item.name: facts[item.name] for item in fields(cls)} | _tuples(facts))


def _tuples(facts: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(facts[name]) for name in ("inputs", "columns")}


class ArrowCache:
    """An open cache. Arrays it gives are read-only views of the file wherever rows lie together.

    Parameters
    ----------
    path : Path
    facts : CacheFacts
    blocks : list of Block
        The mapped record batches; use :meth:`open`.
    """

    def __init__(self, path: Path, facts: CacheFacts, blocks: list[Block]) -> None:
        self.path, self.facts, self._blocks = path, facts, blocks
        self._starts = np.cumsum([0, *(len(block.keys) for block in blocks)])
        keys = np.concatenate([block.keys for block in blocks])
        steps = np.diff(keys)
        if len(keys) != facts.rows or (steps < 0).any():
            raise _damaged(path, f"{len(keys)} rows where the facts say {facts.rows}, or rows out of order")
        self.day_starts: Ints = np.concatenate([[0], np.flatnonzero(steps) + 1, [len(keys)]]).astype(np.int64)
        """First row of each day, and behind the last one the number of rows: ``(n_days + 1,)``."""
        self._day_keys: Ints = keys[self.day_starts[:-1]]

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        source: Path | None = None,
        manifest: FeatureManifest | None = None,
        roles: Roles | None = None,
    ) -> ArrowCache:
        """Map a cache.

        Parameters
        ----------
        path : Path
        source : Path, optional
            The panel it must have been made from: its bytes are hashed.
        manifest : FeatureManifest, optional
            What a model reads: the cache must have exactly these features, in this order.
        roles : Roles, optional
            The declaration it must have been made with.

        Raises
        ------
        NotFound
            There is no such file.
        CorruptStore
            It is damaged; or stale (``facts["code"] == "STALE_CACHE"``): the source or the roles
            have changed since.
        SchemaMismatch
            The features differ from the manifest.
        """
        if not path.is_file():
            raise NotFound(f"no such cache: {path}", fix=_build_command("PANEL", path), path=str(path))
        try:
            facts = CacheFacts.from_text(pl.read_ipc_schema(path)[FACTS].categories[0])  # type: ignore[attr-defined]
        except _DAMAGE as error:
            raise _damaged(path, str(error)) from error
        _check_fresh(path, facts, source, roles)
        if manifest is not None:
            _check_manifest(facts, manifest)
        return cls(path, facts, map_blocks(path, len(facts.inputs)))

    def __len__(self) -> int:
        return self.facts.rows

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the matrix columns."""
        return self.facts.inputs

    @cached_property
    def roles(self) -> Roles:
        """The roles the cache was built with."""
        return Roles.from_json(self.facts.roles)

    @cached_property
    def days(self) -> pl.Series:
        """The different ``ts``, ascending."""
        return pl.Series("ts", self._day_keys).cast(TIMESTAMP)

    @cached_property
    def names(self) -> NDArray[np.object_]:
        """Every symbol, sorted."""
        kind = cast(pl.Enum, pl.read_ipc_schema(self.path)["symbol"])
        return np.array(kind.categories.to_list(), dtype=object)

    @cached_property
    def codes(self) -> NDArray[np.integer[Any]]:
        """Which symbol each row is of, as a place in ``names``: ``(n_rows,)``."""
        return self.column("symbol").to_physical().to_numpy()

    def span(self, first: datetime, last: datetime) -> range:
        """Return the numbers of the days from ``first`` to ``last``, both included."""
        low = np.searchsorted(self._day_keys, _key(first), side="left")
        return range(int(low), int(np.searchsorted(self._day_keys, _key(last), side="right")))

    def day_number(self, ts: datetime) -> int:
        """Return the number of a day.

        Raises
        ------
        NotFound
            The cache has no row of it.
        """
        at = int(np.searchsorted(self._day_keys, _key(ts)))
        if at == len(self._day_keys) or int(self._day_keys[at]) != _key(ts):
            reach = f"it reaches from {iso(self.days[0])} to {iso(self.days[-1])}"
            raise NotFound(f"{self.path.name} has no rows at {iso(ts)}: {reach}", path=str(self.path))
        return at

    def day(self, ts: datetime) -> tuple[NDArray[np.object_], Features]:
        """Return one day: its symbols, and their inputs ``(n, F)``.

        Raises
        ------
        NotFound
            The cache has no row of that day.
        """
        at = self.day_number(ts)
        rows = slice(int(self.day_starts[at]), int(self.day_starts[at + 1]))
        return self.names[self.codes[rows]], self.rows(rows)

    def matrix(self, days: Sequence[datetime]) -> Features:
        """Return the inputs of several days, one below the other: a view when they lie together."""
        return self.of_days(np.array([self.day_number(ts) for ts in days], dtype=np.int64))

    def of_days(self, numbers: Ints, out: Features | None = None) -> Features:
        """Return the inputs of days by number: a view when they follow each other, else one copy.

        Parameters
        ----------
        numbers : Ints
            Numbers of days, at least one.
        out : Features, optional
            At least as many rows as the days have; the copy goes to its first rows. Without it
            fresh memory is used, which costs as much again.
        """
        firsts, ends = self.day_starts[numbers], self.day_starts[numbers + 1]
        if (firsts[1:] == ends[:-1]).all() and self._together(int(firsts[0]), int(ends[-1])):
            return self.rows(slice(int(firsts[0]), int(ends[-1])))
        total = int((ends - firsts).sum())
        held = np.empty((total, len(self.inputs)), np.float32) if out is None else out[:total]
        at = 0
        for first, end in zip(firsts.tolist(), ends.tolist(), strict=True):
            self._copy(first, end, held[at : at + end - first])
            at += end - first
        return held

    def rows(self, rows: slice) -> Features:
        """Return the inputs of a run of rows: a view inside a record batch, a copy across two."""
        first, end, step = rows.indices(self.facts.rows)
        if step != 1:
            raise UsageError(f"rows are taken in order, one after the other: found a step of {step}")
        end = max(first, end)
        block = self._block_of(first)
        if self._together(first, end):
            start = int(self._starts[block])
            return self._blocks[block].matrix[first - start : end - start]
        held = np.empty((end - first, len(self.inputs)), np.float32)
        self._copy(first, end, held)
        return held

    def column(self, name: str) -> pl.Series:
        """Return one column in the order of the rows; an input is float32 with NaN where it is missing.

        Raises
        ------
        UnknownName
            There is no such column.
        """
        if name in self.inputs:
            at = self.inputs.index(name)
            return pl.Series(name, np.concatenate([block.matrix[:, at] for block in self._blocks]))
        if name not in self.facts.columns:
            hint = did_you_mean(name, self.facts.columns)
            raise UnknownName(f"{self.path.name} has no column '{name}'{hint}", name=name)
        return pl.read_ipc(self.path, columns=[name])[name]

    def _block_of(self, row: int) -> int:
        return min(int(np.searchsorted(self._starts, row, side="right")), len(self._blocks)) - 1

    def _together(self, first: int, end: int) -> bool:
        return end <= int(self._starts[self._block_of(first) + 1])

    def _copy(self, first: int, end: int, out: Features) -> None:
        at = first
        while at < end:
            block = self._block_of(at)
            start, stop = int(self._starts[block]), min(end, int(self._starts[block + 1]))
            out[at - first : stop - first] = self._blocks[block].matrix[at - start : stop - start]
            at = stop


def _check_fresh(path: Path, facts: CacheFacts, source: Path | None, roles: Roles | None) -> None:
    reason = ""
    if roles is not None and facts.roles != roles.to_json():
        reason = "its columns had other roles then"
    if source is not None:
        if not source.is_file():
            raise NotFound(f"the source of the cache is not there: {source}", path=str(source))
        if (found := sha256_file(source)) != facts.source_sha256:
            reason = f"{source.name} is not what it was made from (sha256 {facts.source_sha256[:12]}, now {found[:12]})"
    if reason:
        raise CorruptStore(
            f"{path} is stale: {reason}", fix=_build_command(str(source or "PANEL"), path), code=STALE, path=str(path)
        )


def _check_manifest(facts: CacheFacts, manifest: FeatureManifest) -> None:
    manifest.check(tuple(facts.roles.get("feature", ())))
    if facts.manifest_hash and facts.manifest_hash != manifest.hash:
        raise SchemaMismatch(
            f"the cache holds features of manifest {facts.manifest_hash[:12]}, asked for {manifest.hash[:12]}: "
            "the names are the same, a formula is not"
        )


def _damaged(path: Path, reason: str) -> CorruptStore:
    line = reason.splitlines()[0] if reason else "unreadable"
    return CorruptStore(f"{path} cannot be used as a cache: {line}", fix=_build_command("PANEL", path), path=str(path))


def _build_command(source: str, path: Path) -> str:
    return f"augury cache build --input {source} --output {path}"


def _key(moment: datetime) -> int:
    return int((np.datetime64(moment.replace(tzinfo=None), "us") - _EPOCH).astype(np.int64))
