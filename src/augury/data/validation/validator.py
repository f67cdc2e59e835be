"""One question about bars: may they be used? With every reason at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from augury.core.bars import check_symbol
from augury.core.clock import Clock, SystemClock
from augury.core.errors import DataError, UnknownName, UsageError, ValidationError
from augury.core.typing import Json
from augury.data.calendar import market_calendar
from augury.data.canonical.normalize import Intake, is_close_only, take_in
from augury.data.checks import CHECKS, run_with
from augury.data.layouts import LINE
from augury.data.validation.findings import ERROR, WARNING, CheckContext, Finding
from augury.data.validation.likely_calendar import likely_calendar

if TYPE_CHECKING:
    from augury.data.knowledge.instruments import InstrumentTable

UNNAMED: Final = "UNNAMED"
"""The symbol of rows whose layout names none."""


@dataclass(frozen=True)
class ValidationResult:
    """Every finding about some bars.

    Parameters
    ----------
    findings : tuple of Finding
        In the order of the rules.
    rows : int
        Bars looked at.
    mapped : tuple of str
        What was understood on the way in.
    calendar, timeframe : str
        What the bars were judged by; empty when it did not come to that.
    """

    findings: tuple[Finding, ...]
    rows: int = 0
    mapped: tuple[str, ...] = ()
    calendar: str = ""
    timeframe: str = ""

    @property
    def errors(self) -> list[Finding]:
        """Findings that forbid the use of the bars."""
        return [finding for finding in self.findings if finding.severity == ERROR]

    @property
    def warnings(self) -> list[Finding]:
        """Findings one should know of."""
        return [finding for finding in self.findings if finding.severity == WARNING]

    @property
    def is_valid(self) -> bool:
        """True when there is no error."""
        return not self.errors

    @property
    def score(self) -> float:
        """Quality from 0 to 100.

        100 - min(2 x missing %, 20) - min(outlier %, 20) - 10 (gaps) - 15 (duplicates)
        - min(5 x errors, 30), where errors are findings.
        """
        missing, extreme = self._rows_of("GAP"), self._rows_of("OUTLIER")
        expected = max(1, self.rows + missing)
        lost = min(200.0 * missing / expected, 20.0) + min(100.0 * extreme / max(1, self.rows), 20.0)
        lost += 10.0 * bool(missing) + 15.0 * bool(self._rows_of("DUPLICATE")) + min(5.0 * len(self.errors), 30.0)
        return max(0.0, 100.0 - lost)

    def raise_if_invalid(self, what: str) -> None:
        """Refuse invalid bars.

        Parameters
        ----------
        what : str
            What was asked, e.g. ``prices.csv`` or ``AAPL d1``.

        Raises
        ------
        ValidationError
            With the first error's code, place and next command, and the number of others.
        """
        if self.is_valid:
            return
        first = self.errors[0]
        more = f"; {len(self.errors) - 1} more errors" if len(self.errors) > 1 else ""
        raise ValidationError(
            f"{what} is refused: {first.message}{more}",
            fix=first.fix,
            code=first.code,
            symbol=first.symbol,
            codes=sorted({finding.code for finding in self.errors}),
        )

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {
            "is_valid": self.is_valid,
            "score": self.score,
            "rows": self.rows,
            "calendar": self.calendar or None,
            "timeframe": self.timeframe or None,
            "findings": [finding.to_json() for finding in self.findings],
            "mapped": list(self.mapped),
        }

    def _rows_of(self, code: str) -> int:
        return sum(finding.rows for finding in self.findings if finding.code == code)


class DataValidator:
    """Runs the checks over a file or a frame, before any training and forecast.

    Parameters
    ----------
    calendar : str, optional
        Market calendar. When not given it is told from the symbols and the hours of the bars
        (:func:`augury.data.validation.likely_calendar.likely_calendar`), else ``XNYS``.
    rules : sequence of str, optional
        Names of the checks to run; all when not given.
    clock : Clock, optional
        Says what is future; the machine's clock when not given.
    tz : str, optional
        Zone of times that carry none. Without it such times are NAIVE_TZ, and the other rules read them as UTC.
    instruments : InstrumentTable, optional
        When each symbol was listed, and as what.

    Examples
    --------
    >>> from augury.data.demo import load_demo
    >>> result = DataValidator().validate_frame(load_demo())
    >>> result.is_valid, result.score
    (True, 100.0)
    """

    def __init__(
        self,
        calendar: str | None = None,
        rules: Sequence[str] | None = None,
        *,
        clock: Clock | None = None,
        tz: str | None = None,
        instruments: InstrumentTable | None = None,
    ) -> None:
        self.calendar = calendar
        self.rules = tuple(rules) if rules is not None else None
        self.clock = clock or SystemClock()
        self.tz = tz
        self.instruments = instruments
        for rule in self.rules or ():
            if rule not in CHECKS.names():
                CHECKS.load(rule)

    def validate_file(self, path: str | Path, *, symbol: str | None = None) -> ValidationResult:
        """Check a file of any known layout.

        Raises
        ------
        NotFound
            There is no such file.
        """
        return self._validate(Path(path), symbol or _symbol_of(Path(path)))

    def validate_frame(self, frame: Any, *, symbol: str | None = None) -> ValidationResult:
        """Check a polars or pandas frame of any known layout."""
        if isinstance(frame, pl.DataFrame) and frame.is_empty():
            return ValidationResult(tuple(run_with(frame, CheckContext(), names=("empty",))))
        return self._validate(frame, symbol or UNNAMED)

    def judge(self, intake: Intake, origin: str = "frame") -> ValidationResult:
        """Check rows that were read but not judged yet.

        Parameters
        ----------
        intake : Intake
            What :func:`augury.data.canonical.normalize.take_in` returned.
        origin : str
            Name of the file in messages.
        """
        frame = intake.frame if intake.table.place == "line" else intake.frame.drop(LINE)
        context = self._context(intake, origin)
        found = [
            Finding("BAD_SYMBOL", ERROR, name, 0, None, f"{name}: {reason} ({rows} bars) (BAD_SYMBOL)", context.fix)
            for name, rows, reason in intake.refused
        ]
        found += run_with(frame, context, names=self.rules)
        calendar = context.calendar.name if context.calendar is not None else ""
        return ValidationResult(tuple(found), frame.height, intake.mapped, calendar, str(intake.timeframe or ""))

    def _validate(self, x: Any, symbol: str) -> ValidationResult:
        found: list[Finding] = []
        try:
            intake = self._read(x, symbol, found)
        except (DataError, UnknownName) as error:
            return ValidationResult((*found, _refusal(error)))
        result = self.judge(intake, str(x) if isinstance(x, Path) else "frame")
        return replace(result, findings=(*found, *result.findings))

    def _read(self, x: Any, symbol: str, found: list[Finding]) -> Intake:
        """Read the rows; where only the zone is missing, say so and go on as if it were UTC."""
        try:
            return take_in(x, tz=self.tz, symbol=symbol, calendar=self.calendar)
        except DataError as error:
            if error.facts.get("code") != "NAIVE_TZ" or self.tz is not None:
                raise
            intake = take_in(x, tz="UTC", symbol=symbol, calendar=self.calendar)
            found.append(_refusal(error))
            return intake

    def _context(self, intake: Intake, origin: str) -> CheckContext:
        name = self.calendar or likely_calendar(intake.frame, intake.timeframe)
        return CheckContext(
            calendar=market_calendar(name),
            timeframe=intake.timeframe,
            now=self.clock.now(),
            close_only=is_close_only(intake.frame),
            origin=origin,
            place=intake.table.place,
            instruments=self.instruments,
        )


def _refusal(error: DataError | UnknownName) -> Finding:
    code = str(error.facts.get("code", "SCHEMA"))
    return Finding(code, ERROR, "", 0, None, error.message, error.fix)


def _symbol_of(path: Path) -> str:
    try:
        return check_symbol(path.stem.partition(".")[0])
    except UsageError:
        return UNNAMED
