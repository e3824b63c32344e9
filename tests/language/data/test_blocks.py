"""Blocks: a stream of tokens cut into equal pieces, all of them or the first ones."""

import numpy as np
import pytest

from epoque.bench.errors import DataError
from epoque.language.data.blocks import Blocks, Tokens


def blocks(tokens: int = 26, size: int = 4) -> Blocks:
    stream = Tokens(np.arange(tokens, dtype=np.uint16), None, 20, 100, "text")
    return Blocks.cut(stream, size, "The text")


def test_the_rest_at_the_end_is_left_out() -> None:
    assert len(blocks()) == 6
    np.testing.assert_array_equal(blocks()[5], [20, 21, 22, 23])
    assert blocks().tokens == 26


@pytest.mark.parametrize(("share", "count"), [(1.0, 6), (0.5, 3), (0.25, 2), (0.01, 1)])
def test_a_share_is_the_first_blocks(share: float, count: int) -> None:
    part = blocks().take_share(share)
    assert len(part) == count
    np.testing.assert_array_equal(part.ids, blocks().ids[:count])


def test_a_share_is_another_text_to_learn_from() -> None:
    whole = blocks()
    assert whole.take_share(1.0).fingerprint == whole.fingerprint == "text"
    assert len({whole.fingerprint, *(whole.take_share(s).fingerprint for s in (0.5, 0.25))}) == 3


def test_a_text_shorter_than_a_block_is_told() -> None:
    with pytest.raises(DataError, match="3 tokens, fewer than one block of 4"):
        blocks(tokens=3)
