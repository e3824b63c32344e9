"""JAX's random numbers as one fused kernel.

JAX lowers its generator on a CPU to a loop of small kernels, and that is most of a step of a small
network: with it a sweep of the ring does three quarters of the iterations. Here the same rounds are
written out, so that XLA makes one kernel of them. Every number is the same, bit for bit: a key made
here goes to `jax.random.uniform` and the others like any key.
"""

from functools import cache
from typing import Any, TypeVar
from zlib import crc32

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.extend.random import define_prng_impl
from numpy.typing import ArrayLike, NDArray

__all__ = ["fold_in_words", "make_key", "purpose_words", "split_words", "step_key"]

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = np.uint32(0x1BD11BDA)
ROUNDS = 20
MOST_CONSTANTS = 2**16

Words = NDArray[np.uint32]
"""The words of keys, uint32 [..., 2]."""


def purpose_words(seed: ArrayLike, purpose: str) -> Words:
    """Return the words of `bench.seeds.jax_key` of a seed and purpose, without JAX: [..., 2].

    Args:
        seed: whole numbers from 0 to 2³² − 1 of any shape.
        purpose: as there.
    """
    low = np.asarray(seed, np.uint32)
    return fold_in_words(np.stack([np.zeros_like(low), low], axis=-1), crc32(purpose.encode()))


def fold_in_words(words: Words, number: int) -> Words:
    """Return `jax.random.fold_in` of keys, without JAX: words [..., 2]."""
    low = np.broadcast_to(np.uint32(number), words.shape[:-1])
    return _hash_counters(words, low)


def split_words(words: Words, count: int) -> Words:
    """Return `jax.random.split` of keys, without JAX: words [count, ..., 2]."""
    low = np.arange(count, dtype=np.uint32).reshape(-1, *[1] * (words.ndim - 1))
    return _hash_counters(words, np.broadcast_to(low, (count, *words.shape[:-1])))


def _hash_counters(words: Words, low: Words) -> Words:
    with np.errstate(over="ignore"):  # they wrap around, as they should
        hashed = threefry((words[..., 0], words[..., 1]), np.zeros_like(low), low)
    return np.stack(hashed, axis=-1)


def make_key(words: Array | Words) -> Array:
    """Return the fast key of two words (or keys of words [..., 2]); may be traced."""
    key: Array = jax.random.wrap_key_data(jnp.asarray(words), impl=_implementation())
    return key


def step_key(key: Array, iteration: Array, stream: Array) -> Array:
    """Return the key of one of 2⁶⁴ streams of a key, for the price of two additions.

    The words of the key are moved: a counter-based generator takes any distinct keys (Salmon et
    al. 2011, section 2). `jax.random.fold_in` would draw a number instead.

    Args:
        key: from `make_key`.
        iteration: 0 … 2³² − 1; may be traced.
        stream: likewise.
    """
    words = jnp.stack([jnp.asarray(iteration, jnp.uint32), jnp.asarray(stream, jnp.uint32)])
    return make_key(jax.random.key_data(key) + words)


Word = TypeVar("Word", Array, NDArray[np.uint32])


def threefry(key: tuple[Word, Word], high: Word, low: Word) -> tuple[Word, Word]:
    """Return Threefry-2x32-20 of a counter (Salmon et al. 2011, "Random numbers: as easy as 1, 2,
    3", section 4.2).

    Args:
        key: two words, uint32 of any shape that goes with the counter's.
        high: the counter's first word, uint32 of any shape.
        low: its second word, same shape.
    """  # noqa: D205
    keys: tuple[Any, ...] = (key[0], key[1], key[0] ^ key[1] ^ PARITY)
    a, b = high + keys[0], low + keys[1]
    for number in range(ROUNDS):
        bits = ROTATIONS[number // 4 % 2][number % 4]
        a = a + b
        b = ((b << bits) | (b >> (32 - bits))) ^ a
        if number % 4 == 3:
            group = number // 4 + 1  # the key is added again after every four rounds
            a = a + keys[group % 3]
            b = b + keys[(group + 1) % 3] + np.uint32(group)
    return a, b


def _hash_shape(key: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return the two words at each counter 0, 1, 2, … in row-major order."""
    count = int(np.prod(shape, dtype=np.int64))
    # As constants they are the same for all kernels, and XLA compiles those but once.
    low = jnp.asarray(np.arange(count, dtype=np.uint32).reshape(shape))
    if count > MOST_CONSTANTS:
        low = jax.lax.iota(jnp.uint32, count).reshape(shape)
    return threefry((key[0], key[1]), jnp.zeros_like(low), low)


def _bits(key: Array, width: int, shape: tuple[int, ...]) -> Array:
    if width != 32:
        raise NotImplementedError(f"{width}-bit numbers; only 32-bit ones are drawn here")
    a, b = _hash_shape(key, shape)
    # Without the barrier XLA would draw them anew in every kernel that reads them.
    bits: Array = jax.lax.optimization_barrier(a ^ b)  # type: ignore[no-untyped-call]
    return bits


def _split(key: Array, shape: tuple[int, ...]) -> Array:
    return jnp.stack(_hash_shape(key, shape), axis=-1)


def _fold_in(key: Array, data: Array | int) -> Array:
    data = jnp.asarray(data).astype(jnp.uint32)
    return jnp.stack(threefry((key[0], key[1]), jnp.zeros_like(data), data))


def _seed(seed: Array) -> Array:
    low = jnp.asarray(seed).astype(jnp.uint32)
    return jnp.stack([jnp.zeros_like(low), low])


@cache
def _implementation() -> Any:  # JAX names its type in no public place
    return define_prng_impl(
        key_shape=(2,),
        seed=_seed,
        split=_split,
        random_bits=_bits,
        fold_in=_fold_in,
        name="threefry2x32-fused",
        tag="fused",
    )
