"""The websocket: trainings steered, runs followed, and whatever else a page may send."""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from line_plugin import forget_labs, install_line_lab
from starlette.testclient import TestClient, WebSocketTestSession

from epoque.bench.lab import find_lab
from epoque.bench.runs.execute import execute, start
from epoque.studio.frames import (
    HEADER,
    MAGIC,
    VERSION,
    ArraySpec,
    Kind,
    Layout,
    Message,
    pack_json,
    read_message,
    unpack_arrays,
)
from epoque.studio.state import StudioOptions

SOCKET = "ws://127.0.0.1:8787/api/ws"
MALFORMED = int(os.environ.get("EPOQUE_TEST_FRAMES", "2000"))


@pytest.fixture(autouse=True)
def _the_line_lab_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    install_line_lab(monkeypatch, tmp_path / "plugin")
    yield
    forget_labs()


class Page:
    """A page at the other end of a socket."""

    def __init__(self, socket: WebSocketTestSession, *, acknowledges: bool = True) -> None:
        self.socket, self.acknowledges = socket, acknowledges
        self.layouts: dict[int, Layout] = {}
        self.frames: list[tuple[Layout, Message]] = []
        self.events: list[dict[str, Any]] = []
        self.number = 0

    def hear(self) -> dict[str, Any] | None:
        """Take one message; return it if it is an object."""
        message = read_message(self.socket.receive_bytes())
        if message.kind is Kind.LAYOUT:
            told = message.json()
            specs = tuple(ArraySpec(a["name"], tuple(a["shape"])) for a in told["arrays"])
            self.layouts[message.layout] = Layout(message.layout, specs, told)
        elif message.kind is Kind.FRAME:
            self.frames.append((self.layouts[message.layout], message))
            if self.acknowledges:
                self.acknowledge(message)
        else:
            self.events.append(message.json())
            return self.events[-1]
        return None

    def acknowledge(self, message: Message) -> None:
        data = HEADER.pack(MAGIC, VERSION, Kind.ACK, message.layout, message.step, 0)
        self.socket.send_bytes(data)

    def ask(self, **command: Any) -> dict[str, Any]:
        self.number += 1
        self.socket.send_bytes(pack_json({"id": self.number, **command}))
        while True:
            said = self.hear()
            if said is not None and said.get("reply") == self.number:
                return said

    def until(self, event: str, **values: Any) -> dict[str, Any]:
        while True:
            said = self.hear()
            wanted = {"event": event, **values}
            if said is not None and all(said.get(name) == v for name, v in wanted.items()):
                return said

    def arrays(self, place: int = -1) -> dict[str, Any]:
        layout, message = self.frames[place]
        return unpack_arrays(layout, message.body)

    def open(self, **config: Any) -> str:
        answer = self.ask(do="open", lab="line", config={"iterations": 10**6, **config})
        self.until("state", state="paused")
        return str(answer["session"])


@pytest.fixture
def page(ask: TestClient) -> Iterator[Page]:
    with ask.websocket_connect(SOCKET) as socket:
        yield Page(socket)


def test_a_page_trains_and_sees_it(page: Page) -> None:
    session = page.open()
    answer = page.ask(do="iterate", session=session, count=55)
    assert (answer["step"], answer["state"]) == (55, "paused")
    layout, message = page.frames[-1]
    assert (layout.number, message.step) == (answer["layout"], 55)
    assert layout.about["session"] == session
    arrays = page.arrays()
    assert arrays["weights"].dtype == np.float32
    np.testing.assert_array_equal(_steps(page.frames), np.arange(1, 56))
    rows = arrays["@metrics"]
    errors = rows[:, 1 + layout.about["metrics"].index("error")]
    assert np.isfinite(errors).all()
    assert errors[-1] < errors[0]
    page.ask(do="play", session=session)
    page.until("state", state="playing")
    while page.frames[-1][1].step < 90:
        page.hear()
    assert page.ask(do="pause", session=session)["state"] == "paused"


def _steps(frames: list[tuple[Layout, Message]]) -> Any:
    """Return the steps of all metrics that some frames brought, in their order."""
    parts = [unpack_arrays(layout, m.body)["@metrics"][:, 0] + m.step for layout, m in frames]
    return np.concatenate(parts)


def test_problems_are_told_and_the_training_goes_on(page: Page) -> None:
    wrong = page.ask(do="open", lab="line", config={"learning_rate": "abc", "nonsense": 1})
    assert {problem["field"] for problem in wrong["problems"]} == {"learning_rate", "nonsense"}
    assert "There is no lab" in page.ask(do="open", lab="lime")["error"]
    session = page.open()
    answer = page.ask(do="change", session=session, values={"iterations": 5})
    assert answer["problems"][0]["field"] == "iterations"
    assert page.ask(do="iterate", session=session, count=1)["step"] == 1


def test_no_config_of_a_page_names_a_path(page: Page) -> None:
    for lab, path in {"gan2d": "csv", "stylegan3": "network", "language": "corpus"}.items():
        answer = page.ask(do="open", lab=lab, config={path: "/etc/passwd"})
        assert path in {problem["field"] for problem in answer["problems"]}, lab


def test_a_page_without_attaching_steers_nothing(page: Page, ask: TestClient) -> None:
    session = page.open()
    with ask.websocket_connect(SOCKET) as socket:
        other = Page(socket)
        assert "attach" in other.ask(do="play", session=session)["error"]
        assert other.ask(do="attach", session=session)["session"] == session
        assert other.ask(do="iterate", session=session, count=3)["step"] == 3
    assert "no training" in page.ask(do="attach", session="0" * 32)["error"]


