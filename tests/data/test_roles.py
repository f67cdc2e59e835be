from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from augury.core.errors import LeakError, NotFound, SchemaMismatch, UnknownName, UsageError
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.data.panel.roles import ROLES, Roles

FRAME = pl.DataFrame(
    {
        "symbol": ["A", "B"],
        "ts": [1, 2],
        "close": [1.0, 2.0],
        "rsi_14": [50.0, None],
        "gap_sma20": [0.1, 0.2],
        "valid_rsi": [True, False],
        "fwd_ret_5": [0.01, None],
        "beta_60": [1.1, 0.9],
        "sector": ["Energy", "Health"],
    }
)
DECLARED = Roles(
    {
        "gap_sma20": "feature",
        "valid_rsi": "flag",
        "rsi_14": "feature",
        "fwd_ret_5": "target",
        "beta_60": "exposure",
        "sector": "meta",
    }
)
MANIFEST = FeatureManifest(tuple(FeatureSpec(name, "test", ("close",), 1) for name in ("rsi_14", "gap_sma20")))


def test_a_model_receives_features_and_flags_by_allow_list_in_declared_order() -> None:
    selected = DECLARED.select(FRAME)
    assert selected.columns == ["gap_sma20", "rsi_14", "valid_rsi"]
    assert selected["rsi_14"].null_count() == 1


def test_a_new_column_is_meta_until_someone_declares_it() -> None:
    wider = FRAME.with_columns(surprise=pl.lit(1.0))
    assert DECLARED.role("surprise") == "meta"
    assert DECLARED.select(wider).columns == DECLARED.select(FRAME).columns
    with pytest.raises(SchemaMismatch, match="role meta"):
        DECLARED.select(wider, ["surprise"])


@pytest.mark.parametrize("name", ["fwd_ret_5", "fwd_ret_20", "fwd_ret", "label", "label_end"])
def test_a_target_can_never_be_selected_declared_or_not(name: str) -> None:
    frame = FRAME.with_columns(pl.lit(1.0).alias(name))
    with pytest.raises(LeakError, match="is a target"):
        DECLARED.select(frame, ["rsi_14", name])
    with pytest.raises(LeakError, match="looks ahead"):
        Roles({name: "feature"})
    with pytest.raises(LeakError, match="looks ahead"):
        Roles({name: "flag"})


@pytest.mark.parametrize("name", ["close", "symbol", "ts", "beta_60", "sector"])
def test_prices_keys_exposures_and_meta_are_no_inputs(name: str) -> None:
    with pytest.raises(SchemaMismatch, match=f"'{name}' has role"):
        DECLARED.select(FRAME, [name])


@pytest.mark.parametrize("name", ["returns_5", "returns_h", "return_20", "returns_10d"])
def test_a_return_that_does_not_say_which_way_it_looks_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"past_ret_.* or fwd_ret_"):
        Roles({name: "feature"})
    with pytest.raises(UsageError, match="which way"):
        Roles.of_columns([], [name])


def test_past_and_plain_returns_are_fine() -> None:
    names = ("past_ret_5", "returns", "log_returns", "return_lag_1")
    assert Roles(dict.fromkeys(names, "feature")).inputs == names


def test_a_missing_input_is_named_and_not_filled() -> None:
    with pytest.raises(SchemaMismatch, match="rsi_14"):
        DECLARED.select(FRAME.drop("rsi_14"))


def test_a_manifest_declares_features_and_names_declare_flags_and_targets() -> None:
    roles = Roles.from_manifest(MANIFEST, FRAME.columns)
    assert roles.inputs == ("rsi_14", "gap_sma20", "valid_rsi")
    assert roles.named("target") == ("fwd_ret_5",)
    assert roles.role("beta_60") == "meta"
    assert roles.role("close") == "price"


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_a_roles_file_is_read_back_as_written(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"roles.{suffix}"
    path.write_text(json.dumps(DECLARED.to_json()))
    found = Roles.read(path)
    assert found.inputs == DECLARED.inputs
    assert {found.role(name) for name in FRAME.columns} == set(ROLES)


def test_a_feature_manifest_is_a_roles_file(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST.to_json()))
    assert Roles.read(tmp_path / "manifest.json").inputs == MANIFEST.names


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("feature: rsi_14", UsageError, "list of column names"),
        ("features_: [a]", UnknownName, "did you mean 'feature'"),
        ("feature: [a]\nmeta: [a]", UsageError, "one role each"),
        ("- a", UsageError, "must map"),
        ("feature: [a", UsageError, "cannot be read"),
        ("key: [isin]", UsageError, "symbol and ts"),
        ("feature: [symbol]", UsageError, "symbol and ts"),
    ],
)
def test_a_wrong_roles_file_is_refused(text: str, error: type[Exception], message: str, tmp_path: Path) -> None:
    (tmp_path / "roles.yaml").write_text(text)
    with pytest.raises(error, match=message):
        Roles.read(tmp_path / "roles.yaml")
    with pytest.raises(NotFound):
        Roles.read(tmp_path / "none.yaml")


def test_the_hash_follows_names_roles_and_order() -> None:
    other = Roles(dict(reversed(DECLARED.declared.items())))
    assert other.hash != DECLARED.hash == Roles(dict(DECLARED.declared)).hash
