from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from epoque.bench.errors import ConfigError, UsageError
from epoque.language.generation.decoder import Decoder, inference
from epoque.language.generation.generate import (
    continue_ids,
    decode_pieces,
    encode_causal_prompt,
    generate,
    stream,
)
from epoque.language.generation.sampling import (
    Sampling,
    choose_tokens,
    filter_logits,
    penalize_repetition,
)
from epoque.language.models import Model, build_model, hf_checkpoints

GOLDEN = Path(__file__).parents[3].parent / "shared" / "golden" / "language" / "gpt2"


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Keep these tiny tensors on one core: threads that wait for others take far longer."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", params=["random", "golden"])
def pair(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Model]:
    """Return the same GPT-2 as transformers' and as ours."""
    folder: Path = GOLDEN
    if request.param == "random":
        folder = tmp_path_factory.mktemp("gpt2")
        torch.manual_seed(3)
        shape = {"vocab_size": 37, "n_positions": 48, "n_embd": 16, "n_layer": 2, "n_head": 2}
        # Wide weights make distributions with a few likely tokens, and texts that differ.
        made = GPT2LMHeadModel(GPT2Config(**shape, initializer_range=0.6))
        made.save_pretrained(folder)
    elif not folder.is_dir():
        pytest.skip("the golden GPT-2 is not at hand beside this checkout")
    theirs = GPT2LMHeadModel.from_pretrained(folder).eval()
    return theirs, hf_checkpoints.load_model(folder)[0]


def read_expected(theirs: Any, prompt: list[int], **settings: Any) -> list[int]:
    """Return what transformers' `generate` adds, without the end token and what follows it."""
    end = settings.get("eos_token_id")
    ids = torch.tensor([prompt])
    made = theirs.generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=False, pad_token_id=0, **settings
    )[0].tolist()[len(prompt) :]
    return made[: made.index(end)] if end in made else made


PROMPTS = [[5, 7, 11], [20, 3], [1, 30, 2, 9, 14]]


@pytest.mark.parametrize("penalty", [1.0, 1.4])
def test_greedy_is_what_transformers_generates(pair: tuple[Any, Model], penalty: float) -> None:
    theirs, ours = pair
    sampling = Sampling(temperature=0, max_tokens=20, repetition_penalty=penalty)
    found = continue_ids(ours, PROMPTS, sampling)
    wanted = [
        read_expected(theirs, p, max_new_tokens=20, repetition_penalty=penalty, eos_token_id=None)
        for p in PROMPTS
    ]
    assert found == wanted


@pytest.mark.parametrize("penalty", [1.0, 1.4])
@pytest.mark.parametrize(("beams", "length_penalty"), [(2, 1.0), (4, 1.0), (4, 0.0), (5, -1.0)])
def test_beam_search_is_what_transformers_generates(
    pair: tuple[Any, Model], beams: int, length_penalty: float, penalty: float
) -> None:
    theirs, ours = pair
    sampling = Sampling(
        beams=beams, length_penalty=length_penalty, repetition_penalty=penalty, max_tokens=12
    )
    for prompt in PROMPTS:
        # A token that is likely at some point, so that texts end at different lengths.
        often = continue_ids(ours, [prompt], Sampling(temperature=0, max_tokens=8))[0]
        for end in (None, often[0], often[-1]):
            wanted = read_expected(
                theirs, prompt, max_new_tokens=12, num_beams=beams, eos_token_id=end,
                length_penalty=length_penalty, repetition_penalty=penalty,
            )  # fmt: skip
            assert continue_ids(ours, [prompt], sampling, end) == [wanted]


@pytest.fixture(scope="module", params=["gpt2", "modern"])
def model(request: Any, tiny: Callable[..., Any]) -> Model:
    """Return a model that is certain here and there: its first weights, enlarged."""
    made = build_model(tiny(architecture=request.param, layers=2, block_size=24), 50)
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.dim() == 2:
                parameter.normal_(0, 0.5, generator=torch.Generator().manual_seed(1))
    return made


def test_the_cache_changes_nothing(model: Model) -> None:
    """Also beyond the context, where the older half is forgotten."""
    for sampling in (
        Sampling(temperature=0, max_tokens=60),
        Sampling(temperature=0.9, top_p=0.9, max_tokens=60, repetition_penalty=1.2),
        Sampling(beams=3, max_tokens=40),
        Sampling(temperature=0.9, max_tokens=30, context=7),
    ):
        kept = continue_ids(model, PROMPTS, sampling)
        assert kept == continue_ids(model, PROMPTS, sampling, cached=False)
        assert all(len(row) == sampling.max_tokens for row in kept)


