"""The process that speaks with Ray, and what runs on the machines of its cluster.

To it come the jobs, through a pipe; from it pairs of a kind and a content:

- `slots`: how many jobs the cluster runs side by side, once it is there and as it grows;
- `outcome`: how an attempt ended;
- `line`: what the user should read;
- `refused`, `away`: the sentence with which it ends.
"""

import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from ..errors import ClusterError, UsageError, first_line
from ..stopping import SIGNALS
from ..system.child_process import end_with_parent
from ..system.environment import installed_version
from ..system.processes import count_cores
from .executor import LocalExecutor
from .jobs import Job, Needs, Outcome

__all__ = ["serve"]

REACH_SECONDS = 15.0
"""How long a cluster is tried to be reached."""

LOOK_SECONDS = 5.0
"""How often is looked whether its machines are there; a head that misses it twice is gone."""

GIVE_UP_SECONDS = 600.0
"""How long is waited for a machine that computes where there is none."""

OBJECT_STORE_BYTES = 200_000_000
"""Of a cluster that is started here: what jobs return are tables of some MB at most."""

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "NPROC",
)
"""What PyTorch, NumPy, Numba, tokenizers and XLA (the last) ask for how many threads to take."""

Versions = Mapping[str, str | None]


def serve(
    pipe: "Connection[Any, Any]",
    address: str,
    workers: int | None,
    needs: Needs,
    packages: Sequence[str],
) -> None:
    """Join a cluster, or start one, and run there what comes through the pipe, until it ends.

    Args:
        pipe: to who asks.
        address: `HOST:PORT` of the head; "" to start a cluster on this machine.
        workers: of one that is started: how many jobs it runs side by side; None for one a core.
        needs: of the jobs to come.
        packages: what must be installed on all machines in the version that it has here.
    """
    for number in SIGNALS:  # they reach all processes: the parent decides
        signal.signal(number, lambda *_: None)
    end_with_parent()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # Ray writes there, and so does what it starts
        os.dup2(nowhere, stream)
    lock = threading.Lock()

    def tell(kind: str, content: object) -> None:
        with lock, suppress(OSError):
            pipe.send((kind, content))

    try:
        cluster = _Cluster(address, workers, needs, packages, tell)
        try:
            cluster.obey(pipe)
        finally:
            cluster.leave()
    except UsageError as error:
        tell("refused", str(error))
    except ClusterError as error:
        tell("away", str(error))
    except Exception as error:  # whatever Ray raises
        tell("away", f"Ray failed: {type(error).__name__}: {first_line(error)}")
    os._exit(0)  # Ray's threads may wait for a head that is gone


