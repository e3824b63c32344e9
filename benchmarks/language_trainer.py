"""The baseline of the language lab: transformers' own models under transformers' own Trainer."""

import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from epoque.language import models
from epoque.language.config import LanguageConfig
from epoque.language.data.tokenized_corpus import TokenizedCorpus
from epoque.language.models import hf_checkpoints


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
        each: seconds of each step so far.
    """

    def __init__(self, seconds: float) -> None:
        self.each: list[float] = []
        self._budget = seconds

    @property
    def wall(self) -> float:
        """Seconds spent in steps so far."""
        return sum(self.each)

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Note the time."""
        self._start = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Count the step; stop if the seconds are over."""
        self.each.append(time.perf_counter() - self._start)
        control.should_training_stop |= self.wall >= self._budget


def hugging_face_model(config: LanguageConfig, vocabulary: int) -> Any:
    """Return transformers' own model of a config, with first weights as it draws them."""
    kind = {"causal": AutoModelForCausalLM, "masked": AutoModelForMaskedLM}[config.objective]
    with tempfile.TemporaryDirectory() as folder:
        hf_checkpoints.save_model(models.build_model(config, vocabulary), None, Path(folder))
        settings = AutoConfig.from_pretrained(folder)
    torch.manual_seed(config.seed)
    return kind.from_config(settings)


def train(
    config: LanguageConfig, data: TokenizedCorpus, seconds: float, steps: int = -1
) -> tuple[Any, Clock]:
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
        ours, _ = hf_checkpoints.load_model(Path(folder) / "model")
    return ours.eval(), clock
