"""Both directions between our checkpoints and those of transformers."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    EuroBertConfig,
    EuroBertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    NanoChatConfig,
    NanoChatForCausalLM,
    PreTrainedTokenizerFast,
)

from epoque.bench.errors import DamagedRunError, DataError
from epoque.language import models
from epoque.language.models import ModelConfig, hf_checkpoints

KINDS = [("gpt2", "causal"), ("bert", "masked"), ("modern", "causal"), ("modern", "masked")]
SHAPE = {"vocabulary": 61, "layers": 2, "width": 24, "heads": 3, "feed_forward": 40}


def small(architecture, objective, tied=True):
    model = models.create_model(
        ModelConfig(architecture, objective, context=32, tied=tied, **SHAPE)
    )
    generator = torch.Generator().manual_seed(7)
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.3, generator=generator)
    return model.eval()


def some_ids():
    return torch.randint(61, (2, 12), generator=torch.Generator().manual_seed(3))


def open_with_transformers(folder, objective):
    """Open a folder as transformers does, refusing weights that are missing or left over."""
    kind = AutoModelForCausalLM if objective == "causal" else AutoModelForMaskedLM
    model, told = kind.from_pretrained(folder, output_loading_info=True)
    assert not told["missing_keys"]
    assert not told["unexpected_keys"]
    assert not told["mismatched_keys"]
    return model.eval()


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(("architecture", "objective"), KINDS)
def test_what_we_save_transformers_opens_with_the_same_logits(
    architecture, objective, tied, tmp_path
):
    ours, ids = small(architecture, objective, tied), some_ids()
    hf_checkpoints.save_model(ours, None, tmp_path)
    theirs = open_with_transformers(tmp_path, objective)
    with torch.no_grad():
        torch.testing.assert_close(theirs(ids).logits, ours(ids), atol=1e-5, rtol=1e-5)
    again, _ = hf_checkpoints.load_model(tmp_path)
    assert again.config == ours.config
    assert not again.training
    for one, other in zip(again.parameters(), ours.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(("architecture", "objective"), KINDS)
def test_padding_means_the_same_to_transformers(architecture, objective, tmp_path):
    ours, ids = small(architecture, objective), some_ids()
    hf_checkpoints.save_model(ours, None, tmp_path)
    mask = (torch.arange(12)[None] < torch.tensor([[12], [8]])).long()
    with torch.no_grad():
        theirs = open_with_transformers(tmp_path, objective)(ids, attention_mask=mask).logits
        torch.testing.assert_close(theirs[0], ours(ids, mask)[0], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(theirs[1, :8], ours(ids, mask)[1, :8], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("architecture", ["gpt2", "modern"])
def test_transformers_writes_the_text_that_we_write(architecture, tmp_path):
    ours, ids = small(architecture, "causal"), some_ids()[:1, :4]
    hf_checkpoints.save_model(ours, None, tmp_path)
    theirs = open_with_transformers(tmp_path, "causal").generate(
        ids, max_new_tokens=8, do_sample=False
    )
    cache, made, last = models.KeyValueCache(), ids, ids
    with torch.no_grad():
        for _ in range(8):
            last = ours.compute_logits(
                ours.compute_hidden_states(last, cache=cache)[:, -1:]
            ).argmax(-1)
            made = torch.cat((made, last), 1)
    assert theirs.tolist() == made.tolist()


def their_models():
    size = {"vocab_size": 61, "pad_token_id": None}
    usual = size | {
        "hidden_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "intermediate_size": 40,
        "max_position_embeddings": 32,
    }
    gpt2 = size | {"n_embd": 24, "n_layer": 2, "n_head": 3, "n_positions": 32}
    modern = usual | {"tie_word_embeddings": True}
    return {
        "gpt2": GPT2LMHeadModel(GPT2Config(**gpt2)),
        "bert": BertForMaskedLM(BertConfig(**usual)),
        "nanochat": NanoChatForCausalLM(NanoChatConfig(**modern, final_logit_softcapping=None)),
        "eurobert": EuroBertForMaskedLM(EuroBertConfig(**modern, rms_norm_eps=1e-5)),
    }


@pytest.mark.parametrize("kind", ["gpt2", "bert", "nanochat", "eurobert"])
def test_what_transformers_saves_we_open_with_the_same_logits(kind, tmp_path):
    theirs, ids = their_models()[kind].eval(), some_ids()
    theirs.save_pretrained(tmp_path)
    ours, _ = hf_checkpoints.load_model(tmp_path)
    with torch.no_grad():
        torch.testing.assert_close(ours(ids), theirs(ids).logits, atol=1e-5, rtol=1e-5)


def test_the_names_of_old_checkpoints_are_understood(tmp_path):
    for kind, theirs in (("gpt2", "transformer."), ("bert", "LayerNorm.weight")):
        folder = tmp_path / kind
        their_models()[kind].save_pretrained(folder)
        known, _ = hf_checkpoints.load_model(folder)
        state = load_file(folder / "model.safetensors")
        new = {"transformer.": "", "LayerNorm.weight": "LayerNorm.gamma"}[theirs]
        state = {key.replace(theirs, new): value for key, value in state.items()}
        state["something.of.an.old.version"] = torch.zeros(3)
        save_file(state, folder / "model.safetensors")
        old, _ = hf_checkpoints.load_model(folder)
        assert torch.equal(old(some_ids()), known(some_ids()))


def test_full_sizes_pass_through(tmp_path):
    """A layer of gpt2 and of bert-base at full width, vocabulary and context."""
    for kind, objective, rows, context in (
        ("gpt2", "causal", 50_257, 1024),
        ("bert", "masked", 30_522, 512),
    ):
        folder = tmp_path / kind
        ours = models.create_model(ModelConfig(kind, objective, rows, 1, 768, 12, 3072, context))
        ours.initialize_weights(torch.Generator().manual_seed(0))
        hf_checkpoints.save_model(ours.eval(), None, folder)
        with torch.no_grad():
            theirs = open_with_transformers(folder, objective)(some_ids()).logits
            torch.testing.assert_close(theirs, ours(some_ids()), atol=1e-5, rtol=1e-5)
        shutil.rmtree(folder)


def word_tokenizer(count):
    vocabulary = {token: place for place, token in enumerate(["<unk>", "<end>", *WORDS])}
    vocabulary = {token: place for token, place in vocabulary.items() if place < count}
    backend = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    backend.pre_tokenizer = Whitespace()
    names = {"unk_token": "<unk>", "eos_token": "<end>", "pad_token": "<end>"}
    return PreTrainedTokenizerFast(tokenizer_object=backend, **names)


WORDS = [f"word{number}" for number in range(70)]


def test_the_tokenizer_travels_with_the_model(tmp_path):
    hf_checkpoints.save_model(small("modern", "causal"), word_tokenizer(61), tmp_path)
    _, ours = hf_checkpoints.load_model(tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    text = "word3 word5 nothing word1"
    assert ours(text)["input_ids"] == theirs(text)["input_ids"] == [5, 7, 0, 3]
    model = open_with_transformers(tmp_path, "causal")
    assert (model.config.eos_token_id, model.config.pad_token_id) == (1, 1)
    assert model.config.bos_token_id is None


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(tmp_path):
    model = small("gpt2", "causal")
    with pytest.raises(DataError, match=r"has 62 tokens, but the model knows 61"):
        hf_checkpoints.save_model(model, word_tokenizer(62), tmp_path)
    assert not list(tmp_path.iterdir())
    hf_checkpoints.save_model(model, None, tmp_path)
    word_tokenizer(62).save_pretrained(tmp_path)
    with pytest.raises(DataError, match=r"has 62 tokens, but the model knows 61"):
        hf_checkpoints.load_model(tmp_path)


@pytest.fixture
def saved(tmp_path):
    hf_checkpoints.save_model(small("gpt2", "causal"), None, tmp_path)
    return tmp_path


def changed(folder, **values):
    told = json.loads((folder / "config.json").read_text()) | values
    (folder / "config.json").write_text(json.dumps(told))


def test_a_truncated_checkpoint_is_one_sentence(saved):
    whole = (saved / "model.safetensors").read_bytes()
    for part in (b"", whole[:5], whole[:400], whole[:-9], b"\xff" * 64):
        (saved / "model.safetensors").write_bytes(part)
        with pytest.raises(DataError, match=r"model\.safetensors.* cut short|is empty") as told:
            hf_checkpoints.load_model(saved)
        assert "\n" not in str(told.value)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_weights_of_few_bits_are_read(saved, kind):
    state = {name: of.to(kind) for name, of in load_file(saved / "model.safetensors").items()}
    save_file(state, saved / "model.safetensors")
    model, _ = hf_checkpoints.load_model(saved)
    found = hf_checkpoints.to_hf_state(model)
    assert all(torch.equal(found[name], of.float()) for name, of in state.items())
    scaled = state | {"transformer.h.0.mlp.c_fc.weight_scale_inv": torch.ones(1)}
    save_file(scaled, saved / "model.safetensors")
    with pytest.raises(DataError, match="weight_scale_inv scales weights of 8 bits"):
        hf_checkpoints.load_model(saved)


def test_missing_files_are_named(saved):
    (saved / "model.safetensors").rename(saved / "pytorch_model.bin")
    with pytest.raises(DataError, match=r"holds no model\.safetensors"):
        hf_checkpoints.load_model(saved)
    (saved / "config.json").unlink()
    with pytest.raises(DamagedRunError, match=r"config\.json is damaged or missing"):
        hf_checkpoints.load_model(saved)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"model_type": "llama"}, "model_type is 'llama'; Epoque reads gpt2, bert,"),
        ({"activation_function": "relu"}, "activation_function is 'relu'; Epoque's gpt2 has"),
        ({"n_layer": "two"}, "n_layer is 'two'; a number was expected"),
        ({"n_layer": 3}, r"lacks transformer\.h\.2\."),
        ({"vocab_size": 60}, r"wte\.weight is \[61, 24\], but config\.json makes it \[60, 24\]"),
        ({"n_embd": 8}, r"config\.json: heads: 3 do not divide the width 8"),
    ],
)
def test_a_config_that_does_not_fit_is_one_sentence(saved, values, sentence):
    changed(saved, **values)
    with pytest.raises(DataError, match=sentence) as told:
        hf_checkpoints.load_model(saved)
    assert "\n" not in str(told.value)


def test_a_capped_nanochat_is_refused(tmp_path):
    hf_checkpoints.save_model(small("modern", "causal"), None, tmp_path)
    changed(tmp_path, final_logit_softcapping=15.0)
    with pytest.raises(DataError, match=r"final_logit_softcapping is 15\.0"):
        hf_checkpoints.load_model(tmp_path)
