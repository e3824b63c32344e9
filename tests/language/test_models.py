"""The modules against transformers' reference numbers, and against themselves."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional

from epoque.bench.errors import ConfigError
from epoque.language import models
from epoque.language.config import LanguageConfig
from epoque.language.models import ModelConfig, attention, hf_checkpoints
from epoque.language.models import functional as own_functional

GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "language"
KINDS = [("gpt2", "causal"), ("bert", "masked"), ("modern", "causal"), ("modern", "masked")]
CAUSAL = [kind for kind in KINDS if kind[1] == "causal"]

needs_golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"no reference numbers in {GOLDEN}")


def small(architecture, objective, **changes):
    """A tiny model whose every weight is drawn, so that nothing is zero or one by luck."""
    shape = {"vocabulary": 61, "layers": 3, "width": 24, "heads": 3, "feed_forward": 40}
    spec = ModelConfig(architecture, objective, context=32, **(shape | changes))
    model = models.create_model(spec)
    generator = torch.Generator().manual_seed(7)
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.3, generator=generator)
    return model.eval()


def some_ids(batch=2, length=12):
    return torch.randint(61, (batch, length), generator=torch.Generator().manual_seed(3))


@needs_golden
@pytest.mark.parametrize("name", ["gpt2", "bert"])
def test_logits_states_and_attention_are_those_of_transformers(name):
    known = load_file(GOLDEN / name / "io.safetensors")
    model, tokenizer = hf_checkpoints.load_model(GOLDEN / name)
    states, attentions = [], []
    hidden = model.compute_hidden_states(
        known["input_ids"],
        known.get("attention_mask"),
        token_type_ids=known.get("token_type_ids"),
        residuals=states,
        attentions=attentions,
    )
    assert tokenizer is None
    torch.testing.assert_close(model.compute_logits(hidden), known["logits"], atol=1e-5, rtol=0)
    for layer in range(2):
        kept = states[layer], attentions[layer]
        wanted = known[f"hidden_{layer}"], known[f"attention_{layer}"]
        torch.testing.assert_close(kept, wanted, atol=1e-5, rtol=0)
    torch.testing.assert_close(hidden, known["hidden_2"], atol=1e-5, rtol=0)


@needs_golden
@pytest.mark.parametrize("name", ["gpt2", "bert"])
def test_loss_and_every_gradient_are_those_of_transformers(name):
    known = load_file(GOLDEN / name / "io.safetensors")
    model, _ = hf_checkpoints.load_model(GOLDEN / name)
    hidden = model.compute_hidden_states(
        known["input_ids"],
        known.get("attention_mask"),
        token_type_ids=known.get("token_type_ids"),
    )
    targets = known["labels"].roll(-1, 1) if model.causal else known["labels"]
    if model.causal:
        targets[:, -1] = -100
    loss = functional.cross_entropy(model.compute_logits(hidden).flatten(0, 1), targets.flatten())
    assert loss.item() == pytest.approx(known["loss"].item(), abs=1e-5)
    loss.backward()
    for parameter in model.parameters():
        parameter.data = parameter.grad
    gradients = hf_checkpoints.to_hf_state(model)
    wanted = {key.removeprefix("grad."): value for key, value in known.items() if "grad." in key}
    assert gradients.keys() == wanted.keys()
    for key, value in wanted.items():
        torch.testing.assert_close(gradients[key], value, atol=1e-5, rtol=1e-4, msg=key)


@needs_golden
def test_greedy_decoding_with_the_cache_is_that_of_transformers():
    known = load_file(GOLDEN / "gpt2" / "io.safetensors")
    model, _ = hf_checkpoints.load_model(GOLDEN / "gpt2")
    cache, ids = models.KeyValueCache(), known["generate_prompt"]
    made = ids
    with torch.no_grad():
        while made.shape[1] < known["generate_greedy"].shape[1]:
            ids = model.compute_logits(
                model.compute_hidden_states(ids, cache=cache)[:, -1:]
            ).argmax(-1)
            made = torch.cat((made, ids), 1)
    assert made.tolist() == known["generate_greedy"].tolist()


@pytest.mark.parametrize(("architecture", "objective"), CAUSAL)
def test_decoding_with_a_cache_equals_seeing_everything_at_once(architecture, objective):
    model, ids = small(architecture, objective), some_ids()
    with torch.no_grad():
        whole = model(ids)
        cache = models.KeyValueCache()
        parts = [
            model.compute_hidden_states(part, cache=cache)
            for part in (ids[:, :5], ids[:, 5:9], ids[:, 9:10])
        ]
        parts.append(model.compute_hidden_states(ids[:, 10:], cache=cache))
    assert cache.length == 12
    torch.testing.assert_close(
        model.compute_logits(torch.cat(parts, 1)), whole, atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize(("architecture", "objective"), CAUSAL)
def test_a_reordered_cache_goes_on_with_the_chosen_rows(architecture, objective):
    model, ids = small(architecture, objective), some_ids()
    chosen = torch.tensor([1, 1, 0])
    with torch.no_grad():
        cache = models.KeyValueCache()
        model.compute_hidden_states(ids[:, :-1], cache=cache)
        cache.reorder(chosen)
        last = model.compute_hidden_states(ids[chosen, -1:], cache=cache)
        whole = model.compute_hidden_states(ids[chosen])[:, -1:]
    torch.testing.assert_close(last, whole, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("architecture", "objective"), KINDS)
def test_padding_changes_nothing(architecture, objective):
    model, ids = small(architecture, objective), some_ids()
    with torch.no_grad():
        alone = model(ids[:1, :7])
        after = torch.arange(12)[None] < 7
        right = model(ids[:1], after.long())[:, :7]
    torch.testing.assert_close(right, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("architecture", "objective"), CAUSAL)
def test_padding_on_the_left_counts_as_no_position(architecture, objective):
    model, ids = small(architecture, objective), some_ids()
    mask = (torch.arange(12)[None] >= 4).long()
    with torch.no_grad():
        alone = model(ids[:1, 4:])
        padded = model(ids[:1], mask)[:, 4:]
        cache = models.KeyValueCache()
        model.compute_hidden_states(ids[:1, :9], mask[:, :9], cache=cache)
        cached = model.compute_logits(model.compute_hidden_states(ids[:1, 9:], mask, cache=cache))
    torch.testing.assert_close(padded, alone, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(cached, alone[:, 5:], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("architecture", "objective"), KINDS)
def test_documents_apart_do_not_see_one_another(architecture, objective):
    model, ids = small(architecture, objective), some_ids(1)
    segments = torch.tensor([[1] * 5 + [2] * 4 + [0] * 3])
    apart = segments[:, :, None] == segments[:, None, :]
    other = ids.clone()
    other[:, 5:] = (other[:, 5:] + 1) % 61
    with torch.no_grad():
        first, second = model(ids, apart)[:, :5], model(other, apart)[:, :5]
        assert not torch.allclose(model(ids)[:, 4], first[:, 4]) or model.causal
    torch.testing.assert_close(first, second)
    torch.testing.assert_close(first, model(ids[:, :5]), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("architecture", "objective"), CAUSAL)
def test_no_token_sees_the_future(architecture, objective):
    model, ids = small(architecture, objective), some_ids(1)
    other = ids.clone()
    other[:, 8:] = (other[:, 8:] + 1) % 61
    with torch.no_grad():
        torch.testing.assert_close(model(ids)[:, :8], model(other)[:, :8])


@pytest.mark.parametrize("causal", [True, False])
def test_the_ways_to_compute_attention_agree(causal, monkeypatch):
    kind = ("gpt2", "causal") if causal else ("bert", "masked")
    model, ids = small(*kind), some_ids()
    mask = torch.ones(2, 12).index_fill_(1, torch.tensor([10, 11]), 0)
    for allowed in (None, mask):
        outs, grads = [], []
        for limit in (0, 10_000):
            monkeypatch.setattr(attention, "PLAIN_LENGTH", limit)
            model.zero_grad()
            outs.append(model(ids, allowed)[:, :10])
            outs[-1].square().sum().backward()
            grads.append(model.layers[0].attention.qkv.weight.grad.clone())
        torch.testing.assert_close(outs[0], outs[1], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(grads[0], grads[1], atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize(("architecture", "objective"), KINDS)
def test_the_lens_reads_the_last_state_as_the_model_does(architecture, objective):
    model, states = small(architecture, objective), []
    hidden = model.compute_hidden_states(some_ids(), residuals=states)
    assert len(states) == len(model.layers) + 1
    torch.testing.assert_close(model.apply_logit_lens(states[-1]), model.compute_logits(hidden))


@pytest.mark.parametrize(("architecture", "objective"), KINDS)
@pytest.mark.parametrize("tied", [True, False])
def test_parameters_are_counted_without_building(architecture, objective, tied):
    config = LanguageConfig(
        architecture=architecture,
        objective=objective,
        layers=3,
        width=48,
        heads=4,
        tie_embeddings=tied,
        head="full",
    )
    model = models.build_model(config, 77)
    assert config.to_model_config(77).parameters == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("spec", "published"),
    [
        (ModelConfig("gpt2", "causal", 50_257, 12, 768, 12, 3072, 1024), 124_439_808),
        (ModelConfig("gpt2", "causal", 50_257, 24, 1024, 16, 4096, 1024), 354_823_168),
        (ModelConfig("bert", "masked", 30_522, 12, 768, 12, 3072, 512), 109_514_298),
    ],
)
def test_the_published_sizes_have_the_published_parameters(spec, published):
    assert spec.parameters == published


def test_first_weights_follow_from_the_seed():
    config = LanguageConfig(layers=1, width=16, heads=2)
    first, again = models.build_model(config, 50), models.build_model(config, 50)
    other = models.build_model(config.replace(seed=1), 50)
    assert torch.equal(first.embedding.weight, again.embedding.weight)
    assert not torch.equal(first.embedding.weight, other.embedding.weight)


@pytest.mark.parametrize("objective", ["causal", "masked"])
def test_a_modern_model_starts_as_the_embedding_alone(objective):
    config = LanguageConfig(objective=objective, layers=2, width=16, heads=2, head="full")
    model, states = models.build_model(config, 61), []
    model.compute_hidden_states(some_ids(), residuals=states)
    assert torch.equal(states[0], states[-1])


def test_what_makes_no_model_is_refused():
    with pytest.raises(ConfigError, match="gpt2 does not go with objective masked"):
        ModelConfig("gpt2", "masked", 10, 1, 8, 2, 8, 8)
    with pytest.raises(ConfigError, match="heads: 3 do not divide the width 8"):
        ModelConfig("bert", "masked", 10, 1, 8, 3, 8, 8)
    with pytest.raises(ConfigError, match="an even number"):
        ModelConfig("modern", "causal", 10, 1, 6, 2, 8, 8)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: own_functional.rms_norm(x, 1e-3),
        own_functional.squared_relu,
        lambda x: own_functional.apply_rotary(x, ANGLES.cos(), ANGLES.sin()),
    ],
)
def test_gradients_made_by_hand_are_the_numerical_ones(function):
    x = torch.randn(2, 5, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(function, (x,))


ANGLES = torch.linspace(0, 3, 15, dtype=torch.float64).view(5, 3)


def test_rotation_makes_attention_depend_on_distance_alone():
    x, y = torch.randn(2, 6, dtype=torch.float64)
    frequencies = torch.tensor([1.0, 0.1, 0.01], dtype=torch.float64)

    def at(vector, place):
        angles = (place * frequencies)[None]
        return own_functional.apply_rotary(vector[None], angles.cos(), angles.sin())[0]

    assert at(x, 3) @ at(y, 5) == pytest.approx((at(x, 10) @ at(y, 12)).item())
    assert at(x, 3) @ at(y, 5) != pytest.approx((at(x, 10) @ at(y, 13)).item())


def test_dropout_is_at_work_in_training_alone():
    model, ids = small("gpt2", "causal", dropout=0.5), some_ids()
    assert torch.equal(model(ids), model(ids))
    model.train()
    assert not torch.equal(model(ids), model(ids))
