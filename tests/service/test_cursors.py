"""Cursors: opaque, of one question, and refused when they were touched."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core.errors import UsageError
from augury.service.cursors import read_cursor, write_cursor

QUESTION = {"of": "models", "symbol": "^GSPC"}


@given(st.integers(0, 2**53), st.text(max_size=24))
def test_a_cursor_gives_back_the_key_it_was_made_of(number: int, text: str) -> None:
    assert read_cursor(write_cursor(QUESTION, [number, text]), QUESTION, int, str) == [number, text]


def test_the_first_page_has_no_cursor() -> None:
    assert read_cursor(None, QUESTION, int) is None


@given(st.integers(0, 40), st.characters(codec="ascii"))
def test_a_cursor_that_was_touched_is_refused(place: int, letter: str) -> None:
    whole = write_cursor(QUESTION, [7])
    place %= len(whole) - 2
    touched = whole[:place] + letter + whole[place + 1 :]
    if touched != whole:
        with pytest.raises(UsageError, match=r"the cursor"):
            read_cursor(touched, QUESTION, int)


@pytest.mark.parametrize("text", ["", "abc", "ü", "../../etc/passwd", "a" * 5000, urlsafe_b64encode(b"[1,2]").decode()])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="broken"):
        read_cursor(text, QUESTION, int)


def test_a_cursor_of_other_filters_or_of_another_kind_of_key_is_refused() -> None:
    cursor = write_cursor(QUESTION, [7])
    with pytest.raises(UsageError, match="another question"):
        read_cursor(cursor, QUESTION | {"symbol": "^IXIC"}, int)
    with pytest.raises(UsageError, match="broken"):
        read_cursor(cursor, QUESTION, str)
