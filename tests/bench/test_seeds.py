import numpy as np
from children import script

from epoque.bench.seeds import jax_key, numpy_rng


def test_a_purpose_has_its_own_stream() -> None:
    first, again, other, next_seed = (
        numpy_rng(seed, purpose).normal(size=8)
        for seed, purpose in [(0, "weights"), (0, "weights"), (0, "data"), (1, "weights")]
    )
    assert (first == again).all()
    assert not np.isin(first, other).any()
    assert not np.isin(first, next_seed).any()


def test_one_more_number_in_one_place_shifts_no_other() -> None:
    alone = numpy_rng(5, "batches").normal(size=4)
    numpy_rng(5, "weights").normal(size=1000)
    assert (numpy_rng(5, "batches").normal(size=4) == alone).all()


def test_the_streams_never_change() -> None:
    """Published runs are repeated by their seed: these numbers are part of the interface."""
    assert numpy_rng(0, "weights").integers(0, 1000, 4).tolist() == [887, 700, 72, 306]


def test_the_whole_range_of_seeds() -> None:
    draws = {numpy_rng(seed, "weights").integers(2**60) for seed in (0, 1, 2**31, 2**32 - 1)}
    assert len(draws) == 4


def test_jax_keys() -> None:
    import jax

    def draw(seed: int, purpose: str) -> float:
        return float(jax.random.normal(jax_key(seed, purpose)))

    assert draw(0, "weights") == draw(0, "weights")
    assert len({draw(0, "weights"), draw(0, "data"), draw(1, "weights")}) == 3
    mapped = jax.vmap(lambda seed: jax.random.normal(jax_key(seed, "weights")))
    assert mapped(jax.numpy.arange(2, dtype="uint32")).tolist() == [
        draw(0, "weights"),
        draw(1, "weights"),
    ]


def test_two_processes_draw_the_same() -> None:
    """Python's own hash of a text differs between processes; the streams must not."""
    code = "from epoque.bench.seeds import numpy_rng; print(numpy_rng(7, 'weights').normal())"
    told = {script(code).stdout for _ in range(2)}
    assert told == {f"{numpy_rng(7, 'weights').normal()}\n"}
