"""The guard of the sealed holdout: it stands where rows are taken and asks what for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import polars as pl

from augury.core.clock import iso
from augury.core.errors import HoldoutSealed, LeakError, UnknownName
from augury.core.tables import LABEL_END
from augury.core.typing import Json

CHOOSING: Final = ("fit", "tuning", "weighting", "early_stop", "calibration")
"""Whoever takes rows for these lets the outcome decide something: never on sealed rows, opened or not."""
PURPOSES: Final = (*CHOOSING, "report", "forecast")
"""``report`` needs an opening; a forecast reads bars, chooses nothing and is judged later."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Says which rows of a dataset may be taken for which purpose.

    Parameters
    ----------
    dataset : str
        Name, as it is shown.
    sealed_from : datetime or None
        First sealed moment in UTC; None when nothing is sealed.
    opened : bool
        An opening was counted for this very guard: ``report`` may read.

    Examples
    --------
    >>> rows = pl.DataFrame({"ts": [datetime(2017, 1, 3, tzinfo=UTC), datetime(2018, 1, 3, tzinfo=UTC)]})
    >>> guard = Guard("d1/SPY", datetime(2018, 1, 1, tzinfo=UTC))
    >>> guard.before(rows).height
    1
    >>> guard.allow("tuning", rows)
    Traceback (most recent call last):
        ...
    augury.core.errors.HoldoutSealed: tuning asked for 1 of 2 rows of d1/SPY inside the holdout ...
    """

    dataset: str
    sealed_from: datetime | None = None
    opened: bool = False

    def allow(self, purpose: str, frame: pl.DataFrame, *, column: str = "ts") -> pl.DataFrame:
        """Return the frame itself, or raise.

        Parameters
        ----------
        purpose : str
            One of ``PURPOSES``.
        frame : pl.DataFrame
            With the moment of each row; a row whose ``label_end`` lies in the holdout belongs to it too.
        column : str
            Name of the moment.

        Raises
        ------
        HoldoutSealed
            Sealed rows were taken to choose something, or to report before an opening.
        UnknownName
            Not a purpose.
        """
        if purpose not in PURPOSES:
            raise UnknownName(f"unknown purpose '{purpose}' (known: {', '.join(PURPOSES)})")
        if self.sealed_from is None or purpose == "forecast" or (purpose == "report" and self.opened):
            return frame
        if found := int(frame.select(self._sealed(frame, column).sum()).item()):
            rule = "never read to choose" if purpose in CHOOSING else "read only by a counted opening"
            raise HoldoutSealed(
                f"{purpose} asked for {found} of {frame.height} rows of {self.dataset} inside the holdout sealed from"
                f" {self.sealed_from:%Y-%m-%d} (rule: sealed rows are {rule})",
                fix="augury holdout status",
                dataset=self.dataset,
                purpose=purpose,
                rows=found,
            )
        return frame

    def before(self, frame: pl.DataFrame, *, column: str = "ts") -> pl.DataFrame:
        """Return the rows outside the holdout, whose outcome is outside too."""
        return frame if self.sealed_from is None else frame.filter(~self._sealed(frame, column))

    def inside(self, frame: pl.DataFrame, *, column: str = "ts") -> pl.DataFrame:
        """Return the rows of the holdout, for a report.

        Raises
        ------
        HoldoutSealed
            The guard was not opened.
        """
        if self.sealed_from is None:
            return frame.clear()
        return self.allow("report", frame.filter(_moment(frame, column) >= self.sealed_from), column=column)

    def widened(self, by: timedelta) -> Guard:
        """Return a guard that begins earlier, for bars that stay open that long (a week's bar: 6 days)."""
        return self if self.sealed_from is None else replace(self, sealed_from=self.sealed_from - by)

    def to_json(self) -> Json:
        """Write as a JSON object, for a worker process; an opening is not handed on."""
        return {"dataset": self.dataset, "sealed_from": None if self.sealed_from is None else iso(self.sealed_from)}

    @classmethod
    def from_json(cls, value: Json) -> Guard:
        """Read what :meth:`to_json` wrote."""
        sealed = value["sealed_from"]
        return cls(value["dataset"], None if sealed is None else datetime.fromisoformat(sealed))

    def _sealed(self, frame: pl.DataFrame, column: str) -> pl.Expr:
        sealed = _moment(frame, column) >= self.sealed_from
        if LABEL_END in frame.columns:
            sealed = sealed | (_moment(frame, LABEL_END) >= self.sealed_from).fill_null(value=False)
        return sealed


def day(text: str) -> datetime:
    """Read a date as the first moment of that day in UTC.

    Examples
    --------
    >>> day("2018-01-01").isoformat()
    '2018-01-01T00:00:00+00:00'
    """
    return datetime.combine(date.fromisoformat(text), time(), tzinfo=UTC)


def unseen(name: str, fitted_until: datetime, frame: pl.DataFrame, *, column: str = "ts") -> pl.DataFrame:
    """Return the frame when every row comes after what a model was fitted on.

    Parameters
    ----------
    name : str
        Of the model, for the message.
    fitted_until : datetime
        Newest bar the model has seen in any way.
    frame : pl.DataFrame
    column : str
        Name of the moment.

    Raises
    ------
    LeakError
        The model is fed its own training window: its figures there prove nothing.
    """
    known = int(frame.select((_moment(frame, column) <= fitted_until).sum()).item())
    if known:
        raise LeakError(
            f"{name} was to be judged on {known} of {frame.height} rows up to {fitted_until:%Y-%m-%d}, which it has"
            " seen (rule: a model is never scored on its own training window)",
            rows=known,
        )
    return frame


def _moment(frame: pl.DataFrame, column: str) -> pl.Expr:
    """The moment of a row in UTC; a date, or a moment without zone, is taken as UTC."""
    kind = frame.schema[column]
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return pl.col(column)
    return pl.col(column).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
