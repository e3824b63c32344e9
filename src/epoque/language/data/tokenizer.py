"""Tokenizers: trained on the corpus, or loaded from a folder or the Hub.

A causal model gets byte-level BPE (Sennrich et al. 2016, arXiv:1508.07909, on bytes as in Radford
et al. 2019), which can write any text; a masked one WordPiece (Schuster & Nakajima 2012) as BERT's;
or either one the other, if asked (`tokenizer_kind`).
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epoque.bench.errors import ConfigError, DataError, Problem, first_line
from epoque.bench.files.cache import build_once, cache_key
from epoque.bench.limits import MAX_WORD_LETTERS
from epoque.bench.progress import Progress, no_progress
from epoque.bench.system.panics import explain_panics

from ..config import LanguageConfig
from .corpus import Documents, lines
from .encoding import LINES_BEGIN_WITH_SPACE, UNKNOWN
from .text_files import is_blank
from .token_cache import frames_lines

if TYPE_CHECKING:
    from tokenizers import AddedToken, Tokenizer
    from transformers import PreTrainedTokenizerFast

__all__ = [
    "END",
    "UNKNOWN",
    "check_objective",
    "check_vocabulary",
    "load_tokenizer",
    "prepare_tokenizer",
    "save_tokenizer",
    "train_tokenizer",
]

END = "<|endoftext|>"
"""The token of a trained BPE tokenizer that ends a document."""

_ALL_SIGNS = 0x110000

_SAMPLED_LINES = 10_000
"""Lines at the start of a text by which it is known how its lines begin."""

MOST_CHARACTERS = 2**30
"""Characters of a corpus a tokenizer is trained on, from its start; more change little."""

_HUB_FILES = ["*token*.json", "vocab*", "merges.txt", "*.model", "config.json"]
"""What a tokenizer of the Hub is read from; its model is not fetched."""
_FILES = ["*token*.json", "vocab*", "*.model"]
"""A folder with none of these holds no tokenizer of any kind."""
_WHAT_TO_NAME = (
    "name a folder that `epoque language save` or transformers wrote, or owner/name on the Hub"
)
_BERT = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}


def prepare_tokenizer(
    config: LanguageConfig, documents: Documents, progress: Progress | None = None
) -> "PreTrainedTokenizerFast":
    """Return the `PreTrainedTokenizerFast` of a config, trained on a text if none is named.

    Words of more than `MAX_WORD_LETTERS` are learned from in pieces; they are encoded whole.

    A tokenizer trained before on the same text with the same settings is taken from the cache.

    A named one puts special tokens around a text only with `frame_lines`: where a model does not
    see them in training, they are nothing to it later.

    Args:
        config: `tokenizer` names one, or `start_from` a model with one; else `objective`,
            `tokenizer_kind`, `vocabulary`, `lowercase` and `frame_lines` say how one is trained.
        documents: the training text.
        progress: receives how much of the text is read, in bytes.

    Raises:
        ConfigError: if the vocabulary is too small, or the named tokenizer frames no lines.
        DataError: if the text cannot be read, or the tokenizer cannot be used.
    """
    if (source := config.start_from or config.tokenizer) is not None:
        tokenizer = load_tokenizer(source)
        check_objective(tokenizer, config.objective)
        if not config.frame_lines:
            _leave_out_frames(tokenizer)
        elif not frames_lines(tokenizer):
            message = f"the tokenizer {_name(tokenizer)}puts no special tokens around a line."
            raise ConfigError([Problem("frame_lines", message)])
        return _note_line_starts(tokenizer, documents)
    settings = config.model_dump(include=set(_SETTINGS))
    if config.new_tokenizer_kind != LanguageConfig(objective=config.objective).new_tokenizer_kind:
        settings["kind"] = config.new_tokenizer_kind
    key = cache_key(format=2, text=documents.fingerprint, **settings)

    def make(to: Path) -> None:
        save_tokenizer(train_tokenizer(config, documents, progress), to)

    return _note_line_starts(
        load_tokenizer(build_once("tokenizers", key, make, _is_whole)), documents
    )


_SETTINGS = ("objective", "vocabulary", "lowercase", "frame_lines")


def _note_line_starts(
    tokenizer: "PreTrainedTokenizerFast", documents: Documents
) -> "PreTrainedTokenizerFast":
    """Let a byte-level tokenizer, and what is saved of it, say that lines begin with a space."""
    sample = islice((line for line in documents if not is_blank(line)), _SAMPLED_LINES)
    starts = [line.startswith(" ") for line in sample]
    if _is_byte_level(tokenizer) and sum(starts) > len(starts) / 2:
        tokenizer.init_kwargs[LINES_BEGIN_WITH_SPACE] = True
    return tokenizer


def _is_byte_level(tokenizer: "PreTrainedTokenizerFast") -> bool:
    """Return whether the tokenizer spells a space as part of the word that follows."""
    return "Ġ" in tokenizer.get_vocab()


def train_tokenizer(
    config: LanguageConfig, documents: Documents, progress: Progress | None = None
) -> "PreTrainedTokenizerFast":
    """Train a tokenizer; the same text and settings give the same tokenizer.

    Raises:
        ConfigError: if the vocabulary is too small.
        DataError: if the text cannot be read.
    """
    kinds = {"bpe": _train_bpe, "wordpiece": _train_wordpiece}
    return kinds[config.new_tokenizer_kind](config, documents, progress or no_progress)


def load_tokenizer(source: str | Path) -> "PreTrainedTokenizerFast":
    """Load a `PreTrainedTokenizerFast` from a folder or from the Hub.

    Raises:
        DataError: if there is none, it is damaged, or its ids have gaps.
    """
    folder = Path(source).expanduser()
    if os.path.lexists(folder) and not folder.is_dir():
        raise DataError(f"The tokenizer {source} is a file; {_WHAT_TO_NAME}.")
    tokenizer = _load_folder(folder) if folder.is_dir() else _load_hub(str(source))
    highest = max(tokenizer.get_vocab().values(), default=-1)
    if highest != len(tokenizer) - 1:
        gap = f"its ids go up to {highest:,} though it has {len(tokenizer):,} tokens"
        raise DataError(f"The tokenizer {source} cannot be used: {gap}.")
    return tokenizer


def save_tokenizer(
    tokenizer: "PreTrainedTokenizerFast", folder: Path, context: int | None = None
) -> None:
    """Write a tokenizer's files, without what says how it was loaded here.

    Args:
        tokenizer: a tokenizer of transformers.
        folder: that exists.
        context: tokens that its model reads at most, `model_max_length`; None: as it says.
    """
    for name in _OF_LOADING:
        tokenizer.init_kwargs.pop(name, None)
    length = tokenizer.model_max_length
    try:
        tokenizer.model_max_length = context or length
        tokenizer.save_pretrained(str(folder))
    finally:
        tokenizer.model_max_length = length


_OF_LOADING = ("is_local", "local_files_only")


def check_objective(tokenizer: "PreTrainedTokenizerFast", objective: str) -> None:
    """Check that a tokenizer has the special tokens that the objective needs.

    Raises:
        DataError: if a masked model's has no mask token.
    """
    if objective == "masked" and tokenizer.mask_token_id is None:
        raise DataError(
            f"The tokenizer {_name(tokenizer)}has no mask token, which the objective masked needs; "
            "take one made for masked models (as bert-base-uncased), or objective causal."
        )


def check_vocabulary(tokenizer: "PreTrainedTokenizerFast", vocabulary: int) -> None:
    """Check that a model has a row for each token.

    Args:
        tokenizer: whose tokens the model is to read.
        vocabulary: rows of the model's embedding.

    Raises:
        DataError: if it has fewer; more are allowed, they stay unused.
    """
    if len(tokenizer) > vocabulary:
        raise DataError(
            f"The tokenizer {_name(tokenizer)}has {len(tokenizer):,} tokens, but the model knows "
            f"{vocabulary:,}: they do not belong together."
        )


def _leave_out_frames(tokenizer: "PreTrainedTokenizerFast") -> None:
    """Let a tokenizer put nothing around a text."""
    if getattr(tokenizer, "backend_tokenizer", None) is not None and frames_lines(tokenizer):
        # Setting these makes the whole of what is put around a text anew, here and when reopened.
        for name in ("add_bos_token", "add_eos_token"):  # whose types say that they are fixed
            setattr(tokenizer, name, False)


def _name(tokenizer: "PreTrainedTokenizerFast") -> str:
    return f"{name} " if (name := getattr(tokenizer, "name_or_path", "")) else ""


# Training


def _roles(config: LanguageConfig) -> dict[str, str]:
    """Return the special tokens by what they are for: BERT's five, or what a text ends with."""
    if config.objective == "masked":
        return _BERT
    unknown = {"unk": _BERT["unk"]} if config.new_tokenizer_kind == "wordpiece" else {}
    return {"bos": END, "eos": END, "pad": END, **unknown}