def test_two_tabs_see_one_training(page: Page, ask: TestClient) -> None:
    session = page.open()
    with ask.websocket_connect(SOCKET) as socket:
        other = Page(socket)
        other.ask(do="attach", session=session)
        page.ask(do="iterate", session=session, count=30)
        page.ask(do="play", session=session)
        while not (other.frames and other.frames[-1][1].step > 30):
            other.hear()
        other.ask(do="pause", session=session)
        page.until("state", state="paused")


def test_a_page_that_was_away_finds_its_training(ask: TestClient) -> None:
    with ask.websocket_connect(SOCKET) as socket:
        page = Page(socket)
        session = page.open()
        page.ask(do="iterate", session=session, count=7)
    with ask.websocket_connect(SOCKET) as socket:
        again = Page(socket)
        answer = again.ask(do="attach", session=session)
        assert answer["step"] == 7
        assert again.ask(do="iterate", session=session, count=1)["step"] == 8


def test_a_page_that_sleeps_gets_two_frames_and_later_all_metrics(ask: TestClient) -> None:
    with ask.websocket_connect(SOCKET) as socket:
        page = Page(socket, acknowledges=False)
        session = page.open()
        page.ask(do="play", session=session, pace=200)
        while len(page.frames) < 2:
            page.hear()
        for _ in range(3):  # the state comes twice a second, and no frame between
            page.until("state", state="playing")
        assert len(page.frames) == 2
        page.ask(do="pause", session=session)
        page.acknowledges = True
        for _, message in page.frames[:2]:
            page.acknowledge(message)
        done = page.ask(do="look", session=session)["step"]
        np.testing.assert_array_equal(_steps(page.frames), np.arange(1, done + 1))


def test_ten_thousand_malformed_messages_end_nothing(page: Page) -> None:
    """2,000 here; EPOQUE_TEST_FRAMES=10000 sends them all."""
    session = page.open()
    random_source = random.Random(7)
    kinds = set()
    for number in range(MALFORMED):
        data, is_text = _malform(random_source, session)
        if is_text:
            page.socket.send_text(data.decode("latin-1"))
        else:
            page.socket.send_bytes(data)
        if number % 100 == 99:
            page.ask(do="pause", session=session)
    page.ask(do="pause", session=session)
    kinds = {event["why"] for event in page.events if event.get("event") == "refused"}
    assert len(kinds) > 10
    assert page.ask(do="iterate", session=session, count=2)["step"] == 2


def _malform(source: random.Random, session: str) -> tuple[bytes, bool]:
    """Return a message that is none, or asks for what is not there, and whether it is text."""
    header = [MAGIC, VERSION, Kind.JSON, 0, 0, 0]
    command: dict[str, Any] = {"id": 1, "do": "pause", "session": session}
    body = b""
    match source.randrange(9):
        case 0:
            return source.randbytes(source.randrange(40)), False
        case 1:
            header[0] = source.randrange(MAGIC)
        case 2:
            header[1] = source.choice([0, 2, 255])
        case 3:
            header[2] = source.choice([0, 2, 3, 4, 5, 99, 255])
            header[3] = source.choice([0, 10**6, 2**32 - 1])
        case 4:
            body = source.randbytes(source.randrange(200))
        case 5:
            body = b'{"id":1,' + b'"a":[' * source.randrange(5000)
        case 6:
            name = source.choice(["id", "do", "session"])
            wrong = source.choice([None, -1, 2**60, "x" * 300, [], {}, "../..", 1.5, "\ud800"])
            body = json.dumps({**command, name: wrong}).encode()
        case 7:
            extra = source.choice([{"do": "iterate", "count": 10**18}, {"do": "play", "pace": -1}])
            body = json.dumps({**command, **extra, "nonsense": 1}).encode()
        case 8:
            return b"text is not taken", True
    return HEADER.pack(*header) + body, False


def test_a_message_over_a_mebibyte_of_json_is_only_refused(page: Page) -> None:
    page.socket.send_bytes(HEADER.pack(MAGIC, VERSION, 1, 0, 0, 0) + b"[" * 900_000)
    assert "refused" in page.until("refused")["event"]


def test_a_run_is_followed_while_another_process_writes_it(
    page: Page, options: StudioOptions
) -> None:
    lab = find_lab("line")
    run = start(lab, lab.config_class(iterations=40), "line/line", options.runs)
    assert page.ask(do="follow", run=run.id)["run"] == run.id
    page.until("run", state=run.status.state)
    execute(run, draw=False)
    page.until("run", state="finished")
    while not (page.frames and page.frames[-1][1].step == 40):
        page.hear()
    np.testing.assert_array_equal(_steps(page.frames), np.arange(1, 41))
    snapshots = [message.step for layout, message in page.frames if len(layout.arrays) > 1]
    assert snapshots[-1:] == run.snapshot_steps()[-1:]


def test_a_run_that_is_not_there_is_said_so(page: Page, options: StudioOptions) -> None:
    (options.runs.parent / "outside").mkdir()
    (options.runs.parent / "outside/config.json").write_text("{}")
    options.runs.mkdir()
    for name in ("../outside", "nothing", "/etc", ".", ".."):
        assert "There is no run" in page.ask(do="follow", run=name)["error"]
    assert page.ask(do="unfollow", run="nothing")["reply"]
