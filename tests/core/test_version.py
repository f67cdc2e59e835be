"""The manifest of a version: reads back, and its hash covers everything but names and times."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.recipe import Recipe
from augury.core.score import GateResult, Score, Verdict
from augury.core.timeframe import Timeframe
from augury.core.version import MemberEntry, SliceFacts, VersionManifest

MANIFEST = VersionManifest(
    symbol="^GSPC",
    timeframe="d1",
    horizon="5d",
    calendar="XNYS",
    data_version="d" * 64,
    data_first="1999-01-04T00:00:00Z",
    data_last="2018-12-31T00:00:00Z",
    features=FeatureManifest((FeatureSpec("a", "test", ("close",), 5),)),
    label_spec=LabelSpec(Timeframe.D1, "5d", 5, 0.009),
    recipe=Recipe(),
    members=(MemberEntry("rf", "ready", settings={"trees": 200}), MemberEntry("gb", "failed", "raised")),
    weights={"rf": 1.0},
    slices={"train": SliceFacts("1999-01-04T00:00:00Z", "2012-12-21T00:00:00Z", 3500)},
    scores=(Score("accuracy", 0.5, 0.45, 0.55, 0.5, 1500, 300.0),),
    verdict=Verdict.of((GateResult("NOT_BETTER", False, "abstain", "no", -0.01, 0.0),)),
    events=({"kind": "dominance"},),
    libraries={"augury": "0.1.0"},
    files={"rf/model.txt": "e" * 64},
    version="20181231T210000Z-abcdef",
    created_at="2018-12-31T21:00:00Z",
)


def test_a_manifest_reads_back_through_json_text() -> None:
    text = json.dumps(MANIFEST.to_json())
    again = VersionManifest.from_json(json.loads(text))
    assert again == MANIFEST
    assert again.content_hash == MANIFEST.content_hash == json.loads(text)["content_hash"]


def test_names_and_times_are_not_content() -> None:
    renamed = replace(MANIFEST, version="other", created_at="2026-01-01T00:00:00Z", parent="p")
    assert renamed.content_hash == MANIFEST.content_hash


@pytest.mark.parametrize(
    "change",
    [
        {"symbol": "^IXIC"},
        {"data_version": "f" * 64},
        {"weights": {"rf": 0.9}},
        {"scores": ()},
        {"verdict": Verdict("skill")},
        {"synthetic": True},
        {"degraded": True},
        {"files": {"rf/model.txt": "f" * 64}},
        {"recipe": Recipe(seed=1)},
        {"label_spec": LabelSpec(Timeframe.D1, "5d", 5, 0.01)},
        {"libraries": {"augury": "0.2.0"}},
        {"members": ()},
        {"slices": {}},
        {"events": ()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_everything_else_is_content(change: dict[str, object]) -> None:
    assert replace(MANIFEST, **change).content_hash != MANIFEST.content_hash


def test_the_cell_is_named_as_in_messages() -> None:
    assert MANIFEST.cell == "^GSPC d1 5d"
