"""What one cell's check says: the row that is stored, alerted on and shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date as Day  # noqa: N812 - a field is called date
from typing import Final

from augury.core.metrics.uncertainty import wilson
from augury.core.typing import Json
from augury.proof.drift.thresholds import load_thresholds

LEVELS: Final = ("NORMAL", "NO_DATA", "INSUFFICIENT_DATA", "MONITOR", "DRIFT", "EMERGENCY")
"""The mildest first; a cell that could not be judged is neither good nor bad, and not normal either."""
ALERTS: Final = ("DRIFT", "EMERGENCY")
JUDGED: Final = ("NORMAL", "MONITOR", "DRIFT", "EMERGENCY")


@dataclass(frozen=True, slots=True)
class PerformanceMetrics:
    """One symbol and timeframe on one day.

    Parameters
    ----------
    symbol, timeframe : str
    date : date
        The day that was judged.
    accuracy : float or None
        Share of the pooled forecasts that named the class that came; None without outcomes.
    n_predictions : int
        Forecasts in the pooled window.
    baseline_accuracy : float or None
        What the serving version reached on its own report slice.
    drift_margin : float or None
        Accuracy less baseline, a fraction; negative is worse.
    drift_detected : bool
        The level is DRIFT or EMERGENCY.
    level : str
        One of ``LEVELS``.
    p_value : float or None
        Exact one-sided binomial of the window.
    n_eff : float
        Forecasts that count, n / h.
    data_date : date or None
        Day of the newest outcome in the window.
    notes : tuple of str
        ``NO_SKILL_BASELINE``: the version did not beat its best baseline to begin with.
        ``NO_BASELINE``: it has no accuracy on a report slice. ``ABSTAINS``: every forecast did.
    """

    symbol: str
    timeframe: str
    date: Day
    accuracy: float | None
    n_predictions: int
    baseline_accuracy: float | None
    drift_margin: float | None
    drift_detected: bool
    level: str
    p_value: float | None
    n_eff: float
    data_date: Day | None = None
    notes: tuple[str, ...] = ()

    @property
    def interval(self) -> tuple[float | None, float | None]:
        """95 % Wilson interval of the accuracy at ``n_eff``; (None, None) without outcomes.

        Examples
        --------
        >>> from datetime import date
        >>> row = PerformanceMetrics("AAPL", "d1", date(2026, 3, 2), 0.55, 100, 0.55, 0.0, False, "NORMAL", 0.6, 100.0)
        >>> [round(end, 3) for end in row.interval]
        [0.452, 0.644]
        """
        return (None, None) if self.accuracy is None else wilson(self.accuracy * self.n_eff, self.n_eff)

    @property
    def wants_retrain(self) -> bool:
        """True when a retrain is due: an emergency, or a drift of more than 20 points."""
        deep = self.drift_margin is not None and self.drift_margin < -load_thresholds()["levels.retrain"] - 1e-9
        return self.level == "EMERGENCY" or (self.level == "DRIFT" and deep)

    @property
    def action(self) -> str:
        """What the level asks for: ``none``, ``list``, ``alert``, ``alert and retrain`` or ``withdraw and retrain``."""
        if self.level == "EMERGENCY":
            return "withdraw and retrain"
        if self.level == "DRIFT":
            return "alert and retrain" if self.wants_retrain else "alert"
        return "list" if self.level in ("MONITOR", "INSUFFICIENT_DATA") else "none"

    def text(self) -> str:
        """One line for people.

        Examples
        --------
        >>> from datetime import date
        >>> row = PerformanceMetrics("AAPL", "d1", date(2026, 3, 2), 0.3, 40, 0.55, -0.25, True, "DRIFT", 0.001, 40.0)
        >>> row.text()
        'AAPL d1 DRIFT: accuracy 0.300 vs 0.550 (-25.0 points), n=40, n_eff=40, p=0.001'
        """
        where = f"{self.symbol} {self.timeframe} {self.level}"
        notes = "".join(f", {note}" for note in self.notes)
        if self.accuracy is None or self.baseline_accuracy is None or self.drift_margin is None:
            return f"{where}: n={self.n_predictions}, n_eff={self.n_eff:.0f}{notes}"
        chance = "" if self.p_value is None else f", p={self.p_value:.2g}"
        fact = f"accuracy {self.accuracy:.3f} vs {self.baseline_accuracy:.3f} ({self.drift_margin * 100:+.1f} points)"
        return f"{where}: {fact}, n={self.n_predictions}, n_eff={self.n_eff:.0f}{chance}{notes}"

    def to_json(self) -> Json:
        """Write as a JSON object; days as YYYY-MM-DD."""
        days = {"date": str(self.date), "data_date": None if self.data_date is None else str(self.data_date)}
        return asdict(self) | days | {"notes": list(self.notes), "action": self.action}


def worst(rows: Sequence[PerformanceMetrics]) -> PerformanceMetrics | None:
    """Return the row of the hardest level, and of the lowest margin among those; None without rows."""
    return min(
        rows,
        key=lambda row: (-LEVELS.index(row.level), 0.0 if row.drift_margin is None else row.drift_margin),
        default=None,
    )


def sentence(rows: Sequence[PerformanceMetrics]) -> str:
    """Say what rows say: computed from them, so that no text is kinder than its table.

    Parameters
    ----------
    rows : sequence of PerformanceMetrics

    Examples
    --------
    >>> from datetime import date
    >>> row = PerformanceMetrics("AAPL", "d1", date(2026, 3, 2), 0.55, 40, 0.55, 0.0, False, "NORMAL", 0.6, 40.0)
    >>> sentence([row])
    'all normal: 1 cell within 5 points of the baseline'
    """
    bottom = worst(rows)
    if bottom is None:
        return "no cell was checked"
    if bottom.level == "NORMAL":
        points = f"{load_thresholds()['levels.monitor'] * 100:.0f} points"
        return f"all normal: {'1 cell' if len(rows) == 1 else f'{len(rows)} cells'} within {points} of the baseline"
    counts = Counter(row.level for row in rows)
    told = ", ".join(f"{counts[level]} {level}" for level in reversed(LEVELS) if counts[level])
    return f"{told}; worst is {bottom.text()}"
