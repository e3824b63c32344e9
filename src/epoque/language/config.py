"""What may be set in the language lab."""

from collections.abc import Iterator
from typing import Literal

from epoque.bench.config import Config, LocalPath, setting, threads_setting
from epoque.bench.errors import Problem
from epoque.bench.files.path_list import Paths

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

MAX_PARAMETERS = 20 * 10**9
MAX_BYTES = 2**40
"""What no single machine that this is made for has."""


class LanguageConfig(Config):
    """A language model trained from scratch: its text, tokens, network and training."""

    objective: Objective = setting(
        "causal",
        "Objective",
        "Causal: predict the next token (as GPT-2). Masked: predict hidden tokens (as BERT).",
    )

    corpus: str = setting(
        "shakespeare",
        "Corpus",
        "A named corpus, or a dataset of the Hugging Face Hub: owner/name or owner/name:config.",
        min_length=1,
        max_length=1000,
    )
    train_files: Paths = setting(
        (), "Training files", "Your own text, Parquet or JSON-lines files or folders, or none."
    )
    valid_files: Paths = setting(
        (), "Validation files", "Your own files that are only measured on, or none."
    )
    test_files: Paths = setting(
        (), "Test files", "Your own files that are measured once, at the end, or none."
    )
    text_column: str = setting(
        "text",
        "Text column",
        "In a Parquet or JSON-lines file or a Hub dataset: the column that holds the text.",
        min_length=1,
        max_length=1000,
    )
    undecodable: Literal["stop", "replace"] = setting(
        "stop", "Bytes that are not UTF-8", "Stop there, or replace them by the sign �."
    )
    evaluate_test: bool = setting(
        False, "Measure the test split", "Also measure the test split, once, at the end."
    )

    tokenizer: LocalPath | None = setting(
        None, "Tokenizer", "A folder or a name on the Hub; none trains one on the training text."
    )
    tokenizer_kind: TokenizerKind | None = setting(
        None,
        "Kind of tokenizer",
        "To train: byte-level BPE or WordPiece; none: BPE for causal, WordPiece for masked.",
    )
    vocabulary: int = setting(
        25_000, "Vocabulary", "Size of the tokenizer to train.", unit="tokens", ge=64, le=1_000_000
    )
    lowercase: bool = setting(
        False, "Lower case", "The tokenizer to train turns capitals into small letters."
    )
    frame_lines: bool = setting(
        False,
        "Lines framed",
        "For masked: [CLS] and [SEP] around every line, empty ones too, as the notebook does.",
    )
    model_vocabulary: int | None = setting(
        None,
        "Vocabulary of the model",
        "Rows of its embedding; none: as many as the tokenizer has tokens.",
        unit="tokens",
        ge=2,
        le=2_000_000,
    )
    block_size: int = setting(
        128, "Block size", "Tokens the model sees at once.", unit="tokens", ge=2, le=65_536
    )
    positions: int | None = setting(
        None,
        "Positions",
        "For learned positions: most tokens the model can ever see; none: the block size.",
        unit="tokens",
        ge=2,
        le=1_000_000,
    )
    documents_apart: bool = setting(
        False, "Documents apart", "No block holds tokens that can see another document's."
    )

    architecture: Architecture = setting(
        "modern",
        "Architecture",
        "GPT-2's, BERT's, or a modern one: rotary positions, RMSNorm, squared ReLU.",
    )
    layers: int = setting(4, "Layers", "Transformer layers.", unit="layers", ge=1, le=1000)
    width: int = setting(256, "Width", "Numbers that stand for a token.", ge=2, le=65_536)
    heads: int = setting(4, "Heads", "Attention heads in each layer.", ge=1, le=1024)
    feed_forward: int | None = setting(
        None,
        "Feed-forward width",
        "Neurons in each layer; none: four times the width, and 8/3 where modern is masked.",
        ge=1,
        le=1_000_000,
    )
    dropout: float = setting(0.0, "Dropout", "Share of activations dropped.", ge=0, lt=1)
    tie_embeddings: bool = setting(
        True, "Tied embeddings", "The output layer uses the embedding's weights."
    )

    first_embedding: FirstEmbedding = setting(
        "random",
        "First embedding",
        "Random; or counted: made from which token follows which in the training text.",
    )

    mask_probability: float = setting(
        0.15, "Masked share", "Share of the tokens to be predicted.", gt=0, lt=1
    )
    train_mask_probability: float | None = setting(
        None,
        "Masked share in training",
        "More than is measured with teaches more in each step; none: the same.",
        gt=0,
        lt=1,
    )
    whole_words: bool = setting(False, "Whole words", "Mask all tokens of a word together.")
    mask_seeds: int = setting(
        3, "Mask seeds", "Fixed masks over which a masked model is measured.", ge=1, le=100
    )
    pseudo_blocks: int = setting(
        0,
        "Blocks for pseudo-perplexity",
        "At the end, mask each token of so many blocks in turn; 0 does not.",
        unit="blocks",
        ge=0,
        le=1_000_000,
    )

    head: Head = setting(
        "sampled",
        "Output layer in training",
        "Full softmax; the same in chunks, to save memory; or sampled, which is fastest.",
    )
    negatives: int = setting(
        2048, "Negatives", "For head sampled: wrong tokens drawn a step.", ge=1, le=1_000_000
    )
    optimizer: OptimizerName = setting(
        "muon", "Optimiser", "AdamW; or Muon for the matrices and AdamW for the rest."
    )
    learning_rate: float | None = setting(
        None,
        "Learning rate",
        "AdamW's, or with muon that of the matrices; none: 0.001 and 0.01.",
        gt=0,
        le=100,
    )
    embedding_learning_rate: float | None = setting(
        None,
        "Learning rate of the rest",
        "With muon: AdamW's, for embeddings, biases and norms; none: 0.005.",
        gt=0,
        le=100,
    )
    weight_decay: float = setting(
        0.01, "Weight decay", "How fast the matrices are drawn to zero.", ge=0, le=100
    )
    beta1: float = setting(0.9, "Beta 1", "AdamW's memory of the mean gradient.", ge=0, lt=1)
    beta2: float = setting(0.95, "Beta 2", "AdamW's memory of the squared gradient.", ge=0, lt=1)
    momentum: float = setting(
        0.95, "Momentum", "With muon: the share of the last step kept.", ge=0, lt=1
    )
    muon_every: int = setting(
        1,
        "Muon's interval",
        "The matrices step once in so many steps, by all their gradients: cheaper small batches.",
        unit="steps",
        ge=1,
        le=1000,
    )
    clip: float = setting(
        1.0,
        "Gradient clipping",
        "Longest gradient that is followed (max_grad_norm); 0: any.",
        ge=0,
        le=1e6,
    )

    schedule: Schedule = setting(
        "trapezoid", "Schedule", "How the learning rate falls; trapezoid: only towards the end."
    )
    warmup_steps: int = setting(
        0,
        "Warm-up",
        "Steps in which the rate rises: the nth of N has n/N of it.",
        unit="steps",
        ge=0,
        le=10**9,
    )
    decay_share: float = setting(
        0.5, "Share of the decay", "For trapezoid: part of the run in which it falls.", gt=0, le=1
    )
    batch_size: int = setting(16, "Batch size", "Blocks a step.", unit="blocks", ge=1, le=1_000_000)
    accumulate: int = setting(
        1,
        "Accumulation",
        "Parts that a batch is computed in, to save memory (gradient accumulation steps); "
        "batch_size is the whole batch, not a part as in transformers.",
        ge=1,
        le=100_000,
    )
    first_batch_size: int | None = setting(
        None,
        "First batch size",
        "The batch grows from here to the batch size; none: it does not grow.",
        unit="blocks",
        ge=1,
        le=1_000_000,
    )
    ramp_steps: int = setting(
        100, "Batch ramp", "Steps in which the batch grows.", unit="steps", ge=1, le=10**9
    )
    epochs: float = setting(
        3.0, "Epochs", "Passes over the training blocks.", unit="epochs", gt=0, le=1e6
    )
    max_steps: int | None = setting(
        None, "Most steps", "Stop after so many steps, if sooner.", unit="steps", ge=1, le=10**9
    )
    max_seconds: float | None = setting(
        None,
        "Most seconds",
        "Train for about so many seconds, if that is sooner: how many steps fit is measured before "
        "the first, and then kept. Evaluations do not count.",
        unit="seconds",
        gt=0,
        le=1e9,
    )
    precision: Precision = setting(
        "auto",
        "Precision",
        "Auto: bfloat16 where the processor has instructions for it and the model is large enough, "
        "else float32. Medium: float32 with faster, rougher products.",
    )
    device: Device = setting("auto", "Device", "Auto: a GPU where there is one.")
    threads: int | None = threads_setting()
    compile: bool = setting(
        False, "Compile", "Compile the model first (torch.compile): a minute, then faster on a GPU."
    )
    ema: float = setting(
        0.0,
        "Averaging of the weights",
        "Decay of the moving average that is measured and kept; 0 uses the last weights.",
        ge=0,
        lt=1,
    )
    patience: int = setting(
        0,
        "Patience",
        "Stop after so many evaluations without a better loss, and keep the best; 0 does not.",
        unit="evaluations",
        ge=0,
        le=10**6,
    )

    log_every: int = setting(
        10, "Metrics interval", "How often losses are recorded.", unit="steps", ge=1, le=10**9
    )
    evaluate_every: int | None = setting(
        None,
        "Evaluation interval",
        "How often the validation text is measured, besides each epoch's end; none: only then.",
        unit="steps",
        ge=1,
        le=10**9,
    )
    evaluation_blocks: int | None = setting(
        None,
        "Blocks of an evaluation",
        "Measured on the way, drawn once from the seed; none: all. The end measures all.",
        unit="blocks",
        ge=1,
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
        rows = self.model_vocabulary or self.vocabulary
        embeddings = rows * self.width * (1 if self.tie_embeddings else 2)
        layer = (
            4 * self.width**2 + (3 if self.is_gated else 2) * self.width * self.feed_forward_width
        )
        return embeddings + self.layers * layer

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
        for name, condition in self._without_effect():
            if getattr(self, name) != type(self).model_fields[name].default:
                yield Problem(name, f"it would be ignored; it needs {condition}.", ignored=True)
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

    def _without_effect(self) -> Iterator[tuple[str, str]]:
        """Yield each setting that changes nothing here, with what it would need."""
        needs: dict[str, tuple[bool, tuple[str, ...]]] = {
            "objective masked": (
                self.objective == "masked",
                (
                    "mask_probability",
                    "train_mask_probability",
                    "whole_words",
                    "mask_seeds",
                    "pseudo_blocks",
                    "frame_lines",
                ),
            ),
            "head sampled": (self.head == "sampled", ("negatives",)),
            "optimizer muon": (
                self.optimizer == "muon",
                ("momentum", "muon_every", "embedding_learning_rate"),
            ),
            "schedule trapezoid": (self.schedule == "trapezoid", ("decay_share",)),
            "a first_batch_size": (self.first_batch_size is not None, ("ramp_steps",)),
            "architecture gpt2 or bert": (self.architecture != "modern", ("positions",)),
            "a tokenizer that is trained (tokenizer none)": (
                self.tokenizer is None,
                ("tokenizer_kind", "lowercase", "vocabulary"),
            ),
            "train_files": (bool(self.train_files), ("valid_files", "test_files")),
            "files or a dataset of the Hub": (self._has_columns(), ("text_column",)),
        }
        for condition, (is_met, names) in needs.items():
            if not is_met:
                yield from ((name, condition) for name in names)

    def _has_columns(self) -> bool:
        return bool(self.train_files or self.valid_files or self.test_files) or "/" in self.corpus
