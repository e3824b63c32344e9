"""Some steps of one training in a process of its own, as JSON.

`python -m benchmarks.language_steps ours|trainer causal|masked ARCHITECTURE STEPS`. The process is
its own so that each has the memory, threads and settings that it would have alone.
"""

import json
import resource
import sys
import time

from epoque.bench.torch.distributed import DistributedContext
from epoque.language.config import LanguageConfig
from epoque.language.data.tokenized_corpus import TokenizedCorpus, load_corpus
from epoque.language.training.trainer import Trainer

from .language import equal_model
from .language_trainer import train


def main(who: str, objective: str, architecture: str, steps: int) -> None:
    """Print the seconds of each step, the precision, and the most bytes of memory held."""
    config = equal_model(objective, architecture)
    texts = load_corpus(config)
    if who == "ours":
        seconds, precision = _ours(config, texts, steps)
    else:
        seconds, precision = train(config, texts, 1e9, steps)[1].each, "float32"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "precision": precision, "peak": peak}))


def _ours(config: LanguageConfig, texts: TokenizedCorpus, steps: int) -> tuple[list[float], str]:
    trainer, seconds = Trainer(config, DistributedContext("cpu"), texts), []
    for _ in range(steps):
        start = time.perf_counter()
        trainer.step()
        seconds.append(time.perf_counter() - start)
    return seconds, trainer.precision.kind


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
