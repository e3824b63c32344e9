"""A server on this machine that answers what a client asks the Hub to load a dataset."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

import yaml

COMMIT = "c" * 40


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    repos: dict[str, dict[str, bytes]]
    asked: list[str]

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.asked.append(f"{self.command} {path}")
        if path.startswith("/api/datasets/"):
            return self._api(path.removeprefix("/api/datasets/").split("/"))
        if path.startswith("/datasets/"):
            owner, name, _, _, *file = path.removeprefix("/datasets/").split("/")
            return self._file(f"{owner}/{name}", "/".join(file))
        return self._refuse("EntryNotFound")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def _api(self, parts: list[str]) -> None:
        repo = "/".join(parts[:2])
        if repo == "owner/gated":
            return self._refuse("GatedRepo", 403)
        if repo not in self.repos:
            return self._refuse("RepoNotFound")
        files = self.repos[repo]
        match parts[2:]:
            case [] | ["revision", _]:
                names = [{"rfilename": name} for name in files]
                about = {"id": repo, "sha": COMMIT, "siblings": names, "tags": []}
                return self._json(about | {"cardData": _card(files.get("README.md", b""))})
            case ["tree", _, *below]:
                whole = "recursive=true" in urlsplit(self.path).query.lower()
                return self._json(_tree(files, "".join(f"{part}/" for part in below), whole))
            case ["paths-info", _]:
                wanted = json.loads(self.body)["paths"]
                return self._json([_entry(f, files[f]) for f in files if f in wanted])
        return self._refuse("EntryNotFound")

    def _file(self, repo: str, name: str) -> None:
        data = self.repos.get(repo, {}).get(name)
        if data is None:
            return self._refuse("EntryNotFound")
        return self._send(200, data, {"ETag": f'"{sha1(data).hexdigest()}"'})

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _refuse(self, code: str, status: int = 404) -> None:
        self._send(status, b"", {"X-Error-Code": code})

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "X-Repo-Commit": COMMIT}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def _card(readme: bytes) -> object:
    """Return what stands between the dashes at the head of a README."""
    return yaml.safe_load(readme.split(b"---")[1]) if b"---" in readme else None


def _entry(name: str, data: bytes) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(data), "oid": sha1(data).hexdigest()}


def _tree(files: dict[str, bytes], start: str, whole: bool) -> list[dict[str, object]]:
    """Return the files in a folder and its folders; with `whole`, all that is below them."""
    below = [name.removeprefix(start) for name in files if name.startswith(start)]
    found = [_entry(start + f, files[start + f]) for f in below if whole or "/" not in f]
    folders = {f.rsplit("/", 1)[0] if whole else f.split("/")[0] for f in below if "/" in f}
    return found + [
        {"type": "directory", "path": start + f, "oid": sha1(f.encode()).hexdigest()}
        for f in sorted(folders)
    ]


@contextmanager
def dataset_server(repos: dict[str, dict[str, bytes]]) -> Iterator[tuple[str, list[str]]]:
    """Serve datasets (name to path to content); give the address and what was asked so far."""
    asked: list[str] = []
    handler = type("Handler", (_Handler,), {"repos": repos, "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
