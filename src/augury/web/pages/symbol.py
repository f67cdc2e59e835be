"""One symbol: its bars with the fan of what is forecast, three views, why, and what became of past forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from augury.core.errors import AuguryError, NotFound
from augury.service.access import Reader
from augury.service.accounts.caller import Caller
from augury.service.answers.account import PRESETS, Preset, preset_of
from augury.service.answers.bars import BarPage, bars
from augury.service.answers.consensus import ConsensusPage, consensus
from augury.service.answers.explanations import ExplanationAnswer, explanation
from augury.service.answers.forecasts import ForecastPage, forecasts
from augury.service.answers.live import ForecastBody, LiveForecast, forecast_now
from augury.service.answers.reached import reached
from augury.service.answers.symbols import SymbolAnswer, symbol
from augury.service.answers.views import View, Views, forecast_views
from augury.service.backend import Backend, TheBackend
from augury.web.columns import FORECAST, LEDGER, LIVE, Row, forecast_rows, live_rows, symbol_href
from augury.web.rendering import page
from augury.web.tables import Column, Table

ROUTER = APIRouter()
VIEWS: Final[dict[View, str]] = {"timeframe": "By timeframe", "horizon": "By horizon", "consensus": "Consensus"}
PAGE: Final = 20
BARS: Final = 60
BAR: Final = (
    Column("time", "Opened", "when"), Column("open", "Open", "price"), Column("high", "High", "price"),
    Column("low", "Low", "price"), Column("close", "Close", "price"), Column("volume", "Volume", "number"),
)  # fmt: skip
WHY: Final = (
    Column("what", "What"), Column("value", "Was", "number"), Column("share", "Added to the score", "number"),
    Column("low", "95 % from", "number"), Column("high", "to", "number"), Column("n", "n", "count", term="n"),
)  # fmt: skip
_LEDGER: Final = tuple(column for column in LEDGER if column.key != "timeframe")
VOICE: Final = (
    Column("for", "Horizon", term="horizon"), Column("timeframe", "Bars"), Column("label", "Says", "label"),
    Column("confidence", "Confidence", "percent", term="confidence"), Column("target", "Target", "price"),
    Column("weight", "Weight", "percent"), Column("handoff", "Hands on", "percent"), Column("voted", "Votes"),
)  # fmt: skip


POSITION: Final = (
    Column("horizon", "Horizon", term="horizon"), Column("position", "Position", "percent"),
    Column("fused_position", "Before the preset", "percent"), Column("action", "Means", "badge"),
    Column("expected", "Expected", "signed"), Column("known_on", "Known on", "when"),
    Column("version", "Version", "code", term="version"),
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What the address says; ``stakes`` is its preset, else the one the person chose in the settings."""

    timeframe: str
    view: View
    horizon: str | None
    cursor: str | None
    why: int | None
    preset: Preset | None
    stakes: Preset

    def href(self, name: str, **other: str | int | None) -> str:
        """Return this address with parts of it changed; a page of the ledger belongs to one timeframe only."""
        said = {"timeframe": self.timeframe, "view": self.view, "horizon": self.horizon, "why": self.why,
                "preset": self.preset, **other}  # fmt: skip
        return symbol_href(name) + "?" + urlencode({key: value for key, value in said.items() if value})


@ROUTER.get("/symbols/{name:path}")
def one_symbol(
    request: Request,
    backend: TheBackend,
    caller: Reader,
    name: Annotated[str, Path(max_length=24)],
    timeframe: Annotated[str | None, Query(max_length=8)] = None,
    view: View = "timeframe",
    horizon: Annotated[str | None, Query(max_length=8)] = None,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
    why: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    preset: Preset | None = None,
) -> Response:
    """Show a symbol at one timeframe; the state of the page is in its address."""
    known = symbol(backend, name)
    frames = _frames(known)
    asked = Asked(timeframe or frames[0], view, horizon, cursor, why, preset, preset or preset_of(backend, caller))
    ledger = forecasts(backend, name, asked.timeframe, horizon, PAGE, cursor=cursor)
    together = consensus(backend, name)
    seen, stored = _views(backend, name, view), _bars(backend, name, asked.timeframe)
    drivers, refused = _why(backend, why)
    staked, unstaked = _staked(backend, caller, name, asked)
    tables = [
        _newest(backend, name, asked), _ledger(ledger, name, asked), _bar_table(stored, name, asked),
        _voices(together, name), _reached(backend, name, asked), _drivers(drivers),
        _positions(staked, name, asked),
    ]  # fmt: skip
    return page(
        request, caller, "symbol.html", title=name, tables=tables, known=known, asked=asked, seen=seen, stored=stored,
        series=next((row for row in known.series if row.timeframe == asked.timeframe), None),
        frames=[{"word": frame, "href": asked.href(name, timeframe=frame, horizon=None, why=None),
                 "here": frame == asked.timeframe} for frame in frames],
        views=[{"word": word, "href": asked.href(name, view=one) + "#views", "here": one == view}
               for one, word in VIEWS.items()],
        horizons=[{"word": one or "every horizon", "href": asked.href(name, horizon=one, why=None) + "#ledger",
                   "here": one == horizon} for one in (None, *_horizons(known, asked.timeframe))],
        presets=[{"word": one, "href": asked.href(name, preset=one) + "#positions", "here": one == asked.stakes}
                 for one in PRESETS],
        judged={one.horizon: one for one in together.consensus},
        staked=staked, unstaked=unstaked, may_predict="predict" in caller.scopes,
        older=ledger.next and asked.href(name, cursor=ledger.next) + "#ledger",
        newer=cursor and asked.href(name) + "#ledger", drivers=drivers, refused=refused,
        sources={"bars": _api("/v1/bars", symbol=name, timeframe=asked.timeframe),
                 "forecasts": _api("/v1/forecasts", symbol=name, timeframe=asked.timeframe)},
    )  # fmt: skip


