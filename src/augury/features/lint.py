"""Which features of a fold are no use: dead, constant, a copy of another, or in price units.

Looks at rows of the fit slice only. What it drops is named, with the reason; nothing is repaired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from augury.core.manifest import FeatureManifest
from augury.core.typing import Floats, Json

DEAD_SHARE: Final = 0.7
"""A feature unknown on more than this share of the rows is dead."""
COPY_CORRELATION: Final = 0.999
"""Above this absolute correlation the later of two features is a copy."""
_SAMPLE_ROWS: Final = 20_000
_ROWS_MIN: Final = 30


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One feature that is not used, and why.

    Parameters
    ----------
    feature : str
        Its name.
    kind : str
        ``dead``, ``constant``, ``copy`` or ``price_units``.
    reason : str
        What was found, with the figure.
    """

    feature: str
    kind: str
    reason: str

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {"feature": self.feature, "kind": self.kind, "reason": self.reason}


def lint(frame: pl.DataFrame, manifest: FeatureManifest) -> tuple[LintFinding, ...]:
    """Find the features of some rows that are no use.

    Parameters
    ----------
    frame : pl.DataFrame
        Rows of the fit slice with the manifest's columns.
    manifest : FeatureManifest
        Which columns are features; of two copies the later one is named.

    Returns
    -------
    tuple of LintFinding
        In manifest order; fewer than 30 rows say nothing.

    Examples
    --------
    >>> from augury.core.manifest import FeatureSpec
    >>> frame = pl.DataFrame({"a": [float(k) for k in range(40)]}).with_columns(b=pl.col("a") * 2, c=pl.lit(1.0))
    >>> manifest = FeatureManifest(tuple(FeatureSpec(name, "f", ("close",), 1) for name in "abc"))
    >>> [(finding.feature, finding.kind) for finding in lint(frame, manifest)]
    [('b', 'copy'), ('c', 'constant')]
    """
    if frame.height < _ROWS_MIN:
        return ()
    found = {spec.name: finding for spec in manifest.features if (finding := _alone(frame[spec.name], spec.scale_free))}
    rest = [name for name in manifest.names if name not in found]
    found |= _copies(frame, rest)
    return tuple(found[name] for name in manifest.names if name in found)


def kept(manifest: FeatureManifest, findings: tuple[LintFinding, ...]) -> FeatureManifest:
    """Return the manifest without what the lint named."""
    named = {finding.feature for finding in findings}
    return FeatureManifest(tuple(spec for spec in manifest.features if spec.name not in named))


def _alone(values: pl.Series, scale_free: bool) -> LintFinding | None:
    name, missing = values.name, values.null_count() / len(values)
    if not scale_free:
        return LintFinding(name, "price_units", "declared as moving with the price level")
    if missing > DEAD_SHARE:
        return LintFinding(name, "dead", f"unknown on {100 * missing:.0f} % of {len(values)} rows")
    known = values.drop_nulls()
    if known.min() == known.max():
        return LintFinding(name, "constant", f"always {known[0]:g} on {len(known)} rows")
    return None


def _copies(frame: pl.DataFrame, names: list[str]) -> dict[str, LintFinding]:
    """Later features that move with an earlier one, on rows where both are known."""
    sample = frame.select(names).gather_every(max(1, frame.height // _SAMPLE_ROWS))
    found: dict[str, LintFinding] = {}
    strength = _correlations(sample)
    for later in range(len(names)):
        for earlier in np.flatnonzero(np.abs(strength[later, :later]) > COPY_CORRELATION).tolist():
            if names[earlier] not in found:
                figure = f"correlation {strength[later, earlier]:.5f} with {names[earlier]}"
                found[names[later]] = LintFinding(names[later], "copy", figure)
                break
    return found


def _correlations(sample: pl.DataFrame) -> Floats:
    """Pairwise correlations over the rows both columns know, from sums of products."""
    x = sample.to_numpy().astype(np.float64)
    known = np.isfinite(x)
    count = known.T.astype(np.float64) @ known
    centre = np.where(known, x, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    z = np.where(known, x - centre, 0.0)
    scale = np.sqrt((z * z).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    z /= np.where(scale > 0.0, scale, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (z.T @ known) / count
        product = (z.T @ z) / count - mean * mean.T
        spread = ((z * z).T @ known) / count - mean * mean
        out: Floats = product / np.sqrt(spread * spread.T)
    return np.where((count >= _ROWS_MIN) & np.isfinite(out), out, 0.0)
