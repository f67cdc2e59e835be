"""Random states depend on names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from augury.core.seeds import derive


@given(st.integers(), st.lists(st.text(max_size=10), max_size=4))
def test_a_state_fits_31_bits_and_is_the_same_again(seed: int, names: list[str]) -> None:
    assert 0 <= derive(seed, *names) < 2**31
    assert derive(seed, *names) == derive(seed, *names)


def test_purposes_seeds_and_the_split_of_names_all_matter() -> None:
    states = {derive(42), derive(43), derive(42, "rf"), derive(42, "gb"), derive(42, "r", "f"), derive(42, "rf", "")}
    assert len(states) == 6


def test_states_are_pinned_because_every_stored_model_depends_on_them() -> None:
    assert (derive(42, "rf"), derive(42, "oof", "rf", "fold-3")) == (201946642, 101715125)
