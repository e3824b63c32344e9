"""Who may ask: hostile Hosts and Origins, tokens, headers."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from epoque.studio.app import create_app
from epoque.studio.security import CONTENT_SECURITY_POLICY, Access, is_loopback, make_token
from epoque.studio.state import StudioOptions

BASE = "http://127.0.0.1:8787"
SOCKET = "ws://127.0.0.1:8787/api/ws"
TOKEN = "a-token_of-the-test"


def studio(options: StudioOptions, client: Path, host: str, token: str | None) -> TestClient:
    app = create_app(options, Access.of(host, 8787, token), client)
    return TestClient(app, base_url=BASE, follow_redirects=False)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8787", "localhost:8787", "[::1]:8787", "LOCALHOST:8787", "127.0.0.1"]
)
def test_own_names_are_answered(ask: TestClient, host: str) -> None:
    assert ask.get("/api/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8787",
        "evil.example",
        "127.0.0.1.evil.example:8787",
        "localhost.evil.example",
        "192.168.1.5:8787",  # not where a loopback studio listens
        "127.0.0.1@evil.example",
        "127.0.0.1:8787/evil",
        "127.0.0.1:port",
        "",
    ],
)
def test_a_rebound_name_is_refused(ask: TestClient, host: str) -> None:
    for path in ("/", "/api/health", "/api/openapi.json"):
        answer = ask.get(path, headers={"Host": host})
        assert answer.status_code == 403, path
        assert "Host" in answer.text


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:3000", "https://localhost:8787", "file://"],
)
def test_a_page_of_another_site_is_refused(ask: TestClient, origin: str) -> None:
    answer = ask.post("/api/labs/neuron/check", json={}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert answer.json()["detail"] == "Another site's page may not ask the studio."


def test_the_own_page_may_ask(ask: TestClient) -> None:
    own = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
    assert ask.post("/api/labs/neuron/check", json={}, headers=own).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_browser_that_tells_another_site_is_refused(ask: TestClient, site: str) -> None:
    assert ask.get("/api/recipes", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert ask.get("/", headers={"Sec-Fetch-Site": site}).status_code == 200  # a link is followed


def test_the_websocket_is_guarded_too(ask: TestClient) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        with pytest.raises(WebSocketDisconnect), ask.websocket_connect(SOCKET, headers=headers):
            pass


def test_every_answer_has_the_headers(ask: TestClient) -> None:
    for path in ("/", "/assets/index-1a2b3c.js", "/api/health", "/nothing", "/api/nothing"):
        headers = ask.get(path).headers
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY, path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "server" not in headers
    for needed in ("default-src 'self'", "'wasm-unsafe-eval'", "object-src 'none'"):
        assert needed in CONTENT_SECURITY_POLICY
    assert "unsafe-inline" not in CONTENT_SECURITY_POLICY


def test_without_its_token_nothing_is_told(options: StudioOptions, client_files: Path) -> None:
    ask = studio(options, client_files, "0.0.0.0", TOKEN)
    for path in ("/", "/api/health", "/assets/index-1a2b3c.js", "/?token=wrong", "/?token="):
        answer = ask.get(path)
        assert answer.status_code == 401, path
        assert "link" in answer.text
    with pytest.raises(WebSocketDisconnect), ask.websocket_connect(SOCKET):
        pass


def test_a_link_sets_the_cookie_and_loses_its_token(
    options: StudioOptions, client_files: Path
) -> None:
    ask = studio(options, client_files, "0.0.0.0", TOKEN)
    answer = ask.get(f"/?say=hello&token={TOKEN}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?say=hello")
    cookie = answer.headers["Set-Cookie"]
    assert cookie == f"epoque_8787={TOKEN}; HttpOnly; SameSite=Strict; Path=/"
    assert ask.get("/").status_code == 200  # the client keeps the cookie, as a browser does
    assert ask.get("/api/health").status_code == 200


def test_a_link_in_a_mail_reloads_the_page(options: StudioOptions, client_files: Path) -> None:
    ask = studio(options, client_files, "0.0.0.0", TOKEN)
    answer = ask.get(f"/?token={TOKEN}", headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.headers["Refresh"]) == (200, "0; url=/")


def test_no_link_leads_elsewhere(options: StudioOptions, client_files: Path) -> None:
    ask = studio(options, client_files, "0.0.0.0", TOKEN)
    answer = ask.get(f"//evil.example/?token={TOKEN}")
    assert not answer.headers["Location"].startswith("//")


def test_a_script_brings_its_token_as_a_bearer(options: StudioOptions, client_files: Path) -> None:
    ask = studio(options, client_files, "0.0.0.0", TOKEN)
    good, bad = ({"Authorization": f"Bearer {word}"} for word in (TOKEN, "wrong"))
    assert ask.get("/api/health", headers=good).status_code == 200
    assert ask.get("/api/health", headers=bad).status_code == 401


def test_beyond_loopback_addresses_are_own_names_and_others_not(
    options: StudioOptions, client_files: Path
) -> None:
    ask = studio(options, client_files, "0.0.0.0", TOKEN)
    ask.get(f"/?token={TOKEN}")
    assert ask.get("/api/health", headers={"Host": "192.168.1.5:8787"}).status_code in (200, 401)
    assert ask.get("/api/health", headers={"Host": "evil.example:8787"}).status_code == 403


def test_loopback_is_told_apart() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.8.8.8", "::1", "localhost"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "192.168.1.5", "lab.example", ""]))


def test_tokens_differ() -> None:
    assert len({make_token() for _ in range(100)}) == 100
    assert all(len(make_token()) >= 22 for _ in range(10))
