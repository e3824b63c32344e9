"""Generation with a network: images, films, mixed styles, projections, directions, activations."""
