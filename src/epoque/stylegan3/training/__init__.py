"""Training a generator and a discriminator: data, losses, augmentation, steps, checkpoints."""
