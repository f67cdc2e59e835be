from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from augury.data.arrow_cache import ArrowCache


@pytest.fixture
def panel(tmp_path: Path) -> pl.DataFrame:
    days = pl.datetime_range(datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 3, 1, tzinfo=UTC), "1d", eager=True)
    frame = pl.DataFrame({"symbol": ["A", "B", "C"]}).join(
        pl.DataFrame({"ts": days.cast(pl.Datetime("us", "UTC"))}), how="cross"
    )
    number = pl.int_range(pl.len()).cast(pl.Float64)
    frame = frame.with_columns(mine=number, fwd_ret_5=number / 100, sector=pl.lit("Energy"))
    frame.write_parquet(tmp_path / "panel.parquet")
    (tmp_path / "roles.yaml").write_text("feature: [mine]\ntarget: [fwd_ret_5]\n")
    return frame


BUILD = ("cache", "build", "--input", "panel.parquet", "--output", "panel.arrow")


def test_build_writes_the_cache_of_a_panel_and_says_why(call, panel: pl.DataFrame) -> None:
    ran = call(*BUILD, "--roles", "roles.yaml", "--json")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert (told["rows"], told["days"], told["inputs"], told["rebuilt"]) == (183, 61, 1, True)
    assert "was not there yet" in ran.err
    assert "sector" in ran.err
    X = ArrowCache.open(Path("panel.arrow")).rows(slice(None))
    assert X[:, 0].tolist() == panel.sort("ts", "symbol")["mine"].to_list()


def test_build_again_leaves_a_fresh_cache_and_rebuilds_a_stale_one(call, panel: pl.DataFrame) -> None:
    call(*BUILD, "--roles", "roles.yaml")
    before = Path("panel.arrow").read_bytes()
    assert "used as it is" in call(*BUILD, "--roles", "roles.yaml").err
    assert Path("panel.arrow").read_bytes() == before
    panel.with_columns(mine=pl.lit(7.0)).write_parquet("panel.parquet")
    stale = call("cache", "info", "panel.arrow", "--input", "panel.parquet")
    assert stale.code == 1
    assert "stale" in stale.err
    assert "augury cache build --input panel.parquet --output panel.arrow" in stale.err
    assert "stale" in call(*BUILD, "--roles", "roles.yaml").err
    assert set(ArrowCache.open(Path("panel.arrow")).column("mine")) == {7.0}
    assert call("cache", "info", "panel.arrow", "--input", "panel.parquet").code == 0


def test_info_shows_the_facts(call, panel: pl.DataFrame) -> None:
    call(*BUILD, "--roles", "roles.yaml")
    facts = json.loads(call("cache", "info", "panel.arrow", "--json").out)
    assert facts["inputs"] == ["mine"]
    assert facts["roles"] == {"feature": ["mine"], "target": ["fwd_ret_5"]}
    assert (facts["first"], facts["last"]) == ("2020-01-01T00:00:00Z", "2020-03-01T00:00:00Z")
    assert len(facts["source_sha256"]) == len(facts["schema_hash"]) == 64
    assert "panel.parquet" in call("cache", "info", "panel.arrow").out


def test_without_roles_known_features_are_inputs_and_the_rest_is_meta(call, panel: pl.DataFrame) -> None:
    panel.rename({"mine": "returns"}).write_parquet("panel.parquet")
    ran = call(*BUILD)
    assert ran.code == 0
    assert "--roles FILE" in ran.err
    cache = ArrowCache.open(Path("panel.arrow"))
    assert cache.inputs == ("returns",)
    assert cache.roles.named("target") == ("fwd_ret_5",)


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (("cache", "info", "none.arrow"), 4, "no such cache"),
        (("cache", "info", "panel.parquet"), 1, "cannot be used as a cache"),
        (("cache", "build", "--input", "none.parquet", "--output", "x.arrow"), 4, "no such panel"),
        (("cache", "build", "--input", "panel.csv", "--output", "x.arrow"), 2, "no panel file"),
        ((*BUILD, "--roles", "wrong.yaml"), 3, "looks ahead"),
    ],
)
def test_what_can_not_be_done_is_named(call, panel: pl.DataFrame, line: tuple[str, ...], code: int, said: str) -> None:
    Path("wrong.yaml").write_text("feature: [fwd_ret_5]\n")
    Path("panel.csv").write_text("symbol,ts\n")
    ran = call(*line)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
