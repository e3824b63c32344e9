"""A training under a hand that the live engine computes: the same bytes on every machine."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .block_live import BlockLive
from .config import Config
from .engine_setting import check_same_engine
from .errors import DamagedRunError, DivergenceError
from .events import Arrays, Checkpoint
from .live import Phase
from .live_engine import engine_sha256

if TYPE_CHECKING:
    from .live_engine import EngineTraining

__all__ = ["ENGINE_STATE", "EngineLive"]

C = TypeVar("C", bound=Config)

ENGINE_STATE = "engine_state"
"""The array of a checkpoint that holds the engine's state, as uint8."""


class EngineLive(BlockLive[C]):
    """A training of a lab on the live engine; mixed into the lab's own `BlockLive`.

    Its checkpoints hold the engine's state as bytes, and the parameters under the lab's names, so
    that whatever reads those of a run finds them. They go on only with the engine that made them.
    """

    largest = 1024
    has_phases = True

    def begin_engine(self, engine: "EngineTraining", resume: Checkpoint | None) -> None:
        """Take a training that has just begun, and bring it to where a checkpoint stands.

        Raises:
            DamagedRunError: if the checkpoint is of another training.
            UsageError: if another engine made it.
        """
        self._engine = engine
        if resume is None:
            return
        check_same_engine(self.config, resume)
        try:
            engine.restore(np.asarray(resume.arrays[ENGINE_STATE], np.uint8).tobytes())
        except (KeyError, ValueError):
            message = f"The checkpoint at step {resume.step} is of other networks."
            raise DamagedRunError(message) from None

    def snapshot(self) -> Arrays:
        """Return what the training looks like now."""
        return self._engine.snapshot()

    def digest(self) -> str:
        """Return the SHA-256 of the state, hexadecimal: the same on every machine."""
        return self._engine.digest()

    def phases(self) -> Iterator[Phase]:
        """Yield the phases of the next iteration, each done when it is pulled.

        Raises:
            DivergenceError: where a number would not be finite.
        """
        self.make_due_changes()
        before = self.step
        while self.step == before:
            phase = self._engine.phase()
            if phase is None:
                self.divergence = DivergenceError(self._engine.failure, self.step + 1)
                raise self.divergence
            if self._engine.step > before:
                self._take_rows(1)
            yield Phase(*self._engine.find_place(phase), phase.name, phase.arrays)

    def _take_rows(self, count: int) -> None:
        for values in self._name_rows(self._engine.metrics()[-count:]):
            self.step += 1
            self._rows.add(self.step, values)

    def _use_config(self, before: C) -> None:
        self._engine.change(self.config.flatten())

    def _iterate(self, count: int) -> tuple[list[Mapping[str, float]], str]:
        done = self._engine.advance(count)
        rows = self._engine.metrics()[-done:] if done else np.empty((0, 0))
        return self._name_rows(rows), self._engine.failure if done < count else ""

    def _state_arrays(self) -> Arrays:
        state = np.frombuffer(self._engine.checkpoint(), np.uint8)
        return {ENGINE_STATE: state, **self._parameters()}

    def _state_values(self) -> Mapping[str, Any]:
        return {**super()._state_values(), "engine_sha256": engine_sha256()}

    @abstractmethod
    def _name_rows(self, rows: NDArray[Any]) -> list[Mapping[str, float]]:
        """Return the metrics of iterations, from rows as the engine gives them."""

    @abstractmethod
    def _parameters(self) -> Arrays:
        """Return the parameters under the names that the lab's checkpoints have for them."""
