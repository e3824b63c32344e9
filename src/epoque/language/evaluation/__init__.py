"""What is measured of a model and of a text: losses, perplexities, baselines, attention."""