def _train_bpe(
    config: LanguageConfig, documents: Documents, progress: Progress
) -> "PreTrainedTokenizerFast":
    """Train byte-level BPE whose alphabet is all 256 bytes."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    alphabet = pre_tokenizers.ByteLevel.alphabet()
    roles, unknown = _roles(config), _find_unknown(documents)
    # A hidden word takes the space before it along, as the words do.
    tokens = {text: _special_token(text, lstrip=text == _BERT["mask"]) for text in roles.values()}
    special = [*tokens.values(), *unknown]
    _check_vocabulary_size(config.vocabulary, len(alphabet) + len(special))
    tokenizer = Tokenizer(models.BPE())
    if config.lowercase:
        tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=config.vocabulary,
        min_frequency=2,
        special_tokens=special,
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_report(documents, "words", progress), trainer)
    if config.frame_lines:
        tokenizer.post_processor = _make_frame(tokenizer)
    by_role = {role: tokens[text] for role, text in roles.items()}
    if unknown:
        by_role.setdefault("unk", unknown[0])
    return _wrap(tokenizer, **{f"{role}_token": token for role, token in by_role.items()})


def _train_wordpiece(
    config: LanguageConfig, documents: Documents, progress: Progress
) -> "PreTrainedTokenizerFast":
    """Train WordPiece as BERT's."""
    from tokenizers import Tokenizer, models, trainers

    roles = _roles(config)
    special = [*map(_special_token, dict.fromkeys(roles.values())), *_find_unknown(documents)]
    signs, inner = _find_alphabet(config, documents, progress)
    _check_vocabulary_size(config.vocabulary, len(special) + len(signs) + len(inner))
    # The trainer numbers the signs inside words as it happens to meet them. Told beforehand, in
    # the disguise of special tokens, they have the same numbers each time, and so has all else.
    trainer = trainers.WordPieceTrainer(
        vocab_size=config.vocabulary,
        special_tokens=[*special, *signs, *inner],
        initial_alphabet=signs,
        limit_alphabet=len(signs),
        show_progress=False,
    )
    trained = _set_up_bert(config, Tokenizer(models.WordPiece()))
    trained.train_from_iterator(_report(documents, "words", progress), trainer)
    model = models.WordPiece(trained.get_vocab(), unk_token=_BERT["unk"])
    tokenizer = _set_up_bert(config, Tokenizer(model))
    tokenizer.add_special_tokens(special)
    if config.frame_lines:
        tokenizer.post_processor = _make_frame(tokenizer)
    return _wrap(tokenizer, **{f"{role}_token": token for role, token in roles.items()})


