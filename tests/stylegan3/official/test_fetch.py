"""Fetching from a server of our own on loopback: progress, resumption, trust, failures."""

import json
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from epoque.bench.errors import DataError, FetchError, RunWriteError, UnknownNameError, UsageError
from epoque.stylegan3.official import catalog as catalogue
from epoque.stylegan3.official import fetch
from epoque.stylegan3.official.catalog import LICENSE, OFFICIAL

CONTENT = bytes(range(256)) * 20_000  # five megabytes
DIGEST = sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves one content; `plan` says what goes wrong, one word a request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.version = '"1"'
        self.plan: list[str] = []
        self.seen: list[tuple[str, str | None]] = []
        self.scheme = "http"

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is a part of the tests."""

    def url(self, name: str = "net.pkl") -> str:
        return f"{self.scheme}://localhost:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        asked = self.headers.get("Range")
        server.seen.append((self.path, asked))
        step = server.plan.pop(0) if server.plan else "well"
        if step.isdigit():
            self.send_error(int(step))
            return
        if step.startswith(("http", "file")):
            self.send_response(302)
            self.send_header("Location", step)
            self.end_headers()
            return
        start = 0
        if asked and step != "no ranges" and self.headers.get("If-Range") == server.version:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        body = server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        length = 2**50 if step == "huge" else len(body) // 2 if step == "too much" else len(body)
        if step != "no length":
            self.send_header("Content-Length", str(length))
        if step != "no version":
            self.send_header("ETag", server.version)
        self.end_headers()
        sent = {"cut": 3 * 2**20, "stuck": 0}.get(step.split()[0], len(body))
        self.wfile.write(body[:sent])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(fetch, "WAITS", (0.0, 0.0, 0.0))
    return tmp_path / "cache"


def files(cache: Path) -> set[str]:
    return {path.name for path in cache.rglob("*") if path.is_file()} - {"lock"}


def test_fetched_once(server: Server, cache: Path):
    told: list[tuple[int, int | None]] = []
    found = fetch.fetch(server.url(), lambda done, total, _what="": told.append((done, total)))
    assert found.path.read_bytes() == CONTENT
    assert (found.sha256, found.path.name) == (DIGEST, "net.pkl")
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)
    assert files(cache) == {"net.pkl", "about.json"}
    assert fetch.fetch(server.url()) == found
    assert len(server.seen) == 1


def test_goes_on_where_the_connection_broke(server: Server):
    server.plan = ["cut", "well"]
    assert fetch.fetch(server.url()).sha256 == DIGEST
    assert [asked for _, asked in server.seen] == [None, f"bytes={3 * 2**20}-"]


def test_goes_on_after_an_interruption(server: Server, cache: Path):
    """The beginning stays, whatever stopped the program."""

    def stop(done: int, _total: int | None, _what: str = "") -> None:
        if done > 2**21:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch.fetch(server.url(), stop)
    assert files(cache) == {"net.pkl.partial", "net.pkl.partial.json"}
    assert fetch.fetch(server.url()).sha256 == DIGEST
    assert str(server.seen[1][1]).startswith("bytes=")
    assert files(cache) == {"net.pkl", "about.json"}


def test_begins_anew_if_the_file_is_another_meanwhile(server: Server):
    server.plan = ["cut 1", "404"]
    with pytest.raises(FetchError, match="404"):
        fetch.fetch(server.url())
    server.content, server.version = CONTENT[::-1], '"2"'
    assert fetch.fetch(server.url()).path.read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("way", ["no ranges", "no version", "no length"])
def test_servers_that_tell_less(server: Server, way: str):
    server.plan = ["cut no version" if way == "no version" else "cut", way, way]
    if way == "no version":
        server.version = ""
    assert fetch.fetch(server.url()).sha256 == DIGEST


def test_a_beginning_that_is_too_long(server: Server, cache: Path):
    """The server answers 416: what is there is thrown away."""
    server.plan = ["cut", "416", "well"]
    assert fetch.fetch(server.url()).sha256 == DIGEST
    assert server.seen[2][1] is None


def test_a_change_is_refused(server: Server, cache: Path):
    first = fetch.fetch(server.url())
    first.path.unlink()
    server.content = CONTENT[:-1] + b"!"
    with pytest.raises(DataError, match="gave another file than the first time") as caught:
        fetch.fetch(server.url())
    assert str(cache) in str(caught.value)
    assert not first.path.exists()
    about = first.path.with_name("about.json")
    assert json.loads(about.read_bytes())["sha256"] == DIGEST
    about.unlink()  # as the sentence says
    assert fetch.fetch(server.url()).path.read_bytes().endswith(b"!")


def test_a_damaged_cache_is_mended(server: Server):
    first = fetch.fetch(server.url())
    first.path.write_bytes(b"damaged")
    assert fetch.fetch(server.url()).path.read_bytes() == CONTENT
    first.path.with_name("about.json").write_text("no JSON")
    with pytest.raises(DataError, match="is damaged; delete it"):
        fetch.fetch(server.url())


def test_failures_are_one_sentence(server: Server, cache: Path):
    for plan, told in [
        (["404"], "localhost answers 404"),
        (["503"] * 4, "localhost answers 503"),
        (["huge"], "large; no network is"),
        (["stuck"] * 9, "ends early again and again"),
    ]:
        server.plan = list(plan)
        with pytest.raises(FetchError, match=told) as caught:
            fetch.fetch(server.url(told[:3] + ".pkl"))
        assert "\n" not in str(caught.value)
    server.plan = ["503", "503", "503", "well"]
    assert fetch.fetch(server.url()).sha256 == DIGEST


def test_no_room(server: Server, monkeypatch: pytest.MonkeyPatch):
    usage = shutil.disk_usage("/")._replace(free=2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(FetchError, match="5 MiB are needed, 1 are free"):
        fetch.fetch(server.url())


def test_nobody_answers(server: Server):
    url = server.url()
    server.server_close()
    with pytest.raises(FetchError, match=r"localhost cannot be reached .*give the file's path"):
        fetch.fetch(url)


def test_a_cache_that_cannot_be_written(server: Server, cache: Path):
    cache.write_text("a file")
    with pytest.raises(RunWriteError, match="Cannot write"):
        fetch.fetch(server.url())


@pytest.mark.parametrize("target", ["http://example.invalid/x", "file:///etc/passwd"])
def test_only_https(server: Server, target: str):
    """Nor may a server send us elsewhere; this machine's own addresses are an exception."""
    with pytest.raises(UsageError, match="only https addresses are"):
        fetch.fetch(target)
    server.plan = [target]
    with pytest.raises((UsageError, FetchError), match=r"only https addresses are|not allowed"):
        fetch.fetch(server.url())
    assert len(server.seen) == 1


