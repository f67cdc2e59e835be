"""What is kept of a symbol's features, when it may be used, and how it grows by one bar.

An entry belongs to (symbol, timeframe, feature hash) and is valid for exactly one content of the
bars: it carries their data hash. Bars that continue that content extend the entry; a revised old
bar has another hash and everything is computed again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from augury.core.bars import Bars
from augury.core.errors import DataError
from augury.core.manifest import FeatureManifest
from augury.core.tables import FeatureTable
from augury.core.typing import Floats, Ints
from augury.features.engine import leaf_frame, refuse_infinite, symbol_starts
from augury.features.incremental import Memory, Plan, advance, plan_for

_BLOCK_BARS: Final = 64
"""Bars hashed together. Fewer than these are hashed again when a bar is added."""


class CacheBackend(Protocol):
    """Where entries are kept: bytes by key, a batch of changes whole or not at all."""

    def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return what is kept under each key, None where nothing is."""
        ...

    def write(self, puts: Mapping[str, bytes], appends: Mapping[str, bytes]) -> None:
        """Replace some keys and lengthen others."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...


@dataclass(frozen=True)
class Refresh:
    """What a refresh gave.

    Parameters
    ----------
    table : FeatureTable
        Features of the bars that were given.
    computed : int
        Rows computed now; the others were kept.
    """

    table: FeatureTable
    computed: int


@dataclass(frozen=True)
class _Entry:
    """Head of what is kept of a symbol: how its history hashes, and what is needed to go on."""

    chain: bytes  # hash of the full blocks so far
    data_hash: bytes  # of all bars
    last_ts: int
    open_rows: Floats  # (bars, 1 + columns): those after the last full block, ts first
    latest: Floats  # features of the newest bar
    memory: Memory


def backend_of(where: str | Path) -> CacheBackend:
    """Open the cache a URL or a path names.

    Parameters
    ----------
    where : str or Path
        ``redis://…``, ``rediss://…`` or ``unix://…``, else a folder for the local file.
    """
    if str(where).startswith(("redis://", "rediss://", "unix://")):
        from augury.features.cache.redis import RedisBackend

        return RedisBackend(str(where))
    from augury.features.cache.local import LocalBackend

    return LocalBackend(Path(where) / "features.sqlite")


class FeatureCache:
    """Features that are computed once.

    Parameters
    ----------
    backend : CacheBackend
        See :func:`backend_of`.
    manifest : FeatureManifest
        Which features; another manifest has entries of its own.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from augury.data.synthetic import SyntheticMarket
    >>> from augury.features import manifest_for
    >>> bars = SyntheticMarket(n_symbols=2, n_bars=300).bars()
    >>> cache = FeatureCache(backend_of(mkdtemp()), manifest_for(bars))
    >>> cache.refresh(bars).computed, cache.refresh(bars).computed
    (600, 0)
    """

    def __init__(self, backend: CacheBackend, manifest: FeatureManifest) -> None:
        self.backend, self.manifest = backend, manifest
        self._plan: Plan = plan_for(manifest)

    def refresh(self, bars: Bars, *, beside: pl.DataFrame | None = None, newest: bool = False) -> Refresh:
        """Return the features of whole histories, computing only what is not kept.

        Parameters
        ----------
        bars : Bars
            Every bar of each symbol, from its first.
        beside : pl.DataFrame, optional
            As for ``engine.build``.
        newest : bool
            Answer only the newest bar of each symbol, which is what a forecast reads.

        Raises
        ------
        DataError
            As for ``engine.build``.
        """
        names, borders, parts = self._given(bars, beside)
        kept = self._heads(names, bars)
        usable = [e if e and _continues(e, part) else None for e, part in zip(kept, parts, strict=True)]
        done = [entry.memory.count if entry else 0 for entry in usable]
        fresh = [part[n:] for part, n in zip(parts, done, strict=True)]
        new = self._extend(names, bars, usable, fresh, borders[:-1])
        computed = sum(map(len, fresh))
        if newest:
            last = [some[-1] if len(some) else e.latest for some, e in zip(new, usable, strict=True)]  # type: ignore[union-attr]
            ends = bars.with_frame(bars.frame[np.array(borders[1:], dtype=np.int64) - 1])
            return Refresh(self._table(ends, np.array(last, dtype=np.float32)), computed)
        return Refresh(self._table(bars, self._joined(names, bars, done, new)), computed)

    def _joined(
        self, names: list[str], bars: Bars, done: list[int], new: list[NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """What was kept of each symbol, then what was computed now."""
        width = len(self.manifest.names)
        stored = self.backend.read([self._key("rows", name, bars) for name, n in zip(names, done, strict=True) if n])
        values = np.empty((bars.frame.height, width), dtype=np.float32)
        at, known = 0, iter(stored)
        for n, some in zip(done, new, strict=True):
            if n:
                values[at : at + n] = np.frombuffer(next(known) or b"", dtype=np.float32).reshape(-1, width)[:n]
            values[at + n : at + n + len(some)] = some
            at += n + len(some)
        return values

    def extend(self, bars: Bars, *, beside: pl.DataFrame | None = None) -> Refresh:
        """Return the features of new bars, going on from what is kept of each symbol.

        Parameters
        ----------
        bars : Bars
            Only bars that are newer than those kept; a symbol that is not kept begins here.
        beside : pl.DataFrame, optional
            As for ``engine.build``.

        Raises
        ------
        DataError
            A bar is not newer than what is kept; nothing is written.
        """
        names, borders, fresh = self._given(bars, beside)
        kept = self._heads(names, bars)
        for name, entry, part in zip(names, kept, fresh, strict=True):
            if entry and part[0, 0].view(np.int64) <= entry.last_ts:
                raise DataError(
                    f"'{name}' is kept up to a bar that is not older than the first one given; "
                    "give whole histories to refresh() after a revision",
                    symbol=name,
                )
        new = self._extend(names, bars, kept, fresh, borders[:-1])
        values = np.concatenate([np.empty((0, len(self.manifest.names)), np.float32), *new])
        return Refresh(self._table(bars, values), bars.frame.height)

    def _extend(
        self, names: list[str], bars: Bars, entries: list[_Entry | None], fresh: list[Floats], first_rows: list[int]
    ) -> list[NDArray[np.float32]]:
        """Compute what is new and keep it, in one batch."""
        out = [np.empty((0, len(self.manifest.names)), np.float32) for _ in fresh]
        todo = [k for k, part in enumerate(fresh) if len(part)]
        if not todo:
            return out
        memories, rows, infinite = advance(
            self._plan,
            [e.memory if (e := entries[k]) else None for k in todo],
            [fresh[k][:, 1:] for k in todo],
        )  # fmt: skip
        refuse_infinite(
            _located(infinite, [fresh[k] for k in todo], [first_rows[k] for k in todo]), self.manifest, bars.frame
        )
        puts: dict[str, bytes] = {}
        appends: dict[str, bytes] = {}
        at = 0
        for k, memory in zip(todo, memories, strict=True):
            out[k] = rows[at : at + len(fresh[k])]
            at += len(fresh[k])
            puts[self._key("head", names[k], bars)] = _packed(_followed(entries[k], fresh[k], out[k][-1], memory))
            (appends if entries[k] else puts)[self._key("rows", names[k], bars)] = out[k].tobytes()
        self.backend.write(puts, appends)
        return out

    def _given(self, bars: Bars, beside: pl.DataFrame | None) -> tuple[list[str], list[int], list[Floats]]:
        """The symbols, their borders, and for each of its bars a row: its time, then what is read of it."""
        starts = symbol_starts(bars.frame)
        leaves = leaf_frame(bars, self.manifest, beside)
        ts = bars.frame["ts"].to_physical().to_numpy().astype(np.int64).view(np.float64)
        rows = np.column_stack([ts, *(leaves[name] for name in self._plan.columns)])
        borders = np.append(starts, len(rows)).tolist()
        parts = [rows[a:b] for a, b in pairwise(borders)]
        return [str(bars.frame["symbol"][a]) for a in borders[:-1]], borders, parts

    def _heads(self, names: list[str], bars: Bars) -> list[_Entry | None]:
        found = self.backend.read([self._key("head", name, bars) for name in names])
        return [_unpacked(value, self._plan) if value else None for value in found]

    def _key(self, what: str, symbol: str, bars: Bars) -> str:
        return f"{what}/{bars.timeframe}/{self.manifest.hash[:16]}/{bars.calendar}/{symbol}"

    def _table(self, bars: Bars, values: NDArray[np.float32]) -> FeatureTable:
        series = [pl.Series(name, values[:, k]) for k, name in enumerate(self.manifest.names)]
        features = pl.DataFrame(series).with_columns(pl.all().fill_nan(None))
        frame = bars.frame.select("symbol", "ts").hstack(features.get_columns())
        return FeatureTable(frame, self.manifest, bars.data_version)


def _continues(entry: _Entry, rows: Floats) -> bool:
    """Whether a whole history begins with exactly the bars an entry was computed from."""
    count = entry.memory.count
    return len(rows) >= count and _hash_of(b"", rows[:count])[1] == entry.data_hash


def _followed(entry: _Entry | None, fresh: Floats, latest: NDArray[np.float32], memory: Memory) -> _Entry:
    """The head after some new bars; the order of arrival leaves no trace in the hash."""
    rows = np.concatenate([entry.open_rows, fresh]) if entry else fresh
    chain, data_hash = _hash_of(entry.chain if entry else b"", rows)
    open_rows = rows[len(rows) // _BLOCK_BARS * _BLOCK_BARS :]
    return _Entry(chain, data_hash, int(fresh[-1, 0].view(np.int64)), open_rows, latest.astype(np.float64), memory)


def _hash_of(chain: bytes, rows: Floats) -> tuple[bytes, bytes]:
    """Chain the full blocks of some rows; then hash what is left over with it."""
    rows = np.ascontiguousarray(rows)
    whole = len(rows) // _BLOCK_BARS * _BLOCK_BARS
    for first in range(0, whole, _BLOCK_BARS):
        chain = hashlib.sha256(chain + rows[first : first + _BLOCK_BARS].tobytes()).digest()
    return chain, hashlib.sha256(chain + rows[whole:].tobytes()).digest()


def _packed(entry: _Entry) -> bytes:
    facts = {"count": entry.memory.count, "chain": entry.chain.hex(), "hash": entry.data_hash.hex(),
             "last_ts": entry.last_ts, "open": len(entry.open_rows), "tail": len(entry.memory.tail),
             "features": len(entry.latest)}  # fmt: skip
    head = json.dumps(facts).encode()
    arrays = (entry.open_rows, entry.memory.tail, entry.latest, entry.memory.states)
    return b"".join([len(head).to_bytes(4, "little"), head, *(array.tobytes() for array in arrays)])


def _unpacked(value: bytes, plan: Plan) -> _Entry:
    size = int.from_bytes(value[:4], "little")
    facts = json.loads(value[4 : 4 + size])
    numbers, width = np.frombuffer(value[4 + size :], dtype=np.float64), len(plan.columns)
    a = facts["open"] * (width + 1)
    b = a + facts["tail"] * width
    c = b + facts["features"]
    memory = Memory(facts["count"], numbers[a:b].reshape(-1, width), numbers[c:])
    chain, data_hash = bytes.fromhex(facts["chain"]), bytes.fromhex(facts["hash"])
    return _Entry(chain, data_hash, facts["last_ts"], numbers[:a].reshape(-1, width + 1), numbers[b:c], memory)


def _located(infinite: Ints, fresh: list[Floats], first_rows: list[int]) -> Ints:
    """From rows among the computed ones to rows of the bars that were given."""
    ends = np.cumsum([len(part) for part in fresh])
    out = infinite.copy()
    for k, row in enumerate(infinite.tolist()):
        if row >= 0:
            part = int(np.searchsorted(ends, row, side="right"))
            out[k] = first_rows[part] + len(fresh[part]) - int(ends[part] - row)
    return out
