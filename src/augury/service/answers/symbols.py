"""Symbols: what is known of each, its series and the versions that answer for it."""

from __future__ import annotations

from augury.core.bars import check_symbol
from augury.core.errors import NotFound
from augury.service.answers.data import SeriesAnswer, data
from augury.service.backend import Backend
from augury.service.cursors import read_cursor, write_cursor
from augury.service.strict import Answer


class ChampionRef(Answer):
    """The version that answers for one timeframe and horizon."""

    timeframe: str
    horizon: str
    version: str


class SymbolAnswer(Answer):
    """One symbol. ``freshness`` is the worst verdict of its series, null where none is stored."""

    symbol: str
    synthetic: bool
    freshness: str | None
    series: list[SeriesAnswer]
    champions: list[ChampionRef]


class SymbolPage(Answer):
    """Symbols by name; ``next`` is the cursor of the page after this one, null at the end."""

    symbols: list[SymbolAnswer]
    next: str | None


_WORST = ("stale", "stuck", "gaps", "ok")


def symbols(backend: Backend, search: str | None = None, limit: int = 200, cursor: str | None = None) -> SymbolPage:
    """Return the symbols with bars or a champion, by name."""
    question = {"of": "symbols", "search": search}
    after = read_cursor(cursor, question, str)
    series: dict[str, list[SeriesAnswer]] = {}
    for row in data(backend).series:
        series.setdefault(row.symbol, []).append(row)
    served = backend.workspace.store.versions.champion_cells()
    names = sorted({*series, *(cell[0] for cell in served)})
    wanted = [name for name in names if (search or "").lower() in name.lower() and (not after or name > after[0])]
    shown = wanted[:limit]
    rows = [_symbol(backend, name, series.get(name, [])) for name in shown]
    return SymbolPage(symbols=rows, next=write_cursor(question, [shown[-1]]) if len(wanted) > limit else None)


def symbol(backend: Backend, name: str) -> SymbolAnswer:
    """Return one symbol.

    Raises
    ------
    NotFound
        Neither bars nor a champion.
    """
    check_symbol(name)
    found = _symbol(backend, name, [row for row in data(backend).series if row.symbol == name])
    if not found.series and not found.champions:
        raise NotFound(f"nothing is known of {name}", fix=f"augury data import FILE --symbol {name}")
    return found


def _symbol(backend: Backend, name: str, series: list[SeriesAnswer]) -> SymbolAnswer:
    versions = backend.workspace.store.versions
    frames = dict.fromkeys(cell[1] for cell in versions.champion_cells() if cell[0] == name)
    champions = [
        ChampionRef(timeframe=frame, horizon=horizon, version=version)
        for frame in frames
        for horizon, version in versions.champions(name, frame).items()
    ]
    freshness = next((word for word in _WORST if any(row.verdict == word for row in series)), None)
    return SymbolAnswer(
        symbol=name, synthetic=any(row.synthetic for row in series), freshness=freshness, series=series,
        champions=champions,
    )  # fmt: skip
