"""The studio as a process: its link, its ports, its end, and what it starts."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from waiting import ended, wait_for
from websockets.sync.client import connect

from epoque.bench.errors import UsageError
from epoque.studio import server
from epoque.studio.client_files import check_client
from epoque.studio.frames import Kind, pack_json, read_message

START = """
import sys
from pathlib import Path
from epoque.studio.server import Address, serve
from epoque.studio.state import StudioOptions
client, runs, host, *token = sys.argv[1:]
address = Address(host, 0, token[0] if token else None)
def announce(link):
    print(link, *sorted({name.partition(".")[0] for name in sys.modules}), flush=True)
serve(StudioOptions(Path(runs)), address, announce, Path(client))
"""


class Started:
    """A studio in a process of its own."""

    def __init__(self, client: Path, runs: Path, host: str = "127.0.0.1", *token: str) -> None:
        words = [sys.executable, "-c", START, str(client), str(runs), host, *token]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.link, *modules = self.process.stdout.readline().split()
        self.modules = set(modules)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.link + path) as answer:
            return json.loads(answer.read())

    def train(self, config: dict[str, Any]) -> list[int]:
        """Play a training on the server; return the processes that it started."""
        address = self.link.replace("http", "ws") + "api/ws"
        with connect(address) as socket:
            command = {"id": 1, "do": "open", "lab": "gan2d", "config": config}
            socket.send(pack_json(command))
            session = self._answer(socket, 1)["session"]
            socket.send(pack_json({"id": 2, "do": "play", "session": session}))
            children = psutil.Process(self.process.pid).children(recursive=True)
            wait_for(lambda: psutil.Process(self.process.pid).children(recursive=True))
            children = psutil.Process(self.process.pid).children(recursive=True)
        return [child.pid for child in children]

    @staticmethod
    def _answer(socket: Any, number: int) -> dict[str, Any]:
        while True:
            message = read_message(socket.recv())
            if message.kind is Kind.JSON and message.json().get("reply") == number:
                return message.json()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def started(client_files: Path, tmp_path: Path) -> Iterator[Started]:
    studio = Started(client_files, tmp_path / "runs")
    yield studio
    studio.end()


def test_it_answers_without_an_engine(started: Started) -> None:
    assert started.modules.isdisjoint({"jax", "torch", "matplotlib", "pandas", "wasmtime"})
    assert started.get("api/health")["sessions"] == 0
    assert len(started.get("api/labs")) == 4
    assert not psutil.Process(started.process.pid).children()  # no process before a training


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_its_workers_while_they_compile(
    client_files: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """Its own deadline is 2 s; waited is as long as a busy machine takes."""
    studio = Started(client_files, tmp_path / "runs")
    pids = studio.train({"iterations": 10**6})
    assert pids
    begin = time.monotonic()
    studio.process.send_signal(number)
    out, _ = studio.process.communicate()
    assert (studio.process.returncode, out) == (0, "")
    assert time.monotonic() - begin < 20
    wait_for(lambda: all(map(ended, pids)), "the end of its workers")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_killed_it_leaves_no_process(started: Started) -> None:
    pids = started.train({"iterations": 10**6})
    started.process.kill()
    wait_for(lambda: all(map(ended, pids)), "the end of its workers")


def test_the_first_free_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with server.open_socket("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(server, "FIRST_PORT", port)
        with server.open_socket("127.0.0.1", None) as other:
            assert port < other.getsockname()[1] < port + server.PORTS_TRIED
        with pytest.raises(UsageError, match=f"--port: {port} is in use"):
            server.open_socket("127.0.0.1", port)
        monkeypatch.setattr(server, "PORTS_TRIED", 1)
        with pytest.raises(UsageError, match="all ports from"):
            server.open_socket("127.0.0.1", None)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a b", "x" * 300])
def test_a_host_that_is_none_is_one_sentence(host: str) -> None:
    with pytest.raises(UsageError) as error:
        server.open_socket(host, 0)
    assert str(error.value).startswith("--host: ")
    assert "\n" not in str(error.value)


def test_links_name_what_can_be_reached() -> None:
    assert server.make_link("127.0.0.1", 8787, None) == "http://127.0.0.1:8787/"
    assert server.make_link("::1", 8787, "t") == "http://[::1]:8787/?token=t"
    assert socket.gethostname() in server.make_link("0.0.0.0", 1, "t")


def test_another_address_prints_a_token(client_files: Path, tmp_path: Path) -> None:
    studio = Started(client_files, tmp_path / "runs", "0.0.0.0")
    try:
        assert "?token=" in studio.link
        port = studio.link.split(":")[2].split("/")[0]
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health")
    finally:
        studio.end()


def test_without_a_client_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make client"):
        check_client(tmp_path)


def test_the_runs_folder_need_not_be_there(started: Started, tmp_path: Path) -> None:
    assert started.get("api/runs")["rows"] == []
    assert not os.path.lexists(tmp_path / "runs/.uploads")
