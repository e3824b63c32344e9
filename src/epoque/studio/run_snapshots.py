"""A snapshot of a run as pages get it: whole, with the arrays that only the first one holds."""

from epoque.bench.errors import UsageError
from epoque.bench.lab import lab_of
from epoque.bench.runs.run import Run

__all__ = ["read_snapshot"]


def read_snapshot(run: Run, step: int) -> bytes:
    """Return the arrays of a snapshot as safetensors.

    Raises:
        DamagedRunError: if its file is missing, cannot be read or is not what was saved.
    """
    data = run.read(f"snapshots/step-{step:010d}.safetensors")
    try:
        is_whole = step == 0 or not lab_of(run).constant_arrays
    except UsageError:  # of a lab that is not installed
        is_whole = True
    if is_whole:
        return data
    from safetensors.numpy import save

    return save(run.snapshot(step))
