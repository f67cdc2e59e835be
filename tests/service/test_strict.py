"""Strict input, layer by layer: each refuses by itself, so that none has to trust another."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from augury.core.errors import NotSignedIn
from augury.service.accounts.keys import PREFIXES, checksum, new_key, read_key
from augury.service.strict import DEPTH_MAX, Strict, read_json


class Body(Strict):
    """A body with a number, a count and a part."""

    share: float
    count: int = 0
    part: Body | None = None


@pytest.mark.parametrize("text", ["NaN", "-NaN", "Infinity", "-Infinity", '{"share": NaN}', "[1, Infinity]", "1,", ""])
def test_what_is_no_json_is_not_read(text: str) -> None:
    with pytest.raises(HTTPException) as refused:
        read_json(text.encode())
    assert refused.value.status_code == 400


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_fits_no_field(number: float) -> None:
    with pytest.raises(ValidationError, match="share"):
        Body(share=number)
    with pytest.raises(ValidationError, match=r"part\.share"):
        Body.model_validate({"share": 1.0, "part": {"share": number}})


@pytest.mark.parametrize(
    "given", [{"share": "1.5"}, {"share": True}, {"share": 1.0, "count": 1.0}, {"share": 1.0, "x": 1}]
)
def test_texts_truths_and_fields_nobody_knows_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Body.model_validate(given)


def test_json_has_a_depth_and_brackets_in_texts_do_not_count() -> None:
    assert read_json(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX) is not None
    with pytest.raises(HTTPException, match="deeper"):
        read_json(b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1))
    text = '"' + "[" * 1000 + '\\"' + "{" * 1000 + '"'
    assert read_json(text.encode()) == "[" * 1000 + '"' + "{" * 1000


def test_one_wrong_letter_makes_no_key() -> None:
    key = new_key(PREFIXES[1])
    assert read_key(key) == key
    for at in range(len(key)):
        wrong = key[:at] + ("0" if key[at] != "0" else "1") + key[at + 1 :]
        with pytest.raises(NotSignedIn, match="checksum is wrong"):
            read_key(wrong)
    assert len(checksum(key)) == 6
