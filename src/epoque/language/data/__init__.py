"""From texts to batches: corpora, tokenizers, the token cache, blocks, masking."""
