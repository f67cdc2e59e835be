"""Refit the weights of one version on forecasts that have matured; its members are not touched. Registers nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.atomic import discard_folder, storage_errors
from augury.core.bars import TIMESTAMP, Bars
from augury.core.clock import iso
from augury.core.errors import CorruptArtifact, DataError, InsufficientHistory, UsageError
from augury.core.hashing import sha256_file
from augury.core.prediction import Prediction
from augury.core.tables import LABEL_END, VOLATILITY, LabelledTable, Split
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.core.version import SliceFacts, VersionManifest
from augury.data.calendar.availability import known_at
from augury.data.lake import Lake
from augury.models.ensemble._storage import rewrite_weights
from augury.models.ensemble.ensemble import Ensemble
from augury.models.ensemble.mixing import reweigh
from augury.models.ensemble.nested import brier_rows
from augury.models.ensemble.stacking import STACKS
from augury.models.ensemble.weights._shape import Weighed
from augury.proof.holdout import Guard
from augury.records.registry.artifacts import MANIFEST, ArtifactStore
from augury.records.registry.loader import LoadedEnsemble
from augury.records.registry.version_rows import REFRESHED
from augury.runs.intake import bars_of
from augury.runs.jobs.train import judge_split
from augury.runs.proving.recomputing import Recomputing
from augury.runs.proving.sealed import UNSEALED, unsealed
from augury.runs.registry.registration import SERVABLE

ROWS_MIN: Final = 60
"""Matured forecasts below which weights stay as they are."""
JUDGED_SHARE: Final = 0.2
"""Newest share of them that only compares new weights with old ones."""
REPORT_MIN: Final = 30
"""Report rows that must be left beside them, or nothing could be said of the new weights."""
_SAME: Final = 1e-9


@dataclass(frozen=True)
class _Rows:
    """What the stored members say of matured forecasts: rows to fit on, later rows to judge by."""

    table: LabelledTable
    said: Prediction
    n_fit: int
    judged_from: int
    left_out: int

    def part(self, fit: bool) -> tuple[dict[str, Any], Any, Any]:
        rows = slice(0, self.n_fit) if fit else slice(self.judged_from, None)
        answers = {name: proba[rows] for name, proba in self.said.members.items()}
        return answers, self.table.y[rows], self.table.column(VOLATILITY)[rows]


def run(arguments: Json) -> Json:
    """Refit one version's weights into a staged folder, and say whether they are kept.

    Parameters
    ----------
    arguments : dict
        ``lake``, ``symbol``, ``timeframe``, ``folder`` (of the version), ``manifest``, ``trained_at``,
        ``forecasts`` (matured ones of its cell: ``data_until``, ``version``, ``confidence``,
        ``expected_return``), ``staged``, ``moment``, and ``holdout`` (the guard) when something may be sealed.

    Returns
    -------
    dict
        ``kept``, ``reason``, ``method``, ``weights``, ``before``, ``n``, ``first``, ``last``, the two losses, and
        with ``kept`` the sealed ``manifest`` and the ``staged`` folder.

    Raises
    ------
    InsufficientHistory
        Fewer than 60 matured forecasts that its members had not seen.
    UsageError
        The version has no weights.
    DataError
        The lake's bars are not those the version was trained on.
    """
    guard = Guard.from_json(arguments["holdout"]) if "holdout" in arguments else UNSEALED
    lake, timeframe = Lake(arguments["lake"]), Timeframe.parse(arguments["timeframe"])
    bars = unsealed(bars_of(lake, arguments["symbol"], timeframe), guard)
    manifest = VersionManifest.from_json(arguments["manifest"])
    loaded = LoadedEnsemble(Ensemble.load(Path(arguments["folder"])), manifest)
    if manifest.recipe.weights in STACKS or len(manifest.weights) < 2:
        what = manifest.recipe.weights if manifest.recipe.weights in STACKS else "one member"
        raise UsageError(f"{manifest.cell} {manifest.version} has no weights to refit: {what}")
    whole = Recomputing(bars).table(loaded)
    split = split_as_judged(whole, manifest)
    rows = _matured(bars, whole, loaded, split, arguments["forecasts"])
    guard.allow("weighting", rows.table.frame)
    answers, codes, volatility = rows.part(fit=True)
    rule, horizon_bars = manifest.recipe.weights, manifest.label_spec.horizon_bars
    weighed, regimes = reweigh(rule, answers, codes, volatility, horizon_bars)
    fresh = replace(loaded.ensemble, weights=weighed.weights, regimes=regimes)
    told = _compared(loaded.ensemble, fresh, rows) | _guarded(weighed) | {"method": rule, "left_out": rows.left_out}
    if not told["kept"]:
        return told
    report = _unused(split, rows)
    scores, verdict = judge_split(fresh, report, tuple(one for one in manifest.scores if one.slice == "select"))
    if _rank(verdict.word) > _rank(manifest.verdict.word) or verdict.word not in SERVABLE:
        fell = f"the verdict would fall from {manifest.verdict.word} to {verdict.word}"
        return told | {"kept": False, "reason": fell}
    event = {"event": REFRESHED, "of": manifest.version, "trained_at": arguments["trained_at"], **told}
    fresh = replace(fresh, events=(*loaded.ensemble.events, *weighed.events, event))
    slices = manifest.slices | {"valid": _slice(report.valid)}
    changed = replace(
        manifest,
        weights=dict(fresh.weights),
        scores=scores,
        verdict=verdict,
        slices=slices,
        events=(*manifest.events, *weighed.events, event),
        parent=manifest.version,
    )
    return told | {"manifest": _sealed(arguments, fresh, changed).to_json(), "staged": arguments["staged"]}


def _guarded(weighed: Weighed) -> Json:
    event = next((event for event in weighed.events if event.get("event") == "dominance"), {})
    return {"guard": event.get("event"), "alpha": event.get("alpha")}


def split_as_judged(whole: LabelledTable, manifest: VersionManifest) -> Split:
    """Return the train and report rows of a version, as they were when it was judged.

    Parameters
    ----------
    whole : LabelledTable
        Every bar, the columns of the version; bars that came later do no harm.
    manifest : VersionManifest

    Raises
    ------
    DataError
        The bars give other rows than then.
    """
    known = whole.with_frame(whole.frame.drop_nulls([*whole.manifest.names, VOLATILITY]))
    parts = {}
    for name, facts in manifest.slices.items():
        first, last = (pl.lit(at).str.to_datetime(time_unit="us", time_zone="UTC") for at in (facts.first, facts.last))
        parts[name] = known.with_frame(known.frame.filter(pl.col("ts").is_between(first, last)))
        if len(parts[name]) != facts.n or parts[name].frame["label"].null_count():
            raise DataError(
                f"{manifest.cell} {manifest.version} has {facts.n} {name} rows, the lake now gives {len(parts[name])}"
                " (rule: the same bars)",
                fix=f"augury train --symbol {manifest.symbol} --timeframe {manifest.timeframe}",
            )
    return Split(parts["train"], parts["valid"])


def _matured(bars: Bars, whole: LabelledTable, loaded: LoadedEnsemble, split: Split, forecasts: list[Json]) -> _Rows:
    """The bars that were forecast from and whose outcome is known, one row each, none of them a train row."""
    until = pl.Series([datetime.fromisoformat(one["data_until"]) for one in forecasts], dtype=TIMESTAMP)
    asked = pl.DataFrame({"until": until, "said": pl.int_range(len(until), eager=True)}).unique("until", keep="last")
    closes = bars.frame.select("ts", until=known_at(bars.frame["ts"], bars.timeframe, bars.calendar))
    frame = whole.frame.join(closes.join(asked, on="until"), on="ts", how="inner").sort("ts")
    frame = frame.filter(pl.col("ts") >= split.valid.frame["ts"][0])
    frame = frame.drop_nulls([*whole.manifest.names, VOLATILITY, "label"])
    table = whole.with_frame(frame.drop("until", "said"))
    said = loaded.ensemble.predict(table) if len(table) else None
    same = [] if said is None else _as_said(said, [forecasts[at] for at in frame["said"]], loaded.manifest.version)
    kept = np.flatnonzero(np.array(same, dtype=bool))
    if said is None or len(kept) < ROWS_MIN:
        raise InsufficientHistory(
            f"{loaded.manifest.cell} has {len(kept)} matured forecasts that its members had not seen, weights need"
            f" {ROWS_MIN} (insufficient_history)",
            need=ROWS_MIN,
            have=len(kept),
        )
    table = table.with_frame(table.frame[kept])
    judged_from = len(kept) - ceil(JUDGED_SHARE * len(kept))
    # A fit row whose outcome reaches into the judged rows would tell of them.
    n_fit = table.frame[:judged_from].filter(pl.col(LABEL_END) < table.frame["ts"][judged_from]).height
    return _Rows(table, loaded.ensemble.predict(table), n_fit, judged_from, len(same) - len(kept))


def _as_said(said: Prediction, forecasts: list[Json], version: str) -> list[bool]:
    """Whether the version says today what it said then; a bar that was corrected since makes another forecast."""
    return [
        one["version"] != version
        or (one["confidence"] == float(said.proba[at].max()) and one["expected_return"] == said.expected_return[at])
        for at, one in enumerate(forecasts)
    ]


def _compared(ensemble: Ensemble, fresh: Ensemble, rows: _Rows) -> Json:
    """New weights beside old ones on the newest rows, which neither was fitted on."""
    answers, codes, volatility = rows.part(fit=False)
    now, before = (float(brier_rows(one.pooled(answers, volatility), codes).mean()) for one in (fresh, ensemble))
    unchanged = fresh.regimes == ensemble.regimes and _equal(fresh.weights, ensemble.weights)
    worse = now > before
    reason = "the weights are what they were" if unchanged else "worse on the newest rows" if worse else ""
    stamps = rows.table.frame["ts"]
    return {
        "kept": not reason,
        "reason": reason,
        "weights": fresh.weights,
        "before": ensemble.weights,
        "brier": now,
        "brier_before": before,
        "n": rows.n_fit,
        "n_judged": len(codes),
        "first": stamps[0].isoformat(),
        "last": stamps[rows.n_fit - 1].isoformat(),
    }


def _equal(one: dict[str, float], other: dict[str, float]) -> bool:
    return one.keys() == other.keys() and all(abs(one[name] - other[name]) <= _SAME for name in one)


def _unused(split: Split, rows: _Rows) -> Split:
    """The report rows whose outcome was known before the first row that took part in the weights."""
    valid = split.valid.frame.filter(pl.col(LABEL_END) < rows.table.frame["ts"][0])
    if valid.height < REPORT_MIN:
        raise InsufficientHistory(
            f"{valid.height} report rows are left beside the rows the weights were fitted on, needs {REPORT_MIN}",
            need=REPORT_MIN,
            have=valid.height,
        )
    return Split(split.train, split.valid.with_frame(valid))


def _rank(word: str) -> int:
    return SERVABLE.index(word) if word in SERVABLE else len(SERVABLE)


def _slice(table: LabelledTable) -> SliceFacts:
    stamps = table.frame["ts"]
    return SliceFacts(iso(stamps[0]), iso(stamps[-1]), len(table))


def _sealed(arguments: Json, fresh: Ensemble, manifest: VersionManifest) -> VersionManifest:
    """Copy the version, write the new weights over the old ones, and seal it; every member stays byte for byte."""
    folder, staged = Path(arguments["folder"]), Path(arguments["staged"])
    discard_folder(staged)
    with storage_errors(staged):
        copytree(folder, staged, ignore=ignore_patterns(MANIFEST))
        rewrite_weights(staged, fresh)
    for name, known in manifest.files.items():
        if name.startswith("members/") and sha256_file(staged / name) != known:
            raise CorruptArtifact(f"{manifest.cell}: {name} changed while weights were refreshed", fix="augury doctor")
    moment = datetime.fromisoformat(arguments["moment"])
    return ArtifactStore(staged.parent).seal(staged, replace(manifest, files={}, version=""), moment)


JOB = run