class _Cluster:
    """A cluster of which this process is a driver."""

    def __init__(
        self,
        address: str,
        workers: int | None,
        needs: Needs,
        packages: Sequence[str],
        tell: Callable[[str, object], None],
    ) -> None:
        self._name = f"the Ray cluster at {address}" if address else "the Ray cluster started here"
        self._needs, self._tell = needs, tell
        self._own: Versions = {name: installed_version(name) for name in packages}
        self._ray = _connect(address, workers, self._name)
        self._is_own = not address
        head = self._ray.get_runtime_context().gcs_address
        self._head = tuple(head.rsplit(":", 1))
        self._attempt = self._ray.remote(max_retries=0)(attempt_job)
        self._common: dict[int, Any] = {}
        self._under_way: dict[int, Any] = {}
        self._lost: list[float] = []
        self._machines: dict[str, Mapping[str, Any]] = {}
        self._misses, self._slots, self._refusal = 0, 0, ""
        self._alone_since: float | None = None
        self._said = 0.0
        if self._is_own:
            cores = f"{workers or count_cores()} cores" if workers != 1 else "1 core"
            tell("line", f"RAY_ADDRESS is not set: a Ray cluster of {cores} is started here.")
        else:
            tell("line", f"Joined {self._name}.")
        for future in self._meet():
            with suppress(self._ray.exceptions.RayError, TimeoutError):  # it went meanwhile
                future.result(GIVE_UP_SECONDS)
        self._check()
        tell("slots", max(self._slots, 1))

    def obey(self, pipe: "Connection[Any, Any]") -> None:
        """Run what comes through a pipe until it ends.

        Raises:
            ClusterError: if the cluster went away.
            UsageError: if it cannot run the jobs.
        """
        looked = time.monotonic()
        while True:
            try:
                message = pipe.recv() if pipe.poll(1.0 if self._lost else LOOK_SECONDS) else None
            except (EOFError, OSError):
                return
            match message:
                case "common", key, common:
                    self._common[key] = self._ray.put(common)
                case "job", job, key, attempt:
                    self._submit(job, self._common[key], attempt)
            if message is None or time.monotonic() - looked > LOOK_SECONDS:
                self._look()
                looked = time.monotonic()

    def leave(self) -> None:
        """End the jobs under way, and the cluster where it was started here."""
        if self._misses:  # it would be waited for
            return
        for reference in list(self._under_way.values()):
            self._ray.cancel(reference, force=True)
        self._ray.shutdown()

    def _submit(self, job: Job, common: Any, attempt: int) -> None:
        cores = self._cores(job.needs)
        options: dict[str, Any] = {"num_cpus": cores}
        if job.needs.gpus:
            options["num_gpus"] = job.needs.gpus
        if job.needs.memory:
            options["memory"] = job.needs.memory
        reference = self._attempt.options(**options).remote(job, common, attempt, cores)
        self._under_way[job.key] = reference
        began = time.monotonic()
        reference.future().add_done_callback(
            lambda future: self._report(future, job.key, attempt, began)
        )

    def _report(self, future: "Future[Outcome]", key: int, attempt: int, began: float) -> None:
        self._under_way.pop(key, None)
        errors = self._ray.exceptions
        try:
            outcome = future.result()
        except errors.TaskCancelledError:
            return
        except errors.RayTaskError as error:  # as of a module that is not there
            cause = error.cause or error
            text = f"{type(cause).__name__}: {first_line(cause)}"
            outcome = Outcome(key, None, text, type(cause).__name__, attempt=attempt)
        except Exception as error:
            seconds = time.monotonic() - began
            text = _explain_loss(errors, error)
            outcome = Outcome(key, None, text, "ProcessDied", True, attempt, seconds=seconds)
        if outcome.lost:
            self._lost.append(time.monotonic())
        self._tell("outcome", outcome)

    def _look(self) -> None:
        """See whether the head and the machines are there, and say what has changed."""
        if self._refusal:
            raise UsageError(self._refusal)
        try:
            socket.create_connection(self._head, LOOK_SECONDS).close()
            self._misses = 0
        except OSError:
            self._misses += 1
            if self._misses == 2:
                raise ClusterError(
                    f"The head of {self._name} went away. What was measured is kept; the same "
                    "command goes on, there or elsewhere."
                ) from None
            return
        self._meet()
        now = time.monotonic()
        self._lost = [when for when in self._lost if now - when < 2 * GIVE_UP_SECONDS / 10]
        if self._slots:
            self._alone_since = None
            return
        self._alone_since = self._alone_since or now
        if now - self._alone_since > GIVE_UP_SECONDS:
            raise ClusterError(
                f"No machine of {self._name} computes since {GIVE_UP_SECONDS / 60:.0f} minutes. "
                "What was measured is kept; the same command goes on, there or elsewhere."
            )
        if now - self._said > 60:
            self._said = now
            self._tell("line", f"No machine of {self._name} computes; one is waited for.")

    def _meet(self) -> "list[Future[Versions]]":
        """Learn which machines there are, and ask those that came for their versions."""
        nodes = {node["NodeID"]: node for node in self._ray.nodes()}
        alive = {i: n for i, n in nodes.items() if n["Alive"] and n["Resources"].get("CPU")}
        gone = [
            self._machines[n]["NodeManagerAddress"] for n in self._machines.keys() - alive.keys()
        ]
        if gone:
            time.sleep(1.0)  # Ray tells of its jobs at about the same time
            jobs = f"{len(self._lost)} job" + "s" * (len(self._lost) != 1)
            hosts = f"host{'s' * (len(gone) > 1)} {', '.join(sorted(gone))}"
            self._tell("line", f"lost {hosts} ({jobs}): tried again elsewhere")
            self._lost.clear()
        new = alive.keys() - self._machines.keys()
        self._machines = alive
        slots = sum(self._room(machine) for machine in alive.values())
        if slots > self._slots and self._slots:
            self._tell("slots", slots)
        self._slots = slots
        return [self._ask(machine) for machine in new]

    def _ask(self, machine: str) -> "Future[Versions]":
        address = self._machines[machine]["NodeManagerAddress"]
        there = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(machine, False)
        ask = self._ray.remote(num_cpus=0, max_retries=0)(_make_question(list(self._own)))
        future: Future[Versions] = ask.options(scheduling_strategy=there).remote().future()
        future.add_done_callback(lambda answer: self._compare(address, answer))
        return future

    def _compare(self, address: str, answer: "Future[Versions]") -> None:
        if answer.exception() is not None:  # it went; or its first job will tell
            return
        for name, version in answer.result().items():
            if version != self._own[name] and not self._refusal:
                has = f"has {name} {version}" if version else f"lacks {name}"
                self._refusal = f"{address} {has}, and this machine has {self._own[name]}."

    def _check(self) -> None:
        """Refuse jobs that no machine takes.

        Raises:
            UsageError: if there is none that does.
        """
        if self._refusal:
            raise UsageError(self._refusal)
        most = max((m["Resources"].get("GPU", 0) for m in self._machines.values()), default=0)
        if self._needs.gpus > most:
            raise UsageError(
                f"A training needs {self._needs.gpus} GPU{'s' * (self._needs.gpus > 1)}, and no "
                f"machine of {self._name} has {'so many' if most else 'one'}."
            )

    def _cores(self, needs: Needs) -> int:
        """Return how many cores a job takes: never more than the smallest machine has."""
        cores = [int(m["Resources"]["CPU"]) for m in self._machines.values()] or [1]
        return min(needs.cores or min(cores), max(cores))

    def _room(self, machine: Mapping[str, Any]) -> int:
        return int(machine["Resources"]["CPU"]) // self._cores(self._needs)