def _set_up_bert(config: LanguageConfig, tokenizer: "Tokenizer") -> "Tokenizer":
    """Give a tokenizer BERT's way with signs and words."""
    from tokenizers import decoders, normalizers, pre_tokenizers

    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=config.lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _find_alphabet(
    config: LanguageConfig, documents: Documents, progress: Progress
) -> tuple[list[str], list[str]]:
    """Return the signs that a text is made of, and those inside words, as `##a`.

    At most a quarter of the vocabulary are signs; the rarer ones become [UNK].
    """
    from tokenizers import Tokenizer, models, trainers

    tokenizer = _set_up_bert(config, Tokenizer(models.WordPiece()))
    trainer = trainers.WordPieceTrainer(
        vocab_size=0, limit_alphabet=_ALL_SIGNS, show_progress=False
    )
    tokenizer.train_from_iterator(_report(documents, "signs", progress), trainer)
    tokens = sorted(tokenizer.get_vocab())
    signs = [token for token in tokens if len(token) == 1]
    most = config.vocabulary // 4
    if len(signs) > most:
        counts: Counter[str] = Counter()
        for line in chain.from_iterable(_read_sample(documents)):
            counts.update(tokenizer.normalizer.normalize_str(line))
        signs = sorted(sorted(signs, key=lambda sign: (-counts[sign], sign))[:most])
    inside_words = {f"##{sign}" for sign in signs}
    return signs, [token for token in tokens if token in inside_words]


def _make_frame(tokenizer: "Tokenizer") -> Any:
    """Return what puts [CLS] and [SEP] around a text, and [SEP] after a second one."""
    from tokenizers import processors

    ids = [(token, tokenizer.token_to_id(token)) for token in (_BERT["cls"], _BERT["sep"])]
    return processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids
    )


