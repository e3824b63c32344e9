"""The setting `engine` of the labs that the live engine computes too."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from .config import setting
from .errors import MissingExtraError, Problem, UsageError
from .events import Checkpoint
from .i18n import mark

if TYPE_CHECKING:
    from .config import Config

__all__ = [
    "EngineName",
    "check_engine",
    "check_same_engine",
    "engine_setting",
    "find_engine_problems",
]

EngineName = Literal["jax", "wasm"]


def engine_setting() -> Any:
    """Declare the field `engine` of a lab's config."""
    return setting(
        "jax",
        "Engine",
        "What computes: JAX, or the WebAssembly of the live page, the same bytes on any machine.",
        group="Recording",
        choices={"jax": "JAX", "wasm": mark("the live engine, WebAssembly")},
    )


def find_engine_problems(lab: str, config: "Config") -> Iterator[Problem]:
    """Yield why the live engine does not compute a config that asks for it."""
    if config.get("engine") != "wasm":
        return
    from .live_engine import find_uncovered  # it reads a file

    if reason := find_uncovered(lab, config.flatten()):
        yield Problem("engine", f"wasm does not compute these settings. {reason} jax does.")


def check_engine(config: "Config") -> None:
    """Check that what computes a config is installed.

    Raises:
        MissingExtraError: if it is the live engine, and wasmtime is not.
    """
    if config.get("engine") == "wasm" and find_spec("wasmtime") is None:
        raise MissingExtraError("The engine wasm", "studio")


def check_same_engine(config: "Config", checkpoint: Checkpoint) -> None:
    """Check that a checkpoint was made by the live engine that is here, where one computes.

    Raises:
        UsageError: if another one made it.
    """
    if config.get("engine") != "wasm":
        return
    from .live_engine import engine_sha256

    made_by, here = str(checkpoint.state.get("engine_sha256", "")), engine_sha256()
    if made_by != here:
        raise UsageError(
            f"The run was computed by another live engine ({made_by[:12] or 'none'}); this one is "
            f"{here[:12]} and would end with other bytes, so start a new run."
        )