def _frames(known: SymbolAnswer) -> list[str]:
    found = [row.timeframe for row in known.champions] + [row.timeframe for row in known.series]
    return list(dict.fromkeys(found))


def _horizons(known: SymbolAnswer, timeframe: str) -> list[str]:
    return [row.horizon for row in known.champions if row.timeframe == timeframe]


def _api(path: str, **query: str) -> str:
    return f"{path}?{urlencode(query)}"


def _views(backend: Backend, name: str, view: View) -> Views | None:
    try:
        return forecast_views(backend, name, view)
    except NotFound:  # nothing was forecast yet: the page says with which command it is
        return None


def _bars(backend: Backend, name: str, timeframe: str) -> BarPage | None:
    try:
        return bars(backend, name, timeframe, limit=BARS)
    except NotFound:
        return None


def _why(backend: Backend, forecast_id: int | None) -> tuple[ExplanationAnswer | None, AuguryError | None]:
    if forecast_id is None:
        return None, None
    try:
        return explanation(backend, forecast_id), None
    except AuguryError as error:  # a version of bands only, or bars that changed: the reason is shown in its place
        return None, error


def _staked(
    backend: Backend, caller: Caller, name: str, asked: Asked
) -> tuple[LiveForecast | None, AuguryError | None]:
    """What a preset would hold now: the versions are asked anew, nothing is written."""
    if "predict" not in caller.scopes:
        return None, None
    try:
        body = ForecastBody(
            symbol=name, timeframe=asked.timeframe, horizons=[], days_on_chart=1, trade_share_floor=0.0,
            risk_profile=asked.stakes, dry_run=True,
        )  # fmt: skip
        return forecast_now(backend, body, reader=caller.reader), None
    except AuguryError as error:  # stale or untrained: the reason and the command are shown in its place
        return None, error


def _positions(found: LiveForecast | None, name: str, asked: Asked) -> Table:
    ahead = found.forecast if found else None
    rows = [
        {
            "horizon": horizon, "position": ahead.positions[at], "fused_position": ahead.fused_positions[at],
            "action": ahead.actions[at], "expected": ahead.returns[at], "known_on": ahead.dates[at], "symbol": name,
            "version": found.metadata.versions.get(horizon) if found else None,
        }
        for at, horizon in enumerate(ahead.horizons if ahead else ())
        if ahead
    ]  # fmt: skip
    when = f", data until {found.metadata.as_of:%Y-%m-%d %H:%M} UTC" if found else ""
    caption = f"What {asked.stakes} would hold of {name} {asked.timeframe}, share of capital{when}"
    return Table("positions", caption, POSITION, rows, "No version answers at this timeframe.")


def _newest(backend: Backend, name: str, asked: Asked) -> Table:
    found = forecasts(backend, name, asked.timeframe, view="latest").forecasts
    found.sort(key=lambda one: one.matures_at)
    rows = [row | {"why": "why", "why_href": asked.href(name, why=row["id"]) + "#why"} for row in forecast_rows(found)]
    return Table(
        "newest", f"The newest forecast of each horizon, {name} {asked.timeframe}",
        (*FORECAST[1:], Column("why", "Drivers", link="why_href")), rows, "Nothing was forecast at this timeframe yet.",
        f"augury forecast --symbol {name} --timeframe {asked.timeframe}",
    )  # fmt: skip


def _ledger(found: ForecastPage, name: str, asked: Asked) -> Table:
    return Table(
        "ledger", f"Forecasts of {name} {asked.timeframe} and what came, the last written first", _LEDGER,
        forecast_rows(found.forecasts), "The ledger holds none of these.",
        f"augury forecast --symbol {name} --timeframe {asked.timeframe}",
    )  # fmt: skip


def _bar_table(stored: BarPage | None, name: str, asked: Asked) -> Table:
    rows = [one.model_dump() | {"symbol": name} for one in reversed(stored.bars)] if stored else []
    version = f", {stored.adjustment} prices from {stored.provider}, data {stored.data_version[:12]}" if stored else ""
    return Table(
        "bars", f"The last {len(rows)} bars of {name} {asked.timeframe}{version}", BAR, rows, "No bars are stored.",
        f"augury data import FILE --timeframe {asked.timeframe}",
    )  # fmt: skip


def _voices(together: ConsensusPage, name: str) -> Table:
    rows: list[Row] = [
        voice.model_dump() | {"for": one.horizon, "voted": "abstains" if voice.abstained else "yes"}
        for one in together.consensus
        for voice in one.voices
    ]
    return Table(
        "voices", f"Who speaks in the consensus of {name}, and how surely each hands on to the next", VOICE, rows,
        "No consensus was formed yet.", f"augury forecast --symbol {name}",
    )  # fmt: skip


def _reached(backend: Backend, name: str, asked: Asked) -> Table:
    return Table(
        "accuracy", f"What matured forecasts of {name} {asked.timeframe} were worth, by version", LIVE[2:],
        live_rows(reached(backend, name, asked.timeframe).scores), "None has matured and been scored yet.",
        "augury evaluate",
    )  # fmt: skip


def _drivers(found: ExplanationAnswer | None) -> Table:
    rows = [one.model_dump() for one in found.contributions] if found else []
    said = f"What moved forecast {found.forecast_id}: {found.cell}, version {found.version}" if found else "Drivers"
    return Table("drivers", said, WHY, rows, "Choose 'why' beside a forecast.")
