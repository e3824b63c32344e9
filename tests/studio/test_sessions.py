"""Trainings on the server: in workers, found again, saved, restarted, and never orphans."""

import asyncio
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from line_plugin import forget_labs, install_line_lab
from waiting import PATIENCE, ended, wait_for

from epoque.bench.errors import ConfigError, UnknownNameError, UsageError
from epoque.bench.events import Metrics
from epoque.bench.lab import find_lab
from epoque.gan2d.config import Gan2dConfig
from epoque.neuron.config import NeuronConfig
from epoque.studio import sessions as module
from epoque.studio.session import Session, SessionListener
from epoque.studio.session_file import session_path
from epoque.studio.session_messages import Frame, SessionState
from epoque.studio.sessions import Sessions

LONG = 10**6


@pytest.fixture(autouse=True)
def _the_line_lab_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    install_line_lab(monkeypatch, tmp_path / "plugin")
    yield
    forget_labs()


class Page(SessionListener):
    """A page: what it was told, acknowledging frames unless it is asleep."""

    def __init__(self, session: Session, *, is_awake: bool = True) -> None:
        self.session, self.is_awake = session, is_awake
        self.frames: list[Frame] = []
        self.states: list[SessionState] = []
        self.notices: list[str] = []
        self.leave = session.listen(self)

    def on_frame(self, frame: Frame) -> None:
        self.frames.append(frame)
        if self.is_awake:
            self.session.acknowledge()

    def on_state(self, state: SessionState) -> None:
        self.states.append(state)

    def on_notice(self, sentence: str) -> None:
        self.notices.append(sentence)

    async def until(self, condition: Callable[["Page"], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition(self):
            assert time.monotonic() < end, (self.states, self.notices)
            await asyncio.sleep(0.005)

    async def until_kind(self, kind: str) -> None:
        await self.until(lambda page: page.states and page.states[-1].kind == kind)


Script = Callable[[Sessions], Coroutine[Any, Any, None]]


def play(script: Script, folder: Path, **options: Any) -> None:
    """Run a script with sessions, and end them."""

    async def run() -> None:
        sessions = Sessions(folder, **options)
        try:
            await script(sessions)
        finally:
            await sessions.close()

    asyncio.run(run())


def line(**settings: Any) -> Any:
    return find_lab("line").config_class(**{"iterations": LONG, **settings})


def test_a_session_trains_the_lab_and_shows_it(tmp_path: Path) -> None:
    async def script(sessions: Sessions) -> None:
        session = sessions.create("line", line(iterations=60))
        page = Page(session)
        await page.until_kind("paused")
        assert page.states[-1].config["learning_rate"] == 0.05
        frame = await session.iterate(55)
        assert (frame.step, frame.arrays["weights"].dtype) == (55, np.float32)
        expected = [e.values["error"] for e in find_lab("line").train(line(iterations=60))
                    if isinstance(e, Metrics)]  # fmt: skip
        np.testing.assert_array_equal(frame.metrics["step"], np.arange(1, 56))
        np.testing.assert_array_equal(frame.metrics["error"], np.asarray(expected[:55], np.float32))
        await session.play()
        await page.until_kind("finished")
        assert page.notices == ["The training has come to its end."]
        await page.until(lambda page: page.frames[-1].step == 60)

    play(script, tmp_path)


def test_its_pace_is_the_pages(tmp_path: Path) -> None:
    async def script(sessions: Sessions) -> None:
        session = sessions.create("line", line())
        page = Page(session)
        await session.play(20)
        begin = time.monotonic()
        await page.until(lambda page: page.frames and page.frames[-1].step >= 10)
        assert time.monotonic() - begin > 0.3  # 10 iterations at 20 a second
        await session.play(math.inf)
        await page.until(lambda page: page.frames[-1].step >= 500)
        await session.pause()
        assert page.states[-1].kind == "paused"
        at = page.states[-1].step
        await asyncio.sleep(0.2)
        assert page.states[-1].step == at

    play(script, tmp_path)


def test_frames_that_are_not_acknowledged_are_dropped_and_their_metrics_kept(
    tmp_path: Path,
) -> None:
    async def script(sessions: Sessions) -> None:
        session = sessions.create("line", line())
        page = Page(session, is_awake=False)
        await session.play()
        await page.until(lambda page: page.frames and page.frames[-1].step > 0)
        await session.iterate(1)
        count = len(page.frames)
        await session.play(2000)
        await asyncio.sleep(0.5)
        assert count <= len(page.frames) <= 2
        page.is_awake = True
        session.acknowledge()
        await page.until(lambda page: len(page.frames) > 3)
        steps = np.concatenate([frame.metrics["step"] for frame in page.frames])
        assert len(set(steps)) == len(steps)

    play(script, tmp_path)


def test_wrong_settings_are_answered_and_harm_nothing(tmp_path: Path) -> None:
    async def script(sessions: Sessions) -> None:
        session = sessions.create("line", line())
        page = Page(session)
        await session.iterate(10)
        with pytest.raises(ConfigError) as caught:
            await session.change({"centred": False})
        assert [p.field for p in caught.value.problems] == ["centred"]
        with pytest.raises(UsageError, match="does not stop between phases"):
            await session.next_phase()
        assert (await session.iterate(5)).step == 15
        await session.restart(line(learning_rate=0.5))
        assert page.states[-1].step == 0
        assert page.states[-1].config["learning_rate"] == 0.5
        assert await session.digest() is None

    play(script, tmp_path)


def test_a_divergence_pauses_and_names_the_iteration(tmp_path: Path) -> None:
    async def script(sessions: Sessions) -> None:
        session = sessions.create("line", line(learning_rate=50.0))
        page = Page(session)
        await session.play()
        await page.until_kind("diverged")
        assert page.states[-1].why == "the error"
        with pytest.raises(UsageError, match="is not finite"):
            await session.iterate(1)
        assert (await session.look()).step == page.states[-1].step - 1

    play(script, tmp_path)


def test_a_killed_worker_takes_down_its_own_trainings_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(sessions: Sessions) -> None:
        pages = [Page(sessions.create("line", line(seed=seed))) for seed in (1, 2)]
        for page in pages:
            await page.session.play()
            await page.until(lambda page: page.frames and page.frames[-1].step > 100)
        victim, other = pages
        assert len(set(sessions.process_ids)) == 2
        await victim.session.save()
        saved = victim.session.saved_step
        assert saved > 100
        assert victim.session.worker is not None
        assert victim.session.worker.process_id is not None
        os.kill(victim.session.worker.process_id, signal.SIGKILL)
        await victim.until(lambda page: page.notices)
        sentence = f"went on from iteration {saved}, as it was saved"
        assert sentence in victim.notices[0]
        victim.frames.clear()
        await victim.until(lambda page: page.frames and page.frames[-1].step > saved)
        assert victim.frames[0].step >= saved
        assert not other.notices
        kinds = [state.kind for state in other.states]
        assert set(kinds[kinds.index("playing") :]) == {"playing"}  # it was never held up
        assert victim.states[-1].kind == "playing"

    play(script, tmp_path, workers=2)


def test_a_training_that_kills_its_worker_again_and_again_is_stopped(tmp_path: Path) -> None:
    async def script(sessions: Sessions) -> None:
        session = sessions.create("line", line())
        page = Page(session)
        for _ in range(module.RESTARTS + 1):
            await page.until_kind("paused")
            page.states.clear()
            assert session.worker is not None
            os.kill(session.worker.process_id or 0, signal.SIGKILL)
            await page.until(lambda page: page.states)
        await page.until_kind("lost")
        assert "ended unexpectedly 4 times within a minute" in page.states[-1].why
        with pytest.raises(UsageError, match="4 times"):
            await session.iterate(1)
        assert len(sessions) == 0

    play(script, tmp_path, workers=1)


def test_a_page_finds_its_training_again_and_meanwhile_it_waits(tmp_path: Path) -> None:
    async def script(sessions: Sessions) -> None:
        session = sessions.create("line", line())
        page = Page(session)
        await session.play()
        await page.until(lambda page: page.frames and page.frames[-1].step > 50)
        page.leave()
        await asyncio.sleep(0.2)
        at = (await session.look()).step
        await asyncio.sleep(0.2)
        assert (await session.look()).step == at  # nobody watches
        again = sessions.find(session.id)
        assert again is session
        other = Page(again)
        await other.until(lambda page: page.frames and page.frames[-1].step > at)
        with pytest.raises(UnknownNameError):
            sessions.find("../" + session.id)
        with pytest.raises(UnknownNameError):
            sessions.find("0" * 32)

    play(script, tmp_path)


def test_after_a_while_it_is_on_disk_and_starts_again_on_return(tmp_path: Path) -> None:
    async def script(sessions: Sessions) -> None:
        session = sessions.create("line", line(seed=3))
        page = Page(session)
        step = (await session.iterate(30)).step
        page.leave()
        end = time.monotonic() + PATIENCE
        while len(sessions) or not session.path.is_file():
            assert time.monotonic() < end
            await asyncio.sleep(0.02)
        again = sessions.find(session.id)
        assert again is not session
        page = Page(again)
        await page.until_kind("paused")
        frame = await again.iterate(5)
        assert frame.step == step + 5
        path = session_path(tmp_path, again.id)
        sessions.close_session(again.id)
        await asyncio.sleep(0.2)
        assert not path.exists()

    play(script, tmp_path, seconds_kept=0.5)


def test_sessions_are_saved_when_the_server_ends_and_found_by_the_next(tmp_path: Path) -> None:
    ids: list[str] = []
    steps: list[int] = []

    async def first(sessions: Sessions) -> None:
        session = sessions.create("line", line(seed=4))
        ids.append(session.id)
        page = Page(session)
        await session.play()
        await page.until(lambda page: page.frames and page.frames[-1].step > 20)
        steps.append(page.frames[-1].step)

    async def second(sessions: Sessions) -> None:
        session = sessions.find(ids[0])
        page = Page(session)
        await page.until_kind("paused")
        assert (await session.look()).step >= steps[0]

    play(first, tmp_path)
    play(second, tmp_path)


def test_there_is_a_limit(tmp_path: Path) -> None:
    async def script(sessions: Sessions) -> None:
        first, second = (sessions.create("line", line()) for _ in range(2))
        pages = [Page(first), Page(second)]
        with pytest.raises(UsageError, match="2 trainings on the server"):
            sessions.create("line", line())
        sessions.close_session(second.id)
        Page(sessions.create("line", line()))
        assert len(sessions) == 2
        await first.iterate(5)
        pages[0].leave()  # as a page does that is loaded anew
        Page(sessions.create("line", line()))
        assert len(sessions) == 2
        await asyncio.to_thread(wait_for, session_path(tmp_path, first.id).is_file)
        with pytest.raises(UsageError, match="2 trainings on the server"):
            sessions.find(first.id)

    play(script, tmp_path, max_sessions=2)


def test_what_cannot_begin_is_lost_with_the_reason(tmp_path: Path) -> None:
    async def script(sessions: Sessions) -> None:
        config = Gan2dConfig(data="csv", csv=str(tmp_path / "gone.csv"))
        session = sessions.create("gan2d", config)
        page = Page(session)
        await page.until_kind("lost")
        assert "gone.csv" in page.states[-1].why
        with pytest.raises(UsageError, match=r"gone\.csv"):
            await session.iterate(1)

    play(script, tmp_path)


def test_a_gan_plays_changes_and_is_found_as_it_was(tmp_path: Path) -> None:
    config = Gan2dConfig(generator={"layers": (4,)}, discriminator={"layers": (4,)}, batch_size=16)

    async def script(sessions: Sessions) -> None:
        session = sessions.create("gan2d", config)
        page = Page(session)
        await page.until_kind("paused")
        await page.until(lambda page: page.frames)
        assert page.frames[0].step == 0
        assert page.frames[0].arrays["fake"].shape == (450, 2)
        await session.iterate(10)
        await session.change({"loss": "hinge"})
        assert page.states[-1].changes == "10:loss=hinge"
        frame = await session.iterate(10)
        await session.save()
        assert session.worker is not None
        os.kill(session.worker.process_id or 0, signal.SIGKILL)
        await page.until(lambda page: page.notices)
        await page.until_kind("paused")
        again = await session.look()
        assert page.states[-1].changes == "10:loss=hinge"
        np.testing.assert_array_equal(again.arrays["fake"], frame.arrays["fake"])

    play(script, tmp_path)


SERVER = """
import asyncio, sys
from pathlib import Path
from epoque.bench.lab import find_lab
from epoque.studio.session import SessionListener
from epoque.studio.sessions import Sessions

async def main():
    sessions = Sessions(Path(sys.argv[1]), workers=2)
    config = find_lab("line").config_class(iterations=10**6)
    listener = SessionListener()
    for _ in range(2):
        session = sessions.create("line", config)
        session.listen(listener)
        await session.play()
    heavy = {"jax", "torch", "matplotlib", "pandas", "scipy"} & set(sys.modules)
    print(*sessions.process_ids, *heavy, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


def test_workers_end_with_a_server_that_is_killed(tmp_path: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    numbers = [int(word) for word in server.stdout.readline().split()]
    assert len(numbers) == 2
    family = [p.pid for p in psutil.Process(server.pid).children(recursive=True)]
    assert set(numbers) <= set(family)
    server.kill()
    server.wait()
    server.stdout.close()
    wait_for(lambda: all(map(ended, family)), "the end of all processes")


def test_the_end_does_not_wait_for_a_compiler(tmp_path: Path) -> None:
    async def run() -> None:
        sessions = Sessions(tmp_path, workers=1)
        # A penalty and unrolled steps: another program than any, that takes seconds to compile.
        config = Gan2dConfig(r1=0.1, unrolled_steps=3, batch_size=77, noise_dims=3)
        page = Page(sessions.create("gan2d", config))
        await page.until_kind("paused")
        await page.session.play()
        await page.until_kind("playing")
        numbers = sessions.process_ids
        begin = time.monotonic()
        await sessions.close()
        assert time.monotonic() - begin < 2.0
        wait_for(lambda: all(map(ended, numbers)))

    asyncio.run(run())


def test_a_training_that_lasts_holds_up_no_other(tmp_path: Path) -> None:
    async def script(sessions: Sessions) -> None:
        slow = Page(sessions.create("line", line(pause=1.0)))
        quick = Page(sessions.create("line", line(seed=9)))
        await slow.session.play()
        await slow.until_kind("playing")
        await quick.session.play()
        await quick.until(lambda page: page.frames and page.frames[-1].step > 0)
        begin, before = slow.session.state.step, len(quick.frames)
        await slow.until(lambda page: page.frames and page.frames[-1].step > begin + 1)
        assert len(quick.frames) - before > 5  # in about two seconds of the slow one's turns

    play(script, tmp_path, workers=1)


def test_the_end_does_not_wait_for_a_turn_that_lasts(tmp_path: Path) -> None:
    async def run() -> None:
        sessions = Sessions(tmp_path, workers=1)
        stuck = Page(sessions.create("line", line(pause=1.0)))  # a turn is a second
        quick = Page(sessions.create("line", line(seed=9)))
        await quick.session.play()
        await stuck.session.play()
        await stuck.until_kind("playing")
        await quick.until(lambda page: page.frames and page.frames[-1].step > 300)
        numbers = sessions.process_ids
        begin = time.monotonic()
        await sessions.close()
        assert time.monotonic() - begin < 2.0
        wait_for(lambda: all(map(ended, numbers)))
        assert quick.session.path.is_file()

    asyncio.run(run())


def test_a_training_on_the_live_engine_stops_between_phases_and_tells_its_digest(
    tmp_path: Path,
) -> None:
    pytest.importorskip("wasmtime")

    async def script(sessions: Sessions) -> None:
        config = NeuronConfig(engine="wasm", model="mlp", truth_table="xor")
        session = sessions.create("neuron", config)
        page = Page(session)
        await page.until_kind("paused")
        assert page.states[-1].has_phases
        await session.iterate(4)
        names = []
        while page.states[-1].step == 4:
            frame = await session.next_phase()
            assert frame.phase is not None
            names.append(frame.phase[2])
            await session.save()
        assert names == ["forward", "forward", "loss", "backward", "backward", "update"]
        assert (await session.iterate(2)).step == 7
        live = find_lab("neuron").live(config)
        live.advance(7)
        assert await session.digest() == live.digest()

    play(script, tmp_path)


def test_a_training_that_cannot_be_saved_says_so_once_and_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_text("no folder")

    async def script(sessions: Sessions) -> None:
        session = sessions.create("line", line())
        page = Page(session)
        await session.iterate(5)
        for _ in range(2):
            await session.save()
        assert len(page.notices) == 1
        assert page.notices[0].startswith("This training cannot be saved: ")
        assert (await session.iterate(5)).step == 10

    play(script, folder)
