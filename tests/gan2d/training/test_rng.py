"""The fused generator gives JAX's own numbers."""

from typing import Any

import jax
import numpy as np
import pytest

from epoque.bench.seeds import jax_key
from epoque.gan2d.training.rng import fold_in_words, make_key, purpose_words, split_words, step_key

DRAWS: dict[str, Any] = {
    "uniform": lambda key: jax.random.uniform(key, (3, 7)),
    "normal": lambda key: jax.random.normal(key, (5,)),
    "truncated normal": lambda key: jax.random.truncated_normal(key, -2, 2, (4, 2)),
    "whole numbers": lambda key: jax.random.randint(key, (9,), 0, 1000),
    "bits": lambda key: jax.random.bits(key, (3,)),
    "folded": lambda key: jax.random.bits(jax.random.fold_in(key, 12345), (3,)),
    "split": lambda key: jax.random.bits(jax.random.split(key, 3)[2], (3,)),
    "in many lanes": lambda key: jax.vmap(lambda k: jax.random.uniform(k, (4,)))(
        jax.random.split(key, 3)
    ),
}


@pytest.mark.parametrize("draw", DRAWS)
def test_the_numbers_are_jaxs_own(draw: str) -> None:
    key = jax_key(7, "batches")
    np.testing.assert_array_equal(DRAWS[draw](make_key(jax.random.key_data(key))), DRAWS[draw](key))


def test_streams_differ_from_each_other() -> None:
    key = make_key(purpose_words(0, "batches"))
    drawn = [
        tuple(np.asarray(jax.random.bits(step_key(key, high, low), (4,))).tolist())
        for high in (0, 1, 2)
        for low in (0, 1, 8)
    ]
    assert len(set(drawn)) == len(drawn)
    bits = np.array(drawn, np.uint32).view(np.uint8)
    assert 0.4 < np.unpackbits(bits).mean() < 0.6


def test_keys_made_without_jax_are_jaxs_own() -> None:
    seeds = np.array([0, 1, 7, 2**32 - 1], np.uint32)
    words = purpose_words(seeds, "evaluation")
    for seed, one in zip(seeds, words, strict=True):
        key = jax_key(seed, "evaluation")
        np.testing.assert_array_equal(one, jax.random.key_data(key))
        np.testing.assert_array_equal(purpose_words(seed, "evaluation"), one)
        folds = jax.random.fold_in(key, 500)
        np.testing.assert_array_equal(fold_in_words(one, 500), jax.random.key_data(folds))
        parts = jax.random.key_data(jax.random.split(folds, 2))
        np.testing.assert_array_equal(split_words(fold_in_words(one, 500), 2), parts)
    many = split_words(fold_in_words(words, 500), 2)
    np.testing.assert_array_equal(many[:, 2], split_words(fold_in_words(words[2], 500), 2))
