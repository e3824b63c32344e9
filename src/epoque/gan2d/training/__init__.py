"""Training two networks against each other: losses, optimizers, steps, loops, checkpoints."""
