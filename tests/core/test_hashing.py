"""One way to hash, equal in every process."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core import hashing as h
from augury.core.errors import DataError

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_canonical_json_reads_back_and_does_not_depend_on_the_order_of_keys(value: object) -> None:
    import json

    text = h.canonical_json(value)
    assert json.loads(text) == value
    if isinstance(value, dict):
        assert h.canonical_json(dict(reversed(list(value.items())))) == text


def test_tuples_are_lists_numpy_numbers_are_numbers_and_moments_are_utc() -> None:
    east = datetime(2020, 1, 1, 5, tzinfo=timezone(timedelta(hours=5)))
    assert h.canonical_json({"t": (np.float64(0.5), np.int8(-1)), "m": east}) == (
        '{"m":"2020-01-01T00:00:00Z","t":[0.5,-1]}'
    )
    assert h.sha256_json(east) == h.sha256_json(datetime(2020, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}, np.float64("nan")])
def test_a_number_that_is_none_has_no_place_in_a_record(value: object) -> None:
    with pytest.raises(DataError, match="missing is null, never NaN"):
        h.sha256_json(value)


@pytest.mark.parametrize("value", [{"a": 1, 2: 3}, {"x": object()}])
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(DataError, match="JSON values under text keys"):
        h.sha256_json(value)


def test_a_frame_is_hashed_by_value_name_type_and_mask() -> None:
    base = pl.DataFrame({"s": ["a", None], "x": [1.0, None], "b": [True, None]})
    others = [
        base.rename({"x": "y"}),
        base.with_columns(pl.col("x").cast(pl.Float32)),
        base.with_columns(pl.col("x").fill_null(0)),
        base.with_columns(pl.col("s").fill_null("")),
        base.with_columns(pl.col("b").fill_null(False)),
        base.select("x", "s", "b"),
        base.reverse(),
        base.head(1),
    ]
    assert len({h.sha256_frame(base), *map(h.sha256_frame, others)}) == len(others) + 1
    assert h.sha256_frame(pl.concat([base[:1], base[1:]])) == h.sha256_frame(base)


def test_a_file_is_hashed_like_its_bytes_whatever_its_size(tmp_path: Path) -> None:
    content = b"x" * ((1 << 20) + 17)
    (tmp_path / "f").write_bytes(content)
    assert h.sha256_file(tmp_path / "f") == h.sha256_bytes(content)


def test_a_fresh_process_with_another_hash_seed_agrees() -> None:
    code = "from augury.core.hashing import sha256_json; from augury.core.seeds import derive\n"
    code += "print(sha256_json({'b': [1, 0.1], 'a': {'x', }.__len__()}), derive(42, 'oof', 'rf'))"
    answers = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1
