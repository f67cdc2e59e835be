"""The allow-list of features: nothing missing, extra or reordered gets in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from augury.core.errors import SchemaMismatch
from augury.core.manifest import FeatureManifest, FeatureSpec

SPECS = tuple(FeatureSpec(name, "test", ("close",), lookback) for name, lookback in (("a", 5), ("b", 20), ("c", 1)))
MANIFEST = FeatureManifest(SPECS)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a", "b"), r"missing \['c'\]"),
        (("a", "b", "c", "d"), r"extra \['d'\]"),
        (("b", "a", "c"), "another order"),
        ((), "missing"),
    ],
)
def test_columns_that_differ_are_refused_with_the_difference(names: tuple[str, ...], message: str) -> None:
    with pytest.raises(SchemaMismatch, match=message):
        MANIFEST.check(names)
    MANIFEST.check(("a", "b", "c"))


def test_the_hash_covers_names_order_and_formula_versions() -> None:
    others = [
        FeatureManifest(SPECS[:2]),
        FeatureManifest(SPECS[::-1]),
        FeatureManifest((replace(SPECS[0], version=2), *SPECS[1:])),
        FeatureManifest((replace(SPECS[0], name="z"), *SPECS[1:])),
    ]
    assert len({MANIFEST.hash, *(other.hash for other in others)}) == len(others) + 1
    assert FeatureManifest((replace(SPECS[0], source="a book"), *SPECS[1:])).hash == MANIFEST.hash


def test_a_manifest_reads_back_and_knows_its_lookback() -> None:
    assert FeatureManifest.from_json(MANIFEST.to_json()) == MANIFEST
    assert MANIFEST.lookback_bars == 20
    assert FeatureManifest(()).lookback_bars == 1
