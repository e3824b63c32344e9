"""What may be set in the language lab."""

from collections.abc import Iterator
from typing import Literal

from epoque.bench.config import Config, LocalPath, other_than, setting, threads_setting
from epoque.bench.errors import Problem
from epoque.bench.files.path_list import Paths

from .labels import (
    ARCHITECTURE_CHOICES,
    BLANK_LINES_CHOICES,
    DEVICE_CHOICES,
    EMBEDDING_CHOICES,
    HEAD_CHOICES,
    OBJECTIVE_CHOICES,
    OPTIMIZER_CHOICES,
    PRECISION_CHOICES,
    SCHEDULE_CHOICES,
    TOKENIZER_CHOICES,
    UNDECODABLE_CHOICES,
)
from .model_config import Architecture, ModelConfig, Objective, find_shape_problems

__all__ = [
    "MAX_BYTES",
    "MAX_PARAMETERS",
    "Architecture",
    "Device",
    "FirstEmbedding",
    "Head",
    "LanguageConfig",
    "Objective",
    "OptimizerName",
    "Precision",
    "Schedule",
    "TokenizerKind",
]

TokenizerKind = Literal["bpe", "wordpiece"]
FirstEmbedding = Literal["random", "counted"]
Head = Literal["full", "chunked", "sampled"]
OptimizerName = Literal["adamw", "muon"]
Schedule = Literal["constant", "linear", "cosine", "trapezoid"]
Precision = Literal["auto", "float32", "medium", "bfloat16"]
Device = Literal["auto", "cpu", "cuda"]

_TEXTS = ("txt", "text", "tokens", "md", "jsonl", "ndjson", "json", "parquet")

MAX_PARAMETERS = 20 * 10**9
MAX_BYTES = 2**40
"""What no single machine that this is made for has."""


