"""``/v1/proof`` and ``/v1/explanations``: why any of it should be believed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from augury.service.access import Reader
from augury.service.answers.causality import AuditList, audits
from augury.service.answers.explanations import ExplanationAnswer, explanation
from augury.service.answers.proof import (
    CalibrationTable,
    Group,
    HoldoutList,
    ReliabilityTable,
    TrialPage,
    VerdictList,
    calibration,
    confidence,
    holdout,
    trials,
    verdicts,
)
from augury.service.backend import TheBackend
from augury.service.etags import TaggedRoute
from augury.service.paths import UNKNOWN, AnyFrame, AnySymbol, Cursor

ROUTER = APIRouter(prefix="/v1", tags=["proof"], route_class=TaggedRoute)


@ROUTER.get("/proof/gates", summary="What the gates said")
def list_verdicts(
    backend: TheBackend, caller: Reader, symbol: AnySymbol = None, timeframe: AnyFrame = None,
    everything: Annotated[bool, Query(alias="all", description="Every version, not the champions alone.")] = False,
) -> VerdictList:  # fmt: skip
    """Return the verdict of each champion, gate by gate with its value and limit."""
    return verdicts(backend, symbol, timeframe, everything)


@ROUTER.get("/proof/audits", summary="Causality audits")
def list_audits(backend: TheBackend, caller: Reader, symbol: AnySymbol = None, timeframe: AnyFrame = None) -> AuditList:
    """Return the audits sealed with versions and the newest run by hand: what was cut, what was compared and found."""
    return audits(backend, symbol, timeframe)


@ROUTER.get("/proof/calibration", summary="How the bands held")
def list_calibration(
    backend: TheBackend, caller: Reader, symbol: AnySymbol = None, timeframe: AnyFrame = None,
    by: Annotated[list[Group], Query(max_length=3)] = ["horizon"],  # noqa: B006 - read, never changed
    replays: Annotated[bool, Query(description="Count replays of known bars too.")] = False,
) -> CalibrationTable:  # fmt: skip
    """Return how often the bands of scored forecasts held the outcome, by group, with interval and n."""
    return calibration(backend, tuple(dict.fromkeys(by)), symbol, timeframe, replays)


@ROUTER.get("/proof/reliability", summary="How sure, and how often right")
def list_reliability(
    backend: TheBackend, caller: Reader, symbol: AnySymbol = None, timeframe: AnyFrame = None,
    replays: Annotated[bool, Query(description="Count replays of known bars too.")] = False,
) -> ReliabilityTable:  # fmt: skip
    """Return the scored forecasts by how sure they were, and how often those of each group were right."""
    return confidence(backend, symbol, timeframe, replays)


@ROUTER.get("/proof/trials", summary="Every configuration scored")
def list_trials(
    backend: TheBackend, caller: Reader,
    dataset: Annotated[str | None, Query(min_length=1, max_length=100, examples=["d1/^GSPC"])] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100, cursor: Cursor = None,
) -> TrialPage:  # fmt: skip
    """Return trials, newest first; a Sharpe ratio or a RankIC stands only beside its deflated value."""
    return trials(backend, dataset, limit, cursor)


@ROUTER.get("/proof/holdout", summary="What is sealed")
def list_holdout(backend: TheBackend, caller: Reader) -> HoldoutList:
    """Return the sealed datasets, and how often each was opened."""
    return holdout(backend)


@ROUTER.get("/explanations/{forecast_id}", summary="Why a forecast says what it says", responses=UNKNOWN)
def get_explanation(
    backend: TheBackend, caller: Reader, forecast_id: Annotated[int, Path(ge=1, le=2**31 - 1, examples=[1])]
) -> ExplanationAnswer:
    """Return what each feature added to the score, and at most three sentences that quote that table."""
    return explanation(backend, forecast_id)
