"""What a version says of rows of features that the caller computed: columns by name, never by place."""

from __future__ import annotations

from typing import Final, Self

import numpy as np
from fastapi.concurrency import run_in_threadpool
from pydantic import model_validator

from augury.core.errors import UsageError
from augury.core.labelspec import LABELS
from augury.core.typing import Features
from augury.records.registry.loader import LoadedEnsemble
from augury.runs.proving.row_scores import score_rows
from augury.service.backend import Backend
from augury.service.problems import FieldError
from augury.service.serving.desk import desk_of
from augury.service.serving.freshness import freshness_of
from augury.service.strict import Answer, Strict

ROWS_MAX: Final = 1_000
_HERE_MAX: Final = 8


class SplitRows(Strict):
    """Names once, then the rows (MLflow's ``dataframe_split``)."""

    columns: list[str]
    data: list[list[float]]


class ScoreBody(Strict):
    """Rows of features, in one of the two forms that MLflow's ``/invocations`` takes."""

    dataframe_split: SplitRows | None = None
    dataframe_records: list[dict[str, float]] | None = None

    @model_validator(mode="after")
    def one_of_them(self) -> Self:
        """Refuse a body with both forms or with none."""
        if (self.dataframe_split is None) == (self.dataframe_records is None):
            raise ValueError("give dataframe_split or dataframe_records, one of them")
        return self


class RowScore(Answer):
    """What is said of one row; ``score`` is p_bullish - p_bearish before calibration."""

    label: str
    p_bearish: float
    p_neutral: float
    p_bullish: float
    score: float
    expected_return: float


class Scores(Answer):
    """One entry a row, in their order."""

    predictions: list[RowScore]
    version: str


async def score(
    backend: Backend, symbol: str, timeframe: str, horizon: str, version: str, body: ScoreBody
) -> Scores:  # fmt: skip
    """Ask a version about rows of features.

    Raises
    ------
    UsageError
        Columns that are missing or unknown, each named; no rows, too many, or rows of another width.
    NotFound, NotTrained
        No such version; the alias points to nothing.
    """
    desk, mark = desk_of(backend), await freshness_of(backend).mark()
    where = (symbol, timeframe, horizon, version)
    loaded = desk.asked.peek((*where, *mark))
    if loaded is None:
        loaded = await run_in_threadpool(desk.version, *where, mark)
    n = len(body.dataframe_split.data if body.dataframe_split else body.dataframe_records or [])
    # A few rows take less than the way to another thread and back.
    return _scored(loaded, body) if n <= _HERE_MAX else await run_in_threadpool(_scored, loaded, body)


def _scored(loaded: LoadedEnsemble, body: ScoreBody) -> Scores:
    said = score_rows(loaded.ensemble, rows_of(body, loaded))
    rows = zip(
        said.proba.tolist(), said.codes.tolist(), said.score.tolist(), said.expected_return.tolist(), strict=True
    )
    return Scores(
        version=loaded.manifest.version,
        predictions=[
            RowScore(
                label=LABELS[code + 1], p_bearish=row[0], p_neutral=row[1], p_bullish=row[2], score=one,
                expected_return=middle,
            )
            for row, code, one, middle in rows
        ],
    )  # fmt: skip


def rows_of(body: ScoreBody, loaded: LoadedEnsemble) -> Features:
    """Bring rows into the order of a version's manifest, by name.

    Raises
    ------
    UsageError
    """
    if body.dataframe_split is not None:
        columns, data = body.dataframe_split.columns, body.dataframe_split.data
    else:
        records = body.dataframe_records or []
        columns = list(records[0]) if records else []
        for row, record in enumerate(records):
            if record.keys() != records[0].keys():
                raise UsageError(f"row {row} has other columns than row 0", fields=[_row(row, "other columns")])
        data = [list(record.values()) for record in records]
    if not 1 <= len(data) <= ROWS_MAX:
        raise UsageError(f"{len(data)} rows were given, 1 to {ROWS_MAX} are answered")
    names = loaded.manifest.features.names
    order = None if tuple(columns) == names else _order(columns, names, loaded.manifest.cell)
    if set(map(len, data)) != {len(columns)}:
        row = next(row for row, values in enumerate(data) if len(values) != len(columns))
        raise UsageError(
            f"row {row} has {len(data[row])} values for {len(columns)} columns", fields=[_row(row, "width")]
        )
    X = np.array(data, dtype=np.float64) if order is None else np.array(data, dtype=np.float64)[:, order]
    return np.ascontiguousarray(X, dtype=np.float32)


def _order(columns: list[str], names: tuple[str, ...], cell: str) -> list[int]:
    places = {name: place for place, name in enumerate(columns)}
    missing = [name for name in names if name not in places]
    extra = [name for name in columns if name not in set(names)]
    if missing or extra or len(places) != len(columns):
        twice = sorted({name for name in columns if columns.count(name) > 1})
        said = [
            f"{what} {found}" for what, found in (("missing", missing), ("extra", extra), ("twice", twice)) if found
        ]
        fields = [FieldError(field=name, message="missing") for name in missing]
        fields += [FieldError(field=name, message="not a feature of this version") for name in extra]
        raise UsageError(f"features of {cell} differ from the {len(names)} it reads: {'; '.join(said)}", fields=fields)
    return [places[name] for name in names]


def _row(row: int, message: str) -> FieldError:
    return FieldError(field=f"data.{row}", row=row, message=message)
