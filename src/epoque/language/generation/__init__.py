"""Writing with a model: sampling, beam search, and filling masks."""
