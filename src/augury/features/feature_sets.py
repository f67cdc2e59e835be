"""Named sets of features, and which of them a source can have.

starter     48 features without near copies, known after 50 bars (a forecast is allowed from 50 bars on)
technical   the 123 of the platform that need bars alone
sentiment   the 34 that need the news of each session beside the bars
platform    both, 157
relative    the 11 relative features as a series
trend       indicators of trend, the adaptive SuperTrend, the last swings, blended levels
regime      what kind of market it is, fitted regimes among them when they stand beside the bars
panel32     the 32 of a cross-section, with market, sector and peers beside the bars
market      a symbol against its market and sector, 15
all         every feature of every family
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.catalog import Catalog
from augury.core.errors import UnknownName
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.suggestion import did_you_mean
from augury.features.family import Family, Feature
from augury.features.names import MARKET, PANEL32, REGIME, SENTIMENT, STARTER, TECHNICAL, TREND

FAMILIES: Final[Catalog[Family]] = Catalog("feature family", ("augury.features.families",), "FAMILY")

_SETS: Final[dict[str, Callable[[], tuple[str, ...]]]] = {
    "starter": lambda: STARTER,
    "technical": lambda: TECHNICAL,
    "sentiment": lambda: SENTIMENT,
    "platform": lambda: TECHNICAL + SENTIMENT,
    "relative": lambda: _of_family("relative"),
    "trend": lambda: TREND,
    "regime": lambda: REGIME,
    "panel32": lambda: PANEL32,
    "market": lambda: MARKET,
    "all": lambda: _every_feature(),
}


def _of_family(family: str) -> tuple[str, ...]:
    return tuple(name for name, (owner, _) in catalogue().items() if owner.name == family)


def _every_feature() -> tuple[str, ...]:
    return (*TECHNICAL, *SENTIMENT, *(name for name in catalogue() if name not in {*TECHNICAL, *SENTIMENT}))


def feature_set(name: str) -> tuple[str, ...]:
    """Return the feature names of a set, in manifest order.

    Parameters
    ----------
    name : str
        ``starter`` (ready after a few months of daily bars), ``technical``, ``sentiment``,
        ``platform``, ``relative``, ``trend``, ``regime``, ``panel32``, ``market`` or
        ``all``.

    Raises
    ------
    UnknownName
        With the nearest name and the whole list.

    Examples
    --------
    >>> len(feature_set("platform")), feature_set("platform")[:2], "atr" in feature_set("starter")
    (157, ('returns', 'log_returns'), False)
    """
    if (names := _SETS.get(name)) is None:
        hint = did_you_mean(name, _SETS)
        raise UnknownName(f"unknown feature set '{name}'{hint} (known: {', '.join(_SETS)})", name=name)
    return names()


def manifest_for(bars: Bars, name: str = "starter", *, beside: pl.DataFrame | None = None) -> FeatureManifest:
    """Return the features of a set that these bars can have.

    A feature is absent, not null and not zero, when the source lacks one of its inputs: only the
    close of a close-only source is real, and a column that is null (or, for volume, zero) on every
    bar of some symbol does not exist for it. One manifest holds for all symbols of a table, so an
    index without volume among stocks costs the table its volume features: build it apart.

    Parameters
    ----------
    bars : Bars
        What the features are to be computed from.
    name : str
        Which set; default ``starter``.
    beside : pl.DataFrame, optional
        Further columns by symbol and ts; one that is null everywhere does not exist.

    Raises
    ------
    UnknownName
        No such set.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> "rsi" in manifest_for(SyntheticMarket(n_symbols=1, n_bars=30).bars()).names
    True
    """
    return manifest_of(name, inputs_of(bars, beside))


def manifest_of(name: str, known: frozenset[str]) -> FeatureManifest:
    """Return the features of a set whose inputs are all among some columns.

    Parameters
    ----------
    name : str
        Which set.
    known : frozenset of str
        Columns that are real, see :func:`inputs_of`.

    Raises
    ------
    UnknownName
        No such set.
    """
    entries = catalogue()
    specs = (entries[feature][0].spec(entries[feature][1]) for feature in feature_set(name))
    return FeatureManifest(tuple(spec for spec in specs if known.issuperset(spec.inputs)))


def describe(name: str = "all") -> list[FeatureSpec]:
    """Return the declaration of every feature of a set, in manifest order.

    Examples
    --------
    >>> [spec.unit for spec in describe() if spec.name == "atr_percent"]
    ['fraction']
    """
    return [catalogue()[each][0].spec(catalogue()[each][1]) for each in feature_set(name)]


def inputs_of(bars: Bars, beside: pl.DataFrame | None = None, wanted: Iterable[str] | None = None) -> frozenset[str]:
    """Return the bar columns that are real for every symbol, and the columns beside them that hold anything.

    With ``wanted`` only those columns are looked at.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> sorted(inputs_of(SyntheticMarket(n_symbols=1, n_bars=30).bars()))
    ['bars_per_year', 'close', 'high', 'low', 'open', 'volume']
    """
    more = {"bars_per_year"}
    if beside is not None:
        more |= {name for name in beside.columns if name not in bars.frame.columns and beside[name].count()}
    return frozenset(more | ({"close"} if bars.close_only else real_columns(bars.frame.lazy(), wanted)))


def real_columns(scan: pl.LazyFrame, wanted: Iterable[str] | None = None) -> frozenset[str]:
    """Return the columns of bars that hold values for every symbol, a volume of zeros counting as none.

    Parameters
    ----------
    scan : pl.LazyFrame
        Canonical columns; only a few numbers a symbol are kept in memory.
    wanted : iterable of str, optional
        Look at these only; all when not given.
    """
    known = {name: pl.col(name).is_not_null() for name in ("open", "high", "low", "close")}
    known["volume"] = pl.col("volume") > 0
    if wanted is not None:
        known = {name: flag for name, flag in known.items() if name in set(wanted)}
    # Most columns are complete, which one pass tells; only the others are looked at symbol by symbol.
    everywhere = scan.select(**{name: flag.all(ignore_nulls=False) for name, flag in known.items()}).collect()
    found = {name for name in known if everywhere[name].item() is True}
    if rest := [name for name in known if name not in found]:
        some = scan.group_by("symbol").agg(**{name: known[name].any() for name in rest}).select(pl.col(rest).all())
        found |= {name for name, real in some.collect().row(0, named=True).items() if real}
    return frozenset(found | {"bars_per_year"})


@cache
def catalogue() -> dict[str, tuple[Family, Feature]]:
    """Return every feature with its family, by name; a name belongs to one family.

    Raises
    ------
    UnknownName
        Two families declare the same name.
    """
    found: dict[str, tuple[Family, Feature]] = {}
    for _, family in FAMILIES:
        for feature in family.features:
            if feature.name in found:
                raise UnknownName(
                    f"feature '{feature.name}' is declared by '{found[feature.name][0].name}' and by '{family.name}'"
                )
            found[feature.name] = (family, feature)
    return found
