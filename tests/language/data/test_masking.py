"""Masks: how many, what stands there, whose words, and always the same."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from epoque.bench.errors import DataError
from epoque.language.config import LanguageConfig
from epoque.language.data.masking import Masker

WORDS = [f"w{number}" for number in range(60)]
PARTS = [f"##p{number}" for number in range(35)]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MASK = SPECIAL.index("[MASK]")
BLOCKS, LENGTH = 400, 64


def wordpiece(**changes):
    vocabulary = {token: place for place, token in enumerate(SPECIAL + WORDS + PARTS)}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    names = {f"{token[1:-1].lower()}_token": token for token in SPECIAL}
    return PreTrainedTokenizerFast(tokenizer_object=backend, **(names | changes))


def masker(**changes):
    return Masker(LanguageConfig(objective="masked", **changes), wordpiece())


@pytest.fixture
def ids():
    drawn = np.random.default_rng(1).integers(5, 100, size=(BLOCKS, LENGTH))
    drawn[:, 0], drawn[:, -1], drawn[:, -2] = 2, 3, 1
    return drawn


@pytest.fixture
def rows():
    return np.arange(BLOCKS)


def near(share, wanted, count):
    """Within four standard errors of a proportion."""
    return abs(share - wanted) < 4 * (wanted * (1 - wanted) / count) ** 0.5


@pytest.mark.parametrize("probability", [0.15, 0.4])
def test_shares_are_those_of_bert(probability, ids, rows):
    seen, targets = masker(mask_probability=probability)(ids, rows, 0, 0)
    true = torch.from_numpy(ids)
    plain, chosen = true >= 5, targets != -100
    assert not chosen[~plain].any()
    assert torch.equal(targets[chosen], true[chosen])
    assert torch.equal(seen[~chosen], true[~chosen])
    count = int(chosen.sum())
    assert near(count / int(plain.sum()), probability, int(plain.sum()))
    masked = seen[chosen] == MASK
    kept = seen[chosen] == true[chosen]
    assert near(masked.float().mean(), 0.8, count)
    assert near(kept.float().mean(), 0.1 + 0.1 / 95, count)
    other = seen[chosen][~masked & ~kept]
    assert other.min() >= 5
    assert len(other.unique()) > 80


def test_a_training_may_hide_more_than_is_measured(ids, rows):
    config = LanguageConfig(objective="masked", train_mask_probability=0.3)
    shares = {}
    for training in (True, False):
        _, targets = Masker(config, wordpiece(), training=training)(ids, rows, 0, 0)
        shares[training] = (targets != -100).float().mean() / (ids >= 5).mean()
    assert near(shares[True], 0.3, ids.size)
    assert near(shares[False], 0.15, ids.size)


def test_a_mask_follows_from_seed_epoch_and_block_alone(ids, rows):
    mask = masker()
    seen, targets = mask(ids, rows, 3, 2)
    some = np.array([7, 300, 8])
    again = mask(torch.from_numpy(ids[some]), torch.from_numpy(some), 3, 2)
    assert torch.equal(again[0], seen[some])
    assert torch.equal(again[1], targets[some])
    for other in (mask(ids, rows, 4, 2), mask(ids, rows, 3, 1), mask(ids, rows + 1, 3, 2)):
        assert (other[1] != targets).any(1).float().mean() > 0.9
    assert seen.dtype == targets.dtype == torch.int64


def test_the_masks_of_two_epochs_are_independent(ids, rows):
    mask, plain = masker(), torch.from_numpy(ids) >= 5
    one, two = ((mask(ids, rows, 0, epoch)[1] != -100)[plain] for epoch in (0, 1))
    assert near((one & two).float().mean(), 0.15**2, int(plain.sum()))


def test_whole_words_are_masked_together(ids, rows):
    _, targets = masker(whole_words=True)(ids, rows, 0, 0)
    chosen, plain = (targets != -100).numpy(), ids >= 5
    goes_on = (ids >= 5 + len(WORDS)) & (np.roll(ids, 1, axis=1) >= 5)
    goes_on[:, 0] = False
    assert goes_on.sum() > 1000
    assert (chosen == np.roll(chosen, 1, axis=1))[goes_on].all()
    starts = plain & ~goes_on
    assert near(chosen[starts].mean(), 0.15, int(starts.sum()))
    assert not chosen[~plain].any()


def test_words_of_a_tokenizer_that_marks_spaces():
    vocabulary = {token: place for place, token in enumerate(["<mask>", "Ġa", "Ġb", "c", "d"])}
    backend = Tokenizer(models.BPE(vocabulary, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, mask_token="<mask>")
    config = LanguageConfig(objective="masked", whole_words=True, mask_probability=0.5)
    ids = np.array([[1, 3, 4, 2, 4, 1, 2, 3]] * 300)
    _, targets = Masker(config, tokenizer)(ids, np.arange(300), 0, 0)
    chosen = (targets != -100).numpy()
    for word in ([0, 1, 2], [3, 4], [6, 7]):
        assert (chosen[:, word] == chosen[:, word[:1]]).all()
    for one, other in ((0, 3), (3, 5), (5, 6)):
        assert (chosen[:, one] != chosen[:, other]).any()


def test_without_a_mask_token_nothing_can_be_hidden():
    config = LanguageConfig(objective="masked")
    with pytest.raises(DataError, match=r"no \[MASK\] token"):
        Masker(config, wordpiece(mask_token=None))
