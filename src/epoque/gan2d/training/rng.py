"""JAX's random numbers as one fused kernel.

JAX lowers its generator on a CPU to a loop of small kernels: 10 µs for the numbers of one batch, a
good part of a step of a small network. Here the same rounds are written out, so that XLA makes one
kernel of them: 3 µs. Every number is the same, bit for bit.
"""

from functools import cache
from typing import Any
from zlib import crc32

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.random import define_prng_impl
from numpy.typing import NDArray

__all__ = ["folded", "fused", "key_of", "split", "stream", "words"]

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = np.uint32(0x1BD11BDA)
ROUNDS = 20
MOST_CONSTANTS = 2**16


def fused(key: Any) -> Any:
    """Return a key (or array of keys) that gives the same numbers as `key`, faster on a CPU.

    Args:
        key: JAX's default key, threefry with partitionable counters; may be traced.
    """
    return key_of(jax.random.key_data(key))


def words(seed: Any, purpose: str) -> NDArray[np.uint32]:
    """Return the words of `bench.seeds.jax_key` of a seed and purpose, without JAX: [..., 2].

    Args:
        seed: whole numbers from 0 to 2³² − 1 of any shape.
        purpose: as there.
    """
    low = np.asarray(seed, np.uint32)
    return folded(np.stack([np.zeros_like(low), low], axis=-1), crc32(purpose.encode()))


def folded(words: NDArray[np.uint32], number: Any) -> NDArray[np.uint32]:
    """Return `jax.random.fold_in` of keys, without JAX: words [..., 2]."""
    low = np.broadcast_to(np.uint32(number), words.shape[:-1])
    return _without_jax(words, np.zeros_like(low), low)


def split(words: NDArray[np.uint32], count: int) -> NDArray[np.uint32]:
    """Return `jax.random.split` of keys, without JAX: words [count, ..., 2]."""
    low = np.arange(count, dtype=np.uint32).reshape(-1, *[1] * (words.ndim - 1))
    low = np.broadcast_to(low, (count, *words.shape[:-1]))
    return _without_jax(words, np.zeros_like(low), low)


def _without_jax(words: NDArray[np.uint32], high: Any, low: Any) -> NDArray[np.uint32]:
    with np.errstate(over="ignore"):  # they wrap around, as they should
        return np.stack(threefry((words[..., 0], words[..., 1]), high, low), axis=-1)


def key_of(words: Any) -> Any:
    """Return the fast key of two words (or keys of words [..., 2]); may be traced."""
    return jax.random.wrap_key_data(words, impl=_implementation())


def stream(key: Any, high: Any, low: Any) -> Any:
    """Return the key of one of 2⁶⁴ streams of a key, for the price of two additions.

    The words of the key are moved: a counter-based generator takes any distinct keys (Salmon et
    al. 2011, section 2). `jax.random.fold_in` would draw a number instead.

    Args:
        key: from `fused`.
        high: 0 … 2³² − 1; may be traced.
        low: likewise.
    """
    words = jnp.stack([jnp.asarray(high, jnp.uint32), jnp.asarray(low, jnp.uint32)])
    return key_of(jax.random.key_data(key) + words)


def threefry(key: Any, high: Any, low: Any) -> tuple[Any, Any]:
    """Return Threefry-2x32-20 of a counter (Salmon et al. 2011, "Random numbers: as easy as 1, 2,
    3", section 4.2).

    Args:
        key: uint32 [2].
        high: the counter's first word, uint32 of any shape.
        low: its second word, same shape.
    """  # noqa: D205
    keys = (key[0], key[1], key[0] ^ key[1] ^ PARITY)
    a, b = high + keys[0], low + keys[1]
    for number in range(ROUNDS):
        turn = ROTATIONS[number // 4 % 2][number % 4]
        a = a + b
        b = ((b << turn) | (b >> (32 - turn))) ^ a
        if number % 4 == 3:
            group = number // 4 + 1
            a = a + keys[group % 3]
            b = b + keys[(group + 1) % 3] + np.uint32(group)
    return a, b


def _at(key: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Return the two words at each counter 0, 1, 2, … in row-major order."""
    count = int(np.prod(shape, dtype=np.int64))
    # As constants they are the same for all kernels, and XLA compiles those but once.
    low: Any = np.arange(count, dtype=np.uint32).reshape(shape)
    if count > MOST_CONSTANTS:
        low = jax.lax.iota(jnp.uint32, count).reshape(shape)
    return threefry(key, jnp.zeros_like(low), jnp.asarray(low))


def _bits(key: Any, width: int, shape: tuple[int, ...]) -> Any:
    if width != 32:
        raise NotImplementedError(f"{width}-bit numbers; only 32-bit ones are drawn here")
    a, b = _at(key, shape)
    # Without the barrier XLA would draw them anew in every kernel that reads them.
    return jax.lax.optimization_barrier(a ^ b)  # type: ignore[no-untyped-call]


def _split(key: Any, shape: tuple[int, ...]) -> Any:
    return jnp.stack(_at(key, shape), axis=-1)


def _fold_in(key: Any, data: Any) -> Any:
    data = jnp.asarray(data).astype(jnp.uint32)
    return jnp.stack(threefry(key, jnp.zeros_like(data), data))


def _seed(seed: Any) -> Any:
    low = jnp.asarray(seed).astype(jnp.uint32)
    return jnp.stack([jnp.zeros_like(low), low])


@cache
def _implementation() -> Any:
    return define_prng_impl(
        key_shape=(2,),
        seed=_seed,
        split=_split,
        random_bits=_bits,
        fold_in=_fold_in,
        name="threefry2x32-fused",
        tag="fused",
    )
