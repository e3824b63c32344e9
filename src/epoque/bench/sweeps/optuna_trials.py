"""Optuna's side of a search: it proposes settings and is told what they reached."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError
from ..files.atomic import explain_write_errors
from ..seeds import numpy_rng
from .grid import Axis, to_cell

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

__all__ = ["OptunaTrials", "require_optuna"]


def require_optuna() -> None:
    """Check that Optuna is installed.

    Raises:
        MissingExtraError: if it is not.
    """
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise MissingExtraError("A search", "search") from None


class OptunaTrials:
    """Optuna's ask and tell over a journal file that is begun anew.

    Each trial has a sampler of its own, seeded by its number: what is proposed depends only on
    the seed, the number and what was asked and told before.
    """

    def __init__(
        self, journal: Path, axes: Sequence[Axis], sampler: str, direction: str, seed: int
    ) -> None:
        self._journal, self._sampler, self._seed = journal, sampler, seed
        self._distributions = {axis.field: _to_distribution(axis) for axis in axes}
        self._choices = {
            axis.field: {to_cell(value): value for value in axis.values}
            for axis in axes
            if axis.spacing == "list"
        }
        with self._silence():
            journal.unlink(missing_ok=True)
            self._study = _create_study(journal, direction)

    def ask(self, number: int) -> dict[str, Any]:
        """Return the settings of the next trial, which is this one."""
        with self._silence():
            self._study.sampler = self._make_sampler(number)
            trial = self._study.ask(self._distributions)
        assert trial.number == number
        return {
            field: self._choices[field][value] if field in self._choices else value
            for field, value in trial.params.items()
        }

    def tell(self, number: int, value: float) -> None:
        """Say what a trial reached.

        Args:
            number: the trial.
            value: an infinity where it failed: Optuna would forget a trial that is told to have
                failed, and propose its like again.
        """
        with self._silence():
            self._study.tell(number, value)

    def _make_sampler(self, number: int) -> "BaseSampler":
        from optuna.samplers import RandomSampler, TPESampler

        seed = int(numpy_rng(self._seed, f"search trial {number}").integers(2**32))
        if self._sampler == "random":
            return RandomSampler(seed=seed)
        return TPESampler(seed=seed, constant_liar=True)  # trials of a batch keep their distance

    @contextmanager
    def _silence(self) -> Iterator[None]:
        """Keep Optuna's log lines and warnings of experimental parts to itself."""
        import optuna

        before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            with explain_write_errors(self._journal), warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                yield
        finally:
            optuna.logging.set_verbosity(before)


def _create_study(journal: Path, direction: str) -> Any:
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    class NoLock(JournalFileOpenLock):
        """The search's own lock keeps others out; Optuna's would outlive a process that dies."""

        def acquire(self) -> bool:
            return True

        def release(self) -> None:
            pass

    backend = JournalFileBackend(str(journal), lock_obj=NoLock(str(journal)))
    storage = optuna.storages.JournalStorage(backend)
    maximize = direction == "maximize"
    return optuna.create_study(
        storage=storage, study_name="search", direction="maximize" if maximize else "minimize"
    )


def _to_distribution(axis: Axis) -> "BaseDistribution":
    """Return where Optuna may look: between the ends of a range, or among the values of a list."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if axis.spacing == "list":
        return CategoricalDistribution([to_cell(value) for value in axis.values])
    low, high = axis.values[0], axis.values[-1]
    step = axis.values[1] - low if axis.spacing == "whole" and high > low else None
    if isinstance(low, int):
        return IntDistribution(low, high, log=axis.spacing == "log", step=step or 1)
    return FloatDistribution(low, high, log=axis.spacing == "log", step=step)
