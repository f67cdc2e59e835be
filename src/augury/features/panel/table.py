"""The features of a cross-section, with flags that tell where each group of them is known.

    answer = panel_table(bars, market=market_beside(bars), sectors=sector_beside(bars, records),
                         graph=peer_beside(bars), fit_until=end_of_fit)
    answer.table.frame        # symbol, ts, features, valid_past_returns, valid_volatility, …
    answer.roles.inputs       # what a model may read
    answer.absent             # what is not there, by name, and why

A null stays null. A group whose source is missing is absent, never a column of zeros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.errors import DataError, UsageError
from augury.core.manifest import FeatureManifest
from augury.core.tables import FeatureTable
from augury.core.typing import Json
from augury.data.panel import flag_groups
from augury.data.panel.roles import Roles
from augury.features.engine import build
from augury.features.feature_sets import catalogue, feature_set, inputs_of
from augury.features.lint import DEAD_SHARE
from augury.features.names import PANEL_GROUPS

_KEYS: Final = ["symbol", "ts"]


@dataclass(frozen=True, slots=True)
class Absence:
    """Features of a group that a panel does not have.

    Parameters
    ----------
    group : str
        Name of the group.
    features : tuple of str
        Which of them.
    reason : str
        What was missing, with the figure.
    """

    group: str
    features: tuple[str, ...]
    reason: str

    def to_json(self) -> Json:
        """Write as a JSON object, for the run's record."""
        return {"group": self.group, "features": list(self.features), "reason": self.reason}


@dataclass(frozen=True)
class PanelTable:
    """Features of a cross-section.

    Parameters
    ----------
    table : FeatureTable
        Behind the features of the manifest stand the flags ``valid_<group>``: True where every feature
        of the group is known.
    absent : tuple of Absence
        What the panel does not have, in the order of the groups.
    """

    table: FeatureTable
    absent: tuple[Absence, ...]

    @property
    def roles(self) -> Roles:
        """Features and flags, declared; everything else is out of a model's reach."""
        return Roles.from_manifest(self.table.manifest, self.table.frame.columns)


def panel_table(
    bars: Bars,
    *,
    market: pl.DataFrame | None = None,
    sectors: pl.DataFrame | None = None,
    graph: pl.DataFrame | None = None,
    fit_until: datetime | None = None,
) -> PanelTable:
    """Compute ``panel32`` for every bar, as far as its sources are there.

    Looks ahead 0 bars. Which groups are dropped is decided on the fit slice alone.

    Parameters
    ----------
    bars : Bars
        The symbols of the cross-section.
    market, sectors, graph : pl.DataFrame, optional
        What ``market_beside``, ``sector_beside`` and ``peer_beside`` give. Without one, its group is
        absent.
    fit_until : datetime, optional
        Last moment of the fit slice; default every row. A group of which more than 70 % is null there
        is dropped.

    Raises
    ------
    UsageError
        The fit slice has no rows.
    DataError
        Two rows beside the bars stand for the same bar, or two sources give the same column.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> from augury.features.panel.market import market_beside
    >>> bars = SyntheticMarket(n_symbols=4, n_bars=900).bars()
    >>> answer = panel_table(bars, market=market_beside(bars))
    >>> len(answer.table.manifest.names), [(each.group, each.reason) for each in answer.absent]
    (29, [('sector', 'needs sector_median_20, sector_median_5'), ('peers', 'needs peer_mean_1')])
    """
    beside = _joined(bars, [part for part in (market, sectors, graph) if part is not None])
    manifest, absent = _possible(inputs_of(bars, beside))
    table = build(bars, manifest, beside=beside)
    fit = table.frame if fit_until is None else _until(table.frame, fit_until)
    absent |= {each.group: each for each in _dead(fit, manifest)}
    gone = {name for each in absent.values() for name in each.features}
    kept = FeatureManifest(tuple(spec for spec in manifest.features if spec.name not in gone))
    groups = {group: [n for n in names if n not in gone] for group, names in PANEL_GROUPS.items()}
    frame = flag_groups(table.frame.select(*_KEYS, *kept.names), {g: names for g, names in groups.items() if names})
    return PanelTable(replace(table, frame=frame, manifest=kept), tuple(absent[g] for g in PANEL_GROUPS if g in absent))


def _until(frame: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    fit = frame.filter(pl.col("ts") <= moment)
    if fit.is_empty():
        raise UsageError(f"no bar lies in the fit slice, which ends at {iso(moment)}: nothing can be decided on it")
    return fit


def _joined(bars: Bars, parts: Sequence[pl.DataFrame]) -> pl.DataFrame | None:
    """All that stands beside the bars in one frame, row for row with them."""
    spine = bars.frame.select(_KEYS)
    joined = spine
    for part in parts:
        if taken := sorted(set(part.columns).intersection(joined.columns) - set(_KEYS)):
            raise DataError(f"two sources beside the bars give {', '.join(taken)}: which one holds must be decided")
        joined = joined.join(part, on=_KEYS, how="left", maintain_order="left")
        if joined.height != spine.height:
            raise DataError("some bar has two rows beside it: one row for each symbol and ts")
    return joined if parts else None


def _possible(known: frozenset[str]) -> tuple[FeatureManifest, dict[str, Absence]]:
    """The features whose inputs are all there, and those of each group that are not."""
    entries = catalogue()
    specs = {name: entries[name][0].spec(entries[name][1]) for name in feature_set("panel32")}
    absent = {}
    for group, names in PANEL_GROUPS.items():
        lacking = {name: set(specs[name].inputs) - known for name in names}
        if missing := sorted(set().union(*lacking.values())):
            without = tuple(name for name in names if lacking[name])
            absent[group] = Absence(group, without, f"needs {', '.join(missing)}")
    gone = {name for each in absent.values() for name in each.features}
    return FeatureManifest(tuple(spec for spec in specs.values() if spec.name not in gone)), absent


def _dead(fit: pl.DataFrame, manifest: FeatureManifest) -> list[Absence]:
    """Groups of which too little is known on the fit slice."""
    found = []
    for group, names in _present(manifest).items():
        share = sum(fit[name].null_count() for name in names) / max(1, len(names) * fit.height)
        if share > DEAD_SHARE:
            found.append(Absence(group, tuple(PANEL_GROUPS[group]), f"{100 * share:.0f} % null on {fit.height} rows"))
    return found


def _present(manifest: FeatureManifest) -> Mapping[str, list[str]]:
    held = set(manifest.names)
    groups = {group: [name for name in names if name in held] for group, names in PANEL_GROUPS.items()}
    return {group: names for group, names in groups.items() if names}
