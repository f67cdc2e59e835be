from __future__ import annotations

import gzip
import json
import logging
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from augury.core.errors import MissingExtra, NotFound, TemporaryError, UsageError
from augury.data.feeds.fetch import Fetcher, Limits

Build = Callable[..., Fetcher]
KEY = "k3y-0123456789"


def test_an_answer_is_the_json_of_the_body(vendor: Any, reply: Any, fetcher: Build, pauses: list[float]) -> None:
    vendor.on("/x", reply(b'{"bars": [1, 2.5, null]}'))
    assert fetcher().json(f"{vendor.base}/x", {"a": 1, "b": "c d"}) == {"bars": [1, 2.5, None]}
    assert vendor.asked[0][:2] == ("/x", {"a": "1", "b": "c d"})
    assert pauses == []


def test_a_passing_failure_is_tried_again_after_growing_jittered_pauses(
    vendor: Any, reply: Any, fetcher: Build, pauses: list[float]
) -> None:
    vendor.on("/x", reply(status=500), reply(status=503), reply(b'{"ok": 1}'))
    assert fetcher().json(f"{vendor.base}/x") == {"ok": 1}
    assert len(pauses) == 2
    assert 0.25 <= pauses[0] <= 0.75
    assert 0.5 <= pauses[1] <= 1.5


def test_the_pauses_of_many_clients_spread() -> None:
    pauses: list[float] = []
    for seed in range(20):
        fetcher = Fetcher(elapsed=lambda: 0.0, sleep=pauses.append, jitter=Random(seed))
        with pytest.raises(TemporaryError):
            fetcher.patiently("host /x", _passing)
    firsts = sorted(pauses[::2])
    assert firsts[-1] - firsts[0] > 0.25
    assert len(set(firsts)) == 20


def _passing(_: float) -> None:
    from augury.data.feeds.fetch import Passing

    raise Passing("busy")


def test_after_the_last_try_the_error_names_host_status_and_attempts(vendor: Any, reply: Any, fetcher: Build) -> None:
    vendor.on("/bars", reply(status=502))
    with pytest.raises(TemporaryError, match=r"127\.0\.0\.1 /bars: cannot answer now \(502\) \(3 tries\)") as caught:
        fetcher().json(f"{vendor.base}/bars")
    assert caught.value.exit_code == 75
    assert caught.value.facts == {"host": "127.0.0.1", "status": 502, "attempts": 3, "retry_after_s": None}
    assert len(vendor.asked) == 3


@pytest.mark.parametrize("value", ["4", "Wed, 12 Jun 2024 20:00:04 GMT"])
def test_retry_after_is_obeyed_as_seconds_and_as_a_date(
    vendor: Any, reply: Any, fetcher: Build, pauses: list[float], value: str
) -> None:
    vendor.on("/x", reply(status=429, headers={"Retry-After": value}), reply(b"[]"))
    assert fetcher().json(f"{vendor.base}/x") == []
    assert pauses == [4.0]


def test_a_longer_retry_after_than_is_left_ends_the_tries_at_once(
    vendor: Any, reply: Any, fetcher: Build, pauses: list[float]
) -> None:
    vendor.on("/x", reply(status=429, headers={"Retry-After": "60"}))
    with pytest.raises(TemporaryError, match=r"fewer requests.*asks to wait 60 s") as caught:
        fetcher().json(f"{vendor.base}/x")
    assert (pauses, len(vendor.asked), caught.value.facts["retry_after_s"]) == ([], 1, 60.0)


@pytest.mark.parametrize("value", ["soon", "", "-3", "Wed, 99 Jun 2024"])
def test_a_retry_after_that_says_nothing_is_no_pause_of_its_own(
    vendor: Any, reply: Any, fetcher: Build, pauses: list[float], value: str
) -> None:
    vendor.on("/x", reply(status=503, headers={"Retry-After": value}), reply(b"[]"))
    assert fetcher().json(f"{vendor.base}/x") == []
    assert pauses[0] < 1


