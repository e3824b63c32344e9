"""A Ray cluster of real processes on this machine, whose nodes come and are killed one by one.

They are started by the commands of docs/many-machines.md.
"""

import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

__all__ = ["GUIDE", "Cluster"]

GUIDE = (Path(__file__).parents[2] / "docs/many-machines.md").read_text(encoding="utf-8")
HEAD, NODE = re.findall(r"^ray start (.+)$", GUIDE, re.MULTILINE)

SECONDS = 400.0
"""Within these a node starts, or is tried once more: Ray itself gives up after thirty."""

QUICK = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "10000",
    "RAY_health_check_failure_threshold": "3",
    "RAY_raylet_start_wait_time_s": "300",
}
"""A dead machine is noticed within seconds."""


class Cluster:
    """A head that computes nothing, and nodes of one core each."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """Start the head.

        Args:
            env: what all of it has in its environment, and who joins it needs to have.
        """
        self.token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16)}
        self._env = {**os.environ, **QUICK, **env, **self.token}
        self._folder = tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)
        self.nodes: list[subprocess.Popen[bytes]] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        head = self.here(HEAD).replace("6379", str(port)).split()
        self.head = self._start([*head, "--no-monitor", "--temp-dir", self._folder.name])

    def add_node(self) -> None:
        """Start a node of one core."""
        self.nodes.append(self._start(self.here(NODE).split()))

    def here(self, command: str) -> str:
        """Return a command of the guide for this cluster."""
        return command.replace("10.0.0.1:6379", self.address).replace("10.0.0.1", "127.0.0.1")

    def _start(self, options: list[str]) -> "subprocess.Popen[bytes]":
        command = [
            sys.executable, "-m", "ray.scripts.scripts", "start", "--block", *options,
            "--object-store-memory", "80000000", "--include-log-monitor", "false",
        ]  # fmt: skip
        end = time.monotonic() + SECONDS
        while True:
            told = Path(self._folder.name) / f"{secrets.token_hex(4)}.txt"
            with told.open("wb") as out:
                node = subprocess.Popen(command, env=self._env, stdout=out, stderr=out)
            while node.poll() is None:
                if b"Ray runtime started" in told.read_bytes():
                    return node
                assert time.monotonic() < end, told.read_text()
                time.sleep(0.1)
            assert time.monotonic() < end, told.read_text()

    def kill(self, node: "subprocess.Popen[bytes]") -> None:
        """Kill a node whole, as a power cut does."""
        if node.poll() is not None:
            return
        processes = [psutil.Process(node.pid)]
        processes += processes[0].children(recursive=True)
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        node.wait()
        psutil.wait_procs(processes, 30)

    def close(self) -> None:
        """Leave no process and no file behind."""
        for node in (*self.nodes, self.head):
            self.kill(node)
        self._folder.cleanup()
