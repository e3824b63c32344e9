"""MLflow: a real server on this machine, started by the tests."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from waiting import PATIENCE

from epoque.bench.errors import RunError, UsageError
from epoque.bench.events import Metrics
from epoque.bench.runs.execute import execute, resume
from epoque.bench.runs.run import Run
from epoque.bench.sinks.mlflow import MlflowSink

Make = Callable[..., Run]
SETTINGS = {"iterations": 700, "checkpoint_every": 200, "layers": (3, 1)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """`mlflow server` with SQLite, which can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "mlflow", "server", "--port", str(self.port)]
        store = ["--backend-store-uri", f"sqlite:///{self._folder}/db", "--workers", "1"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
        self._process = subprocess.Popen(
            [*command, *store], cwd=self._folder, start_new_session=True, env=env, **quiet
        )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                urlopen(f"{self.uri}/health", timeout=1).close()
            except (URLError, OSError):
                time.sleep(0.2)
            else:
                return
        raise TimeoutError("the MLflow server does not start")

    def stop(self) -> None:
        os.killpg(self._process.pid, 9)
        self._process.wait(PATIENCE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    pytest.importorskip("mlflow", reason="the extra `mlflow` is not installed")
    pytest.importorskip("flask", reason="mlflow-skinny has no server")
    made = Server(tmp_path_factory.mktemp("mlflow"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def client(server: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")  # this machine may be very busy
    from mlflow import MlflowClient

    return MlflowClient(server.uri)


def logged(client: Any, run: Run) -> Any:
    """Return the one MLflow run of a run."""
    experiment = client.get_experiment_by_name("epoque/line").experiment_id
    (found,) = client.search_runs([experiment], f"tags.`epoque.run` = '{run.id}'")
    return found


def history(client: Any, found: Any, name: str) -> dict[int, float]:
    return {m.step: m.value for m in client.get_metric_history(found.info.run_id, name)}


def test_a_run_is_copied(client: Any, started: Make, capsys: pytest.CaptureFixture[str]) -> None:
    run = started(**SETTINGS)
    execute(run, [MlflowSink], draw=False)
    assert capsys.readouterr().out == ""
    found = logged(client, run)
    assert (found.info.run_name, found.info.status) == (run.id, "FINISHED")
    assert found.data.params["iterations"] == "700"
    assert found.data.params["layers"] == "[3, 1]"
    assert len(found.data.params) == len(type(run.config).model_fields)
    assert found.data.tags["epoque.recipe"] == "line/fit"
    for name in ("error", "w0", "w1", "w2"):
        assert history(client, found, name) == run.metrics[name].to_dict()


def test_a_failed_run(client: Any, started: Make) -> None:
    run = started(iterations=500, learning_rate=50.0)
    with pytest.raises(Exception, match="Training diverged"):
        execute(run, [MlflowSink], draw=False)
    found = logged(client, run)
    assert found.info.status == "FAILED"
    assert found.data.tags["epoque.reason"] == run.status.reason
    assert len(history(client, found, "error")) == len(run.metrics)


def test_a_resumed_run_goes_on_in_the_same_one(client: Any, started: Make) -> None:
    run = started(**SETTINGS)

    class Stop:
        def log(self, event: Any) -> None:
            if getattr(event, "step", 0) == 500:
                raise KeyboardInterrupt

        def close(self, state: str, reason: str = "") -> None: ...

    with pytest.raises(KeyboardInterrupt):
        execute(run, [MlflowSink, lambda _: Stop()], draw=False)
    assert logged(client, run).info.status == "KILLED"
    resume(run, [MlflowSink], draw=False)
    found = logged(client, run)
    assert found.info.status == "FINISHED"
    assert history(client, found, "error") == run.metrics["error"].to_dict()


def test_undefined_numbers_are_left_out(client: Any, started: Make) -> None:
    run = started()
    sink = MlflowSink(run)
    sink.log(Metrics(1, {"error": float("nan"), "w0": 2.0}))
    sink.close("finished")
    assert logged(client, run).data.metrics == {"w0": 2.0}


def test_a_server_that_goes_away_and_comes_back(
    server: Server, client: Any, started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is whole, one warning tells it, and the server gets what it missed."""
    monkeypatch.setattr("epoque.bench.sinks.mlflow.RETRY_SECONDS", 0.5)
    run = started(**SETTINGS)

    class Trouble:
        def log(self, event: Any) -> None:
            if isinstance(event, Metrics) and event.step == 300:
                server.stop()
            if isinstance(event, Metrics) and event.step == 600:
                server.start()

        def close(self, state: str, reason: str = "") -> None: ...

    with pytest.warns(UserWarning, match=r"MLflow failed \(.*\); the training goes on") as told:
        execute(run, [MlflowSink, lambda _: Trouble()], draw=False)
    assert len(told) == 1
    assert run.status.state == "finished"
    found = logged(client, run)
    assert found.info.status == "FINISHED"
    assert history(client, found, "error") == run.metrics["error"].to_dict()


def test_a_server_that_never_comes_back(server: Server, client: Any, started: Make) -> None:
    run = started(**SETTINGS)

    class Trouble:
        def log(self, event: Any) -> None:
            if isinstance(event, Metrics) and event.step == 300:
                server.stop()

        def close(self, state: str, reason: str = "") -> None: ...

    began = time.monotonic()
    try:
        with pytest.warns(UserWarning, match="MLflow") as told:
            execute(run, [MlflowSink, lambda _: Trouble()], draw=False)
    finally:
        server.start()
    assert run.status.state == "finished"
    assert len(run.metrics) == 700
    assert len(told) == 2
    assert re.search(r"\d+ metrics did not reach it\. The run folder has", str(told[1].message))
    assert time.monotonic() - began < PATIENCE


def test_no_server_is_named(started: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(UsageError, match=r"set MLFLOW_TRACKING_URI, for instance to http://127"):
        MlflowSink(started())


@pytest.mark.parametrize("uri", ["http://127.0.0.1:{port}", "http://[", "http://no.invalid"])
def test_a_server_that_does_not_answer(
    started: Make, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    uri = uri.format(port=free_port())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    run = started()
    with pytest.raises(RunError) as caught:
        execute(run, [MlflowSink], draw=False)
    assert str(caught.value).startswith(f"MLflow at {uri} does not answer: ")
    assert "\n" not in str(caught.value)
    assert (run.status.state, run.status.reason) == ("failed", str(caught.value))
    assert run.metrics.empty


def test_a_password_is_not_told(started: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{free_port()}")
    with pytest.raises(RunError) as caught:
        MlflowSink(started())
    assert "secret" not in str(caught.value)


def test_a_server_that_accepts_and_says_nothing(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epoque.bench.sinks.mlflow.ANSWER_SECONDS", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        with pytest.raises(RunError, match=r"does not answer: .*timed out"):
            MlflowSink(started())
