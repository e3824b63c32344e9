"""Metrics for an MLflow server, the one that MLFLOW_TRACKING_URI names, in buffered batches.

The run folder is the record; the server is a copy. A server that does not answer before training
is an error; one that goes away in the middle is a warning, and what it missed is sent once it is
back.
"""

import os
import re
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from http.client import HTTPException
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

from ..errors import RunError, UsageError
from ..events import Event, Metrics
from ..runs.run import Run
from ..runs.status import State
from .parameters import shorten_parameters

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

__all__ = ["MlflowSink"]

BATCH = 1000  # metrics a request; the server refuses more
PARAMS = 100  # parameters a request, likewise
WAITING = 500_000  # metrics kept while the server is away; the oldest are given up first
SEND_SECONDS = 2.0
RETRY_SECONDS = 60.0
ANSWER_SECONDS = 5  # to say that it is there
REQUEST_SECONDS = 30  # to store a batch

STATUS = {
    "running": "RUNNING",
    "finished": "FINISHED",
    "failed": "FAILED",
    "interrupted": "KILLED",
}


class MlflowSink:
    """Copies a run to an MLflow run of the same name; a resumed run goes on in the same one.

    The experiment is MLFLOW_EXPERIMENT_NAME, or `epoque/<lab>`. A server stores one or two thousand
    metrics a second, and the training waits for it.
    """

    def __init__(self, run: Run) -> None:
        self._metrics: deque[Metric] = deque(maxlen=WAITING)
        self._away = False
        self._due = time.monotonic() + SEND_SECONDS
        uri = _server()
        try:
            self._client = _client(uri)
            self._id = _open_run(self._client, run)
        except Exception as error:  # whatever its network and database layers raise
            raise RunError(
                f"MLflow at {_without_credentials(uri)} refused the run: {_describe_error(error)}."
            ) from error

    def log(self, event: Event) -> None:
        """Keep the metrics of one step; send them when a batch is full or two seconds passed."""
        if not isinstance(event, Metrics):
            return
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._metrics.extend(
            Metric(name, value, now, event.step)
            for name, value in event.values.items()
            if isfinite(value)
        )
        if (len(self._metrics) >= BATCH and not self._away) or time.monotonic() > self._due:
            self._try(self._send)

    def close(self, state: State, reason: str = "") -> None:
        """Send what is left, and how the run ended."""
        self._try(lambda: self._finish(state, reason))
        if self._away:
            left = f"{len(self._metrics)} metrics did not reach it"
            warnings.warn(f"MLflow does not answer; {left}. The run folder has all.", stacklevel=2)

    def _send(self) -> None:
        """Send all that waits; what was sent waits no more, even if a later batch fails."""
        while self._metrics:
            batch = list(islice(self._metrics, BATCH))
            self._client.log_batch(self._id, metrics=batch)
            for _ in batch:
                self._metrics.popleft()

    def _finish(self, state: State, reason: str) -> None:
        self._send()
        if reason:
            self._client.set_tag(self._id, "epoque.reason", reason[:5000])
        self._client.set_terminated(self._id, STATUS[state])

    def _try(self, action: Callable[[], None]) -> None:
        """Do what needs the server; where it does not answer, warn once and try again later."""
        try:
            with redirect_stdout(sys.stderr):  # its notices do not belong among JSON lines
                action()
        except Exception as error:  # whatever its network and database layers raise
            if not self._away:
                rest = "the training goes on, and MLflow gets the rest when it answers again."
                warnings.warn(f"MLflow failed ({_describe_error(error)}); {rest}", stacklevel=2)
            self._away = True
        else:
            self._away = False
        self._due = time.monotonic() + (RETRY_SECONDS if self._away else SEND_SECONDS)


def _server() -> str:
    """Return the server's address once it answers.

    Raises:
        UsageError: if none is named.
        RunError: if nothing answers there within a few seconds.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not uri:
        raise UsageError(
            "MLflow needs a server: set MLFLOW_TRACKING_URI, for instance to http://127.0.0.1:5000."
        )
    if uri.startswith(("http://", "https://")):
        try:
            urlopen(
                f"{_without_credentials(uri).rstrip('/')}/health", timeout=ANSWER_SECONDS
            ).close()
        except HTTPError:
            pass  # it asks who we are, or stands behind a proxy: something answers
        except (OSError, ValueError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise RunError(
                f"MLflow at {_without_credentials(uri)} does not answer: {reason}."
            ) from None
    return uri


def _without_credentials(uri: str) -> str:
    """Return an address without the name and password that it may hold."""
    return re.sub(r"//[^/]*@", "//", uri)


def _client(uri: str) -> "MlflowClient":
    """Return a client that gives up soon: its own default keeps the training waiting minutes."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # the sink itself tries again
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(REQUEST_SECONDS))
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def _open_run(client: "MlflowClient", run: Run) -> str:
    """Return the id of this run's MLflow run, made if it is new."""
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or f"epoque/{run.lab_name}"
    there = client.get_experiment_by_name(name)
    experiment = there.experiment_id if there else client.create_experiment(name)
    runs = client.search_runs([experiment], f"tags.`epoque.run` = '{run.id}'", max_results=1)
    if runs:
        client.update_run(runs[0].info.run_id, status="RUNNING")
        return str(runs[0].info.run_id)
    tags = {"epoque.run": run.id, "epoque.recipe": run.recipe, "epoque.lab": run.lab_name}
    run_id = client.create_run(experiment, tags=tags, run_name=run.id).info.run_id
    _log_params(client, run_id, run.metadata["config"])
    return str(run_id)


def _log_params(client: "MlflowClient", run_id: str, config: Mapping[str, object]) -> None:
    from mlflow.entities import Param

    params = [Param(name, str(value)) for name, value in shorten_parameters(config).items()]
    for start in range(0, len(params), PARAMS):
        client.log_batch(run_id, params=params[start : start + PARAMS])


def _describe_error(error: Exception) -> str:
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return f"{line[:150]}…" if len(line) > 150 else line.rstrip(".")
