"""Jobs on the machines of a Ray cluster.

Ray schedules, watches and connects the machines. All that speaks with it is in a process of its own
(`epoque.bench.sweeps.ray_driver`): Ray writes to the terminal, takes signals, and ends its driver
when its head is gone; none of it reaches the process that holds the study.
"""

import os
import re
from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from itertools import chain, islice
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from ..errors import ClusterError, UsageError
from ..progress import Notify
from ..system.child_process import start_child
from .executor import SECONDS_TO_STOP, check_workers
from .jobs import Job, Needs, Outcome
from .ray_driver import serve
from .retries import AHEAD, RETRIES, RetryingExecutor

__all__ = ["RayExecutor"]

JOIN_SECONDS = 60.0
"""Within these a cluster that can be reached takes us on; it may be busy."""

START_SECONDS = 600.0
"""Within these Ray's processes start, on this machine and on the others."""

_ADDRESS = re.compile(r"(?P<host>[^\s/@:]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")


class RayExecutor(RetryingExecutor):
    """A Ray cluster (extra `ray`): one that runs, or one that is started on this machine.

    All machines have one folder of runs under one path, and the same versions of Epoque and of
    the lab's package; a machine with others is refused. A job computes with as many threads as it
    needs cores. Who reaches the ports of a Ray cluster runs code on it: see docs/many-machines.md.
    """

    def __init__(
        self,
        workers: int | None = None,
        retries: int = RETRIES,
        address: str = "",
        notify: Notify | None = None,
    ) -> None:
        """Make an executor; it connects with the first jobs, or by `check`.

        Args:
            workers: how many jobs are under way at most; by default as many as there is room for.
            retries: how often a job is tried again whose process or machine went.
            address: `HOST:PORT` of the head; "" for the variable RAY_ADDRESS, and where it is not
                set for a cluster that lives as long as this executor.
            notify: receives what happens to the cluster, line by line.

        Raises:
            UsageError: if that is no such address or number.
        """
        self._address = _read_address(address)
        self._workers = check_workers(workers)
        super().__init__(self._workers or AHEAD, retries)
        self._notify = notify or (lambda _: None)
        self._child: tuple[SpawnProcess, Connection[Any, Any]] | None = None
        self._sent: dict[int, tuple[Any, ...]] = {}

    def check(self, needs: Needs, packages: Sequence[str] = ()) -> None:
        """Connect, and refuse what the cluster cannot run.

        Args:
            needs: of each job.
            packages: what must be installed on all machines in the version that it has here.

        Raises:
            UsageError: if the cluster cannot be reached, takes no such job, or a machine has
                another version.
            ClusterError: if it goes away meanwhile.
        """
        self.cancel()
        self._child = start_child(serve, self._address, self._workers, needs, ("epoque", *packages))
        seconds = JOIN_SECONDS if self._address else START_SECONDS
        while (told := self._receive(seconds)) is not True:
            seconds = START_SECONDS if told is None else seconds

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """See `Executor.run`."""
        source = iter(jobs)
        for first in islice(source, 1):
            if self._child is None:
                self.check(first.needs)
            yield from super().run(chain([first], source))

    def start(self, job: Job, attempt: int) -> None:
        """Hand over an attempt at a job (see `RetryingExecutor.start`)."""
        key = id(job.common)  # of a tuple that is kept here: no other has it
        if key not in self._sent:
            self._sent[key] = job.common
            self._send(("common", key, job.common))
        name = job.key, job.task, job.arguments, (), job.needs, job.deadline, job.retries
        self._send(("job", Job(*name), key, attempt))

    def wait(self) -> Outcome:
        """Wait until an attempt ends (see `RetryingExecutor.wait`).

        Raises:
            ClusterError: if the cluster went away.
            UsageError: if a machine with other versions came.
        """
        while not isinstance(told := self._receive(None), Outcome):
            pass
        return told

    def cancel(self) -> None:
        """Stop everything (see `Executor.cancel`), with the cluster where it was started here."""
        if self._child is None:
            return
        (process, pipe), self._child = self._child, None
        self._sent.clear()
        try:
            pipe.close()
            process.join(SECONDS_TO_STOP)
        finally:
            process.kill()
            process.join()

    def _send(self, message: object) -> None:
        assert self._child is not None
        with suppress(OSError):  # it ended; `_receive` says why
            self._child[1].send(message)

    def _receive(self, seconds: float | None) -> Outcome | bool | None:
        """Return an outcome, True once jobs can be run, None for anything else that was told."""
        assert self._child is not None
        try:
            if not self._child[1].poll(seconds):
                self.cancel()
                raise UsageError(f"on: {self._name} does not answer as a Ray cluster does.")
            kind, content = self._child[1].recv()
        except (EOFError, OSError):
            self.cancel()
            raise ClusterError(f"The process that spoke with {self._name} ended.") from None
        match kind:
            case "outcome":
                outcome: Outcome = content
                return outcome
            case "slots":
                self.window = self._workers or AHEAD * content
                return True
            case "line":
                self._notify(content)
            case "refused":
                self.cancel()
                raise UsageError(content)
            case "away":
                self.cancel()
                raise ClusterError(content)
        return None

    @property
    def _name(self) -> str:
        return self._address or "the Ray cluster of this machine"


def _read_address(typed: str) -> str:
    """Return `HOST:PORT`, or "" where none is named.

    Raises:
        UsageError: if it is anything else.
    """
    name, address = "on", typed
    if not address:
        name, address = "RAY_ADDRESS", os.environ.get("RAY_ADDRESS", "")
        if not address:
            return ""
    if address.startswith(("//", "ray://")):
        raise UsageError(
            f"{name}: ray://{address.rpartition('//')[2].rpartition('@')[2]} is not allowed; Ray "
            "Client is not used. Make this machine one of the cluster "
            "(ray start --address HOST:PORT --num-cpus 0), and name HOST:PORT."
        )
    match = _ADDRESS.fullmatch(address)
    if match is None or not 0 < int(match["port"]) < 2**16:
        said = address.rpartition("@")[2]
        raise UsageError(f"{name}: {said} is not allowed; it takes HOST:PORT of a Ray head.")
    return address
