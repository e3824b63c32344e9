"""Who may ask: the Host and the Origin of each request, a token where one is needed, and headers.

A page of another site that a visitor has open can send requests here, and with DNS rebinding under
a name of its own: so the Host must be one of this server's names, and the Origin, where a browser
tells it, the same as the Host. Both hold for the websocket too.
"""

import hmac
import ipaddress
import json
import secrets
import socket
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["CONTENT_SECURITY_POLICY", "Access", "Guard", "is_loopback", "make_token"]

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)
"""Browsers refuse to compile WebAssembly without 'wasm-unsafe-eval'."""
_PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
"""Of an SVG, which matplotlib styles inline: alone in a window it still runs nothing."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a server at this address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def make_token() -> str:
    """Return a token that nobody guesses: 128 bits."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask.

    Attributes:
        host: the address that the server listens at.
        port: its port, which names the cookie: cookies do not tell ports apart.
        token: what a visitor must bring; None: nothing.
        names: further names of this machine that a Host may say.
    """

    host: str
    port: int
    token: str | None = None
    names: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, host: str, port: int, token: str | None) -> "Access":
        """Return the access to a server, with this machine's own names where others reach it."""
        name = socket.gethostname()
        own = () if is_loopback(host) else (name, socket.getfqdn(), f"{name}.local")
        return cls(host, port, token, frozenset(name.lower() for name in [host, *own]))

    @property
    def cookie(self) -> str:
        """The name of the cookie that holds the token."""
        return f"epoque_{self.port}"

    def is_own_host(self, host: str) -> bool:
        """Return whether a Host header names this server.

        An address in numbers cannot be rebound, so others than loopback are taken where the server
        listens at more than loopback.
        """
        name = _host_name(host)
        if name is None:
            return False
        if name in _LOOPBACK_NAMES or name in self.names:
            return True
        return not is_loopback(self.host) and _is_address(name)

    def is_token(self, text: str | None) -> bool:
        """Return whether a text is the token, in a time that tells nothing."""
        if self.token is None or text is None:
            return self.token is None
        return hmac.compare_digest(text.encode(errors="replace"), self.token.encode())


def _host_name(host: str) -> str | None:
    """Return the name in a Host header, without its port; None where it is no such header."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if parts.netloc != host or "@" in host or parts.path or parts.query or parts.fragment:
        return None
    return parts.hostname


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Guard:
    """ASGI middleware that refuses what `Access` does not allow, and sets every answer's headers.

    Args:
        app: what answers.
        access: who may ask.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if reason := self._find_foreign(scope, headers):
            await _refuse(scope, send, 403, reason)
        elif self._brings_token(scope):
            await self._welcome(scope, headers, send)
        elif not self._may_enter(headers):
            await _refuse(scope, send, 401, _NO_TOKEN)
        else:
            await self.app(scope, receive, _with_headers(scope, send))

    def _find_foreign(self, scope: Scope, headers: Headers) -> str:
        """Return why a request comes from elsewhere, or ""."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self.access.is_own_host(hosts[0]):
            return "This address is not the studio's: its Host is not one of this server's names."
        origin = headers.get("origin")
        if origin is not None and not _is_same(origin, hosts[0]):
            return "Another site's page may not ask the studio."
        from_elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if from_elsewhere and scope["path"].startswith("/api"):
            return "Another site's page may not ask the studio."
        return ""

    def _brings_token(self, scope: Scope) -> bool:
        """Return whether a page is opened by a link that holds the token."""
        if self.access.token is None or scope["type"] != "http" or scope["method"] != "GET":
            return False
        return self.access.is_token(dict(_query(scope)).get("token", ""))

    async def _welcome(self, scope: Scope, headers: Headers, send: Send) -> None:
        """Set the cookie, and drop the token from the address.

        A browser that follows a link of another site, such as a mail's, keeps a Strict cookie to
        itself on a redirect too; a page that reloads itself is this site's own.
        """
        rest = urlencode([(name, value) for name, value in _query(scope) if name != "token"])
        place = scope["path"] if scope["path"].startswith("/") else "/"
        target = "/" + place.lstrip("/") + (f"?{rest}" if rest else "")
        cookie = f"{self.access.cookie}={self.access.token}; HttpOnly; SameSite=Strict; Path=/"
        if headers.get("sec-fetch-site") == "cross-site":
            answer, body, status = {"Refresh": f"0; url={target}"}, b"", 200
        else:
            answer, body, status = {"Location": target}, b"", 303
        await _answer(scope, send, status, {**answer, "Set-Cookie": cookie}, body)

    def _may_enter(self, headers: Headers) -> bool:
        """Return whether a request brings the token in its cookie or as a bearer."""
        if self.access.token is None:
            return True
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.access.is_token(bearer.strip()):
            return True
        return self.access.is_token(_read_cookie(headers, self.access.cookie))


_NO_TOKEN = "Open the studio by the link that it printed when it started: the link holds its token."


def _is_same(origin: str, host: str) -> bool:
    parts = urlsplit(origin) if origin.startswith(("http://", "https://")) else None
    return parts is not None and parts.netloc.lower() == host.lower()


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _read_cookie(headers: Headers, name: str) -> str:
    """Return a cookie's value, "" without one: None would pass where there is no token."""
    for line in headers.getlist("cookie"):
        try:
            cookies: SimpleCookie = SimpleCookie(line)
        except CookieError:
            continue
        if name in cookies:
            return cookies[name].value
    return ""


def _with_headers(scope: Scope, send: Send) -> Send:
    """Return what sends an answer with the headers that every answer has."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            kind = headers.get("content-type", "")
            svg = kind.startswith("image/svg+xml")
            headers["Content-Security-Policy"] = _PICTURE_POLICY if svg else CONTENT_SECURITY_POLICY
            for name, value in _HEADERS.items():
                headers[name] = value
            if scope["path"].startswith("/api"):
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_with_headers


async def _refuse(scope: Scope, send: Send, status: int, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
        return
    if scope["path"].startswith("/api"):
        body, kind = json.dumps({"detail": reason, "problems": []}).encode(), "application/json"
    else:
        body, kind = f"{reason}\n".encode(), "text/plain; charset=utf-8"
    await _answer(scope, send, status, {"Content-Type": kind}, body)


async def _answer(
    scope: Scope, send: Send, status: int, headers: dict[str, str], body: bytes
) -> None:
    named = {**headers, "Content-Length": str(len(body)), "Cache-Control": "no-store"}
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in named.items()]
    outward = _with_headers(scope, send)
    await outward({"type": "http.response.start", "status": status, "headers": raw})
    await outward({"type": "http.response.body", "body": body})
