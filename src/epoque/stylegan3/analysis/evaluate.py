"""The numbers of a finished analysis."""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

from epoque.bench.errors import DamagedRunError
from epoque.bench.runs.run import Run

from ..measures.equivariance import Psnr, estimate_psnr
from .analyze import RESULT_FILE

__all__ = ["evaluate"]


def evaluate(run: Run) -> Mapping[str, Any]:
    """Return the numbers of a finished analysis.

    `network` and `against`: what each is, from how many `images` it learned and how long, and its
    `eq_t`, `eq_t_frac` and `eq_r` in decibels (`db`, and the ends of the 95 % interval, `low` and
    `high`; None where nothing differs or no pixel is valid). `passing` of each and `agreement` of
    both: of the images of the first `panel` seeds (see `seen`), None where images are not read.
    `seeds`: of each its image's `sha256`, and for portraits what is seen (see `seen.seen`).
    `again`, `alone`, `elsewhere`, `distinct`: see `again.repeated`.
    `still`: the same decibels of images that do not move. `moved`: of how many images the EQ are.
    `reader_accuracy`: how often what is seen is right, on drawn portraits.

    Raises:
        DamagedRunError: if what the run left cannot be read.
    """
    checkpoint = run.checkpoint()
    try:
        artifact = json.loads(run.artifact(RESULT_FILE))
        seeds = {
            seed: {"sha256": digest, **(artifact["seen"][seed] or {})}
            for seed, digest in artifact["sha256"].items()
        }
        networks = dict(zip(("network", "against"), artifact["networks"], strict=False))
    except (ValueError, KeyError, TypeError):
        raise DamagedRunError(f"{run.path / RESULT_FILE} is damaged.") from None
    for i, network in enumerate(networks.values()):
        seconds = network["training_seconds"]
        network["training_minutes"] = None if seconds is None else seconds / 60
        estimates = estimate_psnr(checkpoint.arrays[f"sums_{i}"], run.config.seed)
        network |= {name: _to_decibels(psnr) for name, psnr in estimates.items()}
    others = {name: artifact.get(name) for name in ("reader_accuracy", "panel", "agreement")}
    still = artifact.get("still") or {}
    others["still"] = {n: db if isfinite(db) else None for n, db in still.items()}
    others["moved"] = checkpoint.step
    return {**networks, "seeds": seeds, **artifact["repeated"], **others}


def _to_decibels(psnr: Psnr) -> dict[str, float | None]:
    ends = {"db": psnr.decibels, "low": psnr.low, "high": psnr.high}
    return {name: value if isfinite(value) else None for name, value in ends.items()}
