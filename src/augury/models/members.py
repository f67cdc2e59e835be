"""One door for every member a recipe may name: those that read features, and those that read closes.

A tabular member sees the row's features, a series member the closes up to the row. Whoever trains,
serves, stores or explains an ensemble asks through here and need not know which is which.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias, TypeVar

import numpy as np
import polars as pl

from augury.core.catalog import Catalog
from augury.core.errors import DataError, InsufficientHistory, MissingExtra, ModelError
from augury.core.labelspec import CODES
from augury.core.protocols import Member
from augury.core.tables import LabelledTable
from augury.core.typing import Features, Floats, Ints, Json, Probabilities
from augury.core.version import MemberEntry
from augury.models.alignment import align_proba
from augury.models.series import Moments, PriceSeries
from augury.models.statistical import SeriesMember

AnyMember: TypeAlias = Member | SeriesMember
RECIPE_MEMBERS: Final = Catalog[type[AnyMember]](
    "member", ("augury.models.tabular", "augury.models.statistical"), "MEMBER"
)
MEMBER_ERRORS: Final = (ValueError, FloatingPointError, MemoryError, ModelError, InsufficientHistory, MissingExtra)
"""What a member may raise when the rows are not to its liking; libraries' own errors become ModelError."""
_PROBE_BARS: Final = 60
_PROBE_AHEAD: Final = 5
_PROBE_THRESHOLD: Final = 0.01
T = TypeVar("T")


def attempted(name: str, settings: Json, make: Callable[[], tuple[Json, T]]) -> tuple[MemberEntry, T | None]:
    """Make a member, or say why there is none; the name never changes and nothing takes its place.

    Parameters
    ----------
    name : str
    settings : dict
        Kept with the entry.
    make : callable
        Returns (facts, what was made).

    Returns
    -------
    (MemberEntry, made or None)
        ``unavailable`` without a package or with too few bars, ``failed`` when the fit did not
        succeed, else ``ready``.
    """
    try:
        facts, made = make()
    except (MissingExtra, InsufficientHistory) as error:
        return MemberEntry(name, "unavailable", str(error), dict(settings)), None
    except MEMBER_ERRORS as error:
        return MemberEntry(name, "failed", f"{type(error).__name__}: {error}", dict(settings)), None
    return MemberEntry(name, "ready", "", dict(settings), facts), made


def ask(member: AnyMember, table: LabelledTable, X: Features | None = None) -> Probabilities:
    """Return what a member says of each row, ``(n, 3)`` in the order of ``LABELS``.

    Parameters
    ----------
    member : Member or SeriesMember
        Fitted.
    table : LabelledTable
        Its label spec gives the horizon and the threshold, its bars the closes.
    X : array (n, n_features), optional
        Read in place of the table's own features; a series member has none and answers the same.

    Raises
    ------
    ModelError
        Rows that are no distribution: the member has failed.
    InsufficientHistory
        The table carries no bars, or they begin after the bars the member was fitted on.
    """
    if isinstance(member, SeriesMember):
        series = closes_of(table)
        rows = places(series.ts, table.frame["ts"])
        # Cut at the newest row asked about: a later bar is not even there.
        said = member.predict_distribution(series.until(int(rows.max()) + 1), rows, table.spec.horizon_bars)
        return align_proba(said.proba(table.spec.threshold), CODES)
    return align_proba(member.predict_proba(table.X if X is None else X), member.classes_)


def probed(member: AnyMember, row: tuple[float, ...]) -> list[float]:
    """Return a member's answer to a question that is the same at every load.

    Parameters
    ----------
    member : Member or SeriesMember
    row : tuple of float
        Features of one train row; a series member is asked about closes that go up and down by a
        rule, from the first bar of its fit on.
    """
    if isinstance(member, SeriesMember):
        at = np.arange(_PROBE_BARS)
        series = PriceSeries(
            "PROBE", member.first + at * np.timedelta64(1, "D"), np.asarray(0.01 * (at * at % 7), dtype=np.float64)
        )
        said = member.predict_distribution(series, at[-1:], _PROBE_AHEAD)
        proba: Floats = said.proba(_PROBE_THRESHOLD)
    else:
        proba = np.asarray(member.predict_proba(np.asarray([row], dtype=np.float32)), dtype=np.float64)
    answer: list[float] = proba[0].tolist()
    return answer


def closes_of(table: LabelledTable) -> PriceSeries:
    """Return the whole series of closes behind a table of one symbol, in the price its label is read from.

    Raises
    ------
    InsufficientHistory
        No bars travel with the table, or it holds several symbols.
    """
    symbols = table.frame["symbol"].unique().to_list()
    if table.bars is None or len(symbols) != 1:
        found = "no bars" if table.bars is None else f"{len(symbols)} symbols"
        raise InsufficientHistory(f"a series member reads the closes of one symbol, the table carries {found}")
    return PriceSeries.of(table.bars, symbols[0], table.spec.price_field)


def places(ts: Moments, wanted: pl.Series) -> Ints:
    """Return where each wanted moment stands among ascending ones, ``(n,)``.

    Raises
    ------
    DataError
        A moment is not among them: rows and bars are not of the same market.
    """
    moments = wanted.dt.replace_time_zone(None).to_numpy()
    rows = np.searchsorted(ts, moments)
    if not np.array_equal(ts[np.minimum(rows, len(ts) - 1)], moments):
        raise DataError(f"{len(moments)} rows are asked about, not all of them bars of the series of {len(ts)}")
    return rows.astype(np.int64)
