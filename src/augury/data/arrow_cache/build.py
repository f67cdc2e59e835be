"""Building the Arrow cache: sort by day, lay out rows, compare with the source, then put in place.

The source is read in spans of whole days, so that memory is bounded by ``chunk_rows`` and not by
the panel. What was written is opened and compared before it replaces an older cache.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.atomic import replacing
from augury.core.bars import TIMESTAMP
from augury.core.clock import Clock, SystemClock, iso
from augury.core.errors import CorruptStore, DataError, NotFound, UsageError
from augury.core.hashing import sha256_file, sha256_frame, sha256_json
from augury.core.manifest import FeatureManifest
from augury.core.seeds import derive
from augury.core.typing import Features
from augury.data.arrow_cache.cache import FACTS, INPUTS, STALE, ArrowCache, CacheFacts
from augury.data.panel.roles import KEYS, Roles

BATCH_ROWS: Final = 65_536
CHUNK_ROWS: Final = 500_000
SAMPLED_CELLS: Final = 1_000
_ARROW: Final = (".arrow", ".feather", ".ipc")


@dataclass(frozen=True, slots=True)
class Opened:
    """A cache that is in use, and why it was built anew; ``rebuilt`` is empty when it was not."""

    cache: ArrowCache
    rebuilt: str


def open_or_build(
    path: Path, source: Path, roles: Roles, *, manifest: FeatureManifest | None = None, clock: Clock | None = None
) -> Opened:
    """Use a cache when its hashes match; else build it anew, and say why.

    Parameters
    ----------
    path, source : Path
        The cache, and the panel it is made from.
    roles : Roles
        Which columns are inputs.
    manifest : FeatureManifest, optional
        Of the features, when they have one.
    clock : Clock, optional
        Gives the time written into the cache.

    Raises
    ------
    NotFound
        There is no such source.
    """
    try:
        return Opened(ArrowCache.open(path, source=source, manifest=manifest, roles=roles), "")
    except CorruptStore as error:
        reason = error.message if error.facts.get("code") == STALE else f"damaged: {error.message}"
    except NotFound:
        reason = f"{path} was not there yet"
    build_cache(source, path, roles, manifest=manifest, clock=clock)
    return Opened(ArrowCache.open(path, manifest=manifest), reason)


def build_cache(
    source: Path | pl.DataFrame,
    target: Path,
    roles: Roles,
    *,
    manifest: FeatureManifest | None = None,
    clock: Clock | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> CacheFacts:
    """Write the cache of a panel; it appears whole, compared with its source, or not at all.

    Parameters
    ----------
    source : Path or pl.DataFrame
        A Parquet or Arrow file (or the panel itself) with ``symbol``, ``ts`` and any further
        columns, in any order, unique on (symbol, ts).
    target : Path
        Replaced at the end.
    roles : Roles
        Features and flags go to the float32 matrix; the other columns are kept as they are.
    manifest : FeatureManifest, optional
        Its names must be the declared features.
    clock : Clock, optional
        Gives ``created``. Default the machine's.
    chunk_rows : int
        Rows in memory at once, rounded up to whole days; a smaller number reads the source more
        often. Default 500,000.

    Raises
    ------
    NotFound, UsageError
        There is no such source, or it is of another kind.
    DataError
        No rows, no keys, a key that is null or stands twice, a time without zone that is no date,
        an input that is no number or infinite.
    CorruptStore
        What was written differs from the source.
    """
    scan, name, digest = _opened(source)
    keys = _keys(scan)
    schema = scan.collect_schema()
    roles.select(schema.to_frame())
    if manifest is not None:
        manifest.check(roles.named("feature"))
    _all_numbers(schema, roles)
    facts = CacheFacts(
        source=name,
        source_sha256=digest,
        schema_hash=sha256_json([[column, str(kind)] for column, kind in schema.items()]),
        rows=keys.height,
        days=keys["ts"].n_unique(),
        inputs=roles.inputs,
        columns=tuple(schema),
        roles=roles.to_json(),
        manifest_hash=manifest.hash if manifest is not None else "",
        created=iso((clock or SystemClock()).now()),
    )
    with replacing(target) as temporary:
        _write(scan, temporary, facts, keys, chunk_rows)
        _compare(scan, ArrowCache.open(temporary), keys)
    return facts


def columns_of(source: Path) -> list[str]:
    """Return the names of a panel's columns; only its header is read.

    Raises
    ------
    NotFound, UsageError
        There is no such file, or it is of another kind.
    """
    return _scan(source).collect_schema().names()


def _opened(source: Path | pl.DataFrame) -> tuple[pl.LazyFrame, str, str]:
    if isinstance(source, pl.DataFrame):
        return source.lazy(), "", sha256_frame(source)
    return _scan(source), source.name, sha256_file(source)


def _scan(source: Path) -> pl.LazyFrame:
    if not source.is_file():
        raise NotFound(f"no such panel: {source}", path=str(source))
    suffix = source.suffix.lower()
    if suffix not in (".parquet", *_ARROW):
        raise UsageError(f"{source.name} is no panel file: needed .parquet, {', '.join(_ARROW)}")
    return pl.scan_ipc(source) if suffix in _ARROW else pl.scan_parquet(source)


def _keys(scan: pl.LazyFrame) -> pl.DataFrame:
    """The keys in the order of the source, checked."""
    schema = scan.collect_schema()
    if missing := [name for name in KEYS if name not in schema]:
        raise DataError(f"a panel needs symbol and ts: {missing} missing, found {list(schema)[:8]}")
    if taken := {FACTS, INPUTS} & set(schema):
        raise DataError(f"the names {sorted(taken)} are the cache's own: rename these columns")
    if not (schema["ts"] == pl.Date or isinstance(schema["ts"], pl.Datetime)):
        raise DataError(f"ts of the panel is {schema['ts']}, needed dates or times in UTC")
    raw = scan.select("symbol", "ts").collect()
    naive = isinstance(schema["ts"], pl.Datetime) and schema["ts"].time_zone is None
    if naive and not (raw["ts"] == raw["ts"].dt.truncate("1d")).all():
        raise DataError("ts of the panel has times of day but no zone: needed UTC")
    keys = raw.with_columns(_utc(schema["ts"]), pl.col("symbol").cast(pl.String))
    if keys.is_empty() or sum(keys.null_count().row(0)):
        raise DataError("a panel needs at least one row, each with symbol and ts")
    if (twice := keys.filter(keys.is_duplicated())).height:
        raise DataError(f"{twice['symbol'][0]} {iso(twice['ts'][0])} stands twice in the panel: one row for each key")
    return keys


def _utc(kind: pl.DataType) -> pl.Expr:
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return pl.col("ts").dt.convert_time_zone("UTC").cast(TIMESTAMP)
    return pl.col("ts").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _all_numbers(schema: pl.Schema, roles: Roles) -> None:
    for name in roles.inputs:
        if not (schema[name].is_numeric() or schema[name] == pl.Boolean):
            raise DataError(f"'{name}' is declared {roles.role(name)} and is {schema[name]}: an input is a number")


def _write(scan: pl.LazyFrame, path: Path, facts: CacheFacts, keys: pl.DataFrame, chunk_rows: int) -> None:
    from polars.io.plugins import register_io_source

    names = pl.Enum(keys["symbol"].unique().sort())
    said = pl.Enum([facts.to_text()])
    kind = scan.collect_schema()["ts"]

    def parts(*_: Any) -> Iterator[pl.DataFrame]:
        for first, last in _spans(keys, chunk_rows):
            part = scan.with_columns(_utc(kind)).filter(pl.col("ts").is_between(first, last)).collect()
            part = part.with_columns(pl.col("symbol").cast(pl.String).cast(names)).sort("ts", "symbol")
            for block in part.iter_slices(BATCH_ROWS):
                yield _laid_out(block, facts, said)

    example = scan.with_columns(_utc(kind), pl.col("symbol").cast(pl.String).cast(names)).head(0).collect()
    schema = _laid_out(example, facts, said).schema
    with _system_errors():
        register_io_source(parts, schema=schema).sink_ipc(
            path, compression="uncompressed", record_batch_size=BATCH_ROWS, maintain_order=True
        )


@contextmanager
def _system_errors() -> Iterator[None]:
    """Polars tells the system's error number only in its message; a full disk must be known as one."""
    try:
        yield
    except OSError as error:
        found = re.search(r"\(os error (\d+)\)", str(error))
        if error.errno is not None or found is None:
            raise
        raise OSError(int(found[1]), str(error)) from error


