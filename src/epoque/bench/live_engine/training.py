"""A training in an instance of the live engine, as NumPy sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from epoque.bench.errors import ConfigError, EpoqueError, Problem

from .manifest import Manifest, read_manifest
from .module import EngineInstance

__all__ = ["EnginePhase", "EngineTraining"]

Arrays = dict[str, NDArray[Any]]

FIELDS = 7
"""Of an array in the engine's list: name, layer, address, dimensions, three sizes."""
DIGEST_BYTES = 32
REFUSAL = "the live engine does not take this value."


@dataclass(frozen=True, slots=True)
class EnginePhase:
    """One phase of an iteration.

    Attributes:
        number: from 0.
        name: as in engine.json.
        arrays: what it computed.
    """

    number: int
    name: str
    arrays: Mapping[str, NDArray[Any]]


class EngineTraining:
    """A training that the live engine computes; not to be used by two threads at once.

    All arrays are copies.
    """

    def __init__(
        self, lab: str, settings: Mapping[str, Any], points: ArrayLike | None = None
    ) -> None:
        """Begin a training: its parameters are drawn, no iteration is done.

        Args:
            lab: the lab's name.
            settings: path of each setting to its value; those that the engine does not take are
                not looked at.
            points: the user's own, where the settings ask for them, [count, columns]: the columns
                of the manifest, of which the last may be left out.

        Raises:
            ConfigError: if the engine does not take a setting (`find_uncovered` says which).
            EpoqueError: if there is not enough memory.
            KeyError: if the engine does not know the lab, or a setting is missing.
            MissingExtraError: if wasmtime is not installed.
        """
        self._manifest = read_manifest(lab)
        self._instance = EngineInstance()
        if points is not None:
            self._write_points(np.asarray(points, self._number("points")))
        self._write_settings(settings)
        self._check(self._call("create"))

    @property
    def manifest(self) -> Manifest:
        """What engine.json says of the lab."""
        return self._manifest

    @property
    def step(self) -> int:
        """Iterations done."""
        return int(self._call("step"))

    @property
    def failure(self) -> str:
        """What would not be finite in the next iteration ("a loss", "a weight"), "" if nothing."""
        return self._manifest.failures[int(self._call("what"))]

    def advance(self, count: int) -> int:
        """Do iterations.

        Returns:
            How many were done: fewer than `count` where a number would not be finite in the next
            (`failure` says which); the state is the last good one.
        """
        return int(self._call("advance", count))

    def metrics(self) -> NDArray[Any]:
        """Return the metrics since the last call [iterations, columns], the last of `step`.

        At most the last 4,096; NaN where an iteration has none.
        """
        address, count = self._call("metrics"), self._call("metrics_count")
        columns = len(self._manifest.metrics)
        return self._read(address, self._number("metrics"), (count, columns))

    def evaluate(self) -> NDArray[Any]:
        """Return the metrics of the state as it stands [columns], whatever led to it.

        Of the labs whose iteration needs no random draw. An iteration that is in its phases begins
        anew.
        """
        return self._read(
            self._call("evaluate"), self._number("metrics"), (len(self._manifest.metrics),)
        )

    def snapshot(self) -> Arrays:
        """Return what is drawn of the training, by name."""
        self._call("snapshot")
        return self._read_arrays(self._manifest.snapshot, self._number("snapshot"))

    def samples(self, count: int) -> Arrays:
        """Return fresh points for measures, `real` and `fake`, each float32 [count, 2].

        They are those that the lab's evaluation draws after as many iterations.

        Raises:
            EpoqueError: if there is not enough memory.
        """
        if not self._call("samples", count):
            raise EpoqueError("The live engine has not enough memory for these points.")
        return self._read_arrays(self._manifest.snapshot, self._number("snapshot"))

    def phase(self) -> EnginePhase | None:
        """Do the next phase of an iteration; None where a number would not be finite.

        The last phase ends the iteration. `advance` ends one that is in its phases first, and
        counts it; a change or a restored state begins it anew, a look at it does not.
        """
        number = int(self._call("phase"))
        if number < 0:
            return None
        name, arrays = list(self._manifest.phases.items())[number]
        return EnginePhase(number, name, self._read_arrays(arrays, self._number("phases")))

    def find_place(self, phase: EnginePhase) -> tuple[int, int]:
        """Return which of an iteration's phases was just done, from 0, and how many it has.

        Of some labs their count depends on the settings: a perceptron has five a pattern.
        """
        try:
            count = int(self._call("phase_count"))
        except KeyError:  # the phases of the manifest, each of a network's steps the same
            return phase.number, len(self._manifest.phases)
        return (int(self._call("phases_done")) - 1) % count, count

    def weights(self) -> Arrays:
        """Return the parameters, by name."""
        self._call("weights")
        return self._read_arrays(self._manifest.weights, self._number("weights"))

    def set_weights(self, arrays: Mapping[str, ArrayLike]) -> None:
        """Write parameters, by name, each of the shape that it has.

        Raises:
            KeyError: if there is none of a name.
            ValueError: if a shape is another.
        """
        self._call("weights")
        number = self._number("weights")
        places = self._read_layout(self._manifest.weights)
        for name, values in arrays.items():
            address, shape = places[name]
            array = np.asarray(values, number)
            if array.shape != shape:
                raise ValueError(f"{name} is {list(array.shape)}; it must be {list(shape)}")
            self._write(address, array)

    def change(self, settings: Mapping[str, Any]) -> None:
        """Take other values of the settings that may change during a training.

        Args:
            settings: path of each setting to its value, all of them.
        """
        self._write_settings(settings)
        self._check(self._call("change"))

    def checkpoint(self) -> bytes:
        """Return the state after the last whole iteration: the same bytes on every machine."""
        address, size = self._call("checkpoint"), self._call("checkpoint_size")
        return self._instance.view(address, size).tobytes()

    def restore(self, state: bytes) -> None:
        """Go back to a state that `checkpoint` gave.

        Raises:
            ValueError: if it is of other networks or optimizers.
        """
        address, size = self._call("checkpoint"), self._call("checkpoint_size")
        if len(state) == size:
            self._instance.view(address, size)[:] = np.frombuffer(state, np.uint8)
        if len(state) != size or self._call("restore", size):
            raise ValueError("the state is of another training")

    def digest(self) -> str:
        """Return the SHA-256 of the state, hexadecimal."""
        return self._instance.view(self._call("digest"), DIGEST_BYTES).tobytes().hex()

    def _call(self, name: str, *arguments: int) -> Any:
        return self._instance.function(f"{self._manifest.lab}_{name}")(*arguments)

    def _number(self, part: str) -> np.dtype[Any]:
        return np.dtype(self._manifest.numbers[part])

    def _check(self, error: int) -> None:
        if error > 0:
            path = self._manifest.setting_at(error - 1)
            raise ConfigError([Problem(path, REFUSAL)])
        if error < 0:
            raise EpoqueError("The live engine has not enough memory for these networks.")

    def _write_settings(self, settings: Mapping[str, Any]) -> None:
        try:
            slots = self._manifest.encode(settings)
        except ValueError as error:
            path = str(error).partition(":")[0]
            raise ConfigError([Problem(path, REFUSAL)]) from None
        self._write(self._call("settings"), slots)

    def _write_points(self, points: NDArray[Any]) -> None:
        self._write(self._call("points", *points.shape), points)

    def _write(self, address: int, array: NDArray[Any]) -> None:
        view = self._instance.view(address, array.nbytes)
        view[:] = np.frombuffer(array.tobytes(), np.uint8)

    def _read(self, address: int, number: np.dtype[Any], shape: Sequence[int]) -> NDArray[Any]:
        size = int(np.prod(shape, dtype=np.int64)) * number.itemsize
        return self._instance.view(address, size).copy().view(number).reshape(shape)

    def _read_arrays(self, names: Sequence[str], number: np.dtype[Any]) -> Arrays:
        places = self._read_layout(names)
        return {name: self._read(at, number, shape) for name, (at, shape) in places.items()}

    def _read_layout(self, names: Sequence[str]) -> dict[str, tuple[int, tuple[int, ...]]]:
        """Return the address and the shape of each array that the engine gave last."""
        words = np.dtype(np.int32)
        address = self._call("layout")
        count = int(self._read(address, words, (1,))[0])
        rows = self._read(address + words.itemsize, words, (count, FIELDS)).tolist()
        return {
            names[name].replace("{layer}", str(layer)): (at, tuple(sizes[:dimensions]))
            for name, layer, at, dimensions, *sizes in rows
        }
