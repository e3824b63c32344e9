"""Files from the network, fetched once: whole or not there, and never silently another.

A file that arrives is checked by what the server says of its length, and its SHA-256 is remembered
on first use: whatever comes later under the same address must be the same, or is refused.
"""

import http.client
import json
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urljoin, urlsplit

from epoque.bench.errors import DataError, FetchError, UsageError, first_line
from epoque.bench.files import cache as store
from epoque.bench.files.atomic import explain_write_errors, write_json
from epoque.bench.files.input_files import open_regular
from epoque.bench.limits import MAX_DOWNLOAD_BYTES
from epoque.bench.progress import Progress, no_progress

from .catalog import find_official

__all__ = ["FetchedFile", "fetch"]

CHUNK = 2**20
TIMEOUT = 30.0  # seconds without an answer
WAITS = (1.0, 2.0, 4.0)  # seconds before trying again
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file on this machine.

    Attributes:
        path: where it is.
        sha256: of its content, in hexadecimal.
        license: the terms of its use, where they are known.
        url: where it came from, or None for a file that was there.
    """

    path: Path
    sha256: str
    license: str | None = None
    url: str | None = None


def fetch(source: str | Path, progress: Progress | None = None) -> FetchedFile:
    """Return a file of a path, an https address or an official network's short name.

    What was fetched stays in the cache folder (EPOQUE_CACHE); what was begun goes on.

    Args:
        source: the path, address or name.
        progress: receives how many bytes are there.

    Raises:
        UnknownNameError: if it is none of them.
        UsageError: if the address is not https.
        FetchError: if it cannot be fetched.
        DataError: if the file is not the one that the address gave before.
        RunWriteError: if the cache folder cannot be written.
    """
    path, text = Path(source), str(source)
    check_source(source)
    if path.is_file():
        return FetchedFile(path, _digest(path))
    if "://" in text:
        return _fetch_url(text, None, progress)
    entry = find_official(text)
    return _fetch_url(entry.url, entry.license, progress)


def check_source(source: str | Path) -> None:
    """Check that `fetch` has something to take; nothing is fetched.

    Raises:
        UnknownNameError: if there is no such network.
        UsageError: if the address is not https.
        DataError: if the file does not exist.
    """
    path, text = Path(source), str(source)
    if path.is_file():
        return
    if "://" in text:
        _check_scheme(text)
    elif path.is_dir():
        raise DataError(f"The file {path} is a folder.")
    elif path.exists():
        open_regular(path).close()  # says what it is
    elif path.suffix or len(path.parts) > 1:
        raise DataError(f"The file {path} does not exist.")
    else:
        find_official(text)


def _fetch_url(url: str, license: str | None, progress: Progress | None) -> FetchedFile:
    from filelock import FileLock

    _check_scheme(url)
    folder = store.cache_folder() / "networks" / sha256(url.encode()).hexdigest()[:32]
    path = folder / _file_name(url)
    with explain_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "lock"):  # another process may be fetching it
            about, expected = folder / "about.json", _read_digest(folder / "about.json")
            if not path.is_file() or _digest(path) != expected:
                _Download(url, path, progress).run()
                _check_digest(about, expected, path, {"url": url, "licence": license})
    return FetchedFile(path, _read_digest(about) or "", license, url)


def _file_name(url: str) -> str:
    """Return the name for the file of an address, without anything that a path could mean."""
    last = unquote(urlsplit(url).path).replace("\\", "/").rpartition("/")[2]
    name = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in last)
    return name.lstrip(".")[-100:] or "network.pkl"


def _check_scheme(url: str) -> None:
    """Refuse an address that is not https; this machine's own may be http."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise UsageError(f"{url} is not fetched: only https addresses are.")


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None


def _check_digest(about: Path, expected: str | None, path: Path, record: dict[str, Any]) -> None:
    """Remember the digest of a file just fetched, if it is the first; refuse another."""
    digest = _digest(path)
    if expected is None:
        record |= {"sha256": digest, "size": path.stat().st_size}
        write_json(about, record, durable=True)
    elif expected != digest:
        path.unlink()
        raise DataError(
            f"{record['url']} gave another file than the first time (SHA-256 {digest[:16]}…, not "
            f"{expected[:16]}…); if you trust the new one, delete {about}."
        )