BROKEN = {
    "HTML with 200": ({"body": b"<!doctype html><title>Sign in</title>"}, "not JSON but HTML"),
    "cut JSON": ({"body": b'{"bars": [1, 2'}, "cut or broken"),
    "a body cut on the way": ({"body": b'{"bars": [1, 2, 3, 4]}', "cut": True}, "cut off"),
    "an empty body": ({"body": b""}, "an empty answer"),
    "NaN, which is no JSON": ({"body": b'{"close": NaN}'}, "cut or broken"),
    "too deep": ({"body": b"[" * 4_000}, "cut or broken"),
    "no gzip": ({"body": b"plain", "headers": {"Content-Encoding": "gzip"}}, "not what its encoding says"),
    "too large": ({"body": b"[" + b"1," * 4000 + b"1]"}, "more than 4,096 bytes"),
    "a gzip bomb": (
        {"body": gzip.compress(b"[" + b" " * 10**6 + b"]"), "headers": {"Content-Encoding": "gzip"}},
        "more than 4,096 bytes",
    ),
    "silence": ({"hang": True}, "no answer in time"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_an_answer_that_is_none_is_refused_by_name(vendor: Any, reply: Any, fetcher: Build, name: str) -> None:
    settings, words = BROKEN[name]
    vendor.on("/x", reply(**settings))
    with pytest.raises(TemporaryError, match=words):
        fetcher(bytes_max=4096, tries=1).json(f"{vendor.base}/x")


def test_a_refused_connection_is_named(fetcher: Build) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(TemporaryError, match=r"connection refused \(3 tries\)"):
        fetcher().json(f"http://127.0.0.1:{port}/x")


def test_one_byte_at_a_time_does_not_outlast_the_total_limit(vendor: Any, reply: Any) -> None:
    vendor.on("/x", reply(json.dumps([0] * 500).encode(), drip=True))
    with pytest.raises(TemporaryError, match=r"no complete answer within 0\.3 s"):
        Fetcher(Limits(read_s=5, total_s=0.3)).json(f"{vendor.base}/x")


def test_the_caller_waits_no_longer_than_is_left_whatever_the_socket_does(vendor: Any, reply: Any) -> None:
    vendor.on("/x", reply(hang=True))
    moments = iter([0.0, 100.0, 100.0])
    fetcher = Fetcher(Limits(read_s=0.2, total_s=9), elapsed=lambda: next(moments), sleep=pytest.fail)
    with pytest.raises(TemporaryError, match=r"no complete answer within 9 s \(1 try\)"):
        fetcher.json(f"{vendor.base}/x")


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (404, b'{"message": "no such thing"}', NotFound, r"not found: no such thing \(404\)"),
        (401, b'{"message": "forbidden."}', UsageError, r"key is refused.*: forbidden\. \(401\)"),
        (422, b'{"chart": {"result": null, "error": {"description": "too far back"}}}', UsageError, "too far back"),
        (400, b"<html>", UsageError, r"refuses the request \(400\)"),
        (302, b"", TemporaryError, r"redirect \(302\), which is not followed"),
        (200, b'{"error": "You are out of credits"}', TemporaryError, "answers with an error: You are out of credits"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(
    vendor: Any, reply: Any, fetcher: Build, status: int, body: bytes, kind: type[Exception], words: str
) -> None:
    vendor.on("/x", reply(body, status=status, headers={"Location": "/elsewhere"}))
    with pytest.raises(kind, match=words):
        fetcher().json(f"{vendor.base}/x")
    assert len(vendor.asked) == 1


def test_a_key_is_in_no_message_no_traceback_and_no_log(
    vendor: Any, reply: Any, fetcher: Build, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bodies = (reply(json.dumps({"error_message": f"key {KEY} is not registered"}).encode(), status=400), reply(b"<"))
    for one in bodies:
        vendor.on("/x", one)
        with pytest.raises((UsageError, TemporaryError)) as caught:
            fetcher().json(f"{vendor.base}/x", {"api_key": KEY}, headers={"X-Key": KEY}, secrets=(KEY,))
        told = "".join(traceback.format_exception(caught.value)) + str(caught.value.facts)
        assert KEY not in told
    assert vendor.asked[0][1]["api_key"] == KEY
    assert "HTTP Request" in caplog.text
    assert KEY not in caplog.text


def test_the_http_library_is_imported_at_the_first_request_only() -> None:
    code = (
        "import sys, augury, augury.data.feeds.chain, augury.data.feeds.collect\n"
        "from augury.data.sources import SOURCES\n"
        "[source.symbols() for _, source in SOURCES]\n"
        "print(sorted({'httpx', 'yfinance', 'ccxt', 'requests', 'pandas'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_missing_http_library_is_the_pip_line(monkeypatch: pytest.MonkeyPatch, fetcher: Build) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtra, match=r'pip install "augury\[sources\]"'):
        fetcher().json("http://127.0.0.1/x")