class LanguageConfig(Config):
    """A language model trained from scratch: its text, tokens, network and training."""

    objective: Objective = setting(
        "causal",
        "Objective",
        "Causal: predict the next token (as GPT-2). Masked: predict hidden tokens (as BERT).",
        group="Objective",
        choices=OBJECTIVE_CHOICES,
    )

    corpus: str = setting(
        "shakespeare",
        "Corpus",
        "A named corpus, or a dataset of the Hugging Face Hub: owner/name or owner/name:config.",
        min_length=1,
        max_length=1000,
        group="Text",
        file=(),
    )
    train_files: Paths = setting(
        (),
        "Training files",
        "Your own text, Parquet or JSON-lines files or folders, or none.",
        group="Text",
        file=_TEXTS,
    )
    valid_files: Paths = setting(
        (),
        "Validation files",
        "Your own files that are only measured on, or none.",
        group="Text",
        only={"train_files": other_than(())},
        file=_TEXTS,
    )
    test_files: Paths = setting(
        (),
        "Test files",
        "Your own files that are measured once, at the end, or none.",
        group="Text",
        only={"train_files": other_than(())},
        file=_TEXTS,
    )
    text_column: str = setting(
        "text",
        "Text column",
        "In a Parquet or JSON-lines file or a Hub dataset: the column that holds the text.",
        min_length=1,
        max_length=1000,
        group="Text",
    )
    train_share: float = setting(
        1.0,
        "Share of the training text",
        "How much is learned from, counted from its start; the tokenizer is made from all of it.",
        gt=0,
        le=1,
        group="Text",
        step=0.05,
    )
    undecodable: Literal["stop", "replace"] = setting(
        "stop",
        "Bytes that are not UTF-8",
        "Stop there, or replace them by the sign �.",
        group="Text",
        choices=UNDECODABLE_CHOICES,
    )
    blank_lines: Literal["auto", "keep", "drop"] = setting(
        "auto",
        "Blank lines",
        "Keep those of text files, which part paragraphs, or drop them; auto: kept in your own "
        "files, dropped in a named corpus.",
        group="Text",
        choices=BLANK_LINES_CHOICES,
    )
    join_lines: bool = setting(
        False,
        "Join wrapped lines",
        "For your own text files that are wrapped at a fixed width: a paragraph becomes one line.",
        group="Text",
        only={"train_files": other_than(())},
    )
    evaluate_test: bool = setting(
        False,
        "Measure the test split",
        "Also measure the test split, once, at the end.",
        group="Text",
    )

    tokenizer: LocalPath | None = setting(
        None,
        "Tokenizer",
        "A folder or a name on the Hub; none trains one on the training text.",
        group="Tokens",
        file=(),
        only={"start_from": (None,)},
    )
    tokenizer_kind: TokenizerKind | None = setting(
        None,
        "Kind of tokenizer",
        "To train: byte-level BPE or WordPiece; none: BPE for causal, WordPiece for masked.",
        group="Tokens",
        only={"tokenizer": (None,)},
        choices=TOKENIZER_CHOICES,
    )
    vocabulary: int = setting(
        25_000,
        "Vocabulary",
        "Size of the tokenizer to train.",
        unit="tokens",
        ge=64,
        le=1_000_000,
        group="Tokens",
        scale="log",
        only={"tokenizer": (None,)},
    )
    lowercase: bool = setting(
        False,
        "Lower case",
        "The tokenizer to train turns capitals into small letters.",
        group="Tokens",
        only={"tokenizer": (None,)},
    )
    frame_lines: bool = setting(
        False,
        "Lines framed",
        "For masked: [CLS] and [SEP] around every line, empty ones too, as the notebook does.",
        group="Tokens",
        only={"objective": ("masked",)},
    )
    model_vocabulary: int | None = setting(
        None,
        "Vocabulary of the model",
        "Rows of its embedding; none: as many as the tokenizer has tokens.",
        unit="tokens",
        ge=2,
        le=2_000_000,
        group="Tokens",
        scale="log",
    )
    block_size: int = setting(
        128,
        "Block size",
        "Tokens the model sees at once.",
        unit="tokens",
        ge=2,
        le=65_536,
        group="Tokens",
        scale="log",
    )
    positions: int | None = setting(
        None,
        "Positions",
        "For learned positions: most tokens the model can ever see; none: the block size.",
        unit="tokens",
        ge=2,
        le=1_000_000,
        group="Network",
        scale="log",
        only={"architecture": ("gpt2", "bert")},
    )
    documents_apart: bool = setting(
        False,
        "Documents apart",
        "No block holds tokens that can see another document's.",
        group="Tokens",
    )

    start_from: LocalPath | None = setting(
        None,
        "Start from",
        "A run's folder, a saved folder or a model of the Hub, of the same shape: its weights and "
        "its tokenizer; none starts from nothing.",
        group="Network",
        file=(),
    )
    architecture: Architecture = setting(
        "modern",
        "Architecture",
        "GPT-2's, BERT's, or a modern one: rotary positions, RMSNorm, squared ReLU.",
        group="Network",
        choices=ARCHITECTURE_CHOICES,
    )
    layers: int = setting(
        4, "Layers", "Transformer layers.", unit="layers", ge=1, le=1000, group="Network", step=1
    )
    width: int = setting(
        256,
        "Width",
        "Numbers that stand for a token.",
        ge=2,
        le=65_536,
        group="Network",
        scale="log",
    )
    heads: int = setting(
        4, "Heads", "Attention heads in each layer.", ge=1, le=1024, group="Network", step=1
    )
    feed_forward: int | None = setting(
        None,
        "Feed-forward width",
        "Neurons in each layer; none: four times the width, and 8/3 where modern is masked.",
        ge=1,
        le=1_000_000,
        group="Network",
        scale="log",
    )
    dropout: float = setting(
        0.0, "Dropout", "Share of activations dropped.", ge=0, lt=1, group="Network", step=0.01
    )
    tie_embeddings: bool = setting(
        True, "Tied embeddings", "The output layer uses the embedding's weights.", group="Network"
    )

    first_embedding: FirstEmbedding = setting(
        "random",
        "First embedding",
        "Random; or counted: made from which token follows which in the training text.",
        group="Network",
        only={"start_from": (None,)},
        choices=EMBEDDING_CHOICES,
    )

    mask_probability: float = setting(
        0.15,
        "Masked share",
        "Share of the tokens to be predicted.",
        gt=0,
        lt=1,
        group="Objective",
        step=0.01,
        only={"objective": ("masked",)},
    )
    train_mask_probability: float | None = setting(
        None,
        "Masked share in training",
        "More than is measured with teaches more in each step; none: the same.",
        gt=0,
        lt=1,
        group="Objective",
        step=0.01,
        only={"objective": ("masked",)},
    )
    whole_words: bool = setting(
        False,
        "Whole words",
        "Mask all tokens of a word together.",
        group="Objective",
        only={"objective": ("masked",)},
    )
    mask_seeds: int = setting(
        3,
        "Mask seeds",
        "Fixed masks over which a masked model is measured.",
        ge=1,
        le=100,
        group="Objective",
        step=1,
        only={"objective": ("masked",)},
    )
    pseudo_blocks: int = setting(
        0,
        "Blocks for pseudo-perplexity",
        "At the end, mask each token of so many blocks in turn; 0 does not.",
        unit="blocks",
        ge=0,
        le=1_000_000,
        group="Objective",
        scale="log",
        only={"objective": ("masked",)},
    )

    head: Head = setting(
        "sampled",
        "Output layer in training",
        "Full softmax; the same in chunks, to save memory; or sampled, which is fastest.",
        group="Training",
        choices=HEAD_CHOICES,
    )
    negatives: int = setting(
        2048,
        "Negatives",
        "For head sampled: wrong tokens drawn a step.",
        ge=1,
        le=1_000_000,
        group="Training",
        scale="log",
        only={"head": ("sampled",)},
    )
    optimizer: OptimizerName = setting(
        "muon",
        "Optimiser",
        "AdamW; or Muon for the matrices and AdamW for the rest.",
        group="Training",
        choices=OPTIMIZER_CHOICES,
    )
    learning_rate: float | None = setting(
        None,
        "Learning rate",
        "AdamW's, or with muon that of the matrices; none: 0.001 and 0.01.",
        gt=0,
        le=100,
        group="Training",
        scale="log",
    )
    embedding_learning_rate: float | None = setting(
        None,
        "Learning rate of the rest",
        "With muon: AdamW's, for embeddings, biases and norms; none: 0.005.",
        gt=0,
        le=100,
        group="Training",
        scale="log",
        only={"optimizer": ("muon",)},
    )
    weight_decay: float = setting(
        0.01,
        "Weight decay",
        "How fast the matrices are drawn to zero.",
        ge=0,
        le=100,
        group="Training",
        scale="log",
    )
    beta1: float = setting(
        0.9,
        "Beta 1",
        "AdamW's memory of the mean gradient.",
        ge=0,
        lt=1,
        group="Training",
        step=0.01,
    )
    beta2: float = setting(
        0.95,
        "Beta 2",
        "AdamW's memory of the squared gradient.",
        ge=0,
        lt=1,
        group="Training",
        step=0.001,
    )
    momentum: float = setting(
        0.95,
        "Momentum",
        "With muon: the share of the last step kept.",
        ge=0,
        lt=1,
        group="Training",
        step=0.01,
        only={"optimizer": ("muon",)},
    )
    muon_every: int = setting(
        1,
        "Muon's interval",
        "The matrices step once in so many steps, by all their gradients: cheaper small batches.",
        unit="steps",
        ge=1,
        le=1000,
        group="Training",
        step=1,
        only={"optimizer": ("muon",)},
    )
    clip: float = setting(
        1.0,
        "Gradient clipping",
        "Longest gradient that is followed (max_grad_norm); 0: any.",
        ge=0,
        le=1e6,
        group="Training",
        scale="log",
    )

    schedule: Schedule = setting(
        "trapezoid",
        "Schedule",
        "How the learning rate falls; trapezoid: only towards the end.",
        group="Training",
        choices=SCHEDULE_CHOICES,
    )
    warmup_steps: int = setting(
        0,
        "Warm-up",
        "Steps in which the rate rises: the nth of N has n/N of it.",
        unit="steps",
        ge=0,
        le=10**9,
        group="Training",
        scale="log",
    )
    decay_share: float = setting(
        0.5,
        "Share of the decay",
        "For trapezoid: part of the run in which it falls.",
        gt=0,
        le=1,
        group="Training",
        step=0.05,
        only={"schedule": ("trapezoid",)},
    )
    batch_size: int = setting(
        16,
        "Batch size",
        "Blocks a step.",
        unit="blocks",
        ge=1,
        le=1_000_000,
        group="Training",
        scale="log",
    )
    accumulate: int = setting(
        1,
        "Accumulation",
        "Parts that a batch is computed in, to save memory (gradient accumulation steps); "
        "batch_size is the whole batch, not a part as in transformers.",
        ge=1,
        le=100_000,
        group="Training",
        scale="log",
    )
    first_batch_size: int | None = setting(
        None,
        "First batch size",
        "The batch grows from here to the batch size; none: it does not grow.",
        unit="blocks",
        ge=1,
        le=1_000_000,
        group="Training",
        scale="log",
    )
    ramp_steps: int = setting(
        100,
        "Batch ramp",
        "Steps in which the batch grows.",
        unit="steps",
        ge=1,
        le=10**9,
        group="Training",
        scale="log",
        only={"first_batch_size": other_than(None)},
    )
    epochs: float = setting(
        3.0,
        "Epochs",
        "Passes over the training blocks.",
        unit="epochs",
        gt=0,
        le=1e6,
        group="Training",
        step=1,
    )
    max_steps: int | None = setting(
        None,
        "Most steps",
        "Stop after so many steps, if sooner.",
        unit="steps",
        ge=1,
        le=10**9,
        group="Training",
        scale="log",
    )
    max_seconds: float | None = setting(
        None,
        "Most seconds",
        "Train for about so many seconds, if that is sooner: how many steps fit is measured before "
        "the first, and then kept. Evaluations do not count.",
        unit="seconds",
        gt=0,
        le=1e9,
        group="Training",
        scale="log",
    )
    precision: Precision = setting(
        "auto",
        "Precision",
        "Auto: bfloat16 where the processor has instructions for it and the model is large enough, "
        "else float32. Medium: float32 with faster, rougher products.",
        group="Machine",
        choices=PRECISION_CHOICES,
    )
    device: Device = setting(
        "auto",
        "Device",
        "Auto: a GPU where there is one.",
        group="Machine",
        choices=DEVICE_CHOICES,
    )
    threads: int | None = threads_setting(group="Machine")
    compile: bool = setting(
        False,
        "Compile",
        "Compile the model first (torch.compile): a minute, then faster on a GPU.",
        group="Machine",
    )
    ema: float = setting(
        0.0,
        "Averaging of the weights",
        "Decay of the moving average that is measured and kept; 0 uses the last weights.",
        ge=0,
        lt=1,
        group="Training",
        step=0.001,
    )
    patience: int = setting(
        0,
        "Patience",
        "Stop after so many evaluations without a better loss, and keep the best; 0 does not.",
        unit="evaluations",
        ge=0,
        le=10**6,
        group="Training",
        step=1,
    )

    log_every: int = setting(
        10,
        "Metrics interval",
        "How often losses are recorded.",
        unit="steps",
        ge=1,
        le=10**9,
        group="Recording",
        scale="log",
    )
    evaluate_every: int | None = setting(
        None,
        "Evaluation interval",
        "How often the validation text is measured, besides each epoch's end; none: only then.",
        unit="steps",
        ge=1,
        le=10**9,
        group="Recording",
        scale="log",
    )
    evaluation_blocks: int | None = setting(
        None,
        "Blocks of an evaluation",
        "Measured on the way, drawn once from the seed; none: all. The end measures all.",
        unit="blocks",
        ge=1,
        group="Recording",
        scale="log",
    )
    evaluation_share: float | None = setting(
        0.3,
        "Share of the measuring",
        "With most seconds: operations of all measuring beside those of the training, at most; "
        "where all the text takes more, a sample is measured. None: all the text, however long.",
        gt=0,
        le=1000,
        group="Recording",
        scale="log",
        only={"max_seconds": other_than(None)},
    )
    sample_every: int | None = setting(
        None,
        "Sampling interval",
        "How often the model writes a text that the run keeps; none: never.",
        unit="steps",
        ge=1,
        le=10**9,
        group="Recording",
        scale="log",
        only={"objective": ("causal",)},
    )
    evaluate_epochs: bool = setting(
        True,
        "Measure each epoch whole",
        "At the end of each epoch also measure all validation blocks, and all masks.",
        group="Recording",
    )

    @property
    def peak_learning_rate(self) -> float:
        """The peak of `learning_rate`: AdamW's, or with muon that of the matrices."""
        return self.learning_rate or {"adamw": 1e-3, "muon": 1e-2}[self.optimizer]

    @property
    def peak_embedding_learning_rate(self) -> float:
        """The peak of `embedding_learning_rate`: of all that is no matrix, with muon."""
        return self.embedding_learning_rate or 5e-3

    @property
    def new_tokenizer_kind(self) -> TokenizerKind:
        """The kind of tokenizer to train: by the objective, if nothing is said."""
        return self.tokenizer_kind or ("bpe" if self.objective == "causal" else "wordpiece")

    @property
    def mask_count(self) -> int:
        """How many fixed masks a text is measured over; a causal model is measured once."""
        return self.mask_seeds if self.objective == "masked" else 1

    @property
    def keeps_blank_lines(self) -> bool:
        """Whether the blank lines of text files are part of the text."""
        if self.blank_lines == "auto":
            return bool(self.train_files)
        return self.blank_lines == "keep"

    @property
    def measures_test(self) -> bool:
        """Whether a test split is measured at the end: if it is asked for, or given."""
        return self.evaluate_test or bool(self.test_files)

    @property
    def is_gated(self) -> bool:
        """Whether the feed-forward part has a gate, hence three matrices (SwiGLU)."""
        return self.architecture == "modern" and self.objective == "masked"

    @property
    def feed_forward_width(self) -> int:
        """Neurons in each layer's feed-forward part.

        Four times the width; with a gate 8/3, as many parameters, in whole 64s (Shazeer 2020).
        """
        if self.feed_forward is not None:
            return self.feed_forward
        gated = self.is_gated and self.width >= 64
        return -(-8 * self.width // 3 // 64) * 64 if gated else 4 * self.width

    @property
    def parameter_count(self) -> int:
        """About how many parameters a model has: those of its matrices, 99 % of them.

        Where the tokenizer is loaded, `vocabulary` stands for its unknown size.
        """
        embeddings = self.vocabulary_rows * self.width * (1 if self.tie_embeddings else 2)
        return embeddings + self.layer_parameter_count

    @property
    def layer_parameter_count(self) -> int:
        """About how many parameters all layers have together: those of their matrices."""
        feed_forward = (3 if self.is_gated else 2) * self.width * self.feed_forward_width
        return self.layers * (4 * self.width**2 + feed_forward)

    @property
    def vocabulary_rows(self) -> int:
        """Rows of the embedding; where the tokenizer is loaded, `vocabulary` stands for them."""
        return self.model_vocabulary or self.vocabulary

    @property
    def step_bytes(self) -> float:
        """About how many bytes a training step holds at once.

        Four float32 numbers a parameter (weight, gradient, two of the optimiser), two more with
        averaging and patience; what the layers keep for the backward pass; the logits and their
        gradient.
        """
        copies = 4 + (self.ema > 0) + (self.patience > 0)
        tokens = self.batch_size // self.accumulate * self.block_size
        layer = 16 * self.width + 4 * self.feed_forward_width + 2 * self.heads * self.block_size
        logits = {
            "full": self.model_vocabulary or self.vocabulary,
            "chunked": 0,
            "sampled": self.negatives,
        }
        held = copies * self.parameter_count + tokens * (self.layers * layer)
        return 4.0 * held + 12.0 * tokens * logits[self.head]

    @property
    def step_flops(self) -> float:
        """About how many operations a step takes, forward and backward: 6 N D (Kaplan 2020)."""
        return 6.0 * self.parameter_count * self.batch_size * self.block_size

    def to_model_config(self, vocabulary: int) -> ModelConfig:
        """Return the shape of the model for a tokenizer of so many tokens.

        Raises:
            ConfigError: if the architecture does not go with the objective or the heads do not
                divide the width.
        """
        return ModelConfig(
            architecture=self.architecture,
            objective=self.objective,
            vocabulary=vocabulary,
            layers=self.layers,
            width=self.width,
            heads=self.heads,
            feed_forward=self.feed_forward_width,
            context=self.positions or self.block_size,
            dropout=self.dropout,
            tied=self.tie_embeddings,
            epsilon={"gpt2": 1e-5, "bert": 1e-12, "modern": 1e-6}[self.architecture],
        )

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between fields."""
        yield from self._shape_conflicts()
        yield from self._batch_conflicts()
        if self.text_column != "text" and not self._has_columns():
            message = f"{self.text_column} would be ignored without files or a dataset of the Hub."
            yield Problem("text_column", message, ignored=True)
        if self.evaluate_test and self.train_files and not self.test_files:
            yield Problem("evaluate_test", "true needs test_files beside your own training files.")
        yield from self._size_conflicts()

    def _shape_conflicts(self) -> Iterator[Problem]:
        yield from find_shape_problems(self.architecture, self.objective, self.width, self.heads)
        if self.positions is not None and self.positions < self.block_size:
            message = f"{self.positions:,} is fewer than the block size {self.block_size:,}."
            yield Problem("positions", message)
        if self.tokenizer is None and (self.model_vocabulary or self.vocabulary) < self.vocabulary:
            message = (
                f"{self.model_vocabulary:,} is fewer than the vocabulary of {self.vocabulary:,}."
            )
            yield Problem("model_vocabulary", message)

    def _batch_conflicts(self) -> Iterator[Problem]:
        if self.batch_size % self.accumulate:
            message = (
                f"{self.accumulate} parts of equal size cannot make a batch of {self.batch_size}"
            )
            yield Problem("accumulate", f"{message} blocks.")
        if self.first_batch_size is not None and self.first_batch_size >= self.batch_size:
            message = f"{self.first_batch_size} is not smaller than batch_size {self.batch_size}."
            yield Problem("first_batch_size", message)

    def _size_conflicts(self) -> Iterator[Problem]:
        """Refuse a model or a batch that no machine could hold."""
        count, needed = self.parameter_count, self.step_bytes
        if count > MAX_PARAMETERS:
            size = f"{self.width:,} with {self.layers:,} layers makes about {count / 1e9:,.0f}"
            message = f"{size} billion parameters; at most {MAX_PARAMETERS // 10**9}."
            yield Problem("width", message)
        elif needed > MAX_BYTES:
            size = f"{self.batch_size:,} blocks of {self.block_size:,} tokens need about"
            much = f"{needed / 2**30:,.0f} GiB; at most {MAX_BYTES // 2**30:,}"
            yield Problem("batch_size", f"{size} {much}. More accumulate or a smaller one helps.")

    def _has_columns(self) -> bool:
        return bool(self.train_files or self.valid_files or self.test_files) or "/" in self.corpus
