"""The baseline of the language lab: transformers' own models under transformers' own Trainer."""

import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset
from transformers import (
    BertConfig,
    BertForMaskedLM,
    DataCollatorForLanguageModeling,
    GPT2Config,
    GPT2LMHeadModel,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from epoque.language.config import LanguageConfig
from epoque.language.data import Data
from epoque.language.models import interchange


class _Blocks(Dataset[dict[str, torch.Tensor]]):
    """Blocks of tokens as the notebook's data sets give them."""

    def __init__(self, blocks: Any) -> None:
        self._blocks = blocks

    def __len__(self) -> int:
        return len(self._blocks)

    def __getitem__(self, row: int) -> dict[str, torch.Tensor]:
        ids = torch.from_numpy(self._blocks[row])
        return {"input_ids": ids, "labels": ids.clone()}


class Clock(TrainerCallback):
    """Measures the steps, and stops the training when its seconds are over.

    Attributes:
        cpu, wall: seconds spent in steps so far.
        steps: how many.
    """

    def __init__(self, seconds: float) -> None:
        self.cpu = self.wall = 0.0
        self.steps, self._budget = 0, seconds

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Note the time."""
        self._start = time.process_time(), time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Count the step; stop if the seconds are over."""
        self.cpu += time.process_time() - self._start[0]
        self.wall += time.perf_counter() - self._start[1]
        self.steps += 1
        control.should_training_stop |= self.wall >= self._budget


def hugging_face_model(config: LanguageConfig, vocabulary: int) -> Any:
    """Return transformers' GPT-2 or BERT of a config's size, with its own first weights."""
    torch.manual_seed(config.seed)
    if config.objective == "causal":
        size = {"n_embd": config.width, "n_layer": config.layers, "n_head": config.heads}
        size |= {"n_positions": config.block_size, "vocab_size": vocabulary}
        return GPT2LMHeadModel(GPT2Config(**size, bos_token_id=0, eos_token_id=0))
    size = {"hidden_size": config.width, "num_hidden_layers": config.layers}
    size |= {"num_attention_heads": config.heads, "intermediate_size": config.inner}
    size |= {"max_position_embeddings": config.block_size, "vocab_size": vocabulary}
    return BertForMaskedLM(BertConfig(**size))


def train(config: LanguageConfig, data: Data, seconds: float, steps: int = -1) -> tuple[Any, Clock]:
    """Train transformers' model with Trainer and the notebook's settings.

    Args:
        config: the model's size, the batch size and the seed.
        data: the same blocks as ours.
        seconds: how long, at most.
        steps: how many steps, at most; −1 for three epochs, as in the notebook.

    Returns:
        The model, as ours (by `interchange`), and the clock.
    """
    clock, model = Clock(seconds), hugging_face_model(config, len(data.tokenizer))
    collator = DataCollatorForLanguageModeling(
        data.tokenizer, mlm=config.objective == "masked", mlm_probability=0.15
    )
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, learning_rate=2e-5, weight_decay=0.01, num_train_epochs=3, max_steps=steps,
            per_device_train_batch_size=config.batch_size, use_cpu=True, report_to="none",
            save_strategy="no", logging_strategy="no", disable_tqdm=True, seed=config.seed,
        )  # fmt: skip
        trainer = Trainer(model, arguments, collator, _Blocks(data.train), callbacks=[clock])
        trainer.train()
        model.save_pretrained(Path(folder) / "model")
        ours, _ = interchange.load(Path(folder) / "model")
    return ours.eval(), clock
