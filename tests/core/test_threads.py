"""Thread caps for processes that share the cores."""

from __future__ import annotations

from augury.core.threads import calm, single_threaded


def test_a_worker_gets_one_thread_of_every_numeric_library_and_waits_passively() -> None:
    caps = single_threaded()
    assert caps.pop("OMP_WAIT_POLICY") == "passive"
    assert set(caps.values()) == {"1"}
    assert {"OMP_NUM_THREADS", "POLARS_MAX_THREADS"} <= set(caps)


def test_a_policy_the_user_chose_is_kept() -> None:
    chosen, empty = {"OMP_WAIT_POLICY": "active"}, dict[str, str]()
    calm(chosen)
    calm(empty)
    assert (chosen["OMP_WAIT_POLICY"], empty["OMP_WAIT_POLICY"]) == ("active", "passive")
