"""Tiny models twice: as transformers computes them and as we do; and tokenizers for them."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import (
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
)

from epoque.language.models import Model, hf_checkpoints

WORDS = 60
SPECIAL = ("[PAD]", "[UNK]", "[MASK]")


def word_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer of the words w0 … w59 between blanks, and three special tokens."""
    names = [*SPECIAL, *(f"w{i}" for i in range(WORDS - len(SPECIAL)))]
    made = Tokenizer(WordLevel({name: i for i, name in enumerate(names)}, unk_token="[UNK]"))
    made.pre_tokenizer = WhitespaceSplit()
    made.add_special_tokens([AddedToken(name, special=True) for name in SPECIAL])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", mask_token="[MASK]"
    )


def text_of(ids: list[int]) -> str:
    """Return the text whose tokens these are."""
    names = [*SPECIAL, *(f"w{i}" for i in range(WORDS - len(SPECIAL)))]
    return " ".join(names[i] for i in ids)


def gpt2(folder: Path) -> tuple[Any, Model]:
    """Return the same random GPT-2 as transformers' and as ours; context 32."""
    torch.manual_seed(3)
    shape = {"vocab_size": WORDS, "n_positions": 32, "n_embd": 16, "n_layer": 3, "n_head": 2}
    config = GPT2Config(**shape, initializer_range=0.4, attn_implementation="eager")
    return _twin(GPT2LMHeadModel(config), folder)


def bert(folder: Path) -> tuple[Any, Model]:
    """Return the same random BERT as transformers' and as ours; context 32."""
    torch.manual_seed(4)
    config = BertConfig(
        vocab_size=WORDS, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=32, initializer_range=0.4,
        pad_token_id=0, attn_implementation="eager",
    )  # fmt: skip
    return _twin(BertForMaskedLM(config), folder)


def _twin(theirs: Any, folder: Path) -> tuple[Any, Model]:
    theirs.eval().save_pretrained(folder)
    word_tokenizer().save_pretrained(folder)
    return theirs, hf_checkpoints.load_model(folder)[0]
