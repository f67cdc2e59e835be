from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from augury.core.errors import UnknownName, UsageError
from augury.runs.monitoring.alerts.channel import channels
from augury.runs.monitoring.alerts.delivery import ATTEMPTS_MAX
from augury.runs.monitoring.alerts.rule import Alert
from augury.runs.monitoring.alerts.trial import try_channels
from augury.runs.monitoring.model_monitor import Check, ModelMonitor
from augury.runs.workspace import Workspace

HIGH = Alert("load_high", "load > 1", "critical")
HERE = {"AUGURY_EGRESS_ALLOW": "127.0.0.1"}
TOKEN = "T0SECRETTEAM/B0SECRET/XyZsecretTOKEN"
Pause = tuple[list[float], Callable[[float], None]]


def fire(workspace: Workspace, environ: dict[str, str], sleep: Callable[[float], None] = lambda _: None) -> Check:
    monitor = ModelMonitor(workspace, environ=environ, sleep=sleep).track_metrics(["load"]).setup_alerts([HIGH])
    monitor.observe({"load": 2.5})
    return monitor.check()


def states(workspace: Workspace) -> dict[str, tuple[str, int, str | None]]:
    return {one.channel: (one.state, one.attempts, one.error) for one in workspace.store.alerts.deliveries()}


def test_slack_is_posted_what_the_row_says_with_its_signs_made_harmless(stored: Workspace, hooks: Any) -> None:
    fire(stored, HERE | {"SLACK_WEBHOOK_URL": f"{hooks.url}/services/{TOKEN}"})
    (sent,) = hooks.posted
    assert sent.path == f"/services/{TOKEN}"
    text = json.loads(sent.body)["text"]
    row = stored.store.alerts.list()[0]
    assert text.startswith("[critical] load_high live\n")
    assert row.text.replace(">", "&gt;") in text
    assert "load is 2.5" in text
    assert states(stored) == {"slack": ("sent", 1, None), "file": ("sent", 1, None)}


def test_a_webhook_is_signed_so_that_the_standard_library_can_check_it(empty: Workspace, hooks: Any) -> None:
    key = base64.b64encode(b"a key of 24 random bytes").decode()
    fire(empty, HERE | {"AUGURY_ALERT_URL_OPS": f"{hooks.url}/in", "AUGURY_ALERT_SECRET_OPS": f"whsec_{key}"})
    (sent,) = hooks.posted
    name, stamp = sent.headers["webhook-id"], sent.headers["webhook-timestamp"]
    signed = hmac.new(b"a key of 24 random bytes", f"{name}.{stamp}.".encode() + sent.body, hashlib.sha256).digest()
    assert sent.headers["webhook-signature"] == f"v1,{base64.b64encode(signed).decode()}"
    said = json.loads(sent.body)
    assert (said["type"], said["data"]["rule"], said["data"]["value"]) == ("alert.fired", "load_high", 2.5)


def test_a_mail_goes_out_through_apprise(empty: Workspace, mails: tuple[int, list[str]]) -> None:
    port, taken = mails
    address = f"mailto://127.0.0.1:{port}?from=augury@example.com&to=ann@example.com&mode=insecure&format=text"
    fire(empty, HERE | {"AUGURY_ALERT_URL_MAIL": address})
    assert states(empty)["mail"] == ("sent", 1, None)
    (mail,) = taken
    assert "To: ann@example.com" in mail
    assert "load_high" in mail


def test_the_file_holds_one_line_a_message(empty: Workspace) -> None:
    fire(empty, {})
    (line,) = (empty.settings.data_dir / "logs" / "alerts.jsonl").read_text().splitlines()
    assert (json.loads(line)["event"], json.loads(line)["text"]) == ("alert.fired", empty.store.alerts.list()[0].text)


def test_a_server_that_fails_is_asked_again_with_longer_pauses(empty: Workspace, hooks: Any, no_pause: Pause) -> None:
    pauses, sleep = no_pause
    hooks.answers = [500, 503, 200]
    fire(empty, HERE | {"AUGURY_ALERT_URL_OPS": hooks.url}, sleep)
    assert states(empty)["ops"] == ("sent", 3, None)
    assert len({sent.headers["webhook-id"] for sent in hooks.posted}) == 1
    assert 0.5 <= pauses[0] <= 1.5
    assert 1.0 <= pauses[1] <= 3.0


