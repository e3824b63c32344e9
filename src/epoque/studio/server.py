"""Starting and ending the server: its address, its link, its signals."""

import errno
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn

from epoque.bench.errors import UsageError, first_line

from .app import create_app
from .client_files import check_client
from .security import Access, is_loopback, make_token
from .state import StudioOptions

__all__ = ["FIRST_PORT", "Address", "make_link", "open_socket", "serve"]

FIRST_PORT = 8787
"""The first that is tried where none is told."""
PORTS_TRIED = 100


@dataclass(frozen=True, slots=True)
class Address:
    """Where the studio listens, and what visitors must bring.

    Attributes:
        host: an address of this machine, or its name.
        port: the port; None: the first free one from `FIRST_PORT`, 0: any free one.
        token: of visitors; None: nothing at a loopback address, else a new one.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    token: str | None = None


def serve(
    options: StudioOptions,
    address: Address,
    announce: Callable[[str], None],
    client: Path | None = None,
) -> None:
    """Serve the studio until a signal ends it.

    Args:
        options: what it is started with.
        address: where it listens.
        announce: receives the link once the server can be reached.
        client: the folder of the built client; None: the one in this package.

    Raises:
        UsageError: if the client is not built, or the address cannot be had.
    """
    folder = check_client(client)
    host, token = address.host, address.token
    if token is None and not is_loopback(host):
        token = make_token()
    listener = open_socket(host, address.port)
    number = listener.getsockname()[1]
    access = Access.of(host, number, token)
    config = uvicorn.Config(
        create_app(options, access, folder),
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=2**20,
        ws_ping_interval=20,
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    link = make_link(host, number, token)
    _Server(config, lambda: announce(link)).run(sockets=[listener])


def make_link(host: str, port: int, token: str | None) -> str:
    """Return the address to open: of a server that listens everywhere this machine's own name."""
    name = socket.gethostname() if host in ("0.0.0.0", "::") else host
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{port}/" + (f"?token={token}" if token else "")


def open_socket(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens.

    Raises:
        UsageError: if the system does not give it.
    """
    ports = range(FIRST_PORT, FIRST_PORT + PORTS_TRIED) if port is None else [port]
    for number in ports:
        try:
            return _listen(host, number)
        except socket.gaierror:
            raise UsageError(f"--host: {host} is no address of a machine.") from None
        except (OSError, OverflowError, UnicodeError) as error:
            is_taken = getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES)
            if port is None and is_taken:
                continue
            raise _describe(host, number, error) from None
    raise UsageError(
        f"--port: all ports from {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} are in use."
    )


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except BaseException:
        listener.close()
        raise
    return listener


def _describe(host: str, port: int, error: Exception) -> UsageError:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return UsageError(f"--port: {port} is in use; without --port a free one is found.")
        case errno.EACCES:
            return UsageError(f"--port: {port} may not be used; it takes 1024 to 65535.")
        case errno.EADDRNOTAVAIL:
            return UsageError(f"--host: {host} is no address of this machine.")
    return UsageError(f"--host: {host} cannot be listened at: {first_line(error)}.")


class _Server(uvicorn.Server):
    """Says when it can be reached; a signal ends it and is not passed on."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End; a second signal waits for nothing."""
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Hear signals; uvicorn would raise them again at the end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        names = ("SIGINT", "SIGTERM", "SIGHUP")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