def _read_digest(about: Path) -> str | None:
    try:
        return str(json.loads(about.read_bytes())["sha256"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        message = f"{about}, which remembers what was fetched, is damaged"
        raise DataError(f"{message}; delete it to fetch anew.") from None


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirection only to where one could have asked in the first place."""

    def redirect_request(
        self, req: urllib.request.Request, *arguments: Any
    ) -> urllib.request.Request | None:
        """Check the new address, which is told last."""
        _check_scheme(urljoin(req.full_url, arguments[-1]))
        return super().redirect_request(req, *arguments)


class _Download:
    """Fetches one file beside its place, goes on where it was cut off, and moves it there."""

    def __init__(self, url: str, path: Path, progress: Progress | None) -> None:
        self._url = url
        self._path = path
        self._partial = path.with_name(path.name + ".partial")
        self._mark = path.with_name(path.name + ".partial.json")
        self._progress = progress or no_progress
        self._opener = urllib.request.build_opener(_SafeRedirects())

    def run(self) -> None:
        """Fetch it; a connection that breaks is taken up again a few times.

        Raises:
            FetchError: if it cannot be fetched.
        """
        broken = FetchError(f"{self._url}: the connection ends early again and again.")
        for wait in (*WAITS, None):
            try:
                with _explain_http_errors(self._url):
                    if self._attempt():
                        self._partial.replace(self._path)
                        self._mark.unlink(missing_ok=True)
                        return
            except _BrokenError as error:
                broken = error
            if wait is not None:
                time.sleep(wait)
        raise broken

    def _there(self) -> int:
        return self._partial.stat().st_size if self._partial.exists() else 0

    def _attempt(self) -> bool:
        """Fetch what is missing; tell whether the file is whole."""
        request = urllib.request.Request(self._url, headers={"User-Agent": "epoque"})
        version, start = self._version(), self._there()
        if start and version:
            request.add_header("Range", f"bytes={start}-")
            request.add_header("If-Range", version)
        with self._open(request) as answer:
            goes_on = answer.status == 206 and _starts_at(answer, start)
            start = start if goes_on else 0
            whole = _total_length(answer, start)
            self._check(whole, start)
            tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
            with self._partial.open("ab" if goes_on else "wb") as file:
                write_json(self._mark, {"version": "" if tag.startswith("W/") else tag})
                there = self._copy(answer, file, start, whole)
        return whole is None or there == whole

    def _open(self, request: urllib.request.Request) -> Any:
        try:
            return self._opener.open(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            if error.code == 416:  # what is there is not a beginning of what is asked for
                self._partial.unlink(missing_ok=True)
            raise

    def _version(self) -> str:
        """Return what the server called the file whose beginning is there, or nothing."""
        try:
            return str(json.loads(self._mark.read_bytes())["version"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def _check(self, whole: int | None, start: int) -> None:
        if whole is None:
            return
        if whole > MAX_DOWNLOAD_BYTES:
            raise FetchError(f"{self._url} is {whole / 2**30:,.0f} GiB large; no network is.")
        free = shutil.disk_usage(self._path.parent).free
        if whole - start > free:
            need = f"{(whole - start) / 2**20:,.0f} MiB are needed, {free / 2**20:,.0f} are free"
            raise FetchError(f"{self._url} does not fit on the disk of the cache: {need}.")

    def _copy(self, answer: IO[bytes], file: IO[bytes], there: int, whole: int | None) -> int:
        self._progress(there, whole, "fetching networks")
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            there += len(chunk)
            if there > (MAX_DOWNLOAD_BYTES if whole is None else whole):
                raise FetchError(f"{self._url} is larger than it says.")
            self._progress(there, whole, "fetching networks")
        return there


def _starts_at(answer: http.client.HTTPResponse, start: int) -> bool:
    return str(answer.headers.get("Content-Range", "")).startswith(f"bytes {start}-")


def _total_length(answer: http.client.HTTPResponse, start: int) -> int | None:
    header = answer.headers.get("Content-Length") or ""
    return start + int(header) if header.isdigit() else None


class _BrokenError(FetchError):
    """The connection broke; trying again may help."""


@contextmanager
def _explain_http_errors(url: str) -> Iterator[None]:
    """Turn what the HTTP library raises into a sentence."""
    host = urlsplit(url).hostname
    elsewhere = "fetch it elsewhere and give the file's path"
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        message = f"{host} answers {error.code} ({error.reason})"
        if error.code >= 500 or error.code in (408, 416, 429):
            raise _BrokenError(f"{url} cannot be fetched: {message}.") from None
        raise FetchError(f"{url} cannot be fetched: {message}.") from None
    except (urllib.error.URLError, ssl.SSLError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            message = f"{host} does not prove who it is ({reason.verify_message})"
            raise FetchError(f"{url} cannot be fetched: {message}.") from None
        message = f"{host} cannot be reached ({first_line(reason)})"
        raise FetchError(f"{url} cannot be fetched: {message}; {elsewhere}.") from None
    except (http.client.HTTPException, TimeoutError, ConnectionError) as error:
        message = f"the connection to {host} broke ({first_line(error)})"
        raise _BrokenError(f"{url} cannot be fetched: {message}; {elsewhere}.") from None