def test_what_could_not_be_sent_waits_for_the_next_check_and_ends_in_the_end(empty: Workspace, hooks: Any) -> None:
    environ = HERE | {"AUGURY_ALERT_URL_OPS": hooks.url}
    hooks.answers = [500]
    assert fire(empty, environ).delivered.waiting == 1
    assert states(empty)["ops"][:2] == ("due", 3)
    fire(empty, environ)
    assert fire(empty, environ).delivered.failed == 1
    assert states(empty)["ops"][:2] == ("failed", ATTEMPTS_MAX)
    assert len(hooks.posted) == ATTEMPTS_MAX
    fire(empty, environ)
    assert len(hooks.posted) == ATTEMPTS_MAX


def test_a_channel_that_refuses_is_not_asked_again_and_holds_up_no_other(empty: Workspace, hooks: Any) -> None:
    hooks.answers = [404]
    found = fire(empty, HERE | {"AUGURY_ALERT_URL_OPS": hooks.url})
    assert (found.delivered.sent, found.delivered.failed) == (1, 1)
    assert states(empty)["ops"] == ("failed", 1, "channel ops: the server answered 404")


def test_a_redirect_is_not_followed(empty: Workspace, hooks: Any) -> None:
    hooks.answers, hooks.headers = [302], {"Location": f"{hooks.url}/metadata"}
    fire(empty, HERE | {"AUGURY_ALERT_URL_OPS": f"{hooks.url}/first"})
    assert [sent.path for sent in hooks.posted] == ["/first"]
    assert "redirect" in str(states(empty)["ops"][2])


def test_a_message_of_a_killed_process_is_sent_by_the_next_one(stored: Workspace, clock: Any, hooks: Any) -> None:
    fire(stored, {"AUGURY_ALERT_URL_OPS": "https://127.0.0.1:9/x"})
    assert states(stored)["ops"][0] == "failed"
    (delivery,) = [one for one in stored.store.alerts.deliveries() if one.channel == "ops"]
    stored.store.alerts.tried(delivery.id, "sending", 0)
    environ = HERE | {"AUGURY_ALERT_URL_OPS": hooks.url}
    fire(stored, environ)
    assert hooks.posted == []
    clock.go(minutes=11)
    fire(stored, environ)
    assert states(stored)["ops"] == ("sent", 1, None)


def test_a_long_text_is_cut_at_3000_characters_and_says_so(empty: Workspace, hooks: Any) -> None:
    names = [f"metric_{number:03d}_with_a_long_name" for number in range(12)]
    alert = Alert("many", " or ".join(f"{name} > 1" for name in names))
    monitor = ModelMonitor(empty, environ=HERE | {"SLACK_WEBHOOK_URL": hooks.url}).track_metrics(names)
    monitor.setup_alerts([alert]).observe(dict.fromkeys(names, 2.0), subject="x" * 3000)
    monitor.check()
    text = json.loads(hooks.posted[0].body)["text"].replace("&gt;", ">")
    assert len(text) == 3000
    assert text.endswith("(cut: too long)")


def test_a_text_is_computed_from_the_rows_it_describes(empty: Workspace) -> None:
    values = [0.1, 0.2, 0.9, 0.4]
    monitor = ModelMonitor(empty, environ={}).track_metrics(["latency_max"])
    monitor.setup_alerts([Alert("slow", "latency_max > 500ms")])
    for latency_s in values:
        monitor.observe({"latency": latency_s})
    monitor.check()
    (row,) = empty.store.alerts.list()
    (found,) = row.data["rows"]
    assert (found["value"], found["n"], row.value) == (max(values), len(values), max(values))
    assert f"latency_max is {found['value'] * 1000:.6g}ms" in row.text


INSIDE = (
    "http://127.0.0.1:9/x", "https://127.0.0.1/x", "https://localhost/x", "https://169.254.169.254/latest",
    "https://10.1.2.3/x", "https://[::1]/x", "https://[::ffff:127.0.0.1]/x", "https://0x7f000001/x",
    "https://2130706433/x", "https://0.0.0.0/x", "https://100.64.0.1/x", "mailto://127.0.0.1?from=a@example.com",
    "ftp://example.com/x", "https://user:pw@example.com/x", "json://127.0.0.1/x", "https:///x",
)  # fmt: skip


