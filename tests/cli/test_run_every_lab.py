"""What each command must do with each lab."""

from pathlib import Path

import pytest
from warm import epoque

from epoque.bench.lab import lab_names
from epoque.bench.recipes import recipe_names
from epoque.cli import build_app

FIRST = {name.split("/")[0]: name for name in recipe_names()}


@pytest.mark.parametrize("lab", lab_names())
@pytest.mark.parametrize("command", ["run", "sweep", "search", "schema"])
def test_a_lab_s_settings_do_not_bear_the_name_of_an_option(command: str, lab: str) -> None:
    build_app([command, FIRST[lab]])  # two parameters of one name are an error


@pytest.mark.parametrize(
    ("words", "module", "extra"),
    [
        ("run language/tiny-clm", "torch", "language"),
        ("run language/tiny-clm", "transformers", "language"),
        ("sweep language/tiny-clm seed=0:2", "torch", "language"),
        ("language score last Once", "torch", "language"),
        ("run stylegan3/tiny", "torch", "stylegan3"),
        ("stylegan3 directions", "torch", "stylegan3"),
        ("stylegan3 equivariance", "torch", "stylegan3"),
        ("stylegan3 export --to x.onnx", "torch", "stylegan3"),
        ("stylegan3 film --seeds 0-3", "torch", "stylegan3"),
        ("stylegan3 generate --seeds 0", "torch", "stylegan3"),
        ("stylegan3 layers", "torch", "stylegan3"),
        ("stylegan3 metrics --network avatars-t", "torch", "stylegan3"),
        ("stylegan3 mix --rows 0 --columns 1", "torch", "stylegan3"),
        ("stylegan3 project x.png", "torch", "stylegan3"),
        ("stylegan3 spectrum avatars-t", "torch", "stylegan3"),
        ("stylegan3 sticking", "torch", "stylegan3"),
        ("stylegan3 train --data x", "torch", "stylegan3"),
        ("stylegan3 dataset avatars a.zip --count 4", "resvg_py", "avatars"),
        ("search neuron/and learning_rate=0.1:1:lin:3", "optuna", "search"),
        ("demo", "typst", "pdf"),
        ("run neuron/and --log tensorboard", "tensorboardX", "tensorboard"),
        ("run neuron/and --log mlflow", "mlflow", "mlflow"),
        ("run neuron/and --log trackio", "trackio", "trackio"),
        ("run neuron/and --log wandb", "wandb", "wandb"),
    ],
)
def test_what_misses_an_extra_names_it_and_leaves_nothing(
    words: str, module: str, extra: str, tmp_path: Path
) -> None:
    done = epoque(*words.split(), cwd=tmp_path, without=(module,))
    assert done.stderr.endswith(f" needs an extra: pip install 'epoque[{extra}]'\n")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert list(tmp_path.iterdir()) == []