def _special_token(text: str, lstrip: bool = False) -> "AddedToken":
    from tokenizers import AddedToken

    return AddedToken(text, lstrip=lstrip, special=True, normalized=False)


def _find_unknown(documents: Documents) -> "list[AddedToken]":
    """Return the token for what stands for unknown words, if a text has it.

    It takes the space before it along, as the other tokens of words do.
    """
    occurs = any(UNKNOWN in line for batch in _read_sample(documents) for line in batch)
    return [_special_token(UNKNOWN, lstrip=True)] if occurs else []


def _read_sample(documents: Documents) -> Iterator[list[str]]:
    """Yield the start of a text, some lines at a time."""
    batch: list[str] = []
    read = 0
    for line in lines(documents):
        batch += _cut_long_words(line)
        read += len(line)
        if len(batch) >= 1000 or read > MOST_CHARACTERS:
            yield batch
            batch = []
        if read > MOST_CHARACTERS:
            return
    yield batch


_PIECES = re.compile(rf"\s*\S{{1,{MAX_WORD_LETTERS}}}|\s+")


def _cut_long_words(line: str) -> list[str]:
    """Return a line; if a word of it is too long, in words and pieces of words.

    Learning which letters belong together takes as long as the square of a word's length.
    """
    if len(line) <= MAX_WORD_LETTERS or max(map(len, line.split())) <= MAX_WORD_LETTERS:
        return [line]
    return _PIECES.findall(line)


def _report(documents: Documents, what: str, progress: Progress) -> Iterator[list[str]]:
    """Yield the start of a text and tell how much of it is read; what follows has no measure."""
    total, read = max(1, min(documents.size, MOST_CHARACTERS)), 0
    for batch in _read_sample(documents):
        progress(min(read, total), total, f"Tokenizer: counting {what}")
        read += sum(len(line.encode()) for line in batch)
        yield batch
    progress(0, None, "Tokenizer: putting tokens together")


def _check_vocabulary_size(vocabulary: int, least: int) -> None:
    if vocabulary < least:
        message = f"{vocabulary:,} is too few for this tokenizer; it needs at least {least:,}."
        raise ConfigError([Problem("vocabulary", message)])


def _wrap(tokenizer: "Tokenizer", **roles: "str | AddedToken") -> "PreTrainedTokenizerFast":
    from transformers import PreTrainedTokenizerFast

    # The constructor has no types.
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, **roles
    )


# Loading


def _is_whole(folder: Path) -> bool:
    try:
        load_tokenizer(folder)
    except DataError:
        return False
    return True


def _load_folder(folder: Path) -> "PreTrainedTokenizerFast":
    """Read a tokenizer; code that comes with one is never run."""
    if not any(next(folder.glob(name), None) for name in _FILES):
        raise DataError(
            f"The folder {folder} holds no tokenizer (no tokenizer.json); {_WHAT_TO_NAME}."
        )
    with explain_panics(f"The tokenizer in {folder}"):
        return _read_folder(folder)


def _read_folder(folder: Path) -> "PreTrainedTokenizerFast":
    try:
        if (folder / "tokenizer.json").is_file():
            # Read as it is: a run's folder has a config.json that a guess at the class would read.
            from transformers import PreTrainedTokenizerFast

            kind: type[PreTrainedTokenizerFast] = PreTrainedTokenizerFast
        else:
            from transformers import AutoTokenizer

            kind = AutoTokenizer  # type: ignore[assignment]
        tokenizer: PreTrainedTokenizerFast = kind.from_pretrained(
            str(folder), trust_remote_code=False
        )
    except Exception as error:  # the libraries raise bare exceptions for damaged files
        raise DataError(
            f"The folder {folder} holds no tokenizer that can be read: {first_line(error)}."
        ) from None
    return tokenizer


def _load_hub(name: str) -> "PreTrainedTokenizerFast":
    from huggingface_hub import snapshot_download

    try:  # one question, asked once: transformers itself would repeat several for a minute
        folder = snapshot_download(name, allow_patterns=_HUB_FILES)
    except Exception as error:  # OSError, ValueError, the HTTP library's, bare ones
        raise DataError(
            f"There is no tokenizer {name!r}: no such folder, and the Hugging Face Hub does not "
            f"give it ({first_line(error)})."
        ) from None
    tokenizer = _load_folder(Path(folder))
    tokenizer.name_or_path = name
    return tokenizer
