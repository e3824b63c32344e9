"""The claims of practical 3: transformers on WikiText-2.

The report read the raw text with tokenizers of its own, so that its losses cannot be met to their
digits. What is asked of a reported loss is whether a model of this lab gets as low in as many
passes over the text. The lines were fixed before the runs were recorded.
"""

from epoque.bench.i18n import mark

from .measures3 import (
    all_files,
    as_perplexity,
    at_end,
    at_equal_time,
    difference,
    fixed,
    largest,
    least_fall,
    loss_after,
    once,
    perplexity_after,
    same_tokens,
)
from .rules import Claim, Fact, Number, Statement

__all__ = ["CLAIMS"]

CAUSAL, MASKED = "language/laptop-clm", "language/laptop-mlm"
SMALL_CAUSAL, SMALL_MASKED = "language/tiny-clm", "language/tiny-mlm"
RUNS = (CAUSAL, MASKED, SMALL_CAUSAL, SMALL_MASKED)

EPOCHS = 3  # of the report
PERPLEXITY = 432.24  # of its causal model
SAME = 1e-3  # nats by which two logarithms of one probability may differ in single precision

LOSSES = ("train_loss", "valid_loss")

CLAIMS = (
    Claim(
        id="3.1",
        text=mark(
            "A GPT-2 trained from scratch, byte-level BPE of 25,000 tokens: the validation loss is "
            "6.4267, 6.1563 and 6.0690 after the three epochs, and the perplexity, exp of the "
            "loss, 432.24."
        ),
        runs=(CAUSAL,),
        lines=(
            Statement(
                quantity=mark("causal: validation loss after 1 epoch"),
                reported=mark("6.4267, or as low"),
                below=6.4267,
                measure=once(loss_after(CAUSAL, 1)),
            ),
            Statement(
                quantity=mark("causal: validation loss after 2 epochs"),
                reported=mark("6.1563, or as low"),
                below=6.1563,
                measure=once(loss_after(CAUSAL, 2)),
            ),
            Statement(
                quantity=mark("causal: validation loss after 3 epochs"),
                reported=mark("6.0690, or as low"),
                below=6.0690,
                measure=once(loss_after(CAUSAL, 3)),
            ),
            Number(
                quantity=mark("exp of the reported loss 6.0690"),
                reported="432.2",
                measure=once(as_perplexity(6.0690)),
            ),
        ),
    ),
    Claim(
        id="3.2",
        text=mark(
            "A BERT trained from scratch, WordPiece of 25,000 tokens, 15 % of them masked afresh "
            "at each epoch: the validation loss is 7.0567, 6.8947 and 6.8789 after the three "
            "epochs, and the perplexity, exp of the loss, 963.88."
        ),
        runs=(MASKED,),
        lines=(
            Statement(
                quantity=mark("masked: validation loss after 1 epoch"),
                reported=mark("7.0567, or as low"),
                below=7.0567,
                measure=once(loss_after(MASKED, 1)),
            ),
            Statement(
                quantity=mark("masked: validation loss after 2 epochs"),
                reported=mark("6.8947, or as low"),
                below=6.8947,
                measure=once(loss_after(MASKED, 2)),
            ),
            Statement(
                quantity=mark("masked: validation loss after 3 epochs"),
                reported=mark("6.8789, or as low"),
                below=6.8789,
                measure=once(loss_after(MASKED, 3)),
            ),
            Number(
                quantity=mark("exp of the reported loss 6.8789"),
                reported="963.9",
                measure=once(as_perplexity(6.8789)),
            ),
        ),
    ),
    Claim(
        id="3.3",
        text=mark("The perplexity of the masked model is higher than that of the causal one."),
        runs=RUNS,
        lines=(
            Statement(
                quantity=mark("perplexity after 3 epochs: masked − causal"),
                reported=mark("masked is higher"),
                above=0,
                measure=difference(
                    perplexity_after(MASKED, EPOCHS), perplexity_after(CAUSAL, EPOCHS)
                ),
            ),
            Statement(
                quantity=mark("perplexity after equal seconds: masked − causal"),
                reported=mark("masked is higher"),
                above=0,
                measure=at_equal_time(MASKED, CAUSAL),
            ),
            Statement(
                quantity=mark("perplexity of the tiny models: masked − causal"),
                reported=mark("masked is higher"),
                above=0,
                measure=difference(
                    at_end(SMALL_MASKED, "perplexity"), at_end(SMALL_CAUSAL, "perplexity")
                ),
            ),
        ),
    ),
    Claim(
        id="3.4",
        text=mark(
            "The losses fall steadily; for a model of use, more data and more epochs would be "
            "needed."
        ),
        runs=(CAUSAL, MASKED),
        lines=(
            Statement(
                quantity=mark("causal: least fall of a loss from one epoch to the next"),
                reported=mark("falls steadily"),
                above=0,
                measure=least_fall(CAUSAL, EPOCHS, *LOSSES),
            ),
            Statement(
                quantity=mark("masked: least fall of a loss from one epoch to the next"),
                reported=mark("falls steadily"),
                above=0,
                measure=least_fall(MASKED, EPOCHS, *LOSSES),
            ),
            Statement(
                quantity=mark("reported perplexity 432.24 − that of counting pairs of tokens"),
                reported=mark("of no use yet (above 0)"),
                above=0,
                measure=difference(fixed(PERPLEXITY), at_end(CAUSAL, "bigram_perplexity")),
            ),
            Statement(
                quantity=mark("causal: fall of the validation loss in the third epoch"),
                reported=mark("more epochs help"),
                above=0,
                measure=difference(loss_after(CAUSAL, EPOCHS - 1), loss_after(CAUSAL, EPOCHS)),
            ),
            Statement(
                quantity=mark("causal: validation loss − training loss at the end"),
                reported=mark("more data would help"),
                above=0,
                measure=difference(
                    at_end(CAUSAL, "final_valid_loss"), at_end(CAUSAL, "final_train_loss")
                ),
            ),
        ),
    ),
    Claim(
        id="3.5",
        text=mark("The models and their tokenizers are saved to the Hugging Face Hub."),
        runs=RUNS,
        lines=(
            Fact(
                quantity=mark("files that a push would send, four models"),
                reported=mark("models and tokenizers saved"),
                found=mark("model, tokenizer, settings and card"),
                otherwise=mark("not all of them"),
                measure=all_files(RUNS),
            ),
            Statement(
                quantity=mark("largest difference when transformers opens them, nats"),
                reported=mark("the same models (below 0.001)"),
                below=SAME,
                measure=largest(RUNS, "reopened_difference"),
            ),
            Fact(
                quantity=mark("their text, cut by the saved tokenizers"),
                reported=mark("the same tokenizers"),
                found=mark("the same tokens"),
                otherwise=mark("other tokens"),
                measure=same_tokens(RUNS),
            ),
        ),
    ),
)
"""The five claims of practical 3, in their order."""