def test_the_logits_are_those_of_the_text_alone(model: Model) -> None:
    """Rows of unlike lengths, padded beside one another, read as if each were alone."""
    rng = np.random.default_rng(0)
    decoder = Decoder(model, PROMPTS)
    for step in range(60):
        with inference(model):
            logits = decoder.next_logits()
            for row, found in zip(decoder.rows, logits, strict=True):
                seen = row
                while len(seen) > model.context:  # what is seen: see Decoder
                    seen = seen[len(seen) - _kept(len(row), model.context) :]
                alone = model(torch.tensor([seen]))[0, -1]
                torch.testing.assert_close(found, alone, rtol=1e-4, atol=1e-4)
        decoder.append(rng.integers(50, size=len(decoder.rows)).tolist())
        if step == 10:
            decoder.reorder([2, 0, 2])  # rows dropped, moved and doubled


def _kept(length: int, context: int) -> int:
    """Return how many of a row's tokens are seen: cut to half a context when it is outgrown."""
    while length > context:
        length -= context + 1 - context // 2
    return length


def test_a_row_comes_out_the_same_beside_others(model: Model) -> None:
    sampling = Sampling(max_tokens=50, seed=4)
    together = continue_ids(model, PROMPTS, sampling)
    assert continue_ids(model, PROMPTS[:1], sampling) == together[:1]
    others = [PROMPTS[0], [1] * 20, [2]]
    assert continue_ids(model, others, sampling)[0] == together[0]


def test_the_seed_decides(model: Model) -> None:
    def drawn(seed: int) -> list[list[int]]:
        return continue_ids(model, [PROMPTS[0]] * 3, Sampling(seed=seed, max_tokens=30))

    first = drawn(0)
    assert first == drawn(0)
    assert first != drawn(1)
    assert first[0] != first[1] != first[2]


def test_it_ends_at_the_end_token_and_drops_rows_that_ended(model: Model) -> None:
    sampling = Sampling(seed=2, max_tokens=40)
    free = continue_ids(model, PROMPTS, sampling)
    end = free[0][5]
    wanted = [row[: row.index(end)] if end in row else row for row in free]
    assert continue_ids(model, PROMPTS, sampling, end) == wanted
    assert len({len(row) for row in wanted}) > 1


def test_generation_leaves_the_model_as_it_was(model: Model) -> None:
    model.train()
    continue_ids(model, [[1]], Sampling(max_tokens=2))
    assert model.training
    model.eval()


# Filters against their definitions


def by_definition(p: np.ndarray, sampling: Sampling) -> np.ndarray:
    """Return the distribution after temperature, top-k, top-p and min-p; p is float64 [V]."""
    p = p ** (1 / sampling.temperature)
    p = p / p.sum()
    if sampling.top_k:
        p = np.where(np.isin(np.arange(len(p)), np.argsort(-p)[: sampling.top_k]), p, 0)
        p = p / p.sum()
    if sampling.top_p < 1:
        kept, total = [], 0.0
        for i in np.argsort(-p):
            if total >= sampling.top_p:
                break
            kept.append(i)
            total += p[i]
        p = np.where(np.isin(np.arange(len(p)), kept), p, 0)
        p = p / p.sum()
    p = np.where(p >= sampling.min_p * p.max(), p, 0)
    return p / p.sum()


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(),
        Sampling(temperature=0.3),
        Sampling(top_k=1),
        Sampling(top_k=5),
        Sampling(top_k=10**6),
        Sampling(top_p=0.5),
        Sampling(top_p=1e-6),
        Sampling(min_p=0.2),
        Sampling(min_p=1.0),
        Sampling(temperature=1.7, top_k=12, top_p=0.8, min_p=0.1),
    ],
)
def test_filters_follow_their_definitions(sampling: Sampling) -> None:
    logits = torch.from_numpy(np.random.default_rng(1).normal(0, 2, (4, 30))).float()
    found = filter_logits(logits, sampling).exp().numpy()
    for row, p in zip(found, logits.double().softmax(-1).numpy(), strict=True):
        np.testing.assert_allclose(row, by_definition(p, sampling), atol=1e-7)


def test_what_is_drawn_has_the_frequency_of_its_probability() -> None:
    logits = torch.from_numpy(np.random.default_rng(2).normal(0, 1, (1, 12))).float()
    sampling = Sampling(top_k=6)
    count = 20_000
    uniform = (np.arange(count) + 0.5) / count  # every share of [0, 1) as often
    drawn = choose_tokens(logits.expand(count, -1), uniform.tolist(), sampling)
    p = filter_logits(logits, sampling).exp()[0].numpy()
    np.testing.assert_allclose(np.bincount(drawn, minlength=12) / count, p, atol=2 / count)
    assert choose_tokens(logits, [0.0], sampling)[0] == int(np.flatnonzero(p)[0])
    assert choose_tokens(logits, [np.nextafter(1.0, 0)], sampling)[0] == int(np.flatnonzero(p)[-1])


def test_a_tiny_temperature_does_not_overflow() -> None:
    logits = torch.tensor([[1e4, 1.0, -1e4]])
    assert choose_tokens(logits, [0.999], Sampling(temperature=1e-6)) == [0]


