"""The numbers of a finished run."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from epoque.bench.runs.run import Run

from ..config import StyleGan3Config
from .checkpoint import load_run_network

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["evaluate"]

MEANS = ("loss_g", "loss_d", "score_real", "score_fake", "sign_real", "r1_penalty", "path_length")
LAST = 0.1


def evaluate(run: Run[StyleGan3Config]) -> Mapping[str, Any]:
    """Return the numbers of a finished run.

    `final_…`: means over the last tenth of the metrics; `final_gap` is the distance between the
    discriminator's mean answers to real and to generated images. What `metrics` asks for, such as
    `pfd`: as it was last measured. `…_parameters`: of the networks.

    Raises:
        DamagedRunError: if the metrics or the last checkpoint cannot be read.
    """
    config = run.config
    checkpoint = run.checkpoint()
    state, metrics = checkpoint.state, run.metrics
    resolution = state["discriminator"]["img_resolution"]
    results: dict[str, Any] = {
        "steps": checkpoint.step,
        "final_kimg": state["seen"] / 1000,
        "image_resolution": resolution,
        "r1_gamma": config.r1_gamma(resolution),
        "final_augmentation": state["ada"]["p"] if config.aug == "ada" else None,
    }
    last = metrics.iloc[-max(1, math.ceil(len(metrics) * LAST)) :]
    for name in MEANS:
        if name in metrics:
            values = (
                last[name].dropna() if last[name].notna().any() else metrics[name].dropna()[-1:]
            )
            results[f"final_{name}"] = float(values.mean())  # NaN if it was never measured
    measured = [name for name in config.metrics if name in metrics]  # infinite ones are left out
    results |= {name: _last_value(metrics[name]) for name in measured}
    results["final_gap"] = abs(results["final_score_real"] - results["final_score_fake"])
    for kind in ("generator", "discriminator"):
        network = load_run_network(run, checkpoint.step, kind)
        results[f"{kind}_parameters"] = sum(p.numel() for p in network.parameters())
    return results


def _last_value(series: "pd.Series") -> float:
    """Return what a metric was when it last had a number; NaN if it never had one."""
    values = series.dropna()
    return float(values.iloc[-1]) if len(values) else math.nan