def _connect(address: str, workers: int | None, name: str) -> Any:
    """Return the module `ray`, connected.

    Raises:
        UsageError: if the cluster cannot be reached, or is another version's.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    options: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    if address:
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), REACH_SECONDS).close()
        except OSError as error:
            reason = (error.strerror or str(error)).lower().rstrip(".")
            raise UsageError(f"on: {name} cannot be reached: {reason}.") from None
        options["address"] = address
    else:  # what runs here takes orders from those who know the token, and from no network
        os.environ.pop("RAY_ADDRESS", None)
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(16))
        os.environ.setdefault("RAY_raylet_start_wait_time_s", "300")
        options |= {
            "num_cpus": workers or count_cores(),
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE_BYTES,
        }
    import ray

    try:
        ray.init(**options)
    except Exception as error:
        raise UsageError(
            f"on: {name} cannot be joined: {first_line(error).rstrip('.')}. It may have another "
            "token than RAY_AUTH_TOKEN here, or none (RAY_AUTH_MODE)."
        ) from None
    return ray


def _explain_loss(errors: Any, error: Exception) -> str:
    """Return why an attempt was lost, in one sentence."""
    if isinstance(error, errors.OutOfMemoryError):
        return "Its machine ran out of memory."
    if isinstance(error, errors.WorkerCrashedError):
        return "Its process ended."
    if isinstance(error, errors.NodeDiedError | errors.ObjectLostError):
        return "Its machine went."
    return f"Ray lost it: {type(error).__name__}."


def _make_question(packages: Sequence[str]) -> Callable[[], Versions]:
    """Return what asks a machine for the versions of packages: it goes there with its code."""

    def tell_versions() -> Versions:
        from importlib.metadata import PackageNotFoundError, version

        versions: dict[str, str | None] = {}
        for name in packages:
            try:
                versions[name] = version(name)
            except PackageNotFoundError:
                versions[name] = None
        return versions

    return tell_versions


_here: dict[int, LocalExecutor] = {}
"""Of a process of Ray's: how many threads to the process that computes with them."""


def attempt_job(job: Job, common: tuple[Any, ...], attempt: int, threads: int) -> Outcome:
    """Run a job in a process beside this one of Ray's; Ray calls it on the machines.

    That process keeps deadlines, counts threads before it imports anything, and saves a checkpoint
    when it is stopped, as those of `LocalExecutor` do.

    Args:
        job: without what it has in common with others.
        common: that.
        attempt: which attempt this is, from 1.
        threads: how many it computes with.
    """
    if threads not in _here:
        for executor in _here.values():
            executor.cancel()
        _here.clear()
        os.environ |= dict.fromkeys(THREADS, str(threads))
        _here[threads] = LocalExecutor(1)
    alone = replace(job, common=common, retries=0, needs=Needs())
    (outcome,) = _here[threads].run([alone])
    return replace(outcome, attempt=attempt)
