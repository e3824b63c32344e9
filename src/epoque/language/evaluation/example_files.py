"""What a run keeps of its finished model for figures and the book, so that no model is needed.

Two files in the run folder. `examples.json`:

- `examples`: of a causal model `prompt`, `continuation` and what really follows (`actual`); of a
  masked one `sentence` with a mask, the token that is hidden (`actual`) and `candidates`, each with
  `word` and `probability`;
- `neighbours`: for some words `word` and `neighbours`, each with `word` and `cosine`;
- `attention_tokens`: the T tokens of the text whose attention is kept.

`probe.safetensors`: `attention` float32 [layer, head, T, T], and the loss against how often the
token to predict occurs in the training text, in bins: `frequency` (geometric mean of the
occurrences), `loss`, `loss_low`, `loss_high` (mean and quartiles, in nats), `counting` (the loss if
a token were as likely as it is frequent; NaN where it never occurs) and `count` (tokens measured),
each float64 [bins].
"""

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DamagedRunError
from epoque.bench.files.atomic import read_json

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run

__all__ = ["EXAMPLES", "PROBE", "join_lines", "read_examples", "read_probe"]

EXAMPLES, PROBE = "examples.json", "probe.safetensors"

_LINE_END, _BLANKS_BETWEEN = re.compile(r"\s*\n\s*"), re.compile(r"\s+")


def read_examples(run: "Run") -> dict[str, Any]:
    """Return the content of a run's `examples.json` (see the top of this module).

    Raises:
        UnknownNameError: if the run has none.
        DamagedRunError: if it cannot be read.
    """
    run.artifact(EXAMPLES)
    return read_json(run.path / EXAMPLES)


def read_probe(run: "Run") -> dict[str, NDArray[np.floating]]:
    """Return the arrays of a run's `probe.safetensors` (see the top of this module).

    Raises:
        UnknownNameError: if the run has none.
        DamagedRunError: if it cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(run.artifact(PROBE)))
    except (SafetensorError, ValueError, KeyError, TypeError):
        raise DamagedRunError(f"{run.path / PROBE} is damaged.") from None


def join_lines(text: str) -> str:
    """Return a text for one line: line ends as the strokes with which verse is quoted.

    A token that stands for an unknown word swallows the blank before it; here it gets one.
    """
    lines = _LINE_END.sub(" / ", text.replace("<unk>", " <unk>").strip())
    return _BLANKS_BETWEEN.sub(" ", lines)
