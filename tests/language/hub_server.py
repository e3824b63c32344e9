"""A Hub of our own on loopback: the upload protocol as huggingface_hub speaks it, and failures."""

import base64
import hashlib
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest


@dataclass
class Repo:
    """A model's repository."""

    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)

    @property
    def sha(self) -> str:
        return hashlib.sha1("/".join(self.commits).encode()).hexdigest()


class Hub:
    """What the server knows; `failures` are served first, one a request that matches.

    A failure is (a regular expression over "METHOD path", a status), or "drop" for the status:
    the connection is closed without an answer; or "lost": the work is done, the answer is not sent.
    """

    token = "hf_loopback"
    owner = "ada"

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.failures: list[tuple[str, int | str]] = []
        self.requests: list[str] = []
        self.url = ""

    def failure(self, request: str) -> int | str | None:
        for i, (pattern, kind) in enumerate(self.failures):
            if re.search(pattern, request):
                del self.failures[i]
                return kind
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815

    def _serve(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            self.body = self._chunks()
        path = self.path.split("?")[0]
        request = f"{self.command} {path}"
        self.hub.requests.append(request)
        kind = self.hub.failure(request)
        if kind == "drop":
            self.close_connection = True
            return
        if isinstance(kind, int):
            self._answer(kind, {"error": f"injected {kind}"})
            return
        self.lost = kind == "lost"
        for pattern, method in _ROUTES:
            if found := re.fullmatch(pattern, request):
                getattr(self, method)(*found.groups())
                return
        self._answer(404, {"error": f"no route {request}"})

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(
        self, status: int, value: Any = None, data: bytes | None = None, **headers: str
    ) -> None:
        if getattr(self, "lost", False):
            self.close_connection = True
            return
        data = json.dumps(value).encode() if data is None else data
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _known(self, repo: str = "") -> bool:
        if self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            self._answer(401, {"error": "Invalid username or password."})
            return False
        if repo and repo not in self.hub.repos:
            self._answer(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
            return False
        return True

    def whoami(self) -> None:
        if self._known():
            self._answer(200, {"name": self.hub.owner, "type": "user"})

    def create(self) -> None:
        if not self._known():
            return
        told = json.loads(self.body)
        repo = f"{told['organization'] or self.hub.owner}/{told['name']}"
        if not repo.startswith(f"{self.hub.owner}/"):
            self._answer(403, {"error": "You don't have the rights to create a model here"})
        elif repo in self.hub.repos:
            self._answer(409, {"error": "You already created this model repo"})
        else:
            private = told.get("visibility") == "private" or bool(told.get("private"))
            self.hub.repos[repo] = Repo(private, {".gitattributes": b"*.safetensors filter=lfs\n"})
            self._answer(200, {"url": f"{self.hub.url}/{repo}", "name": repo})

    def info(self, repo: str) -> None:
        if self._known(repo):
            held = self.hub.repos[repo]
            siblings = [{"rfilename": name} for name in held.files]
            value = {"id": repo, "private": held.private, "sha": held.sha, "siblings": siblings}
            self._answer(200, value)

    def tree(self, repo: str) -> None:
        if self._known(repo):
            files = self.hub.repos[repo].files
            rows = [{"type": "file", "path": n, "size": len(d), "oid": hashlib.sha1(d).hexdigest()}
                    for n, d in files.items()]  # fmt: skip
            self._answer(200, rows)

    def file(self, repo: str, name: str) -> None:
        if self._known(repo):
            held = self.hub.repos[repo]
            if name not in held.files:
                self._answer(404, {"error": "Entry not found"}, X_Error_Code="EntryNotFound")
                return
            data = held.files[name]
            etag = f'"{hashlib.sha1(data).hexdigest()}"'
            self._answer(200, data=data, X_Repo_Commit=held.sha, ETag=etag)

    def validate(self) -> None:
        content = json.loads(self.body)["content"]
        bad = "license: never-heard-of" in content
        errors = [{"message": '"license" must be one of the known licences'}] if bad else []
        self._answer(400 if bad else 200, {"errors": errors, "warnings": []})

    def preupload(self, repo: str) -> None:
        if self._known(repo):
            held = self.hub.repos[repo].files
            rows = []
            for file in json.loads(self.body)["files"]:
                path = file["path"]
                large = path.endswith(".safetensors")
                row = {"path": path, "uploadMode": "lfs" if large else "regular"}
                oid = self._oid(held[path], large=large) if path in held else None
                rows.append({**row, "shouldIgnore": False, "oid": oid})
            self._answer(200, {"files": rows})

    @staticmethod
    def _oid(data: bytes, *, large: bool) -> str:
        if large:
            return hashlib.sha256(data).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()

    def batch(self, repo: str) -> None:
        if self._known(repo):
            rows = []
            for wanted in json.loads(self.body)["objects"]:
                row = {"oid": wanted["oid"], "size": wanted["size"]}
                if wanted["oid"] not in self.hub.objects:
                    href = f"{self.hub.url}/objects/{wanted['oid']}"
                    row["actions"] = {
                        "upload": {"href": href},
                        "verify": {"href": f"{href}/verify"},
                    }
                rows.append(row)
            self._answer(200, {"transfer": "basic", "objects": rows})

    def put(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            self._answer(400, {"error": "these are not the bytes that were announced"})
            return
        self.hub.objects[oid] = self.body
        self._answer(200, {})

    def verify(self, oid: str) -> None:
        size = json.loads(self.body)["size"]
        right = len(self.hub.objects.get(oid, b"")) == size
        self._answer(200 if right else 422, {})

    def commit(self, repo: str) -> None:
        if not self._known(repo):
            return
        held = self.hub.repos[repo]
        lines = [json.loads(line) for line in self.body.splitlines()]
        assert lines[0]["key"] == "header"
        new = {}
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                new[value["path"]] = base64.b64decode(value["content"])
            else:
                assert line["key"] == "lfsFile"
                new[value["path"]] = self.hub.objects[value["oid"]]
        held.files |= new
        held.commits.append(lines[0]["value"]["summary"])
        url = f"{self.hub.url}/{repo}/commit/{held.sha}"
        self._answer(200, {"commitUrl": url, "commitOid": held.sha, "success": True})


_REPO = "([^/ ]+/[^/ ]+)"
_ROUTES = (
    ("GET /api/whoami-v2", "whoami"),
    ("POST /api/repos/create", "create"),
    (f"GET /api/models/{_REPO}", "info"),
    (f"GET /api/models/{_REPO}/revision/[^/]+", "info"),
    (f"GET /api/models/{_REPO}/tree/[^/]+", "tree"),
    ("POST /api/validate-yaml", "validate"),
    (f"POST /api/models/{_REPO}/preupload/main", "preupload"),
    (f"POST /{_REPO}.git/info/lfs/objects/batch", "batch"),
    ("PUT /objects/([0-9a-f]+)", "put"),
    ("POST /objects/([0-9a-f]+)/verify", "verify"),
    (f"POST /api/models/{_REPO}/commit/main", "commit"),
    (f"(?:GET|HEAD) /{_REPO}/resolve/[^/]+/(.+)", "file"),
)


@contextmanager
def running() -> Iterator[Hub]:
    """Run a Hub inside the block."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def point_at(patch: pytest.MonkeyPatch, home: Path, url: str, token: str | None) -> None:
    """Tell huggingface_hub, which reads the environment once, where the Hub is."""
    from huggingface_hub import constants
    from huggingface_hub.utils import _http

    patch.setattr(constants, "ENDPOINT", url)
    place = url + "/{repo_id}/resolve/{revision}/{filename}"
    patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", place)
    patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    patch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
    patch.setattr(constants, "HF_TOKEN_PATH", str(home / "no-token"))
    patch.setattr(constants, "HF_HUB_CACHE", str(home / "cache"))
    impatient = SimpleNamespace(**{**vars(time), "sleep": lambda seconds: None})
    patch.setattr(_http, "time", impatient)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        patch.delenv(name, raising=False)
    if token:
        patch.setenv("HF_TOKEN", token)