def test_the_repetition_penalty_divides_or_multiplies() -> None:
    logits = torch.tensor([[2.0, -2.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    found = penalize_repetition(logits, [[0, 1, 1], [3]], 2.0)
    assert found.tolist() == [[1.0, -4.0, 1.0, 0.0], [1.0, 1.0, 1.0, 0.5]]
    assert logits[0, 0] == 2.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"temperature": -1},
            "temperature: -1 is not allowed; it takes a finite number at least 0 and at most 100.",
        ),
        ({"top_p": 0}, "top_p: 0 is not allowed"),
        ({"top_k": -1}, "top_k: -1 is not allowed; it takes a whole number at least 0"),
        ({"min_p": float("nan")}, "min_p: nan is not allowed"),
        ({"beams": 0}, "beams: 0 is not allowed"),
        ({"max_tokens": 0}, "max_tokens: 0 is not allowed"),
        ({"top_k": 1.5}, "top_k: 1.5 is not allowed"),
        ({"beams": "two", "top_k": 3}, "beams: two is not allowed"),
    ],
)
def test_settings_out_of_bounds_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Sampling.parse(settings)
    assert str(caught.value).startswith(message)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("settings", "ignored"),
    [
        ({"beams": 4, "temperature": 0.7, "top_p": 0.9, "top_k": 3}, "temperature top_k top_p"),
        ({"beams": 2, "min_p": 0.1}, "min_p"),
        ({"temperature": 0, "top_p": 0.9}, "top_p"),
        ({"length_penalty": 2.0}, "length_penalty"),
        ({"beams": 2, "length_penalty": 2.0, "repetition_penalty": 1.2}, ""),
        ({"temperature": 0, "repetition_penalty": 1.2, "seed": 3}, ""),
    ],
)
def test_settings_without_effect_are_refused(settings: dict[str, Any], ignored: str) -> None:
    if not ignored:
        assert Sampling.parse(settings)
        return
    with pytest.raises(ConfigError) as caught:
        Sampling.parse(settings)
    assert [problem.field for problem in caught.value.problems] == ignored.split()
    assert all("would be ignored; it needs" in p.message for p in caught.value.problems)


# Text


@pytest.fixture(scope="module")
def bytes_tokenizer() -> PreTrainedTokenizerFast:
    """Return a byte-level tokenizer whose tokens are the 256 bytes and a few pairs."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("Ġ", "t"), ("Ã", "©"), ("â", "Ĥ")]
    vocabulary = {letter: i for i, letter in enumerate([*alphabet, *map("".join, merges)])}
    made = Tokenizer(BPE(vocabulary, merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=made)


TEXT = "the été at 3 €, 𝄞 and 東京 — 👩‍👩‍👧 é"


def test_streamed_letters_are_whole(bytes_tokenizer: PreTrainedTokenizerFast) -> None:
    ids = bytes_tokenizer.encode(TEXT)
    assert len(ids) > len(TEXT)  # letters are spread over tokens
    told = list(decode_pieces(bytes_tokenizer, [], iter(ids)))
    assert "".join(told) == TEXT
    assert not any("�" in piece for piece in told)
    assert len(told) > 20
    for cut in range(1, len(ids)):
        given, new = ids[:cut], ids[cut:]
        if not bytes_tokenizer.decode(given).endswith("�"):
            streamed = "".join(decode_pieces(bytes_tokenizer, given, iter(new)))
            assert bytes_tokenizer.decode(given) + streamed == TEXT


def test_streamed_nonsense_is_what_all_of_it_decodes_to(
    bytes_tokenizer: PreTrainedTokenizerFast,
) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        ids = rng.integers(len(bytes_tokenizer), size=12).tolist()
        streamed = "".join(decode_pieces(bytes_tokenizer, [], iter(ids)))
        assert streamed == bytes_tokenizer.decode(ids, clean_up_tokenization_spaces=False)


def test_text_in_text_out(
    bytes_tokenizer: PreTrainedTokenizerFast, tiny: Callable[..., Any]
) -> None:
    model = build_model(tiny(block_size=24), len(bytes_tokenizer) + 100)  # with spare rows
    sampling = Sampling(max_tokens=30, temperature=2)
    prompts = ["the été", " at", "東京"]
    found = generate(model, bytes_tokenizer, prompts, sampling)
    assert found[:1] == ["".join(stream(model, bytes_tokenizer, prompts[0], sampling))]
    best = Sampling(max_tokens=10, beams=3)
    told = "".join(stream(model, bytes_tokenizer, prompts[0], best))
    assert told == generate(model, bytes_tokenizer, prompts[:1], best)[0]
    start = bytes_tokenizer.eos_token_id
    assert generate(model, bytes_tokenizer, [""], sampling, start=5) == generate(
        model, bytes_tokenizer, [bytes_tokenizer.decode([5])], sampling
    )
    if start is None:
        with pytest.raises(UsageError, match="prompt is empty"):
            next(stream(model, bytes_tokenizer, "", sampling))
    else:
        assert encode_causal_prompt(model, bytes_tokenizer, "") == [start]
