"""Pages that change something: promote, roll back, pin, look after an alert; shown first, confirmed, written down."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from augury.core.score import GateResult, Verdict
from augury.records.loop.alerts import Move
from augury.service.backend import Backend

CELL = "symbol=SYN001&timeframe=d1&horizon=1d"
WHERE = ("SYN001", "d1", "1d")
OLDER, NEWER = "20261029T210000Z-8e9114", "20261029T210100Z-8e9114"
SignedIn = Callable[..., TestClient]


@pytest.fixture
def operator(signed_in: SignedIn) -> TestClient:
    return signed_in("admin")


def _form(text: str) -> dict[str, str]:
    form = text[text.index('action="/models/confirm"') :]
    form = form[: form.index("</form>")]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)) | {"reason": "it was better"}


def _plain(values: dict[str, str]) -> dict[str, str]:
    return {name: value.replace("&#34;", '"') for name, value in values.items()}


def test_a_rollback_takes_two_clicks_shows_its_diff_and_leaves_a_line(operator: TestClient, backend: Backend) -> None:
    cell = operator.get(f"/models/cell?{CELL}").text
    link = re.search(r'href="(/models/confirm\?act=rollback[^"]+)"', cell)
    assert link is not None
    confirm = operator.get(link[1].replace("&amp;", "&"))
    assert OLDER in confirm.text
    assert "What would change" in confirm.text
    assert backend.workspace.store.versions.champion(*WHERE) == NEWER, "looking changed something"
    done = operator.post("/models/confirm", data=_plain(_form(confirm.text)))
    assert done.status_code == 200
    assert backend.workspace.store.versions.champion(*WHERE) == OLDER
    assert "answers again" in done.text
    assert "version.rollback" in done.text
    assert "it was better" in done.text


def test_a_version_is_promoted_from_its_own_page(operator: TestClient, backend: Backend) -> None:
    page = operator.get(f"/models/versions/{OLDER}").text
    link = re.search(r'href="(/models/confirm\?act=promote[^"]+)"', page)
    assert link is not None
    confirm = operator.get(link[1].replace("&amp;", "&"))
    operator.post("/models/confirm", data=_plain(_form(confirm.text)))
    assert backend.workspace.store.versions.champion(*WHERE) == OLDER


def test_an_alias_that_was_moved_meanwhile_is_not_moved_again(operator: TestClient, backend: Backend) -> None:
    seen = _plain(_form(operator.get(f"/models/confirm?act=rollback&{CELL}").text))
    operator.post("/models/confirm", data=seen)
    again = operator.post("/models/confirm", data=seen)
    assert again.status_code == 412
    assert "Not done" in again.text
    assert "how it stands now" in again.text
    assert backend.workspace.store.versions.champion(*WHERE) == OLDER
    assert _plain(_form(again.text))["seen"] != seen["seen"], "the page still holds the old token"


def _stopped(backend: Backend, *codes: str) -> str:
    """A version that the gates stopped for these reasons."""
    store = backend.workspace.store
    manifest = store.versions.get(*WHERE, NEWER).manifest
    gates = tuple(GateResult(code, False, "refuse", f"{code} said no", 0.67, 0.15) for code in codes)
    made = replace(manifest, version=f"20261116T210000Z-{len(codes):06x}", verdict=Verdict.of(gates))
    store.versions.register(made, promote=False, by="test")
    return made.version


def test_a_stopped_version_is_released_in_two_clicks_by_a_job(operator: TestClient, backend: Backend) -> None:
    name = _stopped(backend, "SUSPECT_LEAK")
    jobs = backend.workspace.store.jobs
    link = re.search(r'href="(/models/confirm\?act=release[^"]+)"', operator.get(f"/models/versions/{name}").text)
    assert link is not None
    confirm = operator.get(link[1].replace("&amp;", "&"))
    assert "Would be audited" in confirm.text
    assert "This is a job" in confirm.text
    assert not jobs.list(kind="release"), "looking began something"
    form = _plain(_form(confirm.text))
    done = operator.post("/models/confirm", data=form, follow_redirects=False)
    (job,) = jobs.list(kind="release")
    assert (done.status_code, done.headers["location"]) == (303, f"/runs/{job.id}")
    assert (job.settings["version"], job.tenant_id) == (name, "home")
    assert operator.get(f"/runs/{job.id}").status_code == 200
    lines = {line.action: line for line in backend.workspace.store.audit_trail.list("home")}
    assert lines["version.release"].data == {
        "version": name, "previous": NEWER, "reason": "it was better", "job": job.id,
    }  # fmt: skip
    again = operator.post("/models/confirm", data=form, follow_redirects=False)
    assert again.headers["location"] == f"/runs/{job.id}", "two impatient clicks are one audit"


def test_what_no_audit_can_help_has_no_button_and_is_refused(
    operator: TestClient, backend: Backend, signed_in: SignedIn
) -> None:
    both = _stopped(backend, "SUSPECT_LEAK", "EDGE")
    for name, status, why in ((both, 409, "EDGE refused it as well"), (OLDER, 422, "not stopped as too good")):
        assert "act=release" not in operator.get(f"/models/versions/{name}").text
        form = _plain(_form(operator.get(f"/models/confirm?act=release&{CELL}&version={name}").text))
        refused = operator.post("/models/confirm", data=form)
        assert refused.status_code == status
        assert why in refused.text
    assert not backend.workspace.store.jobs.list(kind="release")
    suspect = _stopped(backend, "SUSPECT_LEAK")
    assert "act=release" not in signed_in("trader").get(f"/models/versions/{suspect}").text


@pytest.mark.parametrize("act", ["pin", "challenge"])
def test_what_is_confirmed_is_done(operator: TestClient, backend: Backend, act: str) -> None:
    given = f"&version={OLDER}" if act == "challenge" else ""
    form = _plain(_form(operator.get(f"/models/confirm?act={act}&{CELL}{given}").text))
    assert operator.post("/models/confirm", data=form).status_code == 200
    store = backend.workspace.store
    assert store.controls.pinned(*WHERE) == NEWER if act == "pin" else store.versions.challenger(*WHERE) == OLDER


def test_a_pinned_cell_refuses_and_the_page_says_why(operator: TestClient, backend: Backend) -> None:
    operator.post("/models/confirm", data=_plain(_form(operator.get(f"/models/confirm?act=pin&{CELL}").text)))
    form = _plain(_form(operator.get(f"/models/confirm?act=promote&version={OLDER}&{CELL}").text))
    refused = operator.post("/models/confirm", data=form)
    assert refused.status_code == 409
    assert "Not done" in refused.text
    assert "it was better" in refused.text, "what was typed is lost"
    assert backend.workspace.store.versions.champion(*WHERE) == NEWER


def test_without_the_token_of_the_page_nothing_moves(operator: TestClient, backend: Backend) -> None:
    form = _plain(_form(operator.get(f"/models/confirm?act=rollback&{CELL}").text)) | {"csrf": "0" * 32}
    del operator.headers["x-csrf-token"]
    assert operator.post("/models/confirm", data=form).status_code == 403
    assert backend.workspace.store.versions.champion(*WHERE) == NEWER


def test_only_operators_confirm(signed_in: SignedIn, backend: Backend) -> None:
    form = {"act": "rollback", "symbol": "SYN001", "timeframe": "d1", "horizon": "1d", "seen": '"x"'}
    for role in ("reader", "trader"):
        person = signed_in(role)
        assert person.get(f"/models/confirm?act=rollback&{CELL}").status_code == 403
        assert person.post("/models/confirm", data=form).status_code == 403
    assert backend.workspace.store.versions.champion(*WHERE) == NEWER


def test_an_admin_of_another_tenant_operates_nothing(signed_in: SignedIn, backend: Backend) -> None:
    other = backend.workspace.store.people.add_tenant("guests", plan="partner")
    person = signed_in("admin", tenant_id=other.id)
    assert person.get(f"/models/confirm?act=rollback&{CELL}").status_code == 403
    assert "confirm?act=" not in person.get(f"/models/cell?{CELL}").text
    assert "table-audit" not in person.get(f"/models/cell?{CELL}").text


def test_an_alert_is_looked_after_from_its_page(operator: TestClient, backend: Backend) -> None:
    fired = Move("alerting", "critical", 0.3, "accuracy fell <far>", {}, "fire", ("slack",))
    backend.workspace.store.alerts.move([("drift", "SYN001 d1", lambda standing: fired)])
    page = operator.get("/drift").text
    assert "accuracy fell &lt;far&gt;" in page
    found = re.search(r'name="alert" value="(\d+)"', page)
    assert found is not None
    done = operator.post("/drift/acknowledge", data={"alert": found[1]})
    assert done.status_code == 200
    assert "You look after the alert now" in done.text
    rows = backend.workspace.store.alerts.list(open_only=True)
    assert next(row for row in rows if row.id == int(found[1])).acknowledged_by
