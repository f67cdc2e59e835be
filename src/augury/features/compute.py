"""From a file of bars to a file of features, a chunk of symbols at a time.

Memory is bounded by the chunk and the longest symbol, not by the panel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from augury.core.atomic import replacing, write_text
from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.errors import DataError
from augury.core.hashing import canonical_json
from augury.core.manifest import FeatureManifest
from augury.core.timeframe import Timeframe
from augury.data.canonical.normalize import normalize
from augury.data.canonical.spacing import infer_timeframe
from augury.features.engine import build
from augury.features.feature_sets import manifest_of, real_columns

CHUNK_ROWS: Final = 250_000
"""Rows worked on at a time unless told otherwise; about 400 MiB with every feature."""


@dataclass(frozen=True)
class Computed:
    """What a file of features holds.

    Parameters
    ----------
    path : Path
        Arrow file: ``symbol, ts``, one float32 column per feature.
    manifest : FeatureManifest
        Its columns; also written beside it as ``<path>.manifest.json``.
    rows, symbols : int
    """

    path: Path
    manifest: FeatureManifest
    rows: int
    symbols: int


def compute_file(
    source: Path,
    out: Path,
    *,
    feature_set: str = "technical",
    timeframe: str | None = None,
    calendar: str = "XNYS",
    chunk_rows: int = CHUNK_ROWS,
    beside: Callable[[Bars], pl.DataFrame] | None = None,
    on_chunk: Callable[[int, int, int], None] = lambda done, total, rows: None,
) -> Computed:
    """Compute a feature set for every bar of a file.

    Parameters
    ----------
    source : Path
        A canonical Parquet file is read chunk by chunk; any other layout is read whole.
    out : Path
        The Arrow file to write; it appears when it is complete.
    feature_set : str
        A set's name; features whose inputs the bars lack are absent.
    timeframe : str, optional
        Taken from the spacing of the bars when not given.
    calendar : str
        The market's calendar; its sessions a year annualise volatility.
    chunk_rows : int
        Rows worked on at a time; larger is a little faster and needs more memory.
    beside : callable, optional
        Bars to the columns that stand beside them (``symbol, ts`` …), such as news; it is given all
        bars at once, for what others know may concern every symbol.
    on_chunk : callable
        Told (chunks done, chunks in all, rows so far).

    Raises
    ------
    NotFound
        No such file.
    DataError
        Rows that are not bars; naming the first.
    """
    bars = _scanned(source, timeframe, calendar)
    counts = bars.scan.select(pl.col("symbol").cast(pl.String)).group_by("symbol").len().sort("symbol").collect()
    more = beside(bars.of(bars.scan.collect())) if beside is not None else None
    known = real_columns(bars.scan)
    if more is not None:
        known |= {name for name in more.columns if more[name].count()}
    manifest = manifest_of(feature_set, known)
    chunks = list(_chunks(counts, chunk_rows))
    schema = pl.Schema({"symbol": pl.String(), "ts": BAR_SCHEMA["ts"], **dict.fromkeys(manifest.names, pl.Float32())})

    def parts(*_: Any) -> Iterator[pl.DataFrame]:
        rows = 0
        for done, symbols in enumerate(chunks, start=1):
            frame = bars.scan.filter(pl.col("symbol").cast(pl.String).is_in(symbols)).collect()
            table = build(bars.of(frame), manifest, beside=more)
            rows += frame.height
            on_chunk(done, len(chunks), rows)
            yield table.frame

    _sink(parts, schema, out)
    write_text(out.with_name(f"{out.name}.manifest.json"), canonical_json(manifest.to_json()) + "\n")
    return Computed(out, manifest, int(counts["len"].sum()), counts.height)


@dataclass(frozen=True)
class _Scanned:
    scan: pl.LazyFrame
    timeframe: Timeframe
    calendar: str

    def of(self, frame: pl.DataFrame) -> Bars:
        canonical = frame.select(pl.col(name).cast(dtype) for name, dtype in BAR_SCHEMA.items())
        return Bars(canonical.sort("symbol", "ts"), self.timeframe, self.calendar)


def _scanned(source: Path, timeframe: str | None, calendar: str) -> _Scanned:
    if source.suffix == ".parquet" and source.is_file():
        scan = pl.scan_parquet(source)
        if set(BAR_SCHEMA) <= set(scan.collect_schema().names()):
            known = Timeframe.parse(timeframe) if timeframe else _spacing(scan, source)
            return _Scanned(scan.select(*BAR_SCHEMA), known, calendar)
    bars = normalize(source, timeframe=timeframe, calendar=calendar).bars
    return _Scanned(bars.frame.lazy(), bars.timeframe, calendar)


def _spacing(scan: pl.LazyFrame, source: Path) -> Timeframe:
    one = scan.filter(pl.col("symbol") == pl.col("symbol").first()).head(5_000)
    frame = one.select(pl.col("symbol").cast(pl.String), pl.col("ts").cast(BAR_SCHEMA["ts"])).collect()
    if (found := infer_timeframe(frame)) is None:
        raise DataError(
            f"the spacing of the bars of {source.name} fits no timeframe", fix="augury features compute --timeframe d1"
        )
    return found


def _chunks(counts: pl.DataFrame, chunk_rows: int) -> Iterator[list[str]]:
    """Whole symbols, about ``chunk_rows`` rows together."""
    some: list[str] = []
    rows = 0
    for symbol, n in counts.iter_rows():
        if some and rows + n > chunk_rows:
            yield some
            some, rows = [], 0
        some.append(symbol)
        rows += n
    if some:
        yield some


def _sink(parts: Callable[..., Iterator[pl.DataFrame]], schema: pl.Schema, out: Path) -> None:
    from polars.io.plugins import register_io_source

    with replacing(out) as temporary:
        register_io_source(parts, schema=schema).sink_ipc(temporary, compression="uncompressed", maintain_order=True)
