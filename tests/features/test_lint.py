"""F05: what is dead, constant, copied or in price units is named with its reason and left out."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.manifest import FeatureManifest
from augury.features import build
from augury.features.lint import kept, lint


def planted(single: Bars, **columns: object) -> tuple[pl.DataFrame, FeatureManifest]:
    table = build(single, "starter")
    spec = table.manifest.features[0]
    frame = table.frame.drop_nulls().with_columns(pl.Series(name, values) for name, values in columns.items())
    more = tuple(dataclasses.replace(spec, name=name) for name in columns)
    return frame, FeatureManifest(table.manifest.features + more)


@pytest.fixture(scope="module")
def rows(single: Bars) -> int:
    return build(single, "starter").frame.drop_nulls().height


def test_ordinary_bars_have_nothing_to_drop(single: Bars) -> None:
    assert lint(*planted(single)) == ()


def test_a_planted_constant_copy_and_dead_column_are_each_named(single: Bars, rows: int) -> None:
    table = build(single, "starter").frame.drop_nulls()
    rng = np.random.default_rng(0)
    frame, manifest = planted(
        single,
        same=np.full(rows, 3.0),
        copy=-2.0 * table["rsi_14"].to_numpy() + 7.0,
        dead=pl.Series(rng.normal(size=rows)).set(pl.Series(rng.random(rows) < 0.8), None),
    )
    found = {finding.feature: finding for finding in lint(frame, manifest)}
    assert {name: finding.kind for name, finding in found.items()} == {
        "same": "constant", "copy": "copy", "dead": "dead",
    }  # fmt: skip
    assert "rsi_14" in found["copy"].reason
    assert "always 3" in found["same"].reason
    assert kept(manifest, lint(frame, manifest)).names == build(single, "starter").manifest.names


def test_a_column_in_price_units_is_named(single: Bars) -> None:
    frame, manifest = planted(single)
    priced = dataclasses.replace(manifest.features[3], scale_free=False)
    manifest = FeatureManifest((*manifest.features[:3], priced, *manifest.features[4:]))
    assert [(f.feature, f.kind) for f in lint(frame, manifest)] == [(priced.name, "price_units")]


def test_of_two_copies_the_earlier_is_kept_and_a_chain_of_copies_keeps_one(single: Bars, rows: int) -> None:
    noise = np.random.default_rng(1).normal(size=rows)
    frame, manifest = planted(single, one=noise, two=noise * 2, three=noise + 5)
    assert [finding.feature for finding in lint(frame, manifest)] == ["two", "three"]


def test_columns_that_are_only_close_to_each_other_stay(single: Bars, rows: int) -> None:
    rng = np.random.default_rng(2)
    noise = rng.normal(size=rows)
    frame, manifest = planted(single, one=noise, two=noise + 0.1 * rng.normal(size=rows))
    assert lint(frame, manifest) == ()


def test_a_few_rows_say_nothing(single: Bars) -> None:
    frame, manifest = planted(single)
    assert lint(frame.head(29).with_columns(rsi_14=pl.lit(1.0)), manifest) == ()


def test_the_intended_near_copy_of_the_platform_set_is_dropped(single: Bars) -> None:
    table = build(single, "technical")
    found = {finding.feature: finding.reason for finding in lint(table.frame.tail(200), table.manifest)}
    assert "with returns" in found["log_returns"]
