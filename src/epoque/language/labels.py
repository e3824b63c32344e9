"""A learner's words for what this lab measures and draws."""

from collections.abc import Mapping

from epoque.bench.i18n import mark

__all__ = [
    "ARCHITECTURE_CHOICES",
    "BLANK_LINES_CHOICES",
    "DEVICE_CHOICES",
    "EMBEDDING_CHOICES",
    "FIGURE_CAPTIONS",
    "HEAD_CHOICES",
    "OBJECTIVE_CHOICES",
    "OPTIMIZER_CHOICES",
    "PRECISION_CHOICES",
    "RESULT_LABELS",
    "SCHEDULE_CHOICES",
    "TOKENIZER_CHOICES",
    "UNDECODABLE_CHOICES",
]

FIGURE_CAPTIONS: Mapping[str, str] = {
    "loss": mark("the loss over the iterations"),
    "epoch": mark("Epochs"),
    "perplexity": mark("the perplexity, beside what counting reaches"),
    "attention": mark("where the heads look"),
    "attention_map": mark("where one head looks"),
    "examples": mark("what it makes of examples"),
    "neighbours": mark("words used alike"),
    "frequency": mark("the loss on rare and frequent tokens"),
}
"""Figure to its caption in a reader's new book."""

RESULT_LABELS: Mapping[str, str] = {
    "accuracy": mark("Accuracy"),
    "bigram_perplexity": mark("Perplexity of counting pairs"),
    "bits_per_byte": mark("Bits a byte"),
    "corpus_held_out": mark("Validation cut off the training text"),
    "corpus_licence": mark("License of the text"),
    "corpus_name": mark("Text"),
    "corpus_source": mark("Where the text is from"),
    "counts_weight": mark("Weight of the counts that are mixed in"),
    "counts_weight_unread": mark("That weight chosen on text that was not read"),
    "epoch": mark("Epochs"),
    "epochs": mark("Losses at the end of each epoch"),
    "final_test_loss": mark("Final test loss, nats a token"),
    "final_test_loss_error": mark("Standard error of the final test loss, nats a token"),
    "final_train_loss": mark("Final training loss, nats a token"),
    "final_valid_loss": mark("Final validation loss, nats a token"),
    "final_valid_loss_error": mark("Standard error of the final validation loss, nats a token"),
    "gradient_norm": mark("Length of the gradient before clipping"),
    "learning_rate": mark("Learning rate"),
    "loss": mark("Training loss, nats a token"),
    "parameters": mark("Parameters"),
    "perplexity": mark("Validation perplexity"),
    "perplexity_error": mark("Standard error of the validation perplexity"),
    "perplexity_per_word": mark("Validation perplexity per word"),
    "perplexity_spread": mark("Spread of the perplexity over masks"),
    "perplexity_with_counts": mark("Validation perplexity with counts mixed in"),
    "perplexity_with_counts_error": mark(
        "Standard error of the validation perplexity with counts mixed in"
    ),
    "perplexity_without_unk": mark("Validation perplexity without unknown words"),
    "precision": mark("Precision of the numbers"),
    "progress": mark("Share done"),
    "product_rate_share": mark("Share of the rate of matrix products"),
    "pseudo_bits_per_byte": mark("Bits a byte, one mask at a time"),
    "pseudo_blocks": mark("Blocks masked one token at a time"),
    "pseudo_perplexity": mark("Pseudo-perplexity"),
    "pseudo_perplexity_per_word": mark("Pseudo-perplexity per word"),
    "reopened_as": mark("Class that transformers opens"),
    "reopened_difference": mark("Largest difference when reopened, nats"),
    "reopened_error": mark("Why transformers does not open it"),
    "reopened_tokens": mark("Same tokens when reopened"),
    "sampled_loss": mark("Sampled training loss, nats a token"),
    "seconds_left": mark("Seconds of training left"),
    "saved_bytes": mark("Size of the saved model, bytes"),
    "saved_files": mark("Files of the saved model"),
    "steps": mark("Training steps"),
    "steps_without_target": mark("Steps without a target"),
    "test_accuracy": mark("Test accuracy"),
    "test_bits_per_byte": mark("Bits a byte of the test text"),
    "test_blocks": mark("Blocks of the test text"),
    "test_blocks_measured": mark("Blocks of the test text measured"),
    "test_in_train_share": mark("Share of the test text in the training text"),
    "test_lines_in_train": mark("Lines of the test text in the training text"),
    "test_perplexity": mark("Test perplexity"),
    "test_perplexity_error": mark("Standard error of the test perplexity"),
    "test_perplexity_per_word": mark("Test perplexity per word"),
    "test_perplexity_spread": mark("Spread of the test perplexity over masks"),
    "test_perplexity_with_counts": mark("Test perplexity with counts mixed in"),
    "test_perplexity_with_counts_error": mark(
        "Standard error of the test perplexity with counts mixed in"
    ),
    "test_perplexity_without_unk": mark("Test perplexity without unknown words"),
    "test_pseudo_bits_per_byte": mark("Bits a byte of the test text, one mask at a time"),
    "test_pseudo_blocks": mark("Blocks of the test text masked one token at a time"),
    "test_pseudo_perplexity": mark("Test pseudo-perplexity"),
    "test_pseudo_perplexity_per_word": mark("Test pseudo-perplexity per word"),
    "test_targets": mark("Tokens predicted of the test text"),
    "tokens": mark("Tokens seen"),
    "tokens_per_second": mark("Tokens a second"),
    "train_blocks": mark("Training blocks"),
    "train_blocks_measured": mark("Training blocks measured"),
    "train_lines": mark("Lines of the training text"),
    "train_loss": mark("Exact training loss, nats a token"),
    "trigram_perplexity": mark("Perplexity of counting triples"),
    "unigram_perplexity": mark("Perplexity of counting single tokens"),
    "valid_blocks": mark("Validation blocks"),
    "valid_blocks_measured": mark("Validation blocks measured"),
    "valid_in_train_share": mark("Share of the validation text in the training text"),
    "valid_lines": mark("Lines of the validation text"),
    "valid_lines_in_train": mark("Lines of the validation text in the training text"),
    "valid_loss": mark("Validation loss, nats a token"),
    "valid_loss_epoch_{n}": mark("Validation loss after epoch {n}, nats a token"),
    "valid_perplexity": mark("Validation perplexity"),
    "valid_targets": mark("Validation tokens predicted"),
    "whole_valid_loss": mark("Validation loss over the whole text, nats a token"),
}
"""Metric or result to its label (see `epoque.bench.result_labels`)."""

