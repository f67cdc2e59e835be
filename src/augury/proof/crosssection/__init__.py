"""Does a score rank the symbols of a day? Evaluation of a panel, day by day.

ranks        average ranks and correlations of a whole grid of days at once
book         the long-short book a score means: buckets, spread, what it trades
series       a daily figure: mean, ratio, t, interval, noise floor
result       everything measured, as JSON and as a table
evaluation   the one call: ``cross_section(frame, horizon_bars=5)``
"""

from augury.proof.crosssection.evaluation import cross_section
from augury.proof.crosssection.result import CrossSection
from augury.proof.crosssection.series import DailyFigure

__all__ = ["CrossSection", "DailyFigure", "cross_section"]
