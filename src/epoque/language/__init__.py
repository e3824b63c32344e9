"""The language lab: causal and masked language models trained from scratch."""
