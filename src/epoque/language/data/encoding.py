"""Texts to tokens.

A corpus is text and nothing else: where it spells a special token out, as in a tutorial that says
`<|endoftext|>`, these are letters like others. Only what stands for an unknown word is one token in
a corpus too (`<unk>`, as in WikiText-2). In what a user types, a prompt or a sentence with
`[MASK]`, special tokens are meant.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from epoque.bench.system.panics import explain_panics

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedTokenizerFast

__all__ = [
    "LINES_BEGIN_WITH_SPACE",
    "UNKNOWN",
    "Encode",
    "encode_prompt",
    "find_start_token",
    "format_prompt",
    "make_corpus_encoder",
]

UNKNOWN = "<unk>"
"""What a corpus may hold in the place of rare words; if so it is one token, not three."""

LINES_BEGIN_WITH_SPACE = "lines_begin_with_space"
"""What a tokenizer's settings say where the lines of its corpus begin with a space."""

Encode = Callable[[list[str]], list[list[int]]]


def make_corpus_encoder(
    tokenizer: "PreTrainedTokenizerFast", add_special_tokens: bool = False
) -> Encode:
    """Return what encodes many texts of a corpus.

    The library's own encoder works on all cores at once. It is a copy: padding and truncation, that
    a tokenizer may have been left with, are switched off in it.

    Args:
        tokenizer: a tokenizer of transformers, with or without the library's encoder inside.
        add_special_tokens: whether each text has the special tokens around it that the
            tokenizer adds.

    Returns:
        A function of texts that raises `DataError` if the library panics.
    """
    encode = _make_encoder(tokenizer, add_special_tokens)
    name = _display_name(tokenizer)

    def encode_texts(texts: list[str]) -> list[list[int]]:
        with explain_panics(name):
            return encode(texts)

    return encode_texts


def find_start_token(tokenizer: "PreTrainedTokenizerFast", documents_apart: bool) -> int | None:
    """Return the token after which a text begins in a training, None if there is none.

    Args:
        tokenizer: a tokenizer of transformers.
        documents_apart: whether documents end with a token of their own; else lines end as they do.
    """
    if documents_apart:
        end: int | None = tokenizer.eos_token_id
        return end
    line_end = make_corpus_encoder(tokenizer)(["\n"])[0]
    return line_end[-1] if line_end else None


def format_prompt(tokenizer: "PreTrainedTokenizerFast", text: str) -> str:
    """Return a text that a user typed, as a model has seen such texts begin.

    Byte-level tokenizers spell a word with the space before it. Where the lines of the corpus begin
    with one, as in WikiText-2, a first word without it is cut into pieces that no training had.
    """
    if not tokenizer.init_kwargs.get(LINES_BEGIN_WITH_SPACE) or not text:
        return text
    is_whole = text[0].isspace() or text.startswith(tuple(tokenizer.all_special_tokens))
    return text if is_whole else f" {text}"


def encode_prompt(
    tokenizer: "PreTrainedTokenizerFast", text: str, **kwargs: bool
) -> "BatchEncoding":
    """Return what a tokenizer makes of a text that a user typed.

    Args:
        tokenizer: a tokenizer of transformers.
        text: in which special tokens may be spelt out; see `format_prompt`.
        kwargs: what else its call takes.

    Raises:
        DataError: if the library panics.
    """
    with explain_panics(_display_name(tokenizer)):
        encoding: BatchEncoding = tokenizer(format_prompt(tokenizer, text), **kwargs)
        return encoding


def _display_name(tokenizer: "PreTrainedTokenizerFast") -> str:
    return f"The tokenizer {getattr(tokenizer, 'name_or_path', '')}".rstrip()


def _make_encoder(tokenizer: "PreTrainedTokenizerFast", add_special_tokens: bool) -> Encode:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        kwargs = {"add_special_tokens": add_special_tokens, "split_special_tokens": True}
        return lambda texts: list(tokenizer(texts, **kwargs)["input_ids"])
    from tokenizers import Tokenizer

    copy = Tokenizer.from_str(_unknown_as_ordinary(backend.to_str()))
    copy.encode_special_tokens = True  # as the text that they are
    copy.no_padding()
    copy.no_truncation()
    return lambda texts: [
        encoded.ids
        for encoded in copy.encode_batch_fast(texts, add_special_tokens=add_special_tokens)
    ]


def _unknown_as_ordinary(description: str) -> str:
    """Return a tokenizer's description in which `<unk>` is a token like others, met in texts."""
    content = json.loads(description)
    for token in content.get("added_tokens", ()):
        if token["content"] == UNKNOWN:
            token["special"] = False
    return json.dumps(content, ensure_ascii=False)
