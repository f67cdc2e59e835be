"""Which labels to look at again: those that models, which had not seen them, find hard to believe.

Confident learning in its simplest form (Northcutt, Jiang and Chuang 2021): the probability that models
give, out of fold, to the label a row was given. A low one is a reason to look, not a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from augury.core.errors import DataError, LeakError, UnknownName
from augury.core.typing import Bools, Floats, Ints

WORST_SHARE: Final = 0.10
QUALITY_MIN: Final = 0.3
RULES: Final = ("worst", "below")


@dataclass(frozen=True)
class LabelAudit:
    """The audited rows, worst first.

    Parameters
    ----------
    table : pl.DataFrame
        ``row`` (number in what was audited), ``id``, ``given``, ``predicted``, ``quality`` (mean
        probability of the given label), ``is_issue``, and ``p_<class>`` for each class.
    classes : tuple of str
    rule : str
        ``worst``: the worst 10 % are issues; ``below``: those under 0.3.
    """

    table: pl.DataFrame
    classes: tuple[str, ...]
    rule: str

    @property
    def issues(self) -> Ints:
        """Numbers of the rows that are issues, ascending."""
        return np.sort(self.table.filter("is_issue")["row"].to_numpy().astype(np.int64))

    def cleaned(self, train: Ints) -> Ints:
        """Return the rows of a training fold without its issues; rows outside it are not in the answer."""
        return np.setdiff1d(train, self.issues)

    def refuse_dropping(self, kept: Ints, validation: Ints) -> None:
        """Raise when rows that validate were left out: hard ones make a score easy.

        Raises
        ------
        LeakError
            With how many.
        """
        if missing := len(np.setdiff1d(validation, kept)):
            raise LeakError(
                f"{missing} of {len(validation)} validation rows were dropped (rule: only training folds are cleaned)"
            )


def audit(
    proba: Mapping[str, Floats],
    given: Ints,
    classes: Sequence[str],
    *,
    ids: Sequence[str] | None = None,
    rule: str = "worst",
    share: float = WORST_SHARE,
    least: float = QUALITY_MIN,
) -> LabelAudit:
    """Audit labels by what models said out of fold.

    Parameters
    ----------
    proba : mapping
        Model to ``(n, classes)``; NaN in rows that were never out of fold, which are not audited.
    given : (n,)
        Column of each given label.
    classes : sequence of str
    ids : sequence of str, optional
        Of the rows, for review; default their numbers.
    rule : str
        ``worst`` or ``below``.
    share, least : float
        Of the rules.

    Raises
    ------
    DataError
        No model, or no row that all of them answered for.
    UnknownName
        No such rule.

    Examples
    --------
    >>> said = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]])
    >>> found = audit({"a": said}, np.array([0, 1, 1]), ["down", "up"], rule="below")
    >>> found.table.select("row", "given", "predicted", "quality", "is_issue").row(0)
    (1, 'up', 'down', 0.2, True)
    """
    if rule not in RULES:
        raise UnknownName(f"unknown rule '{rule}' (known: {', '.join(RULES)})", name=rule)
    if not proba:
        raise DataError("no model answered: labels are audited by answers out of fold")
    mean = np.mean([proba[name] for name in sorted(proba)], axis=0)
    rows = np.flatnonzero(np.isfinite(mean).all(axis=1))
    if not len(rows):
        raise DataError(f"none of {len(mean)} rows was answered out of fold by every model")
    said, names = mean[rows], np.asarray(list(classes))
    quality = said[np.arange(len(rows)), given[rows]]
    table = pl.DataFrame(
        {
            "row": rows,
            "id": [str(row) if ids is None else ids[int(row)] for row in rows],
            "given": names[given[rows]].tolist(),
            "predicted": names[said.argmax(axis=1)].tolist(),
            "quality": quality,
            "is_issue": _issues(quality, rule, share, least),
        }
        | {f"p_{name}": said[:, at] for at, name in enumerate(classes)}
    )
    return LabelAudit(table.sort("quality", "row"), tuple(classes), rule)


def _issues(quality: Floats, rule: str, share: float, least: float) -> Bools:
    if rule == "below":
        return np.asarray(quality < least)
    found = np.zeros(len(quality), dtype=np.bool_)
    found[np.argsort(quality, kind="stable")[: int(len(quality) * share)]] = True
    return found