def test_redirections_are_followed(server: Server):
    server.plan = [server.url("elsewhere.pkl")]
    assert fetch.fetch(server.url()).sha256 == DIGEST
    assert [path for path, _ in server.seen] == ["/net.pkl", "/elsewhere.pkl"]


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    if not (tool := shutil.which("openssl")):
        pytest.skip("openssl, which makes the test's certificate, is not here")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    told = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    command = [tool, "req", *told.split(), "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return key, cert


def test_https(server: Server, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch):
    """Only of a server that proves who it is."""
    key, cert = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.scheme = "https"
    with pytest.raises(FetchError, match="localhost does not prove who it is"):
        fetch.fetch(server.url())
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    assert fetch.fetch(server.url()).sha256 == DIGEST


def test_short_names(server: Server, monkeypatch: pytest.MonkeyPatch):
    assert len(OFFICIAL) == 12 + 15
    host = "https://api.ngc.nvidia.com/v2/models/nvidia/research"
    expected = f"{host}/stylegan3/versions/1/files/stylegan3-r-ffhqu-256x256.pkl"
    assert OFFICIAL["ffhqu-256-r"].url == expected
    expected = f"{host}/stylegan2/versions/1/files/stylegan2-cifar10-32x32.pkl"
    assert OFFICIAL["cifar10-32-stylegan2"].url == expected
    entry = catalogue.OfficialNetwork("ffhq-1024-t", server.url("f.pkl"), "faces", "t", 1024)
    monkeypatch.setitem(OFFICIAL, "ffhq-1024-t", entry)
    found = fetch.fetch("ffhq-1024-t")
    assert (found.sha256, found.license) == (DIGEST, LICENSE)
    about = json.loads(found.path.with_name("about.json").read_bytes())
    assert about["licence"] == LICENSE
    with pytest.raises(UnknownNameError, match=r"network 'ffhq-1024-tt'.*Did you mean ffhq-1024-t"):
        fetch.fetch("ffhq-1024-tt")


def test_paths(tmp_path: Path):
    path = tmp_path / "some.pkl"
    with pytest.raises(DataError, match="does not exist"):
        fetch.fetch(path)
    with pytest.raises(DataError, match="is a folder"):
        fetch.fetch(tmp_path)
    path.write_bytes(b"x")
    assert fetch.fetch(path) == fetch.FetchedFile(path, sha256(b"x").hexdigest())


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b/net.pkl", "net.pkl"),
        ("a/..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("a/%2e%2e", "network.pkl"),
        ("x/..%5C..%5Cevil.pkl?download=1", "evil.pkl"),
        ("", "network.pkl"),
        ("caf%C3%A9%00%0A.pkl", "caf___.pkl"),
    ],
)
def test_an_address_cannot_choose_another_folder(path: str, name: str):
    assert fetch._file_name(f"https://example.invalid/{path}") == name


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "net.pkl")
    with pytest.raises(DataError, match="cannot be read: it is a FIFO"):
        fetch.check_source(tmp_path / "net.pkl")