def test_nothing_is_sent_into_our_own_networks_or_in_the_open(
    empty: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("connected"))
    refused = {}
    for address in INSIDE:
        try:
            (found,) = try_channels(empty, {"AUGURY_ALERT_URL_OPS": address}, "ops")
            refused[address] = "own networks" in str(found.error)
        except UsageError as error:
            refused[address] = "pw" not in str(error)
    assert refused == dict.fromkeys(INSIDE, True)


def test_a_name_with_one_private_address_is_refused_whole(empty: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, 1, 6, "", (address, 443)) for address in ("93.184.216.34", "10.0.0.7")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("connected"))
    (found,) = try_channels(empty, {"AUGURY_ALERT_URL_OPS": "https://rebound.example/x"}, "ops")
    assert "10.0.0.7" in str(found.error)


def test_the_connection_goes_to_the_address_that_was_looked_at(
    empty: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def connect(place: tuple[str, int], _: float) -> Any:
        asked.append(place[0])
        raise ConnectionRefusedError

    known = [(socket.AF_INET, 1, 6, "", ("93.184.216.34", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: known)
    monkeypatch.setattr(socket, "create_connection", connect)
    (found,) = try_channels(empty, {"AUGURY_ALERT_URL_OPS": "https://hooks.example/secret"}, "ops")
    assert (asked, found.error) == (["93.184.216.34"], "hooks.example: connection refused")


SECRET_PLACES = {
    "slack": {"SLACK_WEBHOOK_URL": f"https://127.0.0.1:9/services/{TOKEN}"},
    "webhook": {"AUGURY_ALERT_URL_OPS": f"https://127.0.0.1:9/{TOKEN}", "AUGURY_ALERT_SECRET_OPS": "whsec_U0VDUkVU"},
    "nonsense": {"AUGURY_ALERT_URL_OPS": f"nosuchscheme://{TOKEN}"},
    "own": {"AUGURY_ALERT_URL_OPS": f"json://127.0.0.1:9/{TOKEN}"},
    "mail": {"AUGURY_ALERT_URL_OPS": "mailto://ann:XyZsecretTOKEN@127.0.0.1:9?from=a@example.com"},
    "login": {"AUGURY_ALERT_URL_OPS": "https://ann:XyZsecretTOKEN@example.com/x"},
    "port": {"SLACK_WEBHOOK_URL": f"https://example.com:99999999/{TOKEN}"},
    "key": {"AUGURY_ALERT_URL_OPS": "https://127.0.0.1/x", "AUGURY_ALERT_SECRET_OPS": "XyZsecretTOKEN!"},
}


@pytest.mark.parametrize("allowed", [False, True])
def test_x04_the_address_of_a_channel_appears_in_no_log_store_or_error(
    empty: Workspace, allowed: bool, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    for place in SECRET_PLACES.values():
        environ = place | (HERE if allowed else {})
        for attempt in (fire, try_channels):
            try:
                said.append(repr(attempt(empty, environ)))
            except UsageError as error:
                said += [str(error), repr(error), repr(error.__cause__), repr(error.facts)]
    kept = [path.read_bytes().decode("latin-1") for path in _files(empty.settings.data_dir)]
    for text in (*said, *kept, caplog.text, *capfd.readouterr()):
        assert "SECRET" not in text.replace("AUGURY_ALERT_SECRET", "")
        assert "secretTOKEN" not in text


def test_an_address_prints_without_its_secrets() -> None:
    from augury.runs.monitoring.alerts.channel import Address

    assert TOKEN not in repr(Address("slack", f"https://hooks.slack.com/{TOKEN}", "whsec_key"))


def test_a_rule_for_a_channel_there_is_not_is_refused(empty: Workspace) -> None:
    with pytest.raises(UnknownName, match="did you mean 'file'"):
        ModelMonitor(empty, environ={}).setup_alerts([Alert("low", "load > 1", channels=("fil",))])


def test_a_hook_at_slack_itself_needs_no_name(tmp_path: Path) -> None:
    found = channels({"AUGURY_ALERT_URL_TEAM": f"https://hooks.slack.com/services/{TOKEN}"}, tmp_path)
    assert {name: type(one).__name__ for name, one in found.items()} == {"file": "FileChannel", "team": "SlackChannel"}


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
