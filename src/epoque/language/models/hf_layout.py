"""How each of our models is called, configured and laid out in transformers."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from epoque.bench.errors import ConfigError, DataError

from ..model_config import Architecture, ModelConfig, Objective

__all__ = [
    "WeightEntry",
    "duplicated_weights",
    "model_type",
    "parse_hf_config",
    "to_hf_config",
    "weight_entries",
]


class WeightEntry(NamedTuple):
    """One parameter of ours and those of transformers that it is made of, one above another.

    Attributes:
        ours: its name here.
        theirs: their names.
        is_transposed: whether theirs are transposed (GPT-2 multiplies from the right).
    """

    ours: str
    theirs: tuple[str, ...]
    is_transposed: bool = False


_UNTIED_BIAS = "cls.predictions.decoder.bias"
_TYPES: dict[tuple[Architecture, Objective], tuple[str, str]] = {
    ("gpt2", "causal"): ("gpt2", "GPT2LMHeadModel"),
    ("bert", "masked"): ("bert", "BertForMaskedLM"),
    ("modern", "causal"): ("nanochat", "NanoChatForCausalLM"),
    ("modern", "masked"): ("eurobert", "EuroBertForMaskedLM"),
}


def model_type(config: ModelConfig) -> str:
    """Return what transformers calls this kind of model."""
    return _TYPES[config.architecture, config.objective][0]


def weight_entries(config: ModelConfig) -> Iterator[WeightEntry]:
    """Yield every parameter of a model with its names in transformers."""
    yield from _ENTRIES[model_type(config)](config)


def duplicated_weights(config: ModelConfig) -> dict[str, str]:
    """Return weights that transformers wants to find twice: the second name and the first."""
    if config.architecture == "bert" and not config.tied:
        return {"cls.predictions.bias": _UNTIED_BIAS}
    return {}


def _gpt2_entries(config: ModelConfig) -> Iterator[WeightEntry]:
    yield WeightEntry("embedding.weight", ("transformer.wte.weight",))
    yield WeightEntry("positions.weight", ("transformer.wpe.weight",))
    names = {
        "attention_norm": "ln_1",
        "attention.qkv": "attn.c_attn",
        "attention.out": "attn.c_proj",
        "feed_norm": "ln_2",
        "up": "mlp.c_fc",
        "down": "mlp.c_proj",
    }
    for layer in range(config.layers):
        for ours, theirs in names.items():
            is_transposed = "norm" not in ours
            here, there = f"layers.{layer}.{ours}", f"transformer.h.{layer}.{theirs}"
            yield WeightEntry(f"{here}.weight", (f"{there}.weight",), is_transposed)
            yield WeightEntry(f"{here}.bias", (f"{there}.bias",))
    yield from _weight_and_bias("norm", "transformer.ln_f")
    if not config.tied:
        yield WeightEntry("output", ("lm_head.weight",))


def _bert_entries(config: ModelConfig) -> Iterator[WeightEntry]:
    table = "bert.embeddings"
    yield WeightEntry("embedding.weight", (f"{table}.word_embeddings.weight",))
    yield WeightEntry("positions.weight", (f"{table}.position_embeddings.weight",))
    yield WeightEntry("types.weight", (f"{table}.token_type_embeddings.weight",))
    yield from _weight_and_bias("embedding_norm", f"{table}.LayerNorm")
    for layer in range(config.layers):
        here, there = f"layers.{layer}", f"bert.encoder.layer.{layer}"
        qkv = (f"{there}.attention.self.{name}" for name in ("query", "key", "value"))
        yield from _weight_and_bias(f"{here}.attention.qkv", *qkv)
        yield from _weight_and_bias(f"{here}.attention.out", f"{there}.attention.output.dense")
        yield from _weight_and_bias(f"{here}.attention_norm", f"{there}.attention.output.LayerNorm")
        yield from _weight_and_bias(f"{here}.up", f"{there}.intermediate.dense")
        yield from _weight_and_bias(f"{here}.down", f"{there}.output.dense")
        yield from _weight_and_bias(f"{here}.feed_norm", f"{there}.output.LayerNorm")
    yield from _weight_and_bias("transform", "cls.predictions.transform.dense")
    yield from _weight_and_bias("transform_norm", "cls.predictions.transform.LayerNorm")
    # Where nothing is tied, transformers adds the decoder's own bias.
    yield WeightEntry("bias", ("cls.predictions.bias" if config.tied else _UNTIED_BIAS,))
    if not config.tied:
        yield WeightEntry("output", ("cls.predictions.decoder.weight",))


def _modern_entries(config: ModelConfig) -> Iterator[WeightEntry]:
    yield WeightEntry("embedding.weight", ("model.embed_tokens.weight",))
    for layer in range(config.layers):
        here, there = f"layers.{layer}", f"model.layers.{layer}"
        qkv = tuple(f"{there}.self_attn.{name}_proj.weight" for name in "qkv")
        yield WeightEntry(f"{here}.attention.qkv.weight", qkv)
        yield WeightEntry(f"{here}.attention.out.weight", (f"{there}.self_attn.o_proj.weight",))
        if config.is_gated:
            up = (f"{there}.mlp.gate_proj.weight", f"{there}.mlp.up_proj.weight")
            yield WeightEntry(f"{here}.up.weight", up)
            yield WeightEntry(f"{here}.down.weight", (f"{there}.mlp.down_proj.weight",))
            first, second = f"{there}.input_layernorm", f"{there}.post_attention_layernorm"
            yield WeightEntry(f"{here}.attention_norm.weight", (f"{first}.weight",))
            yield WeightEntry(f"{here}.feed_norm.weight", (f"{second}.weight",))
        else:
            yield WeightEntry(f"{here}.up.weight", (f"{there}.mlp.fc1.weight",))
            yield WeightEntry(f"{here}.down.weight", (f"{there}.mlp.fc2.weight",))
    if config.is_gated:
        yield WeightEntry("norm.weight", ("model.norm.weight",))
    if not config.tied:
        yield WeightEntry("output", ("lm_head.weight",))


def _weight_and_bias(ours: str, *theirs: str) -> Iterator[WeightEntry]:
    for part in ("weight", "bias"):
        yield WeightEntry(f"{ours}.{part}", tuple(f"{name}.{part}" for name in theirs))


_ENTRIES: dict[str, Callable[[ModelConfig], Iterator[WeightEntry]]] = {
    "gpt2": _gpt2_entries,
    "bert": _bert_entries,
    "nanochat": _modern_entries,
    "eurobert": _modern_entries,
}

_GPT2 = {
    "n_embd": "width",
    "n_layer": "layers",
    "n_head": "heads",
    "n_inner": "feed_forward",
    "n_positions": "context",
    "layer_norm_epsilon": "epsilon",
    "resid_pdrop": "dropout",
}
_USUAL = {
    "hidden_size": "width",
    "num_hidden_layers": "layers",
    "num_attention_heads": "heads",
    "intermediate_size": "feed_forward",
    "max_position_embeddings": "context",
}
_FIELDS = {
    "gpt2": _GPT2,
    "bert": {**_USUAL, "layer_norm_eps": "epsilon", "hidden_dropout_prob": "dropout"},
    "nanochat": {**_USUAL, "rms_norm_eps": "epsilon", "attention_dropout": "dropout"},
    "eurobert": {**_USUAL, "rms_norm_eps": "epsilon", "attention_dropout": "dropout"},
}
_MORE_DROPOUTS = {
    "gpt2": ("embd_pdrop", "attn_pdrop"),
    "bert": ("attention_probs_dropout_prob",),
}
# What our modules compute, with transformers' own default for a config.json that is silent.
_FIXED: dict[str, dict[str, tuple[object, object]]] = {
    "gpt2": {
        "activation_function": ("gelu_new", "gelu_new"),
        "scale_attn_weights": (True, True),
        "scale_attn_by_inverse_layer_idx": (False, False),
        "add_cross_attention": (False, False),
    },
    "bert": {
        "hidden_act": ("gelu", "gelu"),
        "type_vocab_size": (2, 2),
        "is_decoder": (False, False),
    },
    "nanochat": {
        "hidden_act": ("relu2", "relu2"),
        "final_logit_softcapping": (None, 15.0),
        "attention_bias": (False, False),
    },
    "eurobert": {
        "hidden_act": ("silu", "silu"),
        "attention_bias": (False, False),
        "mlp_bias": (False, False),
    },
}
_TIED = {"gpt2": True, "bert": True, "nanochat": False, "eurobert": False}
_DEFAULTS: dict[str, dict[str, float | None]] = {
    "gpt2": {"n_inner": None, "layer_norm_epsilon": 1e-5, "resid_pdrop": 0.1},
    "bert": {"layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.1},
    "nanochat": {"rms_norm_eps": 1e-6, "attention_dropout": 0.0},
    "eurobert": {"rms_norm_eps": 1e-5, "attention_dropout": 0.0},
}


def to_hf_config(config: ModelConfig) -> dict[str, object]:
    """Return what `config.json` says of a model, but for the special tokens."""
    kind, name = _TYPES[config.architecture, config.objective]
    content: dict[str, object] = {"architectures": [name], "model_type": kind, "dtype": "float32"}
    content["vocab_size"] = config.vocabulary
    content |= {theirs: getattr(config, ours) for theirs, ours in _FIELDS[kind].items()}
    content |= dict.fromkeys(_MORE_DROPOUTS.get(kind, ()), config.dropout)
    content |= {field: ours for field, (ours, _) in _FIXED[kind].items()}
    content["tie_word_embeddings"] = config.tied
    if config.architecture == "modern":
        content["num_key_value_heads"] = config.heads
        content["rope_parameters"] = {"rope_type": "default", "rope_theta": config.rotary_base}
    return content


def parse_hf_config(content: Mapping[str, Any], source: str) -> ModelConfig:
    """Return the shape that a `config.json` describes.

    Args:
        content: of the file.
        source: what it is called in an error.

    Raises:
        DataError: if it is no model of ours, or one with a part that ours do not have, or if its
            numbers make no model.
    """
    kind = content.get("model_type")
    matches = [key for key, (theirs, _) in _TYPES.items() if theirs == kind]
    if not matches:
        readable = ", ".join(theirs for theirs, _ in _TYPES.values())
        raise DataError(f"{source}: model_type is {kind!r}; Epoque reads {readable}.")
    kind = str(kind)
    _refuse_other_parts(kind, content, source)
    architecture, objective = matches[0]
    values = {
        ours: _number(content, theirs, kind, source) for theirs, ours in _FIELDS[kind].items()
    }
    values["feed_forward"] = values["feed_forward"] or 4 * values["width"]
    values["vocabulary"] = _number(content, "vocab_size", kind, source)
    tied = bool(content.get("tie_word_embeddings", _TIED[kind]))
    base = _rotary_base(content)
    try:
        return ModelConfig(architecture, objective, tied=tied, rotary_base=base, **values)
    except ConfigError as error:
        raise DataError(f"{source}: {error}") from None


def _number(content: Mapping[str, Any], field: str, kind: str, source: str) -> Any:
    value = content.get(field, _DEFAULTS[kind].get(field))
    optional = field == "n_inner" and value is None
    if not optional and (not isinstance(value, int | float) or value < 0):
        raise DataError(f"{source}: {field} is {value!r}; a number was expected.")
    return value


def _refuse_other_parts(kind: str, content: Mapping[str, Any], source: str) -> None:
    fixed = dict(_FIXED[kind])
    if kind in ("nanochat", "eurobert"):
        heads = content.get("num_attention_heads")
        fixed["num_key_value_heads"] = (heads, heads)
        rope = content.get("rope_parameters") or {}
        content = {**content, "rope_type": rope.get("rope_type", "default")}
        fixed["rope_type"] = ("default", "default")
    for field, (ours, default) in fixed.items():
        value = content.get(field, default)
        if value != ours and not (field == "num_key_value_heads" and value is None):
            raise DataError(f"{source}: {field} is {value!r}; Epoque's {kind} has {ours!r} only.")


def _rotary_base(content: Mapping[str, Any]) -> float:
    rope = content.get("rope_parameters") or {}
    return float(rope.get("rope_theta", content.get("rope_theta", 10_000.0)))
