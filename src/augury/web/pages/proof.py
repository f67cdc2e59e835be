"""Proof: what the gates said, what audits compared, how calibrated forecasts are, how often luck was tried."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from augury.service.access import Reader
from augury.service.answers.causality import AuditList, audits
from augury.service.answers.proof import (
    CalibrationTable,
    Group,
    HoldoutList,
    TrialPage,
    VerdictList,
    calibration,
    holdout,
    trials,
    verdicts,
)
from augury.service.answers.reached import Reached, reached
from augury.service.backend import TheBackend
from augury.web.columns import CELL, Row, cell_href, version_href
from augury.web.pages.version import GATES, gate_rows
from augury.web.rendering import page
from augury.web.tables import Column, Table

ROUTER = APIRouter()
SYMBOL: Final = Column("symbol", "Symbol", link="href")
VERSION: Final = Column("version", "Version", "code", link="version_href", term="version")
GROUPS: Final[dict[Group, str]] = {"horizon": "By horizon", "symbol": "By symbol", "regime": "By regime"}


@ROUTER.get("/proof")
def proof(
    request: Request,
    backend: TheBackend,
    caller: Reader,
    symbol: Annotated[str, Query(max_length=24)] = "",
    by: Group = "horizon",
    replays: bool = False,
    every: bool = False,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """Show everything that has to be true before a figure is believed."""
    said, found = verdicts(backend, symbol or None, everything=every), calibration(backend, (by,), symbol or None,
                                                                                  replays=replays)  # fmt: skip
    tried, live = trials(backend, limit=50, cursor=cursor), reached(backend, symbol or None, replays=replays)
    state = {"symbol": symbol, "by": by, "replays": "true" if replays else "", "every": "true" if every else ""}
    checked = audits(backend, symbol or None)
    tables = [
        _verdicts(said), _gates(said), _audits(checked), _kept(checked), _calibration(found, by),
        _against(said, live), _trials(tried), _holdout(holdout(backend)),
    ]  # fmt: skip
    return page(
        request, caller, "proof.html", title="Proof", tables=tables, said=said, calibrated=found, points=_points(found),
        symbol=symbol, by=by, replays=replays, every=every, sentences=_sentences(said, found),
        groups=[{"word": word, "href": _href(state, by=one) + "#calibration", "here": one == by}
                for one, word in GROUPS.items()],
        replay_href=_href(state, replays="" if replays else "true") + "#calibration",
        every_href=_href(state, every="" if every else "true"),
        older=tried.next and _href(state, cursor=tried.next) + "#table-trials",
    )  # fmt: skip


def _href(state: dict[str, str], **other: str) -> str:
    return "/proof?" + urlencode({name: value for name, value in (state | other).items() if value})


def _linked(one: Any) -> Row:
    return {
        "href": cell_href(one.symbol, one.timeframe, one.horizon), "version_href": version_href(one.version),
        "symbol": one.symbol, "timeframe": one.timeframe, "horizon": one.horizon, "version": one.version,
    }  # fmt: skip


def _sentences(said: VerdictList, found: CalibrationTable) -> list[str]:
    """Say what the tables say, counted from their rows."""
    total = len(said.verdicts)
    if not total:
        return ["No version answers yet, so nothing had to be proved."]
    lines = [
        f"{said.counts['skill']} of {total} versions showed skill; {said.counts['calibrated_only']} give calibrated "
        f"bands only, {said.counts['insufficient']} have too few independent rows, {said.counts['refused']} were "
        "refused."
    ]
    stopped = sorted({code for one in said.verdicts for code in one.failed})
    if stopped:
        lines.append(f"What stopped the others: {', '.join(stopped)}.")
    lines.append(f"{found.n} matured forecasts tell how the bands held." if found.n else "No forecast has matured yet.")
    return lines


def _verdicts(said: VerdictList) -> Table:
    rows = [
        _linked(one) | {
            "verdict": one.verdict, "failed": ", ".join(one.failed), "accuracy": one.accuracy and one.accuracy.text,
            "coverage80": one.coverage80 and one.coverage80.text, "selection": one.selection,
            "audited": "audited" if one.audited else "", "created_at": one.created_at,
        }
        for one in said.verdicts
    ]  # fmt: skip
    columns = (
        SYMBOL, *CELL, VERSION, Column("verdict", "Verdict", "verdict", term="verdict"),
        Column("failed", "Failed", "long"), Column("accuracy", "Accuracy on the report rows", "long"),
        Column("coverage80", "In the 80 % band", "long", term="band"),
        Column("selection", "Less what luck shows", "long"), Column("audited", "Causality", "badge"),
        Column("created_at", "Judged", "when"),
    )  # fmt: skip
    caption = f"What the gates said, limits {said.limits_version} ({said.limits_hash[:12]})"
    return Table("verdicts", caption, columns, rows, "Nothing was trained yet.", "augury train --symbol ^GSPC")


def _gates(said: VerdictList) -> Table:
    rows = [
        _linked(one) | row | {"cell": f"{one.symbol} {one.timeframe} {one.horizon}"}
        for one in said.verdicts
        for row in gate_rows(one.gates)
    ]
    columns = (Column("cell", "Cell", link="href"), VERSION, *GATES)
    return Table("gates", "Every gate of these versions", columns, rows, "No gate was asked yet.")


def _audits(found: AuditList) -> Table:
    rows = [
        _linked(one) | {
            "verdict": one.verdict, "values": one.values, "cuts": one.cuts, "of": one.of, "seed": one.seed,
            "stages": ", ".join(f"{stage.stage} {stage.values:,}" for stage in one.stages),
            "suspects": ", ".join(str(suspect["column"]) for suspect in one.suspects),
        }
        for one in found.audits
    ]  # fmt: skip
    columns = (
        SYMBOL, *CELL, VERSION, Column("verdict", "Found", "badge"), Column("cuts", "Histories cut", "count"),
        Column("values", "Values compared", "count"), Column("stages", "Of these", "long"),
        Column("suspects", "Suspects, known in time", "long"), Column("of", "Audited", "code"),
        Column("seed", "Seed", "count"),
    )  # fmt: skip
    return Table(
        "audits", "Causality audits sealed with versions: history was cut, and nothing before the cut may change",
        columns, rows, "No version needed an audit to be released.", found.command,
    )  # fmt: skip


def _kept(found: AuditList) -> Table:
    rows = [
        {
            "at": one.at, "of": ", ".join(each.name for each in one.of), "verdict": one.verdict, "text": one.text,
            "stages": ", ".join(f"{stage.stage} {stage.values:,}" for stage in one.stages), "cuts": one.cuts,
            "values": one.values, "bars": "synthetic market" if one.synthetic else _few(one.symbols, one.timeframe),
            "data_version": one.data_version[:12], "seed": one.seed,
            "sha256": ", ".join(each.sha256[:12] for each in one.of if each.sha256),
        }
        for one in found.kept
    ]  # fmt: skip
    columns = (
        Column("at", "Run", "when"), Column("of", "Audited"), Column("verdict", "Found", "badge"),
        Column("text", "In words", "long"), Column("cuts", "Histories cut", "count"),
        Column("values", "Values compared", "count"), Column("stages", "Of these", "long"),
        Column("bars", "On", "long"), Column("data_version", "Data version", "code"), Column("sha256", "File", "code"),
        Column("seed", "Seed", "count"),
    )  # fmt: skip
    return Table(
        "kept", "Causality audits run by hand, the newest first", columns, rows,
        "Nobody has audited features or a model here yet.", found.command,
    )  # fmt: skip


def _few(symbols: list[str], timeframe: str) -> str:
    more = f" and {len(symbols) - 3} more" if len(symbols) > 3 else ""
    return f"{', '.join(symbols[:3])}{more} {timeframe}"


def _calibration(found: CalibrationTable, by: Group) -> Table:
    rows = [
        {
            "group": one.group[by], "n": one.n, "n_eff": int(one.n_eff), "level": band.level,
            "share": None if one.insufficient else band.share, "low": None if one.insufficient else band.low,
            "high": None if one.insufficient else band.high,
            "judgement": "insufficient" if one.insufficient
            else "holds" if band.low <= band.level <= band.high else "too wide" if band.share > band.level
            else "too narrow",
        }
        for one in found.rows
        for band in one.coverage
    ]  # fmt: skip
    columns = (
        Column("group", by.capitalize()), Column("level", "Said", "percent"), Column("share", "Came", "percent"),
        Column("low", "95 % from", "percent"), Column("high", "to", "percent"), Column("n", "n", "count", term="n"),
        Column("n_eff", "n_eff", "count", term="n_eff"), Column("judgement", "The band", "badge"),
    )  # fmt: skip
    kind = "replays included" if found.replays else "replays left out"
    return Table(
        "calibration", f"How often the bands held the outcome, {found.n} matured forecasts, {kind}", columns, rows,
        "No forecast has matured and been scored yet.", "augury evaluate",
    )  # fmt: skip


def _points(found: CalibrationTable) -> list[dict[str, Any]]:
    return [
        {
            "said": band.level, "came": band.share, "low": band.low, "high": band.high,
            "title": f"{' '.join(one.group.values())}: said {band.level:.0%}, came {band.share:.1%}, n={one.n}",
        }
        for one in found.rows
        if not one.insufficient
        for band in one.coverage
    ]  # fmt: skip


def _against(said: VerdictList, live: Reached) -> Table:
    came = {(one.symbol, one.timeframe, one.horizon, one.version): one for one in live.scores}
    rows = []
    for one in said.verdicts:
        row = came.get((one.symbol, one.timeframe, one.horizon, one.version))
        if row is None:
            continue
        rows.append(
            _linked(one) | {
                "report": one.accuracy and one.accuracy.text, "live": row.accuracy and row.accuracy.text,
                "band_report": one.coverage80 and one.coverage80.text, "band_live": row.coverage80.text,
            }
        )  # fmt: skip
    columns = (
        SYMBOL, *CELL, VERSION, Column("report", "Accuracy promised", "long"), Column("live", "Accuracy live", "long"),
        Column("band_report", "80 % band promised", "long"), Column("band_live", "80 % band live", "long"),
    )  # fmt: skip
    return Table(
        "live", "Walk-forward against live: value, 95 % interval, baseline, n", columns, rows,
        "None of these versions has a matured forecast yet.", "augury evaluate",
    )  # fmt: skip


def _trials(found: TrialPage) -> Table:
    columns = (
        Column("dataset", "Dataset"), Column("kind", "Kind"), Column("text", "Scored", "long"),
        Column("n", "n", "count", term="n"), Column("trials", "Trials there", "count"), Column("dsr", "DSR", "number"),
        Column("pbo", "PBO", "number"), Column("config_hash", "Configuration", "code"),
        Column("scored_at", "Scored on", "when"),
    )  # fmt: skip
    rows = [
        one.model_dump(exclude={"value"}) | {"n": int(one.n), "config_hash": one.config_hash[:12]}
        for one in found.trials
    ]  # fmt: skip
    return Table(
        "trials", "Every configuration that was scored, the newest first", columns, rows, "Nothing was tried yet.",
        "augury train --symbol ^GSPC",
    )  # fmt: skip


def _holdout(found: HoldoutList) -> Table:
    columns = (
        Column("dataset", "Dataset"), Column("state", "Seal", "long"), Column("sealed_from", "Sealed from", "when"),
        Column("openings", "Opened", "count", "times"), Column("last_opened_at", "Last opened", "when"),
        Column("last_reason", "Why", "long"), Column("sealed_at", "Sealed on", "when"),
    )  # fmt: skip
    rows = [one.model_dump() for one in found.holdout]
    return Table("holdout", "Sealed datasets", columns, rows, "Nothing is sealed.", "augury holdout --help")
