"""Training a language model: objective, optimizers, schedules, steps, checkpoints."""
