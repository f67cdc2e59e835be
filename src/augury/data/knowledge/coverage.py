"""Coverage: how many rows a source really speaks about, and whether that is enough to keep it.

A column that is empty almost everywhere teaches a model when it is empty. Such a group is dropped
by name; it is never filled with zeros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
import polars.selectors as cs

from augury.core.errors import UnknownName, UsageError
from augury.core.suggestion import did_you_mean

LEAST_SHARE: Final = 0.30
"""Share of rows a group must cover to be kept."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a frame a group of columns covers.

    Parameters
    ----------
    group : str
        The source, or what its columns have in common.
    columns : tuple of str
        Its columns.
    rows, covered : int
        All rows, and those in which every column of the group has a value.
    thinnest : str
        The column with the fewest values.
    least_share : float
        The share it had to reach.
    """

    group: str
    columns: tuple[str, ...]
    rows: int
    covered: int
    thinnest: str
    least_share: float = LEAST_SHARE

    @property
    def share(self) -> float:
        """Share of rows covered, 0 to 1; 0 of a frame without rows."""
        return self.covered / self.rows if self.rows else 0.0

    @property
    def kept(self) -> bool:
        """The verdict."""
        return self.rows > 0 and self.share >= self.least_share

    def __str__(self) -> str:
        found = f"{self.group}: {self.covered:,} of {self.rows:,} rows covered ({self.share:.2%})"
        if self.kept:
            return f"{found}, kept"
        return f"{found}, dropped: needs {self.least_share:.0%}, thinnest column {self.thinnest}"


def coverage(
    frame: pl.DataFrame, groups: Mapping[str, Sequence[str]], least_share: float = LEAST_SHARE
) -> tuple[Coverage, ...]:
    """Measure how many rows each group of columns covers.

    A row is covered when every column of the group has a value there; NaN is no value.

    Parameters
    ----------
    frame : pl.DataFrame
        The rows a model would learn from.
    groups : mapping of str to sequence of str
        Name of a source to its columns; no column stands in two groups.
    least_share : float
        Share of rows needed, above 0, at most 1; default 0.30. Larger drops more.

    Raises
    ------
    UnknownName
        A column is not in the frame.
    UsageError
        An empty group, a column in two groups, or a share outside (0, 1].

    Examples
    --------
    >>> frame = pl.DataFrame({"news": [None, None, None, 0.2], "rate": [1.0, 2.0, None, 2.0]})
    >>> for one in coverage(frame, {"news": ["news"], "macro": ["rate"]}):
    ...     print(one)
    news: 1 of 4 rows covered (25.00%), dropped: needs 30%, thinnest column news
    macro: 3 of 4 rows covered (75.00%), kept
    """
    if not 0.0 < least_share <= 1.0:
        raise UsageError(f"least_share={least_share}: a share lies above 0 and is at most 1")
    _check_groups(frame, groups)
    # NaN beside null: a number that is no number covers nothing.
    present = frame.select(
        *(pl.col(name).is_not_null() & pl.col(name).is_not_nan() for name in frame.select(cs.float()).columns),
        *(pl.col(name).is_not_null() for name in frame.select(~cs.float()).columns),
    )
    found = []
    for group, columns in groups.items():
        counts = present.select(pl.col(name).sum() for name in columns).row(0) if frame.height else (0,) * len(columns)
        covered = int(present.select(pl.all_horizontal(columns).sum()).item()) if frame.height else 0
        thinnest = columns[counts.index(min(counts))]
        found.append(Coverage(group, tuple(columns), frame.height, covered, thinnest, least_share))
    return tuple(found)


def keep(frame: pl.DataFrame, verdicts: Sequence[Coverage]) -> pl.DataFrame:
    """Return the frame without the columns of the groups that were dropped; nothing is filled.

    Parameters
    ----------
    frame : pl.DataFrame
        With the columns of every verdict.
    verdicts : sequence of Coverage
        From :func:`coverage`, usually measured on the fit slice and applied to every slice.
    """
    return frame.drop([name for one in verdicts if not one.kept for name in one.columns])


def _check_groups(frame: pl.DataFrame, groups: Mapping[str, Sequence[str]]) -> None:
    owner: dict[str, str] = {}
    for group, columns in groups.items():
        if not columns:
            raise UsageError(f"group '{group}' has no columns: a source without columns covers nothing")
        for name in columns:
            if name not in frame.columns:
                hint = did_you_mean(name, frame.columns)
                raise UnknownName(f"group '{group}': no column '{name}'{hint}", name=name)
            if name in owner:
                raise UsageError(f"column '{name}' stands in the groups '{owner[name]}' and '{group}'")
            owner[name] = group