OBJECTIVE_CHOICES: Mapping[str, str] = {"causal": mark("causal"), "masked": mark("masked")}
UNDECODABLE_CHOICES: Mapping[str, str] = {"stop": mark("stop"), "replace": mark("replace")}
BLANK_LINES_CHOICES: Mapping[str, str] = {
    "auto": mark("automatic"),
    "keep": mark("keep"),
    "drop": mark("drop"),
}
TOKENIZER_CHOICES: Mapping[str, str] = {
    "bpe": "BPE",
    "wordpiece": "WordPiece",
}
ARCHITECTURE_CHOICES: Mapping[str, str] = {
    "gpt2": "GPT-2",
    "bert": "BERT",
    "modern": mark("modern"),
}
EMBEDDING_CHOICES: Mapping[str, str] = {"random": mark("random"), "counted": mark("counted")}
HEAD_CHOICES: Mapping[str, str] = {
    "full": mark("whole softmax"),
    "chunked": mark("in chunks"),
    "sampled": mark("sampled"),
}
OPTIMIZER_CHOICES: Mapping[str, str] = {"adamw": "AdamW", "muon": "Muon"}
SCHEDULE_CHOICES: Mapping[str, str] = {
    "constant": mark("constant"),
    "linear": mark("linear"),
    "cosine": mark("cosine"),
    "trapezoid": mark("trapezoid"),
}
PRECISION_CHOICES: Mapping[str, str] = {
    "auto": mark("automatic"),
    "float32": "float32",
    "medium": mark("medium"),
    "bfloat16": "bfloat16",
}
DEVICE_CHOICES: Mapping[str, str] = {
    "auto": mark("automatic"),
    "cpu": mark("processor"),
    "cuda": mark("NVIDIA GPU"),
}