def _spans(keys: pl.DataFrame, chunk_rows: int) -> Iterator[tuple[datetime, datetime]]:
    """Cut the days into runs of about ``chunk_rows`` rows."""
    days = keys.group_by("ts").len().sort("ts")
    run = ((pl.col("len").cum_sum() - pl.col("len")) // max(1, chunk_rows)).alias("run")
    yield from (
        days.group_by(run, maintain_order=True)
        .agg(pl.col("ts").min().alias("first"), pl.col("ts").max().alias("last"))
        .select("first", "last")
        .iter_rows()
    )


def _laid_out(block: pl.DataFrame, facts: CacheFacts, said: pl.Enum) -> pl.DataFrame:
    inputs = set(facts.inputs)
    rest = [name for name in facts.columns if name not in inputs and name not in KEYS]
    text = pl.Series(FACTS, [str(said.categories[0])], dtype=said).new_from_index(0, block.height)
    laid = block.select("ts", "symbol", *rest).with_columns(text)
    if not facts.inputs:
        return laid
    matrix = np.empty((block.height, len(facts.inputs)), np.float32)
    for at, name in enumerate(facts.inputs):
        matrix[:, at] = _floats(block[name])
    _refuse_infinite(block, matrix, facts)
    return laid.with_columns(pl.Series(INPUTS, matrix, dtype=pl.Array(pl.Float32, len(facts.inputs))))


def _refuse_infinite(block: pl.DataFrame, matrix: Features, facts: CacheFacts) -> None:
    infinite = np.isinf(matrix)
    if infinite.any():
        row, at = (int(found[0]) for found in np.nonzero(infinite))
        name, where = facts.inputs[at], f"{block['symbol'][row]} {iso(block['ts'][row])}"
        raise DataError(f"'{name}' of {where} is {block[name][row]}: an input is finite as float32, or missing")


def _floats(column: pl.Series) -> Features:
    """Float32 with NaN for null: the one spelling of missing that a matrix has."""
    values: Features = column.cast(pl.Float32).to_numpy()
    return values


def _compare(scan: pl.LazyFrame, cache: ArrowCache, keys: pl.DataFrame) -> None:
    """Read sampled rows of the source once more and find each cell in the written cache."""
    facts = cache.facts
    columns = [name for name in facts.columns if name not in KEYS]
    if (len(cache), len(cache.days)) != (keys.height, facts.days):
        raise CorruptStore(f"{len(cache)} rows were written, the source has {keys.height}")
    rng = np.random.default_rng(derive(0, "cache", facts.source_sha256))
    rows = np.sort(rng.choice(keys.height, size=min(SAMPLED_CELLS, keys.height), replace=False))
    order = keys.with_row_index("row").sort("ts", "symbol").with_row_index("at").select("row", "at").sort("row")
    places = order["at"].to_numpy()[rows]
    picked = rng.integers(0, max(1, len(columns)), SAMPLED_CELLS if columns else 0)
    wanted = np.resize(np.arange(len(rows)), SAMPLED_CELLS)
    index = pl.Series(rows, dtype=pl.get_index_type()).implode()
    source = scan.with_row_index("·row").filter(pl.col("·row").is_in(index)).collect()
    for at in np.unique(picked):
        name, cells = columns[at], wanted[picked == at]
        _same(name, source[name].gather(cells), cache.column(name).gather(places[cells]), name in facts.inputs)


def _same(name: str, source: pl.Series, cached: pl.Series, is_input: bool) -> None:
    if is_input:
        equal = np.array_equal(_floats(source), cached.to_numpy(), equal_nan=True)
    else:
        equal = source.equals(cached, null_equal=True)
    if not equal:
        raise CorruptStore(f"column '{name}' of the cache differs from its source: nothing was put in place")
